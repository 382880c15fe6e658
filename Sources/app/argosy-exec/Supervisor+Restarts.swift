import Contracts
import Glibc

/// When containers of a pod that a user made are run again: the first time at once, then after a pause that doubles (a kubelet's back-off).
struct Restarts {
  let policy: PodPlan.RestartPolicy
  let firstPause: Int64
  private static let longestPause: Int64 = 300_000
  /// A run of this length is no crash: the pauses begin anew.
  private static let goodRun: Int64 = 600_000

  /// When a container that has ended is run again, by index.
  var due: [Int: Int64] = [:]
  /// The next pause of a container that was run again.
  private var pauses: [Int: Int64] = [:]
  /// Containers that are over for good.
  var done: Set<Int> = []

  init(policy: PodPlan.RestartPolicy, firstPause: Int64) {
    self.policy = policy
    self.firstPause = firstPause
  }

  /// Takes up a container whose run lasted from `start` to `end`; the pause, 0 for none.
  mutating func schedule(_ index: Int, start: Int64, end: Int64) -> Int64 {
    if end - start >= Self.goodRun { pauses[index] = nil }
    let pause = pauses[index] ?? 0
    pauses[index] = pause == 0 ? firstPause : min(Self.longestPause, pause * 2)
    due[index] = end + pause
    return pause
  }
}

/// Pods that users make: init containers in order, sidecars among them stay; then all mains; whatever ends is run again as the policy says.
extension Supervisor {
  func advanceRestartable() {
    guard !isStopping else { return }
    let time = now()
    for (index, due) in restarts?.due ?? [:] where due <= time {
      restarts?.due[index] = nil
      restart(index)
    }
    while let index = waitingInitials.first, !isStopping {
      let container = running.first { $0.index == index }
      if plan.containers[index].isSidecar, let container, container.hasStarted, container.report.hasPassedStartup != false {
        waitingInitials.removeFirst()
        continue
      }
      if container == nil, restarts?.due[index] == nil, lacks.due[index] == nil { start(index) }
      return
    }
    if !hasStartedMains, !isStopping {
      hasStartedMains = true
      for index in plan.containers.indices where plan.containers[index].role != .initial && !isStopping { start(index) }
    }
    let areMainsDone = plan.containers.indices.allSatisfy {
      plan.containers[$0].role == .initial || restarts?.done.contains($0) == true
    }
    if areMainsDone, !isStopping { stopAll(gracePeriod: plan.gracePeriod, message: nil, isKubelets: true) }
  }

  private func restart(_ index: Int) {
    let place = "\(directory)/containers/\(plan.containers[index].name)"
    // One run before is kept, as a kubelet keeps it.
    rename(place + "/log", place + "/log.previous")
    report.containers[index].waits = nil
    report.containers[index].restarts += 1
    start(index)
  }

  /// Says once what of the containers' limits means nothing here.
  func noteLimits(of container: ContainerRun) {
    guard restarts != nil, report.note == nil, !container.ignoredLimits.isEmpty else { return }
    report.note =
      "The \(container.ignoredLimits.joined(separator: " and ")) limit of container \(container.plan.name) is not enforced: "
      + "control groups are not writable here"
  }

  /// A container has ended: it is over, or it is run again.
  func takeEnd(_ index: Int) {
    let container = plan.containers[index]
    // What a container engine says of a program that it cannot start.
    if report.containers[index].isRefused { report.containers[index].exitCode = 128 }
    guard !isStopping, let restarts, let ending = report.containers[index].ending else {
      self.restarts?.done.insert(index)
      return
    }
    let isGood = ending.exitCode == 0
    let isAgain: Bool =
      switch container.role {
      case .initial: container.isSidecar || !isGood && restarts.policy != .never
      case .main, .sidecar: restarts.policy == .always || !isGood && restarts.policy == .onFailure
      }
    guard isAgain else {
      self.restarts?.done.insert(index)
      guard container.role == .initial else { return }
      if isGood {
        waitingInitials.removeAll { $0 == index }
      } else {
        stopAll(gracePeriod: plan.gracePeriod, message: nil, isKubelets: true)
      }
      return
    }
    let end = ending.finishedAt ?? now()
    let pause = self.restarts?.schedule(index, start: ending.startedAt ?? end, end: end) ?? 0
    var next = PodReport.Container(name: container.name)
    next.restarts = report.containers[index].restarts
    next.previous = ending
    if pause > 0 { next.waits = "back-off \(Self.words(pause)) restarting failed container=\(container.name) pod=\(plan.podName)" }
    report.containers[index] = next
  }

  /// Go's words for a length of time: `10s`, `1m20s`.
  private static func words(_ milliseconds: Int64) -> String {
    let (minutes, seconds) = (milliseconds / 60_000, milliseconds % 60_000)
    if minutes > 0 { return "\(minutes)m\(seconds / 1000)s" }
    return seconds % 1000 == 0 ? "\(seconds / 1000)s" : "\(seconds)ms"
  }

  /// Nothing is run again: what waits for that has ended as it last did.
  func endRestarts() {
    guard let waiting = restarts?.due.keys, !waiting.isEmpty else { return }
    for index in waiting {
      guard let ending = report.containers[index].previous else { continue }
      report.containers[index].waits = nil
      report.containers[index].previous = nil
      report.containers[index].startedAt = ending.startedAt
      report.containers[index].finishedAt = ending.finishedAt
      report.containers[index].exitCode = ending.exitCode
      report.containers[index].signal = ending.signal
      report.containers[index].message = ending.message
      report.containers[index].isRefused = ending.isRefused
    }
    restarts?.due = [:]
  }
}
