import ArgoModel
import Basics
import JSONValue
import KubeModel
import Templating

/// One decision about a CronWorkflow: the object as it becomes, and what is done on the way.
struct CronWork {
  private(set) var resource: Resource
  private let before: Resource
  private let world: CronWorld
  private var effects: [CronEffect] = []

  private static let lastUsedSchedule = "cronworkflows.argoproj.io/last-used-schedule"
  private static let completedLabel = "workflows.argoproj.io/cron-workflow-completed"
  private static let propagatedLabels = [
    "workflows.argoproj.io/creator", "workflows.argoproj.io/creator-email", "workflows.argoproj.io/creator-preferred-username",
    "workflows.argoproj.io/controller-instanceid",
  ]

  init(resource: Resource, world: CronWorld) {
    self.resource = resource
    before = resource
    self.world = world
  }

  /// The effects, with the object's change as a merge patch at their end.
  mutating func finish() -> [CronEffect] {
    var patch = JSONObject()
    if resource.status != before.status { patch["status"] = resource.status }
    var metadata = JSONObject()
    for field in ["labels", "annotations"] where resource.metadata[field] != before.metadata[field] {
      metadata[field] = resource.metadata[field]
    }
    if !metadata.isEmpty { patch["metadata"] = .object(metadata) }
    return patch.isEmpty ? effects : effects + [.update(.object(patch))]
  }

  // MARK: The object

  var isStopped: Bool { resource.status["phase"]?.string == "Stopped" }

  /// The schedule is not the one of the last run, so that nothing of it can have been missed.
  func usesNewSchedule(_ text: String) -> Bool { resource.annotation(Self.lastUsedSchedule) != text }

  mutating func rememberSchedule(_ text: String) { set("annotations", Self.lastUsedSchedule, text) }

  private mutating func set(_ field: String, _ key: String, _ value: String) {
    var metadata = resource.metadata
    var members = metadata[field] ?? .object([:])
    members[key] = .string(value)
    metadata[field] = members
    resource.metadata = metadata
  }

  /// Adds or replaces a condition. A submission that fails counts as a failed run.
  mutating func report(_ type: String, _ message: String) {
    drop(condition: type)
    var conditions = resource.status.list("conditions")
    conditions.append(["type": .string(type), "message": .string(message), "status": "True"])
    resource.status["conditions"] = .array(conditions)
    if type == "SubmissionError" { count("failed") }
  }

  private mutating func drop(condition type: String) {
    let conditions = resource.status.list("conditions").filter { $0["type"]?.string != type }
    guard conditions.count != resource.status.list("conditions").count else { return }
    resource.status["conditions"] = .array(conditions)
  }

  private mutating func count(_ field: String) { resource.status[field] = .int((resource.status[field]?.int ?? 0) + 1) }

  // MARK: Whether to run

  mutating func isValid() -> Bool {
    if let problem = world.problem(resource) {
      report("SpecError", problem)
      return false
    }
    drop(condition: "SpecError")
    return true
  }

  /// Evaluates the stop strategy; false when it cannot be. Once its expression was true nothing runs any more.
  mutating func checkStop() -> Bool {
    guard let expression = resource.spec.at("stopStrategy", "expression")?.string, !expression.isEmpty else { return true }
    do throws(CronProblem) {
      if try evaluate(condition: expression) {
        resource.status["phase"] = "Stopped"
        set("labels", Self.completedLabel, "true")
      }
      return true
    } catch {
      report(
        "SpecError",
        "failed to check CronWorkflow '\(resource.name)' stopping condition: failed to evaluate stop expression: \(error.message)")
      return false
    }
  }

  /// Suspension, stop, `when` and the concurrency policy, in Argo's order.
  mutating func mayRun() -> Bool {
    guard resource.spec["suspend"]?.bool != true, !isStopped else { return false }
    do throws(CronProblem) {
      guard try evaluateWhen() else { return false }
    } catch {
      report("SubmissionError", "run policy error: \(error.message)")
      return false
    }
    let active = resource.status.list("active")
    switch resource.spec["concurrencyPolicy"]?.string ?? "" {
    case "", "Allow": return true
    case "Forbid": return active.isEmpty
    case "Replace":
      effects += active.compactMap { $0["name"]?.string }.map { .terminate($0) }
      return true
    case let other:
      report("SubmissionError", "run policy error: invalid ConcurrencyPolicy: \(other)")
      return false
    }
  }

  private func evaluateWhen() throws(CronProblem) -> Bool {
    guard let text = resource.spec["when"]?.string, !text.isEmpty else { return true }
    let texts = ["cronworkflow.name": resource.name, "cronworkflow.namespace": resource.namespace]
    let substitution = Substitution(scope: ValueScope(["cronworkflow": .map(variables)], now: world.now)) { name in
      texts[name].map { .text($0) } ?? .unknown
    }
    let condition: String
    do throws(SubstitutionError) {
      condition = try substitution.apply(to: TagTemplate(compiling: text))
    } catch {
      throw CronProblem(message: error.description)
    }
    // Bare words are no strings here, unlike in the `when` of steps.
    do throws(WhenError) {
      return try WhenCondition.evaluate(condition, barewordsAreStrings: false)
    } catch {
      throw CronProblem(message: error.message)
    }
  }

