import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel

/// A task that the agent has taken up and that is not deleted yet.
struct AgentTask: Sendable {
  enum Step: Sendable {
    /// For a call of the run to end.
    case queued
    case calling
    /// For its plugin to start.
    case parked
    /// For its time to be called again.
    case waiting
    /// Its result is told; the object goes when the engine has taken it.
    case over
  }

  let key: ResourceKey
  let uid: String
  let nodeID: String
  let run: String
  let workflow: String
  let template: JSON
  let inlinePlugins: JSON?
  var step = Step.queued
  /// Of the last call; what answers another one comes too late.
  var number = 0
  var handle: (any HTTPCallHandle)?
  /// The plugins to ask, and which is next; nil until they are looked up.
  var plugins: [ExecutorPlugin]?
  var position = 0
  /// Calls of this plugin that failed in passing.
  var failures = 0
  /// What was told last.
  var told: TaskResult?

  var slot: String { Self.slot(key) }
  static func slot(_ key: ResourceKey) -> String { key.namespace + "/" + key.name }

  var isPlugin: Bool { template.present("plugin") != nil }

  /// nil for an object that is no task of this engine.
  init?(_ taskSet: Resource) {
    guard let task = taskSet.spec["tasks"]?.object?.first, let run = taskSet.owningWorkflow, task.key == taskSet.name else { return nil }
    key = taskSet.key
    uid = taskSet.uid
    nodeID = task.key
    template = task.value
    self.run = run.uid
    workflow = run.name
    inlinePlugins = taskSet.spec.present("executorPlugins")
    guard let result = taskSet.status.at("nodes", nodeID) else { return }
    let told = TaskResult(result["phase"]?.string ?? "", result["message"]?.string ?? "", outputs: result.present("outputs"))
    if told.isFinal { step = .over }
    self.told = told
  }
}

/// The calls of one run.
struct AgentRun: Sendable {
  var calls = 0
  /// Tasks that wait for one of them to end, oldest first from `first`.
  private var queue: [String] = []
  private var first = 0
  /// Tasks of the run that the agent holds.
  var tasks = 0
  /// Plugins that answered 404.
  var deafPlugins: Set<ExecutorPlugin> = []

  mutating func enqueue(_ slot: String) { queue.append(slot) }

  mutating func next() -> String? {
    guard first < queue.count else { return nil }
    first += 1
    let slot = queue[first - 1]
    if first > 64, first * 2 > queue.count {
      queue.removeFirst(first)
      first = 0
    }
    return slot
  }
}
