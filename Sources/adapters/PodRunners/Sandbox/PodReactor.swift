import Basics
import CLinux
import Contracts
import Glibc
import Processes
import Synchronization

/// A pod that is being watched.
struct PodWatch: Sendable {
  var directory: String
  var plan: PodPlan?
  var pid: pid_t
  var pidfd: Int32
  /// Reading end of the supervisor's pipe; -1 for an adopted pod.
  var notify: Int32
  var isChild: Bool
  var hasSeenRunning = false
  /// Scratch space to be given back when it is over.
  var lease: ScratchLease?
  var observe: @Sendable (PodReport) -> Void

  /// Of a pod that this process started and whose containers do not come and go: it came to its main containers.
  func hasStartedMains(_ report: PodReport) -> Bool {
    guard let plan, plan.restartPolicy == nil else { return false }
    return zip(plan.containers, report.containers).contains { $0.role != .initial && $1.startedAt != nil }
  }
}

/// The one thread that waits for all supervisors.
final class PodReactor: Sendable {
  private struct State {
    var watches: [UInt64: PodWatch] = [:]
    var deliveries: [@Sendable () -> Void] = []
    var next: UInt64 = 1
    /// The pods behind inotify's watches.
    var adopted: [Int32: UInt64] = [:]
    var isStopped = false
  }

  private let epoll: Int32
  private let wake: Int32
  /// Tells when the report of an adopted pod is replaced: its supervisor has nobody to say it to. Negative where it is not to be had.
  private let changes: Int32
  private static let changesTag = UInt64.max
  private let state = Mutex(State())

  private let launcher: SupervisorLauncher

  init(launcher: SupervisorLauncher) throws(ProcessError) {
    self.launcher = launcher
    epoll = clx_epoll_create()
    wake = clx_eventfd()
    changes = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
    guard epoll >= 0, wake >= 0 else { throw ProcessError("epoll", number: EMFILE) }
    _ = clx_epoll_add(epoll, wake, 0)
    if changes >= 0 { _ = clx_epoll_add(epoll, changes, Self.changesTag) }
    // The thread holds the reactor until it is told to stop.
    try WorkerThread.start { self.run() }
  }

  deinit {
    close(epoll)
    close(wake)
    if changes >= 0 { close(changes) }
  }

  func stop() {
    state.withLock { $0.isStopped = true }
    ring()
  }

  func watch(_ watch: PodWatch) {
    // Tags: twice the number for the pidfd, one more for the pipe.
    state.withLock {
      let number = $0.next
      $0.next += 1
      $0.watches[number] = watch
      _ = clx_epoll_add(epoll, watch.pidfd, number * 2)
      if watch.notify >= 0 {
        _ = clx_epoll_add(epoll, watch.notify, number * 2 + 1)
      } else if changes >= 0 {
        let place = inotify_add_watch(changes, watch.directory, UInt32(IN_MOVED_TO))
        if place >= 0 { $0.adopted[place] = number }
      }
    }
  }

  /// Calls `observe` from the reactor's thread.
  func deliver(_ report: PodReport, to observe: @escaping @Sendable (PodReport) -> Void) {
    state.withLock { $0.deliveries.append { observe(report) } }
    ring()
  }

  /// Signals the supervisor of a watched pod; false when none is watched in `directory`.
  func signal(_ directory: String, _ signal: Int32) -> Bool {
    state.withLock {
      guard let watch = $0.watches.values.first(where: { $0.directory == directory }) else { return false }
      _ = clx_pidfd_signal(watch.pidfd, signal)
      return true
    }
  }

  private func ring() {
    var one: UInt64 = 1
    _ = write(wake, &one, 8)
  }

  private func run() {
    var tags = [UInt64](repeating: 0, count: 64)
    while true {
      let count = clx_epoll_wait(epoll, &tags, 64, -1)
      if count < 0 {
        if count == -EINTR { continue }
        return
      }
      // Pipes first: what a supervisor said before it ended is older than its end.
      for tag in tags[..<Int(count)] where tag % 2 == 1 {
        if tag == Self.changesTag { readChanges() } else { readNotify(tag / 2) }
      }
      if tags[..<Int(count)].contains(0) {
        var value: UInt64 = 0
        _ = read(wake, &value, 8)
      }
      let (deliveries, isStopped) = state.withLock { state in
        defer { state.deliveries = [] }
        return (state.deliveries, state.isStopped)
      }
      for deliver in deliveries { deliver() }
      // An adopted pod's first report was queued before it was watched, so it is told before its end.
      for tag in tags[..<Int(count)] where tag % 2 == 0 && tag > 0 { finish(tag / 2) }
      if isStopped { return drop() }
    }
  }

