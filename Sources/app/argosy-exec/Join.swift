import CLinux
import Contracts
import Glibc
import JSONValue

/// Runs a command in a container that runs (`kubectl exec`): in its namespaces and control groups, with its environment, working directory and
/// user. Descriptors 0, 1 and 2 become the command's, or are one end of its terminal; descriptor 3 is a socket:
/// this process writes the line `S` when the command runs, `X<exit code>` when it has ended, `F<reason>` when it cannot be started; it reads lines `W<columns> <rows>` with
/// the terminal's size. When the other end closes, the command's process group is killed.
struct Join {
  private static let control: Int32 = 3

  private let plan: PodPlan.Container
  private let command: [String]
  private let hasInput: Bool
  private let hasTerminal: Bool
  /// The pidfd of the container's first process.
  private let container: Int32

  static func main(_ arguments: [String]) -> Never {
    for signal in [SIGHUP, SIGINT, SIGPIPE, SIGTTOU] { clx_ignore_signal(signal) }
    _ = chdir("/")
    umask(0o022)
    for descriptor in 0..<4 as Range<Int32> where fcntl(descriptor, F_GETFD) < 0 {
      ArgosyExec.complain("--join needs descriptors 0 to 3")
      exit(2)
    }
    _ = fcntl(control, F_SETFD, FD_CLOEXEC)
    _ = clx_close_from(4)
    do throws(SandboxFailure) {
      try Join(arguments).run()
    } catch {
      tell("F" + error.message)
      exit(1)
    }
  }

  private init(_ arguments: [String]) throws(SandboxFailure) {
    guard arguments.count > 3, let dashes = arguments.firstIndex(of: "--"), dashes >= 2, dashes + 1 < arguments.count else {
      throw SandboxFailure("usage: argosy-exec --join POD_DIRECTORY CONTAINER [--input] [--terminal] -- COMMAND")
    }
    let (directory, name, flags) = (arguments[0], arguments[1], arguments[2..<dashes])
    hasInput = flags.contains("--input")
    hasTerminal = flags.contains("--terminal")
    command = Array(arguments[(dashes + 1)...])
    func json(_ file: String) -> JSON? { Files.read("\(directory)/\(file)").flatMap { try? JSON.parse($0) } }
    guard let plan = json("plan.json").flatMap({ try? PodPlan(json: $0) }),
      let report = json("status.json").flatMap({ try? PodReport(json: $0) }),
      let container = plan.containers.first(where: { $0.name == name }),
      let process = report.containers.first(where: { $0.name == name })?.process, !report.isFinished
    else { throw SandboxFailure("container \(name) is not running") }
    self.plan = container
    // Opened first: what is looked at afterwards is this very process, a child of the pod's supervisor.
    let pidfd = clx_pidfd_open(process)
    guard pidfd >= 0, Self.parent(of: process) == report.supervisor else {
      throw SandboxFailure("container \(name) is not running")
    }
    self.container = pidfd
    Self.joinGroups(of: process)
    guard plan.isolation == .namespaces else { return }
    var spaces = UInt64(CLX_NEWNS | CLX_NEWPID | CLX_NEWIPC)
    if Self.link("/proc/\(process)/ns/user") != Self.link("/proc/self/ns/user") { spaces |= UInt64(CLX_NEWUSER) }
    let result = clx_join_namespaces(pidfd, spaces)
    if result < 0 { throw SandboxFailure("cannot join the namespaces of container \(name)", result) }
  }

  /// Field 4 of `/proc/PID/stat`.
  private static func parent(of process: Int32) -> Int32? {
    guard let bytes = Files.read("/proc/\(process)/stat"), let name = bytes.lastIndex(of: UInt8(ascii: ")")) else { return nil }
    let fields = bytes[(name + 1)...].split(separator: 0x20)
    return fields.count > 1 ? Int32(String(decoding: fields[1], as: UTF8.self)) : nil
  }

  private static func link(_ path: String) -> String {
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = buffer.withUnsafeMutableBytes { bytes in bytes.baseAddress.map { readlink(path, $0, bytes.count) } ?? -1 }
    return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : ""
  }

  /// What the command uses counts for the container, where control groups are writable.
  private static func joinGroups(of process: Int32) {
    guard let theirs = Files.read("/proc/\(process)/cgroup"), theirs != Files.read("/proc/self/cgroup") else { return }
    for line in String(decoding: theirs, as: UTF8.self).split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3, fields[2].split(separator: "/").contains(where: { $0.hasPrefix("argosy-") }) else { continue }
      let controllers = String(fields[1])
      for base in controllers.isEmpty ? [""] : ["/" + controllers] + controllers.split(separator: ",").map({ "/" + $0 }) {
        if Files.write("/sys/fs/cgroup\(base)\(fields[2])/cgroup.procs", [UInt8(ascii: "0")], flags: O_WRONLY) { break }
      }
    }
  }

  private static func tell(_ line: String) {
    let bytes = Array((line.prefix(3000).map { $0 == "\n" ? " " : String($0) }.joined() + "\n").utf8)
    _ = bytes.withUnsafeBytes { Files.writeAll(control, $0) }
  }

  private func run() throws(SandboxFailure) -> Never {
    var ends: [Int32] = [-1, -1]
    if hasTerminal {
      let result = clx_open_terminal(&ends)
      if result < 0 { throw SandboxFailure("cannot make a terminal", result) }
      if let user = plan.user, user != 0 { fchown(ends[1], user, .max) }
    }
    var own = plan
    if hasTerminal, !own.env.contains(where: { $0.hasPrefix("TERM=") }) { own.env.append("TERM=xterm") }
    let process = try Program.start(
      command, of: own, input: hasTerminal ? ends[1] : hasInput ? 0 : -1, output: hasTerminal ? ends[1] : 1,
      error: hasTerminal ? ends[1] : 2, isTerminal: hasTerminal, deathSignal: SIGKILL, patience: 10_000)
    Self.tell("S")
    if hasTerminal { close(ends[1]) } else { for descriptor in 0..<3 as Range<Int32> { close(descriptor) } }
    let pidfd = clx_pidfd_open(process)
    guard pidfd >= 0 else {
      kill(-process, SIGKILL)
      throw SandboxFailure("pidfd_open", pidfd)
    }
    var exchange = JoinExchange(
      control: Self.control, process: process, pidfd: pidfd, container: container, terminal: ends[0], hasInput: hasInput)
    let status = exchange.run()
    Self.tell("X\(clx_wait_exited(status) != 0 ? clx_wait_code(status) : 128 + clx_wait_signal_number(status))")
    exit(0)
  }
}
