import CLinux
import Contracts
import Glibc
import JSONValue

/// Runs the containers of one pod: init containers one after the other, then mains and sidecars together; stops sidecars when all mains
/// have ended, everything on SIGTERM (gracefully), on SIGUSR1 (at once) and at the deadline; writes the report at each step.
final class Supervisor {
  private let plan: PodPlan
  private let directory: String
  private var report: PodReport
  private let notify: Int32
  private var running: [ContainerRun] = []
  /// Indexes of init containers that are still to run.
  private var waitingInitials: [Int]
  private var hasStartedMains = false
  private var hasAnnounced = false
  private var isStopping = false
  private let signals: Int32
  private let buffer = UnsafeMutablePointer<UInt8>.allocate(capacity: ContainerRun.chunk)

  init(plan: PodPlan, directory: String, report: PodReport, notify: Int32) {
    self.plan = plan
    self.directory = directory
    self.report = report
    self.report.containers = plan.containers.map { PodReport.Container(name: $0.name) }
    self.notify = notify
    waitingInitials = plan.containers.indices.filter { plan.containers[$0].role == .initial }
    signals = clx_signalfd(1 << UInt64(SIGTERM - 1) | 1 << UInt64(SIGUSR1 - 1))
  }

  /// Runs the pod to its end; whether the last report was written.
  func run() -> Bool {
    mkdir(directory + "/containers", 0o755)
    if plan.containers.contains(where: { !$0.outputs.isEmpty }) { mkdir(directory + "/outputs", 0o755) }
    if !waitingInitials.isEmpty { writeReport() }
    while true {
      advance()
      if running.isEmpty { break }
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
        for index in plan.containers.indices where plan.containers[index].role != .initial && !isStopping { start(index) }
      } else {
        return
      }
    }
    if hasStartedMains, !isStopping, !running.contains(where: { $0.plan.role == .main }) {
      for container in running { container.stop(gracePeriod: plan.gracePeriod) }
    }
  }

  private func start(_ index: Int) {
    do throws(SandboxFailure) {
      running.append(try ContainerRun(index: index, plan: plan, directory: directory))
    } catch {
      fail(error.message)
    }
  }

  /// The sandbox cannot be made: the pod ends.
  private func fail(_ message: String) {
    if report.failure == nil { report.failure = message }
    isStopping = true
    for container in running { container.stop(gracePeriod: 0) }
  }

  private func stopAll(gracePeriod: Int, message: String?) {
    isStopping = true
    for container in running {
      if let message, container.message == nil { container.message = message }
      container.stop(gracePeriod: gracePeriod)
    }
  }

  private func wait() {
    var entries = [pollfd(fd: signals, events: Int16(POLLIN), revents: 0)]
    for container in running {
      for descriptor in container.descriptors { entries.append(pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)) }
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
    guard let first = due.min() else { return -1 }
    return max(0, first - now() + 1)
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
      stopAll(gracePeriod: plan.gracePeriod, message: "DeadlineExceeded")
    }
    for container in running { container.checkClock(time) }
  }

  /// Takes over what the containers have come to.
  private func settle() {
    var isChanged = false
    for container in running where container.hasNews {
      container.hasNews = false
      report.containers[container.index] = container.report
      if container.isOver {
        isChanged = true
        if let failure = container.failure { fail(failure) }
        if container.plan.role == .initial, container.report.exitCode != 0 { isStopping = true }
      }
    }
    running.removeAll { $0.isOver }
    if hasStartedMains, !hasAnnounced, report.failure == nil, running.allSatisfy(\.hasStarted) {
      hasAnnounced = true
      writeReport()
      announce("R")
    } else if isChanged, !running.isEmpty || !waitingInitials.isEmpty {
      writeReport()
    }
  }
}
