import Contracts
import Glibc

/// The probes and lifecycle hooks of one container, as a kubelet of Kubernetes handles them where a pod is never restarted: a container that
/// fails its startup or liveness probe, or its `postStart` hook, is stopped, and its exit code decides about the pod.
final class ContainerMonitor {
  private struct Check {
    let probe: ContainerProbe
    var nextAt: Int64
    var successes: Int64 = 0
    var failures: Int64 = 0
    var run: ActionRun?
  }

  let container: ContainerRun
  private let gracePeriod: Int
  private var checks: [Check] = []
  private var postStart: ActionRun?
  private var preStop: (run: ActionRun, killAt: Int64)?
  private var hasBegun = false
  /// The startup probe has passed, or there is none.
  private var isStarted = false
  private var isEnding = false

  /// Nil for a container without any.
  init?(_ container: ContainerRun, gracePeriod: Int) {
    let plan = container.plan
    guard !plan.probes.isEmpty || plan.postStart != nil || plan.preStop != nil else { return nil }
    self.container = container
    self.gracePeriod = gracePeriod
    if plan.probes.contains(where: { $0.kind == .readiness }) { container.report.isReady = false }
    if plan.probes.contains(where: { $0.kind == .startup }) { container.report.hasPassedStartup = false }
  }

  var descriptors: [Int32] {
    var result = checks.compactMap { $0.run?.descriptor }
    if let postStart { result.append(postStart.descriptor) }
    if let preStop { result.append(preStop.run.descriptor) }
    return result
  }

  /// When something is to be done next, in milliseconds since 1970.
  var due: Int64? {
    var times: [Int64] = []
    for check in checks {
      if let run = check.run { times.append(run.due) } else if isDue(check.probe.kind) { times.append(check.nextAt) }
    }
    if let postStart { times.append(postStart.due) }
    if let preStop { times.append(preStop.run.due) }
    return times.min()
  }

  private func isDue(_ kind: ContainerProbe.Kind) -> Bool { !isEnding && (kind == .startup) != isStarted }

  func step(_ time: Int64) {
    if container.isOver {
      abandon()
      return
    }
    if !hasBegun {
      guard container.hasStarted else { return }
      begin(time)
    }
    if let run = postStart, let isGood = run.outcome(time) {
      postStart = nil
      if !isGood { end(gracePeriod: gracePeriod, time) }
    }
    if let (run, killAt) = preStop, run.outcome(time) != nil {
      preStop = nil
      // A kubelet gives at least two seconds after the hook.
      container.stop(gracePeriod: max(2, Int((killAt - time) / 1000)))
    }
    for index in checks.indices { step(index, time) }
  }

  private func begin(_ time: Int64) {
    hasBegun = true
    isStarted = !container.plan.probes.contains { $0.kind == .startup }
    checks = container.plan.probes.map { Check(probe: $0, nextAt: time + $0.initialDelay * 1000) }
    if let action = container.plan.postStart { postStart = container.act(action, timeout: .max / 2) }
  }

  private func step(_ index: Int, _ time: Int64) {
    if let run = checks[index].run {
      guard let isGood = run.outcome(time) else { return }
      checks[index].run = nil
      checks[index].nextAt = run.startedAt + checks[index].probe.period * 1000
      take(isGood, index, time)
    }
    let probe = checks[index].probe
    guard isDue(probe.kind), time >= checks[index].nextAt else { return }
    checks[index].run = container.act(probe.action, timeout: probe.timeout * 1000)
    if checks[index].run == nil { checks[index].nextAt = time + probe.period * 1000 }
  }

  private func take(_ isGood: Bool, _ index: Int, _ time: Int64) {
    let probe = checks[index].probe
    checks[index].successes = isGood ? checks[index].successes + 1 : 0
    checks[index].failures = isGood ? 0 : checks[index].failures + 1
    let hasPassed = checks[index].successes >= probe.successThreshold
    let hasFailed = checks[index].failures >= probe.failureThreshold
    switch probe.kind {
    case .startup:
      if hasPassed {
        isStarted = true
        container.report.hasPassedStartup = true
        container.hasNews = true
      }
    case .readiness:
      let isReady = hasPassed ? true : hasFailed ? false : container.report.isReady
      if isReady != container.report.isReady {
        container.report.isReady = isReady
        container.hasNews = true
        container.hasChangedReadiness = true
      }
    case .liveness: break
    }
    if hasFailed, probe.kind != .readiness { end(gracePeriod: probe.gracePeriod.map { Int(clamping: $0) } ?? gracePeriod, time) }
  }

  /// Ends the container as a kubelet does: the hook first, then SIGTERM, SIGKILL after the grace period that began with the hook.
  func end(gracePeriod: Int, _ time: Int64) {
    guard !isEnding else { return }
    isEnding = true
    if let action = container.plan.preStop, container.hasStarted,
      let run = container.act(action, timeout: Int64(max(1, gracePeriod)) * 1000)
    {
      preStop = (run, time + Int64(gracePeriod) * 1000)
    } else {
      container.stop(gracePeriod: gracePeriod)
    }
  }

  private func abandon() {
    for index in checks.indices {
      checks[index].run?.abandon()
      checks[index].run = nil
    }
    isEnding = true
    postStart?.abandon()
    preStop?.run.abandon()
    (postStart, preStop) = (nil, nil)
  }
}
