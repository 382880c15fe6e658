import CLinux
import Glibc

/// Why a program could not be run.
package struct ProcessError: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String
  /// The error number of the refused call; 0 where there was none.
  package var number: Int32
  package init(_ description: String, number: Int32 = 0) {
    self.description = number == 0 ? description : description + ": " + String(cString: strerror(number))
    self.number = number
  }
}

/// A started child process. The caller must reap it.
package struct Child: Sendable {
  package var pid: pid_t
  /// Becomes readable when the process ends; close-on-exec, owned by the caller.
  package var pidfd: Int32

  /// How the child stands to the terminal and to signals sent to groups.
  package enum Standing: Int32, Sendable {
    case sameGroup = 0
    case ownSession = 1
    case ownGroup = 2
  }

  /// Starts a program without a shell: signals default and unblocked, descriptors above 3 closed.
  ///
  /// - Parameters:
  ///   - argv: a program without a slash is looked up in PATH of `env`.
  ///   - env: the whole environment as `NAME=value`; nil: this process's.
  ///   - descriptors: what becomes 0, 1, 2 and 3; -1 is `/dev/null` for the first three and nothing for 3.
  ///   - deathSignal: signal that the child gets when the starting thread ends; 0: none.
  package static func spawn(
    _ argv: [String], env: [String]? = nil, directory: String? = nil, descriptors: (Int32, Int32, Int32, Int32),
    standing: Standing, deathSignal: Int32 = 0
  ) throws(ProcessError) -> Child {
    guard let program = argv.first, !program.isEmpty else { throw ProcessError("no program to run") }
    let arguments = CStrings(argv)
    let environment = env.map { CStrings($0) }
    let candidates = CStrings(paths(of: program, env: env))
    let place = directory.map { CStrings([$0]) }
    defer {
      for strings in [arguments, candidates, environment, place] { strings?.free() }
    }
    var request = clx_spawn_request(
      candidates: UnsafeRawPointer(candidates.array).assumingMemoryBound(to: UnsafePointer<CChar>?.self), argv: arguments.array,
      envp: environment?.array ?? environ, directory: UnsafePointer(place?.array[0]), descriptors: descriptors, session: standing.rawValue,
      user: -1, group: -1, groups: nil, group_count: 0, dropped_capabilities: 0, no_new_privileges: 0, death_signal: deathSignal)
    var stage: Int32 = 0
    let pid = clx_spawn(&request, &stage)
    if pid < 0 {
      if Int(stage) == CLX_STAGE_DIRECTORY { throw ProcessError("cannot run \(program) in \(directory ?? ".")", number: -pid) }
      if pid == -ENOENT, !program.utf8.contains(0x2F) { throw ProcessError("executable file not found in $PATH: \"\(program)\"") }
      throw ProcessError("cannot run \(program)", number: -pid)
    }
    let pidfd = clx_pidfd_open(pid)
    if pidfd < 0 {
      kill(pid, SIGKILL)
      waitpid(pid, nil, 0)
      throw ProcessError("pidfd_open (Linux 5.3 or newer is needed)", number: -pidfd)
    }
    return Child(pid: pid, pidfd: pidfd)
  }

  private static func paths(of program: String, env: [String]?) -> [String] {
    if program.utf8.contains(0x2F) { return [program] }
    let path: String
    if let env {
      path = env.last { $0.hasPrefix("PATH=") }.map { String($0.dropFirst(5)) } ?? "/usr/local/bin:/usr/bin:/bin"
    } else {
      path = getenv("PATH").map { String(cString: $0) } ?? "/usr/local/bin:/usr/bin:/bin"
    }
    return path.split(separator: ":").map { $0 + "/" + program }
  }
}

/// An array of C strings ended by NULL.
private struct CStrings {
  let array: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>
  private let count: Int

  init(_ texts: [String]) {
    count = texts.count
    array = .allocate(capacity: count + 1)
    for (index, text) in texts.enumerated() { array[index] = strdup(text) }
    array[count] = nil
  }

  func free() {
    for index in 0..<count { Glibc.free(array[index]) }
    array.deallocate()
  }
}
