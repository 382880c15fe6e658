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
    /// The machine has no process or no memory for it; the reason follows.
    case lacking = 0x4C  // L
    /// The command has ended; its wait status follows.
    case ended = 0x45  // E
    /// What the command left as its termination message follows, newlines as `\\n`.
    case message = 0x4D  // M
  }

  var plan: PodPlan.Container
  var isolation: PodPlan.Isolation
  var root: String
  /// Where its layers and its `/tmp` lie.
  var directory: String
  /// The mount of its overlay, to be attached; -1: none is made yet.
  var overlay: Int32
  /// Where other real file systems are mounted on the machine; nil: to be looked up.
  var machineMounts: [String]?
  /// Where outputs are copied to: a directory of the machine.
  var outputs: String
  var control: Int32
  var output: Int32
  var error: Int32
  /// The command's standard input; -1: none.
  var input: Int32
  var group: ControlGroup
  /// The container's directory of the executor's contract, as the container sees it.
  var contract: String

  static let signals: UInt64 = [SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2, SIGPWR, SIGQUIT].reduce(0) {
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
    if input >= 0 { own.input = 6 }
    if overlay >= 0 { own.overlay = input >= 0 ? 7 : 6 }
    own.live(isUserNamespace: isUserNamespace, isNamespaced: isNamespaced)
  }

  /// Moves the three pipes to 3, 4, 5, the input and the overlay behind them and closes all else, above all the supervisor's ends and its lock.
  private func keepOnlyOwnDescriptors() {
    var moved: [Int32] = []
    for descriptor in [control, output, error, input, overlay] where descriptor >= 0 {
      moved.append(fcntl(descriptor, F_DUPFD_CLOEXEC, 16))
    }
    for (index, descriptor) in moved.enumerated() { _ = dup2(descriptor, Int32(3 + index)) }
    _ = clx_close_from(UInt32(3 + moved.count))
  }

  private func live(isUserNamespace: Bool, isNamespaced: Bool) -> Never {
    var outputDirectory: Int32 = -1
    do throws(SandboxFailure) {
      group.join()
      resetOutOfMemoryScore()
      if !plan.outputs.isEmpty { outputDirectory = open(outputs, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
      if isNamespaced {
        try RootFileSystem(
          plan: plan, root: root, directory: directory, overlay: overlay, machineMounts: machineMounts, isUserNamespace: isUserNamespace
        ).enter()
      } else {
        _ = clx_set_subreaper()
        for mount in plan.mounts where mount.source != mount.target {
          throw SandboxFailure("a mount at \(mount.target) needs namespaces, and isolation is off: use the source path \(mount.source)")
        }
      }
      let place = plan.workingDirectory.isEmpty ? "/" : plan.workingDirectory
      let problem = chdir(place) == 0 ? 0 : Files.makeDirectories(place)
      if problem != 0 { throw SandboxFailure("working directory \(place)", problem) }
      if isNamespaced { try prepareForUser() }
    } catch {
      tell(error.isLack ? .lacking : .failed, error.message)
      exit(1)
    }
    var life = ContainerLife(setup: self, isNamespaced: isNamespaced)
    let status = life.run()
    let command = life.command
    if status != 0, isNamespaced { tellTerminationMessage() }
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

  func exit(_ code: Int32) -> Never { _exit(code) }

  private var terminationFile: String { plan.terminationMessagePath ?? "/dev/termination-log" }

  /// What must be done once everything is in its place: a file that another user may write, and a root that nobody may.
  private func prepareForUser() throws(SandboxFailure) {
    if plan.user ?? 0 != 0 || plan.terminationMessagePath != nil {
      if let slash = terminationFile.lastIndex(of: "/"), slash > terminationFile.startIndex {
        _ = Files.makeDirectories(String(terminationFile[..<slash]))
      }
      Files.write(terminationFile, [])
      chmod(terminationFile, 0o666)
    }
    guard plan.isRootReadOnly else { return }
    let problem = clx_remount_read_only("/")
    if problem != 0 { throw SandboxFailure("cannot make the root file system read-only", problem) }
  }

  /// The last of what the command wrote for that purpose, as much as a kubelet takes.
  private func tellTerminationMessage() {
    guard let text = Files.read(terminationFile), !text.isEmpty else { return }
    var bytes: [UInt8] = []
    for byte in text.suffix(4096) {
      switch byte {
      case 0x0A: bytes += [0x5C, 0x6E]
      case 0x5C: bytes += [0x5C, 0x5C]
      default: bytes.append(byte)
      }
    }
    bytes.insert(News.message.rawValue, at: 0)
    bytes.append(0x0A)
    _ = bytes.withUnsafeBytes { Files.writeAll(control, $0) }
  }

  private func resetOutOfMemoryScore() {
    guard let score = Files.read("/proc/self/oom_score_adj"), score != [0x30, 0x0A] else { return }
    Files.write("/proc/self/oom_score_adj", [0x30], flags: O_WRONLY)
  }

  /// Kills all processes of the container but this one. Afterwards, if it `reaps`, none is left.
  func killEverything(_ command: Int32, isNamespaced: Bool, reaps: Bool = true) {
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
