import CLinux
import Contracts
import Glibc

/// Starts programs as a container's user, with its environment and working directory.
enum Program {
  /// The longest argument that Linux takes.
  private static let longestArgument = 128 << 10

  /// Starts a command of a container in a session of its own; its process ID. The calling process is inside the container.
  ///
  /// - Parameters:
  ///   - isTerminal: `input` is to be the terminal of the session.
  ///   - patience: milliseconds to wait where the machine has no process or no memory left; then the failure is a lack.
  static func start(
    _ command: [String], of plan: PodPlan.Container, input: Int32 = -1, output: Int32, error: Int32, isTerminal: Bool = false,
    deathSignal: Int32, patience: Int64 = 0
  ) throws(SandboxFailure) -> Int32 {
    guard let name = command.first, !name.isEmpty else { throw notFound("") }
    // Never freed: the calling process only waits from here on.
    func strings(_ texts: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
      let array = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count + 1)
      for (index, text) in texts.enumerated() { array[index] = strdup(text) }
      array[texts.count] = nil
      return array
    }
    let place = plan.workingDirectory.isEmpty ? "/" : plan.workingDirectory
    let paths = UnsafeMutableRawPointer(strings(candidates(name, plan))).assumingMemoryBound(to: UnsafePointer<CChar>?.self)
    let groups = UnsafeMutablePointer<UInt32>.allocate(capacity: plan.supplementaryGroups.count + 1)
    for (index, group) in plan.supplementaryGroups.enumerated() { groups[index] = group }
    var request = clx_spawn_request(
      candidates: paths, argv: strings(withFiles(command)), envp: strings(plan.env), directory: strdup(place),
      descriptors: (input, output, error, -1), session: isTerminal ? 3 : 1, user: plan.user.map { Int64($0) } ?? -1,
      group: plan.group.map { Int64($0) } ?? -1,
      groups: groups, group_count: Int32(plan.supplementaryGroups.count), dropped_capabilities: plan.droppedCapabilities,
      no_new_privileges: plan.forbidsNewPrivileges ? 1 : 0, death_signal: deathSignal)
    var stage: Int32 = 0
    var result = clx_spawn(&request, &stage)
    var waited: Int64 = 0
    while Int(stage) == CLX_STAGE_FORK, result == -EAGAIN || result == -ENOMEM, waited < patience {
      usleep(50_000)
      waited += 50
      result = clx_spawn(&request, &stage)
    }
    if result > 0 { return result }
    switch (Int(stage), -result) {
    case (CLX_STAGE_FORK, let error): throw SandboxFailure("failed to start command: fork/exec \(name)", error)
    case (CLX_STAGE_EXEC, let error): throw refusal(name, error)
    case (CLX_STAGE_IDENTITY, let error):
      throw SandboxFailure("cannot run as user \(plan.user.map(String.init) ?? "-"), group \(plan.group.map(String.init) ?? "-")", error)
    case (CLX_STAGE_DIRECTORY, let error): throw SandboxFailure("working directory \(place)", error)
    case (_, let error): throw SandboxFailure("cannot execute \"\(name)\"", error)
    }
  }

  /// Why a program cannot be executed, in the words of Argo's executor and of Go.
  private static func refusal(_ name: String, _ error: Int32) -> SandboxFailure {
    guard name.utf8.contains(0x2F) else {
      return [ENOENT, ENOTDIR, EACCES].contains(error) ? notFound(name) : notStarted(name, error)
    }
    var info = stat()
    func cannotBeFound(_ reason: String) -> SandboxFailure { SandboxFailure("failed to find name in PATH: exec: \"\(name)\": \(reason)") }
    if stat(name, &info) != 0 { return cannotBeFound("stat \(name): \(words(errno))") }
    if info.st_mode & S_IFMT == S_IFDIR { return cannotBeFound("is a directory") }
    return info.st_mode & 0o111 == 0 ? cannotBeFound("permission denied") : notStarted(name, error)
  }

  private static func notFound(_ name: String) -> SandboxFailure {
    SandboxFailure("failed to find name in PATH: exec: \"\(name)\": executable file not found in $PATH")
  }

  /// Its interpreter is missing, its format is another machine's, …
  private static func notStarted(_ name: String, _ error: Int32) -> SandboxFailure {
    SandboxFailure("failed to start command: fork/exec \(name): \(words(error))")
  }

  private static func words(_ error: Int32) -> String {
    let text = String(cString: strerror(error))
    return text.prefix(1).lowercased() + text.dropFirst()
  }

  /// The paths to try: of a name without a slash those in the container's PATH.
  private static func candidates(_ name: String, _ plan: PodPlan.Container) -> [String] {
    if name.utf8.contains(0x2F) { return [name] }
    let path = plan.env.last { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return path.split(separator: ":").filter { $0.hasPrefix("/") }.map { $0 + "/" + name }
  }

  /// An argument that Linux would refuse goes into a file of which the program gets the name, as Argo's executor does it (spec 4.2).
  private static func withFiles(_ command: [String]) -> [String] {
    var result = command
    for index in command.indices.dropFirst() where command[index].utf8.count >= longestArgument {
      let file = "/tmp/argo_arg_\(index - 1).txt"
      if Files.write(file, Array(command[index].utf8)) { result[index] = "@" + file }
    }
    return result
  }
}
