import CLinux
import Contracts
import Glibc

/// The supervisor's side of one container: its init process, the pipes of its output, its report.
final class ContainerRun {
  static let chunk = 256 << 10
  static let descriptorCount = 5
  /// Milliseconds that the init process gets between being told to kill and being killed itself: it copies outputs then.
  private static let patienceWithInit: Int64 = 60_000

  let index: Int
  let plan: PodPlan.Container
  private let directory: String
  /// Where its layers and its `/tmp` lie.
  private let scratch: String
  private let isScratchGiven: Bool
  private var process: Int32 = -1
  private var control: Int32 = -1
  private var output: Int32 = -1
  private var error: Int32 = -1
  private let log: LogWriter
  private let pipe: RunnerPipe
  private let group: ControlGroup
  /// Of a container with an input or a terminal.
  private let feed: InputFeed?
  private var news: [UInt8] = []
  private var waitStatus: Int32?
  private var isToldToKill = false
  private(set) var killAt: Int64?
  private var hasBeenStopped = false

  var report: PodReport.Container
  /// When the container counts as started although its command was not: it waited for others.
  var begunAt: Int64?
  /// Why it was stopped, for the report.
  var message: String?
  /// Why the sandbox could not be made.
  private(set) var failure: String?
  /// What the machine lacked for the container to begin: nothing of it has run.
  private(set) var lack: String?
  private(set) var hasStarted = false
  private(set) var isOver = false
  var hasNews = false
  /// The readiness that the report tells has changed.
  var hasChangedReadiness = false
  private let isNamespaced: Bool
  private var isUserNamespace = false
  /// What the command said about its end.
  private var lastWords: String?

  init(
    index: Int, plan: PodPlan, directory pod: String, restarts: Int, pipe: RunnerPipe, prepared: Prepared
  ) throws(SandboxFailure) {
    self.index = index
    self.pipe = pipe
    let container = plan.containers[index]
    self.plan = container
    directory = pod + "/containers/" + container.name
    scratch = prepared.scratch ?? directory
    isScratchGiven = prepared.scratch != nil
    isNamespaced = plan.isolation == .namespaces
    let overlay = try Self.copy(prepared.overlay)
    defer { if overlay >= 0 { close(overlay) } }
    let contract = plan.sharesContract ? pod + "/argo/ctr/" + container.name : nil
    if let contract { Self.makeContract(contract) }
    report = PodReport.Container(name: container.name)
    pipe.makeDirectory(directory)
    let file = open(directory + "/log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    log = LogWriter(
      file: file, capturesResult: container.capturesResult, copies: container.capturesResult ? contract : nil,
      isInteractive: container.hasInput || container.hasTerminal)
    group = ControlGroup(container, name: "argosy-\(getpid())-\(index)" + (restarts > 0 ? "-\(restarts)" : ""))

    var pipes: [Int32] = []
    for _ in 0..<(container.hasTerminal ? 1 : 3) {
      var ends: [Int32] = [-1, -1]
      let result = clx_pipe(&ends)
      guard result == 0 else {
        Self.closeAll(pipes)
        log.finish()
        group.remove()
        throw SandboxFailure("pipe", result)
      }
      pipes += ends
    }
    let feed = try InputFeed(container, directory: directory)
    self.feed = feed
    if let terminal = feed?.terminal { pipes += [terminal.other, terminal.own, -1, terminal.own] }
    if plan.isolation == .namespaces, !isScratchGiven { for name in ["upper", "work", "tmp"] { mkdir(directory + "/" + name, 0o755) } }
    let setup = ContainerInit(
      plan: container, isolation: plan.isolation, root: plan.root, directory: scratch, overlay: overlay,
      machineMounts: prepared.machineMounts, outputs: pod + "/outputs", control: pipes[1],
      output: pipes[3], error: pipes[5], input: feed?.commandInput ?? -1, group: group,
      contract: isNamespaced ? "/var/run/argo/ctr/" + container.name : contract ?? "")
    let (pid, pidfd, isUserNamespace) = Self.fork(plan.isolation)
    if pid == 0 { setup.run(isUserNamespace: isUserNamespace) }
    feed?.handedOver()
    guard pid > 0 else {
      Self.closeAll(pipes)
      abandon()
      throw Self.refusal(pid)
    }
    for end in container.hasTerminal ? [1, 3] : [1, 3, 5] { close(pipes[end]) }
    process = pidfd
    report.process = pid
    self.isUserNamespace = isUserNamespace
    control = pipes[0]
    output = pipes[2]
    error = pipes[4]
    for descriptor in [control, output, error] where descriptor >= 0 { _ = clx_set_nonblocking(descriptor) }
  }

