import Basics
import Contracts
import KubeModel

/// One item of one controller.
struct ClusterJob: Sendable, Hashable {
  var controller: Int
  var item: WorkItem
}

/// The state of the controllers' thread: what is to be looked at, now or at a time.
struct ClusterLoop {
  private let controllers: [any Controller]
  private let clock: @Sendable () -> Instant
  private let isStopping: @Sendable () -> Bool
  private var ready: [ClusterJob] = []
  private var isReady: Set<ClusterJob> = []
  private var delayed: [ClusterJob: Instant] = [:]
  private var failures: [ClusterJob: Int] = [:]

  init(_ controllers: [any Controller], clock: @escaping @Sendable () -> Instant, isStopping: @escaping @Sendable () -> Bool) {
    self.controllers = controllers
    self.clock = clock
    self.isStopping = isStopping
  }

  /// When something is to be done although nothing arrives.
  var earliest: Instant? { delayed.values.min() }

  mutating func add(_ job: ClusterJob) {
    delayed[job] = nil
    if isReady.insert(job).inserted { ready.append(job) }
  }

  /// Takes up what was left undone by an earlier process.
  mutating func begin() {
    for (index, controller) in controllers.enumerated() where !isStopping() {
      do throws(KubeStatus) {
        for item in try controller.initial() { add(ClusterJob(controller: index, item: item)) }
      } catch {
        Diagnostics.report("\(controller.name) controller: what was left undone waits for the next start: \(error.message)")
      }
    }
    run()
  }

  /// Does all that is to be done by now.
  mutating func run() {
    if !delayed.isEmpty {
      let now = SystemClock.steady()
      for (job, time) in delayed where time <= now { add(job) }
    }
    let jobs = ready
    ready.removeAll(keepingCapacity: true)
    isReady.removeAll(keepingCapacity: true)
    for job in jobs where !isStopping() { perform(job) }
  }

  private mutating func perform(_ job: ClusterJob) {
    let controller = controllers[job.controller]
    do throws(KubeStatus) {
      let again = try controller.reconcile(job.item, at: clock())
      failures[job] = nil
      if let again, !isReady.contains(job) { delayed[job] = SystemClock.steady() + (again - clock()) }
    } catch {
      let count = (failures[job] ?? 0) + 1
      failures[job] = count
      if count == 5 {
        Diagnostics.report("\(controller.name) controller: \(job.item.key.kind.kind) \(job.item.key.name): \(error.message); trying again")
      }
      let pause = error.reason == .conflict ? 10 : 50 << min(count, 9)
      delayed[job] = SystemClock.steady() + TimeSpan(milliseconds: Int64(pause))
    }
  }
}
