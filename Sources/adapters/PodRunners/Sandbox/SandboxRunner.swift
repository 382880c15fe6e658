import CLinux
import Contracts
import Glibc
import JSONValue
import Processes
import Synchronization

/// Runs pods as processes of this machine, each under a supervisor of its own (`argosy-exec`) that outlives this process.
///
/// One thread watches all pods: a pipe on which a supervisor says that its report has changed, and a pidfd that tells its end.
package final class SandboxRunner: PodRunning {
  let executable: String
  private let reactor: PodReactor
  private let launcher: SupervisorLauncher
  /// Where scratch space that is used again lies; nil: none is.
  private let scratch: String?

  /// - Parameters:
  ///   - executable: path of `argosy-exec`; nil: beside the running program, then `../libexec/argosy/`.
  ///   - scratch: a directory for scratch space that pods use after one another (``PodPlan/scratchGroup``); nil: each pod makes its own.
  package init(executable: String? = nil, scratch: String? = nil) throws {
    guard let path = executable ?? Self.findExecutable() else {
      throw ProcessError("argosy-exec is neither beside this program nor in ../libexec/argosy")
    }
    guard access(path, X_OK) == 0 else { throw ProcessError("\(path) cannot be executed", number: errno) }
    self.executable = path
    self.scratch = scratch
    let launcher = SupervisorLauncher(executable: path)
    self.launcher = launcher
    reactor = try PodReactor(launcher: launcher)
  }

  deinit { reactor.stop() }

  package func end() { launcher.close() }

  /// `argosy-exec` as installed: beside the running program or in `../libexec/argosy/`.
  package static func findExecutable() -> String? {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &buffer, buffer.count)
    guard count > 0 else { return nil }
    let program = String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    guard let slash = program.lastIndex(of: "/") else { return nil }
    let directory = program[..<slash]
    return ["\(directory)/argosy-exec", "\(directory)/../libexec/argosy/argosy-exec"].first { access($0, X_OK) == 0 }
  }

  /// The supervisor needs no environment; looking for Swift's crash reporter is a sixth of its start.
  static let environment = ["SWIFT_BACKTRACE=enable=no"]

  package func start(_ plan: PodPlan, directory: String, observe: @escaping @Sendable (PodReport) -> Void) throws -> PodRun {
    do throws(ProcessError) {
      return try launch(plan, directory: directory, observe: observe)
    } catch {
      throw MachineExhausted("\(error)", number: error.number) ?? error
    }
  }

  private func launch(
    _ plan: PodPlan, directory: String, observe: @escaping @Sendable (PodReport) -> Void
  ) throws(ProcessError) -> PodRun {
    mkdir(directory, 0o755)
    if access(directory + "/plan.json", F_OK) != 0 {
      guard PodFiles.write(directory + "/plan.json", plan.json.bytes()) else {
        throw ProcessError("cannot write \(directory)/plan.json", number: errno)
      }
    }
    let lock = open(directory + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard lock >= 0 else { throw ProcessError("cannot write \(directory)/lock", number: errno) }
    defer { close(lock) }
    // Taken here and inherited: a pod that was started never looks abandoned, however soon this process dies.
    guard clx_try_lock(lock) == 0 else { throw ProcessError("\(directory) has a supervisor already") }
    var ends: [Int32] = [-1, -1]
    let result = clx_pipe(&ends)
    guard result == 0 else { throw ProcessError("pipe", number: -result) }
    defer { close(ends[1]) }
    do {
      let started = try supervisor(of: plan, directory: directory, lock: lock, notify: ends[1])
      _ = clx_set_nonblocking(ends[0])
      var watch = PodWatch(
        directory: directory, plan: plan, pid: started.pid, pidfd: started.pidfd, notify: ends[0], isChild: true, observe: observe)
      watch.lease = started.lease
      reactor.watch(watch)
    } catch {
      close(ends[0])
      if error != SupervisorLauncher.lost { unlink(directory + "/lock") }
      throw error
    }
    return PodRun(directory: directory)
  }

  private func supervisor(
    of plan: PodPlan, directory: String, lock: Int32, notify: Int32
  ) throws(ProcessError) -> SupervisorLauncher.Started {
    var group: ScratchGroup?
    if let scratch, let name = plan.scratchGroup, plan.isolation == .namespaces, plan.root == "/", plan.containers.count == 1,
      plan.restartPolicy == nil
    {
      group = ScratchGroup(directory: scratch, name: name)
    }
    if let started = try launcher.launch(directory: directory, scratch: group, lock: lock, notify: notify) { return started }
    let child = try Child.spawn(
      [executable, directory, "--notify"], env: Self.environment, directory: "/", descriptors: (lock, -1, -1, notify),
      standing: .ownSession)
    return SupervisorLauncher.Started(pid: child.pid, pidfd: child.pidfd)
  }

  package func adopt(directory: String, observe: @escaping @Sendable (PodReport) -> Void) throws -> Bool {
    guard access(directory + "/lock", F_OK) == 0 else { return false }
    // A supervisor that has just begun has no report yet; it takes about a millisecond.
    for _ in 0..<500 {
      let report = PodFiles.report(directory)
      if let report, report.isFinished {
        reactor.deliver(report, to: observe)
        return true
      }
      if !PodFiles.isLocked(directory) {
        // The earlier process died before its supervisor had begun: nothing of the pod has run.
        if report == nil, !PodFiles.hasBegun(directory) { return false }
        reactor.tellEnd(PodFiles.finalReport(directory, plan: nil), directory, observe)
        return true
      }
      if let report {
        let pidfd = clx_pidfd_open(report.supervisor)
        if pidfd >= 0, PodFiles.startTime(report.supervisor) == report.supervisorStart {
          reactor.deliver(report, to: observe)
          reactor.watch(
            PodWatch(
              directory: directory, plan: nil, pid: report.supervisor, pidfd: pidfd, notify: -1, isChild: false, observe: observe))
          return true
        }
        if pidfd >= 0 { close(pidfd) }
      }
      usleep(10_000)
    }
    throw ProcessError("\(directory) is locked by a process that is not the pod's supervisor")
  }

  package func stop(directory: String, _ manner: StopManner) {
    let signal: Int32
    switch manner {
    case .gracefully: signal = SIGTERM
    case .immediately, .within(seconds: ...0): signal = SIGUSR1
    case .within(let seconds):
      // The supervisor looks for it when the signal comes. Without it, for want of room, it takes the plan's time.
      _ = PodFiles.write(directory + "/grace", Array("\(seconds)".utf8))
      signal = SIGTERM
    }
    self.signal(directory, signal)
  }

  package func notice(directory: String) { signal(directory, SIGUSR2) }

  private func signal(_ directory: String, _ signal: Int32) {
    if reactor.signal(directory, signal) { return }
    guard let report = PodFiles.report(directory), !report.isFinished, PodFiles.isLocked(directory) else { return }
    let pidfd = clx_pidfd_open(report.supervisor)
    guard pidfd >= 0 else { return }
    defer { close(pidfd) }
    if PodFiles.startTime(report.supervisor) == report.supervisorStart { _ = clx_pidfd_signal(pidfd, signal) }
  }
}
