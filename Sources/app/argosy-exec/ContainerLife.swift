import CLinux
import Contracts
import Glibc

/// What the container's first process does from the moment when everything is in its place until the command has ended for the last time: the
/// waits for debugging, the attempts, handing signals on.
struct ContainerLife {
  let setup: ContainerInit
  let isNamespaced: Bool
  /// The process of the last attempt; 0: none was started.
  private(set) var command: Int32 = 0
  private var hasTold = false
  private var hasClosed = false
  private var stopSignal: Int32?

  init(setup: ContainerInit, isNamespaced: Bool) {
    self.setup = setup
    self.isNamespaced = isNamespaced
  }

  private var plan: PodPlan.Container { setup.plan }

  /// The wait status of the last attempt.
  mutating func run() -> Int32 {
    var status: Int32 = 0
    if plan.pausesBefore {
      tellStarted()
      waitForFile("before")
    }
    var left = plan.attempts
    while left > 0, stopSignal == nil {
      left -= 1
      guard start() else {
        // Stopped while it waited for a process.
        status = stopSignal ?? SIGKILL
        break
      }
      if left == 0 { closeStreams() }
      status = supervise()
      if status == 0 || left == 0 || stopSignal != nil { break }
      pause(plan.attemptPause)
      // Stopped between two attempts: told as a command that was stopped.
      if let stopSignal { status = stopSignal }
    }
    if command == 0 {
      tellStarted()
      if let stopSignal { status = stopSignal }
    }
    closeStreams()
    if plan.pausesAfter, stopSignal == nil { waitForFile("after") }
    return status
  }

  private mutating func tellStarted() {
    guard !hasTold else { return }
    hasTold = true
    setup.tell(.started)
  }

  /// How long a command waits here for a process, in milliseconds: one that has not begun is soon left to the supervisor.
  private static let patience: (ofFirst: Int64, ofOthers: Int64) = (200, 60_000)

  /// Starts the command; false when it was stopped while it waited for a process.
  private mutating func start() -> Bool {
    let end = now() + (hasTold ? Self.patience.ofOthers : Self.patience.ofFirst)
    while stopSignal == nil {
      do throws(SandboxFailure) {
        command = try Program.start(
          plan.argv, of: plan, input: setup.input, output: setup.output, error: setup.error, isTerminal: plan.hasTerminal,
          deathSignal: isNamespaced ? 0 : SIGKILL)
        tellStarted()
        return true
      } catch {
        guard error.isLack, now() < end else {
          setup.tell(error.isLack && !hasTold ? .lacking : .refused, error.message)
          setup.exit(64)
        }
        pause(20)
      }
    }
    return false
  }

  /// Only a further attempt needs the pipes.
  private mutating func closeStreams() {
    guard !hasClosed else { return }
    hasClosed = true
    close(setup.output)
    close(setup.error)
    if setup.input >= 0 { close(setup.input) }
  }

  /// Reaps and hands signals on until the command has ended; its wait status.
  private mutating func supervise() -> Int32 {
    while true {
      var status: Int32 = 0
      while true {
        let ended = waitpid(-1, &status, WNOHANG)
        if ended == command { return status }
        if ended <= 0 { break }
      }
      take(clx_wait_signal(ContainerInit.signals))
    }
  }

  private mutating func take(_ signal: Int32) {
    switch signal {
    case SIGCHLD: break
    case SIGUSR1:
      stopSignal = SIGKILL
      if command > 0 || isNamespaced { setup.killEverything(isNamespaced ? 0 : command, isNamespaced: isNamespaced, reaps: false) }
    case SIGPWR where !isNamespaced:
      if command > 0 { setup.killEverything(command, isNamespaced: false) }
      _exit(1)
    case let signal where signal > 0:
      if signal == SIGTERM { stopSignal = SIGTERM }
      if command > 0 { kill(-command, signal) }
    default: break
    }
  }

  private mutating func pause(_ milliseconds: Int64) {
    let end = now() + milliseconds
    while stopSignal == nil {
      let left = end - now()
      if left <= 0 { return }
      take(clx_wait_signal_for(ContainerInit.signals, left))
      while waitpid(-1, nil, WNOHANG) > 0 {}
    }
  }

  /// Whoever debugs the container makes the file.
  private mutating func waitForFile(_ name: String) {
    let path = setup.contract + "/" + name
    while stopSignal == nil, access(path, F_OK) != 0 {
      take(clx_wait_signal_for(ContainerInit.signals, 100))
      while waitpid(-1, nil, WNOHANG) > 0 {}
    }
  }
}
