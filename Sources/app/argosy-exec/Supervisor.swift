import CLinux
import Contracts
import Glibc
import JSONValue

/// Runs the containers of one pod: init containers one after the other, then mains and sidecars together, mains that depend on others after
/// those (pods that users made: see ``Restarts``); stops sidecars when all mains have ended, everything on SIGTERM (gracefully), on SIGUSR1 (at once) and at the deadline; writes the
/// report at each step.
final class Supervisor {
  let plan: PodPlan
  let directory: String
  var report: PodReport
  let pipe: RunnerPipe
  var running: [ContainerRun] = []
  private var monitors: [ContainerMonitor] = []
  /// Mains that wait for others, by index.
  var waitingMembers: [Int] = []
  /// What a main that is over says to those that depend on it: its exit code, or nothing when it was killed too hard to say any.
  var endCodes: [String: Int32?] = [:]
  /// When all others are to be stopped because one of several mains has failed.
  var membersStopAt: Int64?
  /// Indexes of init containers that are still to run.
  var waitingInitials: [Int]
  var hasStartedMains = false
  /// Of a pod that a user made.
  var restarts: Restarts?
  var lacks = Lacks()
  var lateOutputs: LateOutputs
  /// The command of a main was started: the pod has an effect that must not be had twice.
  private(set) var hasRunMain = false
  private var hasAnnounced = false
  var isStopping = false
  /// When the first report is written, unless all is over by then: the last one says the same, and most pods are short.
  private var announceAt: Int64?
  private static let announcementDelay: Int64 = 10
  /// Others look at the containers one by one.
  let hasSeveralMains: Bool
  private let signals: Int32
  /// How often the files by which others ask for signals are looked for, in milliseconds.
  private static let signalPeriod: Int64 = 200
  /// The longest wait without a look at the clock, in milliseconds.
  private static let longestPoll: Int64 = 10_000
  private let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: ContainerRun.chunk)

  private let prepared: Prepared

  init(plan: PodPlan, directory: String, report: PodReport, pipe: RunnerPipe, prepared: Prepared = Prepared()) {
    self.prepared = prepared
    var plan = plan
    lateOutputs = LateOutputs(takenOutOf: &plan)
    self.plan = plan
    self.directory = directory
    self.report = report
    self.report.containers = plan.containers.map { PodReport.Container(name: $0.name) }
    self.pipe = pipe
    waitingInitials = plan.containers.indices.filter { plan.containers[$0].role == .initial }
    restarts = plan.restartPolicy.map { Restarts(policy: $0, firstPause: plan.restartPause) }
    hasSeveralMains = plan.containers.count > 1 && plan.containers.count(where: { $0.role == .main }) > 1
    signals = clx_signalfd([SIGTERM, SIGUSR1, SIGUSR2].reduce(0) { $0 | 1 << UInt64($1 - 1) })
  }

  /// How ``run()`` ends.
  enum End { case reported, unreported, givenUp }

  /// Runs the pod to its end, or until it is given up for want of processes: nothing was reported then, and the pod can be run anew.
  func run() -> End {
    pipe.makeDirectory(directory + "/containers")
    if plan.containers.contains(where: { !$0.outputs.isEmpty }) || !lateOutputs.isDone { pipe.makeDirectory(directory + "/outputs") }
    if !waitingInitials.isEmpty { writeReport() }
    while true {
      advance()
      if running.isEmpty, waitingMembers.isEmpty, restarts?.due.isEmpty ?? true, lacks.due.isEmpty, !isCopyingAwaited { break }
      wait()
    }
    if let lack = lacks.reason {
      guard hasRunMain else { return .givenUp }
      // It began in that very moment.
      report.failure = report.failure ?? lack
    }
    report.isFinished = true
    let isWritten = pipe.waitingForRoom { writeReport() }
    pipe.tell(.finished)
    return isWritten ? .reported : .unreported
  }

  @discardableResult func writeReport() -> Bool { Files.replace(directory + "/status.json", with: report.json.bytes()) }

  /// Starts what is due.
  private func advance() {
    startLacking()
    guard restarts == nil else { return advanceRestartable() }
    while running.isEmpty, lacks.due.isEmpty, !isStopping {
      if !waitingInitials.isEmpty {
        start(waitingInitials.removeFirst())
      } else if !hasStartedMains {
        hasStartedMains = true
        startMains()
      } else {
        break
      }
    }
    if hasStartedMains, !isStopping { startMembers() }
    copyLateOutputs()
    guard hasStartedMains, !isStopping else { return }
    if waitingMembers.isEmpty, lacks.due.isEmpty, !running.contains(where: { $0.plan.role == .main }) {
      for container in running { container.stop(gracePeriod: plan.gracePeriod) }
    }
  }

  private func startMains() {
    for index in plan.containers.indices where plan.containers[index].role != .initial && !isStopping {
      if plan.containers[index].dependencies.isEmpty {
        start(index)
      } else {
        // Argo starts all containers of a pod; those that depend on others wait inside.
        report.containers[index].startedAt = now()
        waitingMembers.append(index)
      }
    }
  }

  func start(_ index: Int) {
    if let refusal = plan.containers[index].refusal {
      end(index, code: 64, message: refusal)
      return
    }
    do throws(SandboxFailure) {
      let begun = report.containers[index].startedAt
      let restarts = report.containers[index].restarts
      let container = try ContainerRun(
        index: index, plan: plan, directory: directory, restarts: restarts, pipe: pipe, prepared: prepared)
      container.begunAt = begun
      container.report.restarts = restarts
      container.report.previous = report.containers[index].previous
      noteLimits(of: container)
      running.append(container)
      if let monitor = ContainerMonitor(container, gracePeriod: plan.gracePeriod) { monitors.append(monitor) }
    } catch {
      if error.isLack { postpone(index, for: error.message) } else { fail(error.message) }
    }
  }

  /// The sandbox cannot be made: the pod ends.
  func fail(_ message: String) {
    if report.failure == nil { report.failure = message }
    isStopping = true
    endMembers(code: 137)
    endLacking(code: 137)
    endRestarts()
    for container in running { container.stop(gracePeriod: 0) }
  }

  /// - Parameter isKubelets: a stop that Kubernetes would make, and not Argo: `preStop` hooks run.
  func stopAll(gracePeriod: Int, message: String?, isKubelets: Bool = false) {
    let isAgain = isStopping
    isStopping = true
    endMembers(code: gracePeriod > 0 ? 143 : 137)
    endLacking(code: gracePeriod > 0 ? 143 : 137)
    endRestarts()
    let time = now()
    for container in running {
      if let message, container.message == nil { container.message = message }
      if isKubelets, !isAgain, gracePeriod > 0, let monitor = monitors.first(where: { $0.container === container }) {
        monitor.end(gracePeriod: gracePeriod, time)
      } else {
        container.stop(gracePeriod: gracePeriod)
      }
    }
  }

  private func wait() {
    var entries = [pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
    for container in running {
      for descriptor in container.descriptors { entries.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
    }
    for monitor in monitors {
      for descriptor in monitor.descriptors { entries.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
    }
    let count = poll(&entries, nfds_t(entries.count), Int32(clamping: patience()))
    if count < 0 { return }
    if entries[0].revents != 0 { takeSignals() }
    var next = 1
    for container in running {
      let states = entries[next..<next + ContainerRun.descriptorCount].map { $0.revents != 0 }
      next += ContainerRun.descriptorCount
      container.handle(states, buffer)
    }
    checkClock()
    settle()
  }

  /// Milliseconds until something is due; -1: nothing is.
  private func patience() -> Int64 {
    var due = running.compactMap(\.killAt)
    if let deadline = plan.deadline, !report.isPastDeadline { due.append(deadline) }
    if let membersStopAt, !isStopping { due.append(membersStopAt) }
    if let announceAt, !hasAnnounced { due.append(announceAt) }
    due += monitors.compactMap(\.due)
    if let restarts { due += restarts.due.values }
    due += lacks.due.values
    if let again = lateOutputs.due, !lateOutputs.waiting.isEmpty { due.append(again) }
    if running.contains(where: \.isFeeding) { due.append(now() + 20) }
    guard let first = due.min() else { return plan.sharesContract ? Self.signalPeriod : -1 }
    // The system's wait stands still while the machine sleeps.
    let patience = min(max(0, first - now() + 1), Self.longestPoll)
    return plan.sharesContract ? min(patience, Self.signalPeriod) : patience
  }

  private func takeSignals() {
    // The size of signalfd_siginfo; the number is its first member.
    var info = [UInt32](repeating: 0, count: 32)
    while info.withUnsafeMutableBytes({ read(signals, $0.baseAddress, $0.count) }) == 128 {
      if info[0] == UInt32(SIGUSR2) {
        for container in running { container.takeRequests() }
      } else if info[0] == UInt32(SIGUSR1) {
        stopAll(gracePeriod: 0, message: nil)
      } else if let asked = Files.read(directory + "/grace").flatMap({ Int(String(decoding: $0, as: UTF8.self)) }) {
        // The pod was deleted.
        stopAll(gracePeriod: asked, message: nil, isKubelets: true)
      } else {
        stopAll(gracePeriod: plan.gracePeriod, message: nil, isKubelets: restarts != nil)
      }
    }
  }

  private func checkClock() {
    let time = now()
    if let deadline = plan.deadline, !report.isPastDeadline, time >= deadline {
      report.isPastDeadline = true
      stopAll(gracePeriod: plan.gracePeriod, message: "DeadlineExceeded", isKubelets: true)
    }
    if let membersStopAt, time >= membersStopAt, !isStopping { stopAll(gracePeriod: plan.gracePeriod, message: nil) }
    for container in running { container.checkClock(time) }
    for monitor in monitors { monitor.step(time) }
    if plan.sharesContract { takeSignalFiles() }
  }

  /// Takes over what the containers have come to.
  private func settle() {
    var isChanged = false
    var isReadinessChanged = false
    var hasNews = false
    for container in running where container.hasNews {
      container.hasNews = false
      if container === lateOutputs.copier {
        takeCopying(container)
        continue
      }
      if container.isOver, let lack = container.lack {
        postpone(container.index, for: lack)
        continue
      }
      hasNews = true
      if container.plan.role == .main, container.report.startedAt != nil { hasRunMain = true }
      if let begun = container.begunAt { container.report.startedAt = begun }
      report.containers[container.index] = container.report
      if container.hasChangedReadiness {
        container.hasChangedReadiness = false
        isReadinessChanged = true
      }
      if container.isOver {
        isChanged = true
        if let failure = container.failure { fail(failure) }
        if restarts != nil {
          takeEnd(container.index)
        } else if container.plan.role == .initial, container.report.exitCode != 0 {
          isStopping = true
        }
        tellEnd(container.index, code: container.report.exitCode ?? 64)
      }
    }
    running.removeAll { $0.isOver }
    monitors.removeAll { $0.container.isOver }
    if lacks.reason != nil { return }
    if restarts != nil {
      // The last report is written when all is over.
      guard hasNews, !running.isEmpty || restarts?.due.isEmpty == false || !isStopping else { return }
      writeReport()
      pipe.tell(.report)
    } else if hasStartedMains, !hasAnnounced, report.failure == nil, lacks.due.isEmpty, running.allSatisfy(\.hasStarted) {
      let due = announceAt ?? now() + Self.announcementDelay
      announceAt = due
      guard !running.isEmpty, now() >= due else { return }
      hasAnnounced = true
      writeReport()
      pipe.tell(.report)
    } else if isReadinessChanged || isChanged && hasAnnounced && hasSeveralMains {
      writeReport()
      pipe.tell(.report)
    } else if isChanged, !running.isEmpty || !waitingInitials.isEmpty {
      writeReport()
    }
  }
}
