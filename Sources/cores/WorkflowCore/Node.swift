import ArgoModel
import Basics
import Contracts
import JSONValue

/// One node of the tree. A run has many of them, which stay in memory after they have ended, so what few nodes have stands apart (``details``, ``counts``), what
/// many have in common is held once (``source``), and what follows from a name is made from it when somebody asks.
struct Node: Sendable {
  let name: String
  /// What it was started from.
  var source: NodeSource
  var startedAt: Instant
  private var finishedMilliseconds = Int64.min
  private var wakeMilliseconds = Int64.min
  private var estimate = Int64.min
  var message = ""
  var hostNodeName: String?
  /// Nodes whose `children` this node is among; in the order of adding, the same edges are `children` of those.
  var parents = NodeNumbers()
  var children = NodeNumbers()
  /// `parameters` with values and `artifacts` with locations.
  var keptInputs = KeptValue.none
  var keptOutputs = KeptValue.none
  /// Of a pod that has ended: the text of its use.
  var keptUsage = KeptValue.none
  /// What happened on its way, oldest first.
  var history: [NodeTransition] = []
  /// One, or none where all of it is as it is at first.
  /// What is asked of each node is read here: to read `details` and `counts` copies the node.
  private(set) var detailsBox: NodeBox<NodeDetails>?
  private(set) var countsBox: NodeBox<NodeCounts>?
  /// FNV-1a of the name.
  let hash: UInt32
  /// Its name is not the run's, so that names made from it have its hash.
  let hasUsualNames: Bool
  private var number: Int32
  private var ownerNumber: Int32
  private var boundaryNumber: Int32
  private var originNumber: Int32 = -1
  private var originItem: Int32 = -1
  private var depthNumber: Int32 = 0
  /// Where in the name the part begins that is displayed.
  let displayStart: Int32
  private let originKind: Origin.Kind
  var type: NodeType
  var phase: NodePhase
  var isHook = false
  var isRetried = false
  /// It belongs to an exit handler, which Stop and the deadline spare.
  var isOnExit = false
  /// It stands for a node of an earlier run, whose outputs it has, and ran nothing itself.
  var isReused = false
  var isDaemoned = false
  /// A WorkflowTaskSet of the node's ID is with the agent.
  var hasTask = false
  /// A pod was made for it.
  var hasPod = false
  /// The pod was asked to stop and has not been seen ended.
  var isStopping = false
  /// Running containers were seen.
  var hasRun = false
  /// The unit is over for its owner: ended (or up, as a daemon) with all its hooks.
  var isSettled = false
  /// The decision about the exit hook has been made.
  var isExitDecided = false
  /// What ``NodeCounts/problem`` says makes it Failed instead of Error.
  var isProblemFailure = false
  /// The node failed by its `timeout` while pending.
  var isTimedOut = false
  /// The node's error came from starting it, not from running: owners word that differently.
  var isRaised = false

  /// - Parameter boundaryName: the name of the node `boundary`.
  init(
    index: Int, name: String, hash: UInt32, source: NodeSource, type: NodeType, phase: NodePhase, message: String, origin: Origin,
    owner: Int?, boundary: Int?, boundaryName: String?, startedAt: Instant
  ) {
    (self.name, self.hash, self.source, self.type, self.phase, self.message) = (name, hash, source, type, phase, message)
    self.startedAt = startedAt
    hasUsualNames = name != source.run
    number = Int32(index)
    ownerNumber = owner.map { Int32($0) } ?? -1
    boundaryNumber = boundary.map { Int32($0) } ?? -1
    displayStart = Int32(NodeNames.displayStart(node: name, boundary: boundaryName))
    (originKind, originNumber, originItem) = origin.packed
  }
}