  /// A mount of the container's own.
  private static func copy(_ overlay: Int32) throws(SandboxFailure) -> Int32 {
    guard overlay >= 0 else { return -1 }
    let copy = clx_clone_tree(overlay)
    if copy < 0 { throw SandboxFailure("cannot copy the mount of the root directory", copy) }
    return copy
  }

  /// Directories that every user of the pod's containers may write.
  private static func makeContract(_ path: String) {
    let mask = umask(0)
    if let slash = path.lastIndex(of: "/") { mkdir(String(path[..<slash]), 0o777) }
    mkdir(path, 0o777)
    umask(mask)
  }

  /// Carries out a probe's or hook's action for this container; nil where no process can be made.
  func act(_ action: ContainerAction, timeout: Int64) -> ActionRun? {
    guard !isOver else { return nil }
    return ActionRun(
      action, of: plan, process: isNamespaced ? process : nil, isUserNamespace: isUserNamespace, timeout: min(timeout, .max - now()))
  }

  /// Hands on a signal that was asked for by the executor's contract.
  func signal(_ number: Int32) {
    guard !isOver else { return }
    // The first process itself must live on to tell the end.
    _ = clx_pidfd_signal(process, number == SIGKILL ? SIGUSR1 : number)
  }

  private static func closeAll(_ descriptors: [Int32]) {
    for descriptor in Set(descriptors) where descriptor >= 0 { close(descriptor) }
  }

  /// Gives back what a container had that could not be begun.
  private func abandon() {
    log.finish()
    feed?.end()
    group.remove()
    removeScratch()
  }

  /// The first process of the container. Root tries without a user namespace first: only that gives the real root's view. In an unprivileged container root may not.
  private static func fork(_ isolation: PodPlan.Isolation) -> (pid: Int32, pidfd: Int32, isUserNamespace: Bool) {
    var pidfd: Int32 = -1
    guard isolation == .namespaces else { return (clx_fork(0, &pidfd), pidfd, false) }
    let spaces = UInt64(CLX_NEWNS | CLX_NEWPID | CLX_NEWIPC)
    _ = RootFileSystem.ownIdentity
    if geteuid() == 0 {
      let pid = clx_fork(spaces, &pidfd)
      if pid != -EPERM { return (pid, pidfd, false) }
    }
    return (clx_fork(spaces | UInt64(CLX_NEWUSER), &pidfd), pidfd, true)
  }

  private static func refusal(_ error: Int32) -> SandboxFailure {
    switch -error {
    case EPERM, EACCES:
      SandboxFailure(
        "user namespaces are disabled: sysctl -w kernel.unprivileged_userns_clone=1 kernel.apparmor_restrict_unprivileged_userns=0")
    case ENOSPC, EUSERS:
      SandboxFailure("no more namespaces allowed: sysctl -w user.max_user_namespaces=15000 user.max_mnt_namespaces=15000")
    case EINVAL, ENOSYS: SandboxFailure("this kernel lacks namespaces: Linux 5.12 or newer with PID, IPC and user namespaces is needed")
    default: SandboxFailure("cannot start a process in new namespaces", error)
    }
  }

  /// The limits of the container that this machine does not enforce.
  var ignoredLimits: [String] { group.ignored }

  var descriptors: [Int32] { [process, control, output, error, feed?.descriptor ?? -1] }

  /// Bytes for the terminal wait until it takes them.
  var isFeeding: Bool { feed?.isWaiting == true }

  /// Looks at what was asked of the container by files.
  func takeRequests() { if !isOver { feed?.takeRequests(terminal: output) } }

  /// SIGTERM to the container's processes, SIGKILL after the grace period; at once when that is 0.
  func stop(gracePeriod: Int) {
    guard !isOver, !isToldToKill else { return }
    if gracePeriod <= 0 {
      killAt = 0
      checkClock(now())
    } else if hasBeenStopped {
      killAt = killAt.map { min($0, now() + Int64(gracePeriod) * 1000) }
    } else {
      killAt = now() + Int64(gracePeriod) * 1000
      _ = clx_pidfd_signal(process, SIGTERM)
    }
    hasBeenStopped = true
  }

  func checkClock(_ time: Int64) {
    guard let due = killAt, time >= due, !isOver else { return }
    if isToldToKill {
      killAt = nil
      _ = clx_pidfd_signal(process, SIGKILL)
    } else {
      isToldToKill = true
      killAt = time + Self.patienceWithInit
      _ = clx_pidfd_signal(process, SIGUSR1)
    }
  }

  /// Takes what is ready; `states` stand for `descriptors`.
  func handle(_ states: [Bool], _ buffer: UnsafeMutablePointer<UInt8>) {
    if states[2] { _ = receive(&output, .output, buffer) }
    if states[3] { _ = receive(&error, .error, buffer) }
    if states[1] { readNews() }
    if let feed, states[4] || feed.isWaiting { feed.move(to: output) }
    if states[0] { end(buffer) }
  }

