import Contracts
import Glibc

/// Runs one program to its end. Stands in for `Processes`, which will take its place.
struct GitProcess {
  var program: String
  var arguments: [String]
  /// The whole environment.
  var environment: [String: String]
  /// Milliseconds until the program and its children are killed.
  var limit: Int64 = 3_600_000

  struct Outcome {
    /// 128 + signal for a program that was killed.
    var code: Int32
    var output: String
  }

  /// The first bytes of output and errors together are kept, the rest is read and dropped.
  private static let keptOutput = 16 * 1024

  func run() throws(ArtifactFailure) -> Outcome {
    var pipes: [Int32] = [0, 0]
    // A socket pair, because close-on-exec must hold from the start: other threads start programs too.
    let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, kind, 0, &pipes) == 0 else { throw systemFailure("cannot start \(program)") }
    let output = Descriptor(pipes[0])
    let pid: pid_t
    do {
      let input = Descriptor(pipes[1])
      pid = try spawn(output: input.number)
    }
    var kept: [UInt8] = []
    let inTime = collect(output.number, into: &kept)
    if !inTime { kill(-pid, SIGKILL) }
    var status: Int32 = 0
    while waitpid(pid, &status, 0) < 0 && errno == EINTR {}
    guard inTime else { throw .failed("\(program) took longer than \(limit / 1000) s") }
    let code = status & 0x7f == 0 ? (status >> 8) & 0xff : 128 + (status & 0x7f)
    return Outcome(code: code, output: String(decoding: kept, as: UTF8.self))
  }

  private func spawn(output: Int32) throws(ArtifactFailure) -> pid_t {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_adddup2(&actions, output, 1)
    posix_spawn_file_actions_adddup2(&actions, output, 2)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setpgroup(&attributes, 0)
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var defaults = sigset_t()
    sigfillset(&defaults)
    posix_spawnattr_setsigdefault(&attributes, &defaults)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))

    var argv: [UnsafeMutablePointer<CChar>?] = ([program] + arguments).map { strdup($0) } + [nil]
    var envp: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in argv + envp { free(pointer) } }
    var pid: pid_t = 0
    let code = posix_spawnp(&pid, program, &actions, &attributes, &argv, &envp)
    guard code == 0 else { throw systemFailure("cannot start \(program)", code: code) }
    return pid
  }

  /// False when the time ran out.
  private func collect(_ descriptor: Int32, into kept: inout [UInt8]) -> Bool {
    let end = Self.now() + limit
    var buffer = [UInt8](repeating: 0, count: 8192)
    while true {
      let left = end - Self.now()
      guard left > 0 else { return false }
      var wait = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let ready = poll(&wait, 1, Int32(clamping: left))
      if ready == 0 { return false }
      if ready < 0 { if errno == EINTR { continue } else { return true } }
      let count = read(descriptor, &buffer, buffer.count)
      if count < 0 && errno == EINTR { continue }
      if count <= 0 { return true }
      kept += buffer[..<min(count, Self.keptOutput - kept.count)]
    }
  }

  private static func now() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
