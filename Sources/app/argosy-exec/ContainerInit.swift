import CLinux
import Contracts
import Glibc

/// The container's first process: makes the file system, starts the command, hands signals on, reaps, and when the command has ended
/// kills what is left and copies the outputs. In a PID namespace it is process 1; without namespaces a subreaper.
///
/// It runs in a forked copy of the supervisor and tells it what happens by lines on a pipe.
struct ContainerInit {
  /// First byte of a line.
  enum News: UInt8 {
    case started = 0x53  // S
    /// The program cannot be executed; the reason follows.
    case refused = 0x52  // R
    /// The sandbox cannot be made; the reason follows.
    case failed = 0x46  // F
    /// The command has ended; its wait status follows.
    case ended = 0x45  // E
  }

  var plan: PodPlan.Container
  var isolation: PodPlan.Isolation
  var root: String
  var directory: String
  /// Where outputs are copied to: a directory of the machine.
  var outputs: String
  var control: Int32
  var output: Int32
  var error: Int32
  var group: ControlGroup

  private static let signals: UInt64 = [SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPWR, SIGQUIT].reduce(0) {
    $0 | 1 << UInt64($1 - 1)
  }

  func tell(_ news: News, _ text: String = "") {
    var bytes = [news.rawValue]
    bytes += text.utf8.prefix(3000).map { $0 == 0x0A ? 0x20 : $0 }
    bytes.append(0x0A)
    _ = bytes.withUnsafeBytes { Files.writeAll(control, $0) }
  }

  func run(isUserNamespace: Bool) -> Never {
    let isNamespaced = isolation == .namespaces
    // Without a PID namespace this process must kill the others itself when the supervisor dies, so it asks for a signal it catches.
    _ = clx_set_death_signal(isNamespaced ? SIGKILL : SIGPWR)
    _ = clx_set_name("argosy-init")
    keepOnlyOwnDescriptors()
    var orphaned = pollfd(fd: 3, events: 0, revents: 0)
    if poll(&orphaned, 1, 0) > 0 { exit(1) }
    var own = self
    (own.control, own.output, own.error) = (3, 4, 5)
    own.live(isUserNamespace: isUserNamespace, isNamespaced: isNamespaced)
  }

  /// Moves the three pipes to 3, 4, 5 and closes all else, above all the supervisor's ends and its lock.
  private func keepOnlyOwnDescriptors() {
    var moved: [Int32] = []
    for descriptor in [control, output, error] { moved.append(fcntl(descriptor, F_DUPFD_CLOEXEC, 64)) }
    for (index, descriptor) in moved.enumerated() { _ = dup2(descriptor, Int32(3 + index)) }
    _ = clx_close_from(6)
  }

