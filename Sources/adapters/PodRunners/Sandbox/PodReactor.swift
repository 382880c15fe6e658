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
  var observe: @Sendable (PodReport) -> Void
}

/// The one thread that waits for all supervisors.
final class PodReactor: Sendable {
  private struct State {
    var watches: [UInt64: PodWatch] = [:]
    var deliveries: [@Sendable () -> Void] = []
    var next: UInt64 = 1
    var isStopped = false
  }

  private let epoll: Int32
  private let wake: Int32
  private let state = Mutex(State())

  init() throws(ProcessError) {
    epoll = clx_epoll_create()
    wake = clx_eventfd()
    guard epoll >= 0, wake >= 0 else { throw ProcessError("epoll", number: EMFILE) }
    _ = clx_epoll_add(epoll, wake, 0)
    // The thread holds the reactor until it is told to stop.
    try WorkerThread.start { self.run() }
  }

  deinit {
    close(epoll)
    close(wake)
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
      if watch.notify >= 0 { _ = clx_epoll_add(epoll, watch.notify, number * 2 + 1) }
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
      for tag in tags[..<Int(count)] where tag % 2 == 1 { readNotify(tag / 2) }
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
    // The last report is taken when the process has ended.
    guard bytes[..<count].contains(UInt8(ascii: "R")), let report = PodFiles.report(watch.directory) else { return }
    state.withLock { $0.watches[number]?.hasSeenRunning = true }
    if report.isFinished { watch.observe(PodFiles.asRunning(report)) } else { watch.observe(report) }
  }

  /// Tells a last report. After a supervisor's death what it would have removed is removed first, which may take long.
  func tellEnd(_ report: PodReport, _ directory: String, _ observe: @escaping @Sendable (PodReport) -> Void) {
    guard report.failure == PodFiles.diedFailure else { return observe(report) }
    let body: @Sendable () -> Void = {
      PodFiles.removeScratch(directory, report.containers.map(\.name))
      observe(report)
    }
    if (try? WorkerThread.start(body)) == nil { body() }
  }

  private func finish(_ number: UInt64) {
    readNotify(number)
    guard let watch = state.withLock({ $0.watches.removeValue(forKey: number) }) else { return }
    _ = clx_epoll_remove(epoll, watch.pidfd)
    if watch.isChild { _ = clx_pidfd_reap(watch.pidfd, 1) }
    close(watch.pidfd)
    if watch.notify >= 0 {
      _ = clx_epoll_remove(epoll, watch.notify)
      close(watch.notify)
    }
    tellEnd(PodFiles.finalReport(watch.directory, plan: watch.plan), watch.directory, watch.observe)
  }
}