  /// One read of a pipe; whether there may be more.
  private func receive(_ descriptor: inout Int32, _ stream: LogWriter.Stream, _ buffer: UnsafeMutablePointer<UInt8>) -> Bool {
    guard descriptor >= 0 else { return false }
    let count = read(descriptor, buffer, Self.chunk)
    if count > 0 {
      log.append(stream, buffer, count)
      if count == 64 << 10 { _ = clx_set_pipe_size(descriptor, Int32(Self.chunk)) }
      return true
    }
    if count == 0 || (errno != EAGAIN && errno != EINTR) {
      close(descriptor)
      descriptor = -1
    }
    return false
  }

  private func readNews() {
    guard control >= 0 else { return }
    var bytes = [UInt8](repeating: 0, count: 4096)
    let count = read(control, &bytes, bytes.count)
    guard count > 0 else {
      if count == 0 || errno != EAGAIN {
        close(control)
        control = -1
      }
      return
    }
    news += bytes[..<count]
    while let end = news.firstIndex(of: 0x0A) {
      take(news[..<end])
      news.removeSubrange(...end)
    }
  }

  private func take(_ line: ArraySlice<UInt8>) {
    let text = String(decoding: line.dropFirst(), as: UTF8.self)
    hasNews = true
    switch line.first.flatMap({ ContainerInit.News(rawValue: $0) }) {
    case .started:
      hasStarted = true
      report.startedAt = now()
    case .refused:
      hasStarted = true
      report.startedAt = report.startedAt ?? now()
      report.exitCode = 64
      report.isRefused = true
      report.message = text
    case .failed: failure = text
    case .lacking: lack = text
    case .message: lastWords = Self.unescaped(line.dropFirst())
    case .ended:
      waitStatus = Int32(text)
      report.finishedAt = now()
    case nil: break
    }
  }

  /// Newlines are written as `\n`, backslashes twice.
  private static func unescaped(_ bytes: ArraySlice<UInt8>) -> String {
    var result: [UInt8] = []
    var isEscaped = false
    for byte in bytes {
      if isEscaped {
        result.append(byte == 0x6E ? 0x0A : byte)
        isEscaped = false
      } else if byte == 0x5C {
        isEscaped = true
      } else {
        result.append(byte)
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  /// The init process has ended: everything of the container has.
  private func end(_ buffer: UnsafeMutablePointer<UInt8>) {
    let initStatus = clx_pidfd_reap(process, 0)
    if initStatus == -EAGAIN { return }
    readNews()
    while receive(&output, .output, buffer) {}
    while receive(&error, .error, buffer) {}
    log.finish()
    for descriptor in [process, control, output, error] where descriptor >= 0 { close(descriptor) }
    feed?.end()
    if self.plan.capturesResult { writeResult() }
    hasStarted = true
    isOver = true
    hasNews = true
    report.process = nil
    report.finishedAt = report.finishedAt ?? now()
    if report.exitCode == nil, failure == nil { takeStatus(waitStatus ?? (initStatus < 0 ? SIGKILL : initStatus)) }
    group.remove()
    removeScratch()
  }

  private func takeStatus(_ status: Int32) {
    if clx_wait_exited(status) != 0 {
      report.exitCode = clx_wait_code(status)
    } else {
      let signal = clx_wait_signal_number(status)
      report.signal = signal
      report.exitCode = 128 + signal
    }
    guard report.exitCode != 0 else {
      report.message = message
      return
    }
    if group.wasOutOfMemory {
      report.message = "OOMKilled"
    } else {
      report.message = message ?? lastWords ?? (plan.fallsBackToLogs ? LogTail.text(directory + "/log") : nil)
    }
  }

  private func writeResult() {
    _ = pipe.waitingForRoom {
      let file = open(directory + "/result", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      guard file >= 0 else { return false }
      defer { close(file) }
      return Files.writeAll(file, log.resultBytes)
    }
  }

  private func removeScratch() {
    // One that was given is the launcher's. When nobody is there any more to give it back to, it goes.
    if isScratchGiven, pipe.hasListener { return }
    let parent = open(scratch, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard parent >= 0 else { return }
    // What a volatile overlay leaves is known; the search below then finds empty directories only.
    if unlinkat(parent, "work/work/incompat/volatile/dirty", 0) == 0 {
      for path in ["work/work/incompat/volatile", "work/work/incompat", "work/work"] { unlinkat(parent, path, AT_REMOVEDIR) }
    }
    for name in ["upper", "work", "tmp"] { Files.removeTree(at: parent, name) }
    close(parent)
    if isScratchGiven { rmdir(scratch) }
  }
}
