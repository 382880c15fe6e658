import CLinux
import Contracts
import Glibc
import JSONValue

/// `argosy-exec POD_DIRECTORY [--notify]`: runs the pod whose `plan.json` lies in the directory, as its supervisor.
///
/// With `--notify` descriptor 3 is a pipe: one byte `R` is written when all containers run, `F` when the last report is written; and
/// descriptor 0 is the pod's open and locked `lock` file, so that there is no moment in which the pod looks abandoned.
/// `argosy-exec --join POD_DIRECTORY CONTAINER [--input] [--terminal] -- COMMAND…`: see ``Join``.
/// `argosy-exec --launcher PADDING`: see ``Launcher``.
/// Exit status: 0 when the report tells the end, 2 for wrong usage, 1 when not even a report could be written, 75 (`EX_TEMPFAIL`) when the machine had no
/// processes for the pod: nothing of its mains has run, and the directory looks as if the pod had never begun.
@main
enum ArgosyExec {
  static func main() {
    let arguments = CommandLine.arguments
    if arguments.count > 1, arguments[1] == "--join" { Join.main(Array(arguments.dropFirst(2))) }
    if arguments.count > 1, arguments[1] == "--launcher" { Launcher.main() }
    guard arguments.count == 2 || (arguments.count == 3 && arguments[2] == "--notify") else {
      complain("usage: argosy-exec POD_DIRECTORY [--notify]")
      exit(2)
    }
    var directory = arguments[1]
    if !directory.hasPrefix("/"), let here = getcwd(nil, 0) { directory = String(cString: here) + "/" + directory }
    let lock = becomeSupervisor(isNotifying: arguments.count == 3, lockFile: directory + "/lock")
    supervise(directory, lock: lock, pipe: RunnerPipe(descriptor: arguments.count == 3 ? 3 : -1), prepared: Prepared())
  }

  /// Runs the pod in the directory to its end, as its supervisor.
  ///
  static func supervise(_ directory: String, lock: Int32, pipe: RunnerPipe, prepared: Prepared) -> Never {
    guard lock >= 0, takeLock(lock) else {
      complain("\(directory) is not writable or has a supervisor already")
      exit(1)
    }
    // A lock file that is empty and free tells those who adopt that the pod was never begun.
    guard pipe.waitingForRoom({ pwrite(lock, "B", 1, 0) == 1 }) else {
      complain("\(directory)/lock is not writable")
      exit(1)
    }
    var report = PodReport(supervisor: getpid(), supervisorStart: ownStartTime(), containers: [])
    report.scratch = prepared.scratch
    let plan: PodPlan
    do {
      guard let bytes = Files.read(directory + "/plan.json") else { throw PodCodingError("plan.json cannot be read") }
      plan = try PodPlan(json: try JSON.parse(bytes))
    } catch {
      var report = report
      report.failure = "\(error)"
      report.isFinished = true
      exit(pipe.waitingForRoom { Files.replace(directory + "/status.json", with: report.json.bytes()) } ? 0 : 1)
    }
    startClock()
    let supervisor = Supervisor(plan: plan, directory: directory, report: report, pipe: pipe, prepared: prepared)
    switch supervisor.run() {
    case .reported: _exit(0)
    case .unreported: _exit(1)
    case .givenUp:
      unlink(directory + "/status.json")
      ftruncate(lock, 0)
      _exit(PodPlan.givenUpStatus)
    }
  }

  /// Others take the lock for a moment to see whether a supervisor lives.
  private static func takeLock(_ lock: Int32) -> Bool {
    for _ in 0..<20 {
      if clx_try_lock(lock) == 0 { return true }
      usleep(1000)
    }
    return false
  }

  /// Leaves the session, signals and directory of whoever started this process.
  static func leaveRunner() {
    setsid()
    for signal in [SIGHUP, SIGINT, SIGPIPE] { clx_ignore_signal(signal) }
    clx_block_signals()
    _ = chdir("/")
    umask(0o022)
  }

  private static func becomeSupervisor(isNotifying: Bool, lockFile: String) -> Int32 {
    leaveRunner()
    if isNotifying { _ = fcntl(3, F_SETFD, FD_CLOEXEC) }
    _ = clx_close_from(isNotifying ? 4 : 3)
    let lock = isNotifying ? fcntl(0, F_DUPFD_CLOEXEC, 4) : open(lockFile, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    let null = open("/dev/null", O_RDWR | O_CLOEXEC)
    if null >= 0 {
      dup2(null, 0)
      close(null)
    }
    return lock
  }

  /// Field 22 of `/proc/self/stat`; the command name before it may hold anything, so fields count from the last parenthesis.
  private static func ownStartTime() -> UInt64 {
    guard let bytes = Files.read("/proc/self/stat"), let name = bytes.lastIndex(of: UInt8(ascii: ")")) else { return 0 }
    let fields = bytes[(name + 1)...].split(separator: 0x20)
    return fields.count > 19 ? UInt64(String(decoding: fields[19], as: UTF8.self)) ?? 0 : 0
  }

  static func complain(_ text: String) {
    let bytes = Array(("argosy-exec: " + text + "\n").utf8)
    _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
  }
}
