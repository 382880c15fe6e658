import CLinux
import Contracts
import Glibc
import JSONValue

/// Runs the containers of one pod: init containers one after the other, then mains and sidecars together, mains that depend on others after
/// those; stops sidecars when all mains have ended, everything on SIGTERM (gracefully), on SIGUSR1 (at once) and at the deadline; writes the
/// report at each step.
final class Supervisor {
  let plan: PodPlan
  let directory: String
  var report: PodReport
  private let notify: Int32
  var running: [ContainerRun] = []
  private var monitors: [ContainerMonitor] = []
  /// Mains that wait for others, by index.
  var waitingMembers: [Int] = []
  /// What a main that is over says to those that depend on it: its exit code, or nothing when it was killed too hard to say any.
  var endCodes: [String: Int32?] = [:]
  /// When all others are to be stopped because one of several mains has failed.
  var membersStopAt: Int64?
  /// Indexes of init containers that are still to run.
  private var waitingInitials: [Int]
  private var hasStartedMains = false
  private var hasAnnounced = false
  private(set) var isStopping = false
  /// Others look at the containers one by one.
  let hasSeveralMains: Bool
  private let signals: Int32
  /// How often the files by which others ask for signals are looked for, in milliseconds.
  private static let signalPeriod: Int64 = 200
  private let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: ContainerRun.chunk)

  init(plan: PodPlan, directory: String, report: PodReport, notify: Int32) {
    self.plan = plan
    self.directory = directory
    self.report = report
    self.report.containers = plan.containers.map { PodReport.Container(name: $0.name) }
    self.notify = notify
    waitingInitials = plan.containers.indices.filter { plan.containers[$0].role == .initial }
    hasSeveralMains = plan.containers.count > 1 && plan.containers.count(where: { $0.role == .main }) > 1
    signals = clx_signalfd(1 << UInt64(SIGTERM - 1) | 1 << UInt64(SIGUSR1 - 1))
  }

  /// Runs the pod to its end; whether the last report was written.
  func run() -> Bool {
    mkdir(directory + "/containers", 0o755)
    if plan.containers.contains(where: { !$0.outputs.isEmpty }) { mkdir(directory + "/outputs", 0o755) }
    if !waitingInitials.isEmpty { writeReport() }
    while true {
      advance()
      if running.isEmpty, waitingMembers.isEmpty { break }
      wait()
    }
    report.isFinished = true
    let isWritten = writeReport()
    announce("F")
    return isWritten
  }

  @discardableResult private func writeReport() -> Bool { Files.replace(directory + "/status.json", with: report.json.bytes()) }

  private func announce(_ letter: Unicode.Scalar) {
    guard notify >= 0 else { return }
    var byte = UInt8(ascii: letter)
    _ = write(notify, &byte, 1)
  }

  /// Starts what is due.
  private func advance() {
    while running.isEmpty, !isStopping {
      if !waitingInitials.isEmpty {
        start(waitingInitials.removeFirst())
      } else if !hasStartedMains {
        hasStartedMains = true
        startMains()
      } else {
        break
      }
    }
    guard hasStartedMains, !isStopping else { return }
    startMembers()
    if waitingMembers.isEmpty, !running.contains(where: { $0.plan.role == .main }) {
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
      let container = try ContainerRun(index: index, plan: plan, directory: directory)
      container.begunAt = begun
      running.append(container)
      if let monitor = ContainerMonitor(container, gracePeriod: plan.gracePeriod) { monitors.append(monitor) }
    } catch {
      fail(error.message)
    }
  }

  /// The sandbox cannot be made: the pod ends.
  private func fail(_ message: String) {
    if report.failure == nil { report.failure = message }
    isStopping = true
    endMembers(code: 137)
    for container in running { container.stop(gracePeriod: 0) }
  }

  /// - Parameter isKubelets: a stop that Kubernetes would make, and not Argo: `preStop` hooks run.
  private func stopAll(gracePeriod: Int, message: String?, isKubelets: Bool = false) {
    isStopping = true
    endMembers(code: gracePeriod > 0 ? 143 : 137)
    let time = now()
    for container in running {
      if let message, container.message == nil { container.message = message }
      if isKubelets, gracePeriod > 0, let monitor = monitors.first(where: { $0.container === container }) {
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
    due += monitors.compactMap(\.due)
    guard let first = due.min() else { return plan.sharesContract ? Self.signalPeriod : -1 }
    let patience = max(0, first - now() + 1)
    return plan.sharesContract ? min(patience, Self.signalPeriod) : patience
  }

  private func takeSignals() {
    // The size of signalfd_siginfo; the number is its first member.
    var info = [UInt32](repeating: 0, count: 32)
    while info.withUnsafeMutableBytes({ read(signals, $0.baseAddress, $0.count) }) == 128 {
      stopAll(gracePeriod: info[0] == UInt32(SIGUSR1) ? 0 : plan.gracePeriod, message: nil)
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
    for container in running where container.hasNews {
      container.hasNews = false
      if let begun = container.begunAt { container.report.startedAt = begun }
      report.containers[container.index] = container.report
      if container.hasChangedReadiness {
        container.hasChangedReadiness = false
        isReadinessChanged = true
      }
      if container.isOver {
        isChanged = true
        if let failure = container.failure { fail(failure) }
        if container.plan.role == .initial, container.report.exitCode != 0 { isStopping = true }
        tellEnd(container.index, code: container.report.exitCode ?? 64)
      }
    }
    running.removeAll { $0.isOver }
    monitors.removeAll { $0.container.isOver }
    if hasStartedMains, !hasAnnounced, report.failure == nil, running.allSatisfy(\.hasStarted) {
      hasAnnounced = true
      writeReport()
      announce("R")
    } else if isReadinessChanged || isChanged && hasAnnounced && hasSeveralMains {
      writeReport()
      announce("R")
    } else if isChanged, !running.isEmpty || !waitingInitials.isEmpty {
      writeReport()
    }
  }
}