  private func live(isUserNamespace: Bool, isNamespaced: Bool) -> Never {
    var outputDirectory: Int32 = -1
    do throws(SandboxFailure) {
      group.join()
      resetOutOfMemoryScore()
      if !plan.outputs.isEmpty { outputDirectory = open(outputs, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
      if isNamespaced {
        try RootFileSystem(plan: plan, root: root, directory: directory, isUserNamespace: isUserNamespace).enter()
      } else {
        _ = clx_set_subreaper()
        for mount in plan.mounts where mount.source != mount.target {
          throw SandboxFailure("a mount at \(mount.target) needs namespaces, and isolation is off: use the source path \(mount.source)")
        }
      }
      let place = plan.workingDirectory.isEmpty ? "/" : plan.workingDirectory
      let problem = chdir(place) == 0 ? 0 : Files.makeDirectories(place)
      if problem != 0 { throw SandboxFailure("working directory \(place)", problem) }
    } catch {
      tell(.failed, error.message)
      exit(1)
    }
    let command: Int32
    do throws(SandboxFailure) {
      command = try spawn(isUserNamespace: isUserNamespace, isNamespaced: isNamespaced)
      tell(.started)
    } catch {
      tell(.refused, error.message)
      exit(64)
    }
    close(output)
    close(error)
    let status = supervise(command, isNamespaced: isNamespaced)
    tell(.ended, "\(status)")
    if plan.role != .sidecar, outputDirectory >= 0 {
      killEverything(command, isNamespaced: isNamespaced)
      for item in plan.outputs {
        let problem = OutputCopy.copy(item.path, to: outputDirectory, item.name)
        if problem != 0 { tell(.failed, "cannot keep the output \(item.path): \(String(cString: strerror(problem)))") }
      }
    } else if !isNamespaced {
      killEverything(command, isNamespaced: false)
    }
    exit(0)
  }

  private func exit(_ code: Int32) -> Never { _exit(code) }

  private func resetOutOfMemoryScore() {
    guard let score = Files.read("/proc/self/oom_score_adj"), score != [0x30, 0x0A] else { return }
    Files.write("/proc/self/oom_score_adj", [0x30], flags: O_WRONLY)
  }

  /// The paths to try: of a name without a slash those in the container's PATH.
  private func candidates() -> [String] {
    let name = plan.argv[0]
    if name.utf8.contains(0x2F) { return [name] }
    let path = plan.env.last { $0.hasPrefix("PATH=") }?.dropFirst(5) ?? "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    return path.split(separator: ":").filter { $0.hasPrefix("/") }.map { $0 + "/" + name }
  }

  private func spawn(isUserNamespace: Bool, isNamespaced: Bool) throws(SandboxFailure) -> Int32 {
    let name = plan.argv[0]
    // Never freed: this process only waits from here on.
    func strings(_ texts: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
      let array = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count + 1)
      for (index, text) in texts.enumerated() { array[index] = strdup(text) }
      array[texts.count] = nil
      return array
    }
    let place = plan.workingDirectory.isEmpty ? "/" : plan.workingDirectory
    let paths = UnsafeMutableRawPointer(strings(candidates())).assumingMemoryBound(to: UnsafePointer<CChar>?.self)
    var request = clx_spawn_request(
      candidates: paths, argv: strings(plan.argv), envp: strings(plan.env), directory: strdup(place),
      descriptors: (-1, output, error, -1), session: 1, user: plan.user.map { Int64($0) } ?? -1, group: plan.group.map { Int64($0) } ?? -1,
      death_signal: isNamespaced ? 0 : SIGKILL)
    var stage: Int32 = 0
    let result = clx_spawn(&request, &stage)
    if result > 0 { return result }
    switch (Int(stage), -result) {
    case (CLX_STAGE_EXEC, ENOENT), (CLX_STAGE_EXEC, ENOTDIR):
      if name.utf8.contains(0x2F) {
        throw SandboxFailure(
          access(name, F_OK) == 0
            ? "the interpreter of \"\(name)\" does not exist" : "executable file not found: \"\(name)\": no such file or directory")
      }
      throw SandboxFailure("executable file not found in $PATH: \"\(name)\"")
    case (CLX_STAGE_IDENTITY, let error):
      throw SandboxFailure("cannot run as user \(plan.user.map(String.init) ?? "-"), group \(plan.group.map(String.init) ?? "-")", error)
    case (CLX_STAGE_DIRECTORY, let error): throw SandboxFailure("working directory \(place)", error)
    case (_, let error): throw SandboxFailure("cannot execute \"\(name)\"", error)
    }
  }

  /// Reaps and hands signals on until the command has ended; its wait status.
  private func supervise(_ command: Int32, isNamespaced: Bool) -> Int32 {
    while true {
      var status: Int32 = 0
      while true {
        let ended = waitpid(-1, &status, WNOHANG)
        if ended == command { return status }
        if ended <= 0 { break }
      }
      switch clx_wait_signal(Self.signals) {
      case SIGCHLD: break
      case SIGUSR1: killEverything(isNamespaced ? 0 : command, isNamespaced: isNamespaced, reaps: false)
      case SIGPWR where !isNamespaced:
        killEverything(command, isNamespaced: false)
        _exit(1)
      case let signal where signal > 0: kill(-command, signal)
      default: break
      }
    }
  }

  /// Kills all processes of the container but this one. Afterwards, if it `reaps`, none is left.
  private func killEverything(_ command: Int32, isNamespaced: Bool, reaps: Bool = true) {
    if isNamespaced {
      kill(-1, SIGKILL)
      while reaps, waitpid(-1, nil, 0) > 0 {}
      return
    }
    kill(-command, SIGKILL)
    // Children of killed processes become children of this subreaper, so the list is read again until it stays empty.
    for _ in 0..<1000 {
      let list = Files.read("/proc/self/task/\(getpid())/children") ?? []
      let children = String(decoding: list, as: UTF8.self).split(whereSeparator: { $0 == " " || $0 == "\n" }).compactMap { Int32($0) }
      if children.isEmpty { return }
      for child in children { kill(child, SIGKILL) }
      if !reaps { return }
      waitpid(children[0], nil, 0)
    }
  }
}
