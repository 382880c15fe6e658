import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Synchronization
import WorkflowCore

/// The shell around the engine: takes what happened from the store's watch, timers and commands, lets ``RunState`` decide, commits state and
/// effects in one transaction, and only then acts.
///
/// One thread decides and commits; it takes everything that has arrived meanwhile into one transaction (group commit). State is also
/// readable from other threads, between decisions.
package final class WorkflowService: Sendable {
  private let store: any ResourceStoring
  private let currentSettings: Mutex<WorkflowSettings>
  let events: (any EventRecording)?
  let archive: (any WorkflowArchiving)?
  let finished = FinishedStatuses()
  private let clock: @Sendable () -> Instant
  private let steadyClock: @Sendable () -> Instant
  /// Which start of the machine the steady clock counts from.
  let machineStart: String
  private let mailbox = Mailbox<Message>()
  private let runs = Mutex(RunTable())
  private let watch = Mutex<(any WatchHandle)?>(nil)
  private let thread = Mutex<OSThread?>(nil)
  let metrics: MetricsBoard
  private let observer: @Sendable (RunProgress) -> Void
  private let isEnding = Atomic<Bool>(false)

  enum Message: Sendable {
    case changed(WatchEvent)
    case commanded(uid: String, RunCommand)
    /// Work on the service's own thread.
    case asked(@Sendable (inout WorkflowLoop) -> Void)
  }

  /// - Parameter archive: where finished workflows are found again that the settings have archived; nil: nowhere.
  /// - Parameter events: where what happens to workflows and nodes is told; nil: nowhere.
  /// - Parameter observer: called on the service's thread after each commit, with the rows that it changed; must be quick.
  package init(
    store: any ResourceStoring, settings: WorkflowSettings = WorkflowSettings(), archive: (any WorkflowArchiving)? = nil,
    events: (any EventRecording)? = nil,
    clock: @escaping @Sendable () -> Instant = SystemClock.now, steady: @escaping @Sendable () -> Instant = SystemClock.steady,
    machineStart: String = MachineStart.current, observer: @escaping @Sendable (RunProgress) -> Void = { _ in }
  ) {
    self.store = store
    currentSettings = Mutex(settings)
    self.events = events
    self.archive = archive
    metrics = MetricsBoard(timeToLive: settings.metricsTimeToLive)
    self.clock = clock
    steadyClock = steady
    self.machineStart = machineStart
    self.observer = observer
  }

  /// Takes up the runs that are not finished and the workflows that wait, and begins to watch. Throws when the store cannot be read;
  /// nothing runs then. To be called once.
  package func start() throws(KubeStatus) {
    let mailbox = mailbox
    let kinds: Set<ResourceKind> = [
      .workflow, .pod, .workflowTaskResult, .workflowTaskSet, .workflowArtifactGCTask, .configMap, .syncLimit, .namespace,
    ]
    let handle = store.watch(kinds) { events in
      for event in events { mailbox.post(.changed(event)) }
    }
    let loop: WorkflowLoop
    do throws(KubeStatus) {
      loop = try WorkflowLoop(service: self)
    } catch {
      handle.cancel()
      throw error
    }
    watch.withLock { $0 = handle }
    let handleOfThread = startThread(name: "workflow") {
      var loop = loop
      loop.run()
    }
    thread.withLock { $0 = handleOfThread }
  }

  /// Ends the service's thread after the decision in hand; what was not decided or could not be stored is decided by the next start.
  package func stop() {
    isEnding.store(true, ordering: .sequentiallyConsistent)
    watch.withLock { $0.take() }?.cancel()
    mailbox.close()
    thread.withLock { $0.take() }?.join()
  }

  /// Asks a run to stop, suspend, resume…; takes effect with the next decision. A run that is not there or is over ignores it.
  package func command(runUID: String, _ command: RunCommand) { mailbox.post(.commanded(uid: runUID, command)) }

  /// The Workflow object as its users see it: the stored one with the status composed from the run. Nil when there is none.
  package func workflow(_ key: ResourceKey) throws(KubeStatus) -> Resource? {
    guard let workflow = try store.get(key) else { return nil }
    return try composed(workflow)
  }

  /// The custom metrics of all workflows in Prometheus' text format, with real-time gauges as they are now.
  package func metricsText() -> String { metrics.text(at: clock()) }

  /// Has the service's thread do something, and waits for what comes of it. Throws `serviceUnavailable` when the service stops first.
  func ask<Value: Sendable>(
    _ body: @escaping @Sendable (inout WorkflowLoop) -> Result<Value, KubeStatus>
  ) throws(KubeStatus) -> Value {
    let reply = Mailbox<Result<Value, KubeStatus>>()
    if mailbox.post(.asked { reply.post(body(&$0)) }) {
      while true {
        // After its end the service may still answer what it had taken.
        let wasStopping = isStopping
        if let result = reply.takeAll(deadline: SystemClock.steady() + TimeSpan(milliseconds: wasStopping ? 2000 : 100))?.first {
          return try result.get()
        }
        if wasStopping { break }
      }
    }
    throw KubeStatus(.serviceUnavailable, "the workflow service is stopping")
  }

  // What follows is for the service's thread.

  var now: Instant { clock() }
  /// What all waiting goes by.
  var steady: Instant { steadyClock() }
  var settings: WorkflowSettings { currentSettings.withLock { $0 } }
  func adopt(_ settings: WorkflowSettings) { currentSettings.withLock { $0 = settings } }
  var isStopping: Bool { isEnding.load(ordering: .sequentiallyConsistent) }
  var storage: any ResourceStoring { store }
  var artifactRepositories: ArtifactRepositories {
    ArtifactRepositories(store: store, controllerNamespace: settings.controllerNamespace, standard: settings.artifactRepository)
  }
  func next(deadline: Instant?) -> [Message]? { mailbox.takeAll(deadline: deadline.map { SystemClock.steady() + ($0 - steady) }) }
  func report(_ progress: RunProgress) { observer(progress) }
  func withRuns<Result>(_ body: (inout RunTable) -> Result) -> Result { runs.withLock { body(&$0) } }
}

