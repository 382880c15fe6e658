import Glibc
import Synchronization

/// How a program ended.
struct Outcome: Sendable, CustomStringConvertible {
  /// The exit status, or 128 plus the signal's number.
  var status: Int32
  var out: String
  var err: String
  /// It did not end in time and was killed.
  var isLate = false
  /// The most memory it held, in bytes.
  var peakMemory = 0

  var description: String {
    "status \(status)\(isLate ? " (killed: too late)" : "")\n--- stdout\n\(Self.tail(out))\n--- stderr\n\(Self.tail(err))\n---"
  }

  private static func tail(_ text: String) -> Substring { text.count > 6000 ? text.suffix(6000) : text[...] }
}

/// A program in a process group of its own, its output in files; killed with its group at the latest when the value goes away.
final class Child: Sendable {
  let pid: pid_t
  private let output: String
  private let errors: String
  private let end = Mutex<(status: Int32, memory: Int)?>(nil)
  /// The most memory seen so far, in KiB.
  private let peak = Mutex(0)

  /// - Parameters:
  ///   - logs: the beginning of the paths of the two output files.
  ///   - input: a file for standard input; nil is `/dev/null`.
  init(
    _ arguments: [String], directory: String, environment: [String: String], logs: String, input: String? = nil,
    inputDescriptor: CInt? = nil
  )
    throws
  {
    guard let name = arguments.first else { throw KitError("no program") }
    let program = name.contains("/") ? name : Parts.path(of: name, environment["PATH"] ?? "") ?? name
    // Swift's view of glibc has no file action that changes the directory.
    let arguments = ["sh", "-c", "cd \"$0\" && exec \"$@\"", directory, program] + arguments.dropFirst()
    output = logs + ".out"
    errors = logs + ".err"
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let inputDescriptor {
      posix_spawn_file_actions_adddup2(&actions, inputDescriptor, 0)
    } else {
      posix_spawn_file_actions_addopen(&actions, 0, input ?? "/dev/null", O_RDONLY, 0)
    }
    posix_spawn_file_actions_addopen(&actions, 1, output, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    posix_spawn_file_actions_addopen(&actions, 2, errors, O_WRONLY | O_CREAT | O_APPEND, 0o644)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
    var none = sigset_t()
    sigemptyset(&none)
    posix_spawnattr_setsigmask(&attributes, &none)
    var all = sigset_t()
    sigfillset(&all)
    posix_spawnattr_setsigdefault(&attributes, &all)
    var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
    var variables: [UnsafeMutablePointer<CChar>?] = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
    defer { for pointer in words + variables { free(pointer) } }
    var pid: pid_t = 0
    let code = posix_spawn(&pid, "/bin/sh", &actions, &attributes, &words, &variables)
    guard code == 0 else { throw KitError("spawn \(program): \(String(cString: strerror(code)))") }
    self.pid = pid
    Undertaker.shared.knows(pid)
  }

  deinit {
    if end.withLock({ $0 == nil }) {
      kill(-pid, SIGKILL)
      var status: Int32 = 0
      waitpid(pid, &status, 0)
      Undertaker.shared.forgets(pid)
    }
  }

  /// What it has printed until now.
  var outcome: Outcome {
    let end = end.withLock { $0 }
    return Outcome(status: end?.status ?? -1, out: Files.text(output), err: Files.text(errors), peakMemory: end?.memory ?? 0)
  }

  var isRunning: Bool { !reap() }

  /// Sends a signal to the group, as a terminal does, or to the program alone.
  func signal(_ number: Int32, group: Bool = true) {
    end.withLock { if $0 == nil { kill(group ? -pid : pid, number) } }
  }

  private func reap() -> Bool {
    end.withLock { end in
      if end != nil { return true }
      // Not `ru_maxrss`: that begins with what the parent held when it forked.
      let held = Files.text("/proc/\(pid)/status").split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      let kilobytes = held?.split(whereSeparator: { !$0.isNumber }).first.flatMap { Int($0) } ?? 0
      let peak = peak.withLock { peak in
        peak = max(peak, kilobytes)
        return peak
      }
      var status: Int32 = 0
      guard waitpid(pid, &status, WNOHANG) == pid else { return false }
      Undertaker.shared.forgets(pid)
      let signal = status & 0x7F
      end = (signal == 0 ? (status >> 8) & 0xFF : 128 + signal, peak * 1024)
      return true
    }
  }

  /// Waits for the end; kills the group when the time is over.
  func wait(_ limit: Duration = .seconds(600)) async throws -> Outcome {
    let deadline = ContinuousClock.now + limit
    while !reap() {
      if ContinuousClock.now > deadline {
        signal(SIGKILL)
        while !reap() { try await Task.sleep(for: .milliseconds(10)) }
        var late = outcome
        late.isLate = true
        return late
      }
      try await Task.sleep(for: .milliseconds(10))
    }
    return outcome
  }
}

/// Waits until something is true; throws when it does not come true, with what there was instead.
func eventually(
  _ what: String, within limit: Duration = .seconds(180), else state: () -> String = { "" }, _ isTrue: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while try await !isTrue() {
    if ContinuousClock.now > deadline { throw KitError("not within \(limit): \(what)\n\(state())") }
    try await Task.sleep(for: .milliseconds(20))
  }
}