  /// The pods run on; whoever starts next adopts them.
  private func drop() {
    let watches = state.withLock { state in
      defer { state.watches = [:] }
      return Array(state.watches.values)
    }
    for watch in watches {
      close(watch.pidfd)
      if watch.notify >= 0 { close(watch.notify) }
      // A child must be reaped by somebody as long as this process lives.
      if watch.isChild {
        let pid = watch.pid
        try? WorkerThread.start { waitpid(pid, nil, 0) }
      }
    }
  }

  private func readNotify(_ number: UInt64) {
    guard let watch = state.withLock({ $0.watches[number] }), watch.notify >= 0 else { return }
    var bytes = [UInt8](repeating: 0, count: 16)
    let count = read(watch.notify, &bytes, 16)
    if count < 0, errno == EAGAIN || errno == EINTR { return }
    if count <= 0 {
      _ = clx_epoll_remove(epoll, watch.notify)
      close(watch.notify)
      state.withLock { $0.watches[number]?.notify = -1 }
      return
    }
    if bytes[..<count].contains(UInt8(ascii: "D")) {
      Diagnostics.report("the disk of \(watch.directory) is full: the pod waits until there is room")
    }
    // The last report is taken when the process has ended.
    guard bytes[..<count].contains(UInt8(ascii: "R")), let report = PodFiles.report(watch.directory) else { return }
    state.withLock { $0.watches[number]?.hasSeenRunning = true }
    // Of a pod whose containers come and go there is nothing to say of the time before its end.
    if report.isFinished, watch.plan?.restartPolicy != nil { return }
    if report.isFinished { watch.observe(PodFiles.asRunning(report)) } else { watch.observe(report) }
  }

  /// Tells what adopted pods have reported.
  private func readChanges() {
    var numbers: Set<UInt64> = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = read(changes, &buffer, buffer.count)
      guard count > 0 else { break }
      // Each event: watch, mask, cookie, length of the name (32 bits each), the name.
      var start = 0
      while start + 16 <= count {
        let (place, length) = buffer.withUnsafeBytes {
          ($0.loadUnaligned(fromByteOffset: start, as: Int32.self), $0.loadUnaligned(fromByteOffset: start + 12, as: UInt32.self))
        }
        if let number = state.withLock({ $0.adopted[place] }) { numbers.insert(number) }
        start += 16 + Int(length)
      }
    }
    for number in numbers {
      guard let watch = state.withLock({ $0.watches[number] }), let report = PodFiles.report(watch.directory), !report.isFinished else {
        continue
      }
      watch.observe(report)
    }
  }

  /// Tells a last report. After a supervisor's death what it would have removed is removed first, which may take long.
  func tellEnd(
    _ report: PodReport, _ directory: String, scratch: String? = nil, _ observe: @escaping @Sendable (PodReport) -> Void
  ) {
    guard report.failure == PodReport.diedFailure else { return observe(report) }
    let body: @Sendable () -> Void = {
      PodFiles.removeScratch(directory, report.containers.map(\.name), elsewhere: scratch ?? report.scratch)
      observe(report)
    }
    if (try? WorkerThread.start(body)) == nil { body() }
  }

  private func finish(_ number: UInt64) {
    readNotify(number)
    guard let watch = state.withLock({ $0.watches.removeValue(forKey: number) }) else { return }
    if watch.notify < 0 {
      let place = state.withLock { state in
        let place = state.adopted.first { $0.value == number }?.key
        if let place { state.adopted[place] = nil }
        return place
      }
      if let place { inotify_rm_watch(changes, place) }
    }
    _ = clx_epoll_remove(epoll, watch.pidfd)
    let status = watch.isChild ? clx_pidfd_reap(watch.pidfd, 1) : -1
    close(watch.pidfd)
    if watch.notify >= 0 {
      _ = clx_epoll_remove(epoll, watch.notify)
      close(watch.notify)
    }
    let isGivenUp = status >= 0 && clx_wait_exited(status) != 0 && clx_wait_code(status) == PodPlan.givenUpStatus
    let report = PodFiles.finalReport(watch.directory, plan: watch.plan, isGivenUp: isGivenUp)
    // A short pod's supervisor writes no report before the last one.
    if !watch.hasSeenRunning, report.failure == nil, watch.hasStartedMains(report) { watch.observe(PodFiles.asRunning(report)) }
    let hasDied = report.failure == PodReport.diedFailure
    if let lease = watch.lease, !launcher.release(lease, isReusable: !hasDied), !hasDied {
      try? WorkerThread.start { PodFiles.removeScratch(watch.directory, [], elsewhere: lease.place) }
    }
    tellEnd(report, watch.directory, scratch: watch.lease?.place, watch.observe)
  }
}
