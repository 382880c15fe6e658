import Basics
import Contracts
import JSONValue

/// What of a node stands apart. Nodes are values, whose copies share it until one of them changes it.
///
/// Unchecked: it is changed only by its one owner (``owned(_:_:)``), so that no two accesses overlap either.
final class NodeBox<Value: Sendable>: @unchecked Sendable {
  @exclusivity(unchecked) var value: Value
  init(_ value: Value) { self.value = value }

  /// The box that a node alone has: its own, or a copy where that is shared, or a new one.
  @inline(__always) static func owned(_ box: inout NodeBox?, _ none: Value) -> NodeBox {
    if isKnownUniquelyReferenced(&box), let box { return box }
    let own = NodeBox(box?.value ?? none)
    box = own
    return own
  }
}

/// What few nodes have. A node that has none of it has no memory for it.
struct NodeDetails: Sendable {
  static let none = NodeDetails()

  /// Its ID, name on display and pod, where they do not follow from its name.
  var id: String?
  var displayName: String?
  var podName: String?
  var outbound: [Int] = []
  /// The item of a loop, kept for what is written inline.
  var item: JSON?
  /// Items of loops: of a step group by the step's place, of a task group at 0.
  var loops: [Int: [JSON]] = [:]
  /// What its step said of itself; nil: nothing.
  var progress: NodeProgress?
  var podIP: String?
  /// Where a retried attempt must have ended by (`backoff.maxDuration`).
  var executionDeadline: Instant?
  /// The outputs that the template declares, with tags replaced, until its pod has reported them.
  var declaredOutputs: JSON?
  /// `exitCode`, `status`, `duration`, `message` of the attempt before.
  var lastRetry: JSON?
  var memoization: MemoizationStatus?
  /// Hooks that fired, by their place; the exit hook is -1.
  var firedHooks: Set<Int> = []
  /// Locks that the node holds or wants; nil once it has ended.
  var claim: LockClaim?

  var isEmpty: Bool {
    guard id == nil, displayName == nil, podName == nil, outbound.isEmpty, item == nil, loops.isEmpty, progress == nil, podIP == nil else {
      return false
    }
    return executionDeadline == nil && declaredOutputs == nil && lastRetry == nil && memoization == nil
      && firedHooks.isEmpty
      && claim == nil
  }
}

/// What is derived from other nodes: mostly of those that others belong to.
struct NodeCounts: Sendable {
  static let none = NodeCounts()

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