extension Node {
  var index: Int {
    get { Int(number) }
    set { number = Int32(newValue) }
  }
  var owner: Int? {
    @inline(__always) get { ownerNumber < 0 ? nil : Int(ownerNumber) }
    set { ownerNumber = newValue.map { Int32($0) } ?? -1 }
  }
  var boundary: Int? {
    @inline(__always) get { boundaryNumber < 0 ? nil : Int(boundaryNumber) }
    set { boundaryNumber = newValue.map { Int32($0) } ?? -1 }
  }
  var depth: Int {
    @inline(__always) get { Int(depthNumber) }
    set { depthNumber = Int32(clamping: newValue) }
  }
  var finishedAt: Instant? {
    @inline(__always) get { finishedMilliseconds == .min ? nil : Instant(milliseconds: finishedMilliseconds) }
    set { finishedMilliseconds = newValue?.milliseconds ?? .min }
  }
  var wakeAt: Instant? {
    @inline(__always) get { wakeMilliseconds == .min ? nil : Instant(milliseconds: wakeMilliseconds) }
    set { wakeMilliseconds = newValue?.milliseconds ?? .min }
  }
  /// In seconds.
  var estimatedDuration: Int64? {
    @inline(__always) get { estimate == .min ? nil : estimate }
    set { estimate = newValue ?? .min }
  }
  var origin: Origin {
    @inline(__always) get { Origin(originKind, originNumber, originItem) ?? .container(displayedPart) }
  }
  var template: CompiledTemplate? { @inline(__always) get { source.template } }

  var inputs: JSON? {
    @inline(__always) get { keptInputs.json }
    set { keptInputs = KeptValue(newValue) }
  }
  var outputs: JSON? {
    @inline(__always) get { keptOutputs.json }
    set { keptOutputs = KeptValue(newValue) }
  }
  /// Of a pod that has ended.
  var usage: ResourceUsage? { ResourceUsage(json: keptUsage.json) }

  var hasDetails: Bool { @inline(__always) get { detailsBox != nil } }
  var details: NodeDetails {
    @inline(__always) _read { if let detailsBox { yield detailsBox.value } else { yield NodeDetails.none } }
    @inline(__always) _modify {
      let box = NodeBox.owned(&detailsBox, NodeDetails.none)
      yield &box.value
    }
  }
  /// What is only counted, and restored by counting.
  var counts: NodeCounts {
    @inline(__always) _read { if let countsBox { yield countsBox.value } else { yield NodeCounts.none } }
    @inline(__always) _modify {
      let box = NodeBox.owned(&countsBox, NodeCounts.none)
      yield &box.value
    }
  }
  var hasCounts: Bool { @inline(__always) get { countsBox != nil } }
  mutating func clearCounts() { countsBox = nil }

  /// It waits for its locks, or has them and waits for a place to begin.
  var isHeldBack: Bool {
    @inline(__always) get { detailsBox?.value.claim.map { $0.stage != .held } ?? false }
  }

  /// Some of what its row lists as flags is so.
  var hasFlags: Bool {
    @inline(__always) get {
      isOnExit || isStopping || hasRun || hasTask || isReused || isSettled || isExitDecided || isProblemFailure || isTimedOut || isRaised
    }
  }

  // MARK: What follows from the name

  var id: String {
    @inline(__always) get { detailsBox?.value.id ?? (hasUsualNames ? NodeNames.joined(source.run, hash) : name) }
  }

  private var displayedPart: String { displayStart == 0 ? name : String(Substring(name.utf8.dropFirst(Int(displayStart)))) }
  var displayName: String { detailsBox?.value.displayName ?? displayedPart }
  mutating func display(_ text: String) {
    if text != displayName { details.displayName = text == displayedPart ? nil : text }
  }

  var usualPodName: String {
    @inline(__always) get { hasUsualNames ? NodeNames.joined(source.podPrefix, hash) : name }
  }
  var podName: String? {
    @inline(__always) get { hasPod ? detailsBox?.value.podName ?? usualPodName : nil }
  }
  var hasUsualPod: Bool {
    @inline(__always) get { hasPod && detailsBox?.value.podName == nil }
  }

  // MARK: At rest

  /// What a node that has ended is kept as.
  mutating func rest(_ recent: inout RecentTexts) {
    keptInputs = keptInputs.packed(&recent)
    keptOutputs = keptOutputs.packed(&recent)
    if hasDetails, details.isEmpty { detailsBox = nil }
    if hasCounts {
      counts.units = []
      counts.pending = MinHeap()
    }
  }

  /// What the node shows as its progress: its total once it has succeeded or is not to run (spec 2.20).
  var shownProgress: NodeProgress { (detailsBox?.value.progress ?? .unknown).shown(in: phase) }
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

extension NodeProgress {
  /// What a node of this phase shows of its progress.
  func shown(in phase: NodePhase) -> NodeProgress {
    switch phase {
    case .succeeded, .skipped, .omitted: NodeProgress(done: total, total: total)
    default: self
    }
  }
}