/// What one commit changed in one run.
package struct RunProgress: Sendable {
  package var runUID: String
  package var workflow: ResourceKey
  package var phase: WorkflowPhase
  package var message: String
  package var startedAt: Instant?
  package var finishedAt: Instant?
  /// Phase, message or labels of the workflow are not what they were.
  package var hasChangedStatus: Bool
  package var nodes: [NodeRow]
  package var isFinished: Bool
}

/// The runs in memory. A class member behind the service's mutex, so that a reader composes a status between two decisions.
struct RunTable: Sendable {
  struct Entry: Sendable {
    var state: RunState
    var workflow: ResourceKey
    /// How far the run's clock is ahead of the steady one: its times are those of the wall clock when it was taken up, and flow evenly from then on,
    /// whatever is done to the wall clock.
    var ahead: TimeSpan
    /// Phase and labels last written to the Workflow object.
    var published: PublishedStatus?
    /// The version of the Workflow object that was last looked at, and what its `spec.suspend` said.
    var seenVersion: Int64
    var isSuspendAsked: Bool
    /// What its specification said of the limits that may change.
    var seenLimits: RunLimitEdit
    /// When watchers were last told of it.
    var publishedAt: Instant?
    /// Phases of its nodes that events were told of, by index.
    var toldPhases = ToldPhases()

    init(state: RunState, workflow: Resource, ahead: TimeSpan) {
      self.state = state
      self.ahead = ahead
      self.workflow = workflow.key
      seenVersion = workflow.resourceVersion ?? 0
      isSuspendAsked = workflow.spec["suspend"]?.bool == true
      seenLimits = RunLimitEdit(spec: workflow.spec)
    }
  }
  var entries: [String: Entry] = [:]
  /// Beside the runs, so that a status tells who holds what the run waits for.
  var locks = LockTable()
}

/// The phases of a run's nodes that were told, by the nodes' numbers.
struct ToldPhases: Sendable {
  private var phases: [NodePhase?] = []

  /// Notes a phase and returns the one before.
  mutating func update(_ node: Int, _ phase: NodePhase?) -> NodePhase? {
    guard node >= 0 else { return nil }
    if node >= phases.count { phases.append(contentsOf: repeatElement(nil, count: node + 1 - phases.count)) }
    defer { phases[node] = phase }
    return phases[node]
  }
}

/// What of a run's state is copied onto the Workflow object when it changes.
struct PublishedStatus: Sendable, Hashable {
  var phase: WorkflowPhase
  var message: String
  var labels: [String: String]
}