  private func evaluate(condition source: String) throws(CronProblem) -> Bool {
    let value: ExprValue
    do throws(ExpressionError) {
      value = try Expression(compiling: source).evaluate(in: ValueScope(["cronworkflow": .map(variables)], now: world.now))
    } catch {
      throw CronProblem(message: error.description)
    }
    guard case .bool(let result) = value else { throw CronProblem(message: "unable to cast expression result '\(value)' to bool") }
    return result
  }

  /// The variables below `cronworkflow.` (spec 3.3). As in Argo, `annotations` holds the labels.
  private var variables: [String: ExprValue] {
    let labels = ExprValue(resource.metadata["labels"] ?? .object([:]))
    var members: [String: ExprValue] = [
      "name": .string(resource.name), "namespace": .string(resource.namespace), "labels": labels, "annotations": labels,
      "failed": .int(resource.status["failed"]?.int ?? 0), "succeeded": .int(resource.status["succeeded"]?.int ?? 0),
      "lastScheduledTime": .nil,
    ]
    if let time = resource.status["lastScheduledTime"]?.string.flatMap(Instant.init(rfc3339:)) {
      members["lastScheduledTime"] = .time(time)
    }
    return members
  }

  // MARK: Running

  /// The workflow of a run.
  func child(at time: Instant) -> Resource {
    let metadata = resource.spec["workflowMetadata"]
    var labels = JSONObject()
    for key in Self.propagatedLabels { if let value = resource.label(key) { labels[key] = .string(value) } }
    labels[ArgoKey.cronWorkflow] = .string(resource.name)
    for (key, value) in metadata?["labels"]?.object ?? [:] { labels[key] = value }
    var annotations: JSONObject = [ArgoKey.scheduledTime: .string(time.rfc3339)]
    for (key, value) in metadata?["annotations"]?.object ?? [:] { annotations[key] = value }
    var object: JSONObject = [
      "name": .string("\(resource.name)-\(time.milliseconds.floorDivided(by: 1000))"), "namespace": .string(resource.namespace),
      "labels": .object(labels), "annotations": .object(annotations),
      "ownerReferences": [
        [
          "apiVersion": "argoproj.io/v1alpha1", "kind": "CronWorkflow", "name": .string(resource.name), "uid": .string(resource.uid),
          "controller": true, "blockOwnerDeletion": true,
        ]
      ],
    ]
    if let finalizers = metadata?["finalizers"] { object["finalizers"] = finalizers }
    return Resource(.workflow, json: ["metadata": .object(object), "spec": resource.spec["workflowSpec"] ?? .object([:])])
  }

  mutating func submit(_ child: Resource, at time: Instant) {
    effects.append(.submit(child))
    resource.status["phase"] = "Active"
    resource.status["lastScheduledTime"] = .string(time.rfc3339)
    drop(condition: "SubmissionError")
  }

  // MARK: Its workflows

  /// Brings `active` and the counters up to date, and keeps as many finished workflows as the history limits say.
  mutating func reconcile(_ children: [String: CronChild]) {
    func newest(_ isWanted: (CronChild) -> Bool) -> [CronChild] {
      children.values.filter { $0.phase.isCompleted && isWanted($0) }
        .sorted { ($0.finishedAt?.milliseconds ?? 0, $0.name) > ($1.finishedAt?.milliseconds ?? 0, $1.name) }
    }
    func limit(_ field: String, _ standard: Int64) -> Int {
      let value = resource.spec[field]?.looseInt ?? standard
      return Int(clamping: value >= 0 ? value : standard)
    }
    let surplus =
      newest { $0.phase == .succeeded }.dropFirst(limit("successfulJobsHistoryLimit", 3))
      + newest { $0.phase != .succeeded }.dropFirst(limit("failedJobsHistoryLimit", 1))
    effects += surplus.map { .delete($0.name) }

    var active = resource.status.list("active")
    for child in children.values.sorted(by: { $0.name < $1.name }) where !child.phase.isCompleted {
      if active.contains(where: { $0["uid"]?.string == child.uid }) { continue }
      active.append([
        "apiVersion": "argoproj.io/v1alpha1", "kind": "Workflow", "name": .string(child.name), "namespace": .string(resource.namespace),
        "uid": .string(child.uid), "resourceVersion": .string(String(child.resourceVersion)),
      ])
    }
    var kept: [JSON] = []
    for reference in active {
      let child = children[reference["uid"]?.string ?? ""]
      if let child, !child.phase.isCompleted {
        kept.append(reference)
      } else if let child {
        count(child.phase == .succeeded ? "succeeded" : "failed")
        _ = checkStop()
      }
    }
    if kept != resource.status.list("active") || resource.status["active"] == nil && !kept.isEmpty {
      resource.status["active"] = .array(kept)
    }
  }
}

/// Why a condition of a CronWorkflow has no value.
struct CronProblem: Error {
  var message: String
}
