import JSONValue
import KubeModel
import WorkflowCore

/// A manifest and what its author knows of it: enough to check a run of it without asking the engine.
struct SimulatedWorkflow {
  var workflow: Resource
  var catalog: [Resource] = []
  /// By template name: names are unique over the workflow and its catalog.
  var templates: [String: TemplateFacts] = [:]
  var parallelism: Int?
  var workflowRetryLimit: Int?
  var hasExitHandler = false
  /// By the lock's name.
  var lockLimits: [String: Int] = [:]
  /// How it ends depends on the order in which things happen, not only on how each pod ends.
  var isTimingDependent = false

  var name: String { workflow.name }
  var text: String {
    ([workflow] + catalog).map { $0.json.text(.pretty) }.joined(separator: "\n---\n")
  }
}

struct TemplateFacts {
  /// Of a DAG: the condition of each task that has one.
  var depends: [String: Dependence] = [:]
  var coveredByContinueOn: [String: Set<String>] = [:]
  /// The tasks that each task waits for.
  var dependencies: [String: Set<String>] = [:]
  var conditions: [String: Condition] = [:]
  var parallelism: Int?
  /// nil: no retry strategy of its own; `.max`: no limit.
  var retryLimit: Int?
  var leaf: Leaf?
  /// Locks that a pod of the template must have.
  var locks: [LockName] = []

  struct Leaf {
    var result: ResultKind
    var hasParameter: Bool
    var isDaemon: Bool
  }
  enum ResultKind: String { case number, coin, list, word }
}

/// When a step runs, where it can be known from outside.
enum Condition {
  case never
  /// A step's result (of group `group` in steps) is this.
  case resultIs(step: String, group: Int?, value: String)
}

/// A `depends` expression.
indirect enum Dependence {
  case term(String, String?)
  case not(Dependence)
  case all(Dependence, Dependence)
  case any(Dependence, Dependence)

  var text: String {
    switch self {
    case .term(let task, let result): result.map { "\(task).\($0)" } ?? task
    case .not(let operand): "!(\(operand.text))"
    case .all(let left, let right): "(\(left.text)) && (\(right.text))"
    case .any(let left, let right): "(\(left.text)) || (\(right.text))"
    }
  }

  var tasks: Set<String> {
    switch self {
    case .term(let task, _): [task]
    case .not(let operand): operand.tasks
    case .all(let left, let right), .any(let left, let right): left.tasks.union(right.tasks)
    }
  }

  /// nil: cannot be known.
  func holds(_ term: (String, String?) -> Bool?) -> Bool? {
    switch self {
    case .term(let task, let result): return term(task, result)
    case .not(let operand): return operand.holds(term).map { !$0 }
    case .all(let left, let right):
      let (left, right) = (left.holds(term), right.holds(term))
      if left == false || right == false { return false }
      return left == nil || right == nil ? nil : true
    case .any(let left, let right):
      let (left, right) = (left.holds(term), right.holds(term))
      if left == true || right == true { return true }
      return left == nil || right == nil ? nil : false
    }
  }
}
