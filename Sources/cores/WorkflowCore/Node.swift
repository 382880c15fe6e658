import ArgoModel
import Basics
import Contracts
import JSONValue

/// Which part of its owner's work a node is.
enum Origin: Sendable, Hashable {
  case root
  /// The `n`th group of a Steps node.
  case group(Int)
  /// A step of a group, by its place there; of a loop the item's index.
  case step(Int, item: Int?)
  /// A task of a DAG.
  case task(Int)
  /// An item of a TaskGroup.
  case item(Int)
  /// An attempt of a Retry node.
  case attempt(Int)
  /// The `n`th lifecycle hook of the owner.
  case hook(Int)
  /// The exit hook of the owner.
  case exit
  case workflowHook(Int)
  case workflowExit
  /// A container of a container set.
  case container(String)

  /// It stands for a step, task, hook or entrypoint, not for a part of the engine's own work on one.
  var isUnit: Bool {
    switch self {
    case .attempt, .group, .container: false
    default: true
    }
  }
}

/// A unit of work that a step group starts.
struct GroupUnit: Sendable {
  var place: Int32
  /// -1: no loop.
  var item: Int32
}

/// The bookkeeping of a DAG node, by the tasks' places.
struct DAGProgress: Sendable {
  /// Dependencies that have not settled.
  var waiting: [Int32]
  /// The task's node, or -1.
  var node: [Int32]
  var isWanted: [Bool]
  var targets: [Int]
  /// Wanted tasks that have not settled.
  var open: Int
  /// Tasks that have a node and have not settled.
  var running = 0
  /// A task ended Failed or Error.
  var hasFailure = false
}

/// One node of the tree. What is only counted (and restored by counting) stands in ``counts``.
struct Node: Sendable {
  var index: Int
  let id: String
  let name: String
  var displayName: String
  var type: NodeType
  var phase: NodePhase
  var message = ""
  let origin: Origin
  var owner: Int?
  var boundary: Int?
  /// Nodes whose `children` this node is among; in the order of adding, the same edges are `children` of those.
  var parents: [Int] = []
  var children: [Int] = []
  var outbound: [Int] = []

  /// nil until resolved: groups, and nodes that failed before that.
  var template: CompiledTemplate?
  /// What the node's own reference was looked up in (`templateScope`).
  var scope = ""
  var templateName = ""
  var templateRef: JSON?
  /// `parameters` with values and `artifacts` with locations.
  var inputs: JSON?
  var outputs: JSON?
  /// The item of a loop, kept for what is written inline.
  var item: JSON?
  /// Items of loops: of a step group by the step's place, of a task group at 0.
  var loops: [Int: [JSON]] = [:]

  var startedAt: Instant
  var finishedAt: Instant?
  /// In seconds.
  var estimatedDuration: Int64?
  var depth = 0
  var isHook = false
  var isRetried = false
  /// It belongs to an exit handler, which Stop and the deadline spare.
  var isOnExit = false
  /// It stands for a node of an earlier run, whose outputs it has, and ran nothing itself.
  var isReused = false
  var isDaemoned = false
  /// What its step said of itself; nil: nothing.
  var progress: NodeProgress?
  /// Of a pod that has ended.
  var usage: ResourceUsage?
  var podName: String?
  /// A WorkflowTaskSet of the node's ID is with the agent.
  var hasTask = false
  var podIP: String?
  var hostNodeName: String?
  /// The pod was asked to stop and has not been seen ended.
  var isStopping = false
  /// Running containers were seen.
  var hasRun = false
  var wakeAt: Instant?
  /// Where a retried attempt must have ended by (`backoff.maxDuration`).
  var executionDeadline: Instant?
  /// The outputs that the template declares, with tags replaced, where its pod reports them.
  var declaredOutputs: JSON?
  /// `exitCode`, `status`, `duration`, `message` of the attempt before.
  var lastRetry: JSON?
  var memoization: MemoizationStatus?
  /// The unit is over for its owner: ended (or up, as a daemon) with all its hooks.
  var isSettled = false
  /// The decision about the exit hook has been made.
  var isExitDecided = false
  /// Hooks that fired, by their place; the exit hook is -1.
  var firedHooks: Set<Int> = []

  /// Locks that the node holds or wants; nil once it has ended.
  var claim: LockClaim?
  /// It waits for its locks, or has them and waits for a place to begin.
  var isHeldBack: Bool { claim.map { $0.stage != .held } ?? false }

  var counts = NodeCounts()
}

/// What is derived from other nodes.
struct NodeCounts: Sendable {
  /// Units that have not settled.
  var open = 0
  var units: [GroupUnit] = []
  /// Units that have not started.
  var pending = MinHeap()
  /// Hooks that fired and have not started; the exit hook is -1.
  var pendingHooks = MinHeap()
  /// The node waits in its boundary's or the workflow's queue: for its units, for its hooks.
  var isQueued = false
  var areHooksQueued = false
  /// Hook nodes that have not ended.
  var openHooks = 0
  /// Of a boundary: Pod, Steps and DAG nodes that are Pending or Running; pods of these; those Failed or Error.
  var activeChildren = 0
  var activePods = 0
  var unsuccessful = 0
  /// What waits in this boundary has been told that it fails fast.
  var isFailing = false
  /// Owners within this boundary that wait for its limit.
  var blocked = MinHeap()
  /// Of a Retry node, in order.
  var attempts: [Int] = []
  var daemons: [Int] = []
  /// A step group's first error: it becomes Error when what runs has ended.
  var problem: String?
  /// … or Failed.
  var isProblemFailure = false
  /// The node failed by its `timeout` while pending.
  var isTimedOut = false
  /// The node's error came from starting it, not from running: owners word that differently.
  var isRaised = false
  var group: Int?
  var dag: DAGProgress?
  /// Aggregated outputs of a loop, by step place for groups and 0 for task groups.
  var aggregates: [Int: Aggregate] = [:]
  var anySucceeded = false
  var allFailed = false
}

/// Outputs of a loop's nodes put together (spec 2.8).
struct Aggregate: Sendable {
  var result: String
  var parameters: String
  var byName: [String: String]
  var problem: String?
}

/// Why something could not be done; becomes a node's message.
struct RunFailure: Error {
  var message: String
  /// The node becomes Failed instead of Error.
  var isFailure = false
  init(_ message: String, isFailure: Bool = false) {
    self.message = message
    self.isFailure = isFailure
  }
}

/// A node that waits to start some of its units or hooks. Queues are ordered by the node's number and not by arrival, so that a restored run
/// goes on in the same order.
struct QueueEntry: Sendable, Hashable {
  var number: Int
  init(units node: Int) { number = node * 2 }
  init(hooks node: Int) { number = node * 2 + 1 }
  init(number: Int) { self.number = number }
  var node: Int { number / 2 }
  var isHooks: Bool { number % 2 == 1 }
}

/// A piece of a decision that is still to be carried out. Pieces lie on a stack, so that nesting never becomes recursion.
enum Work: Sendable {
  /// Start what an entry of a queue has pending as far as limits allow.
  case pump(QueueEntry)
  /// Let those that wait for a limit try again: a boundary's, or the workflow's.
  case release(boundary: Int?)
  /// Begin the body of a Steps or DAG node.
  case begin(Int)
  /// The node's phase has become final.
  case ended(Int)
  /// Look at the hooks of a unit and whether it has settled.
  case unit(Int)
  case settled(Int)
  case workflowHooks
  case finishWorkflow
}

extension Node {
  /// What the node shows as its progress: its total once it has succeeded or is not to run (spec 2.20).
  var shownProgress: NodeProgress {
    let progress = self.progress ?? .unknown
    switch phase {
    case .succeeded, .skipped, .omitted: return NodeProgress(done: progress.total, total: progress.total)
    default: return progress
    }
  }
}
