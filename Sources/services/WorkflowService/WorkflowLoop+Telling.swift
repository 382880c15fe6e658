import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// What those who look on are told: watchers of a Workflow that its nodes have changed, and events.
extension WorkflowLoop {
  // MARK: Watchers

  /// Notes that nodes of a run have changed, of which its object says nothing.
  mutating func nodesChanged(_ uid: String, isPublished: Bool) {
    guard let interval = service.settings.republication else { return }
    let now = service.steady
    if isPublished {
      service.withRuns { $0.entries[uid]?.publishedAt = now }
      republications.remove(uid)
    } else if !republications.contains(uid) {
      let last = service.withRuns { $0.entries[uid]?.publishedAt }
      republications.set(uid, at: max(now, last.map { $0 + interval } ?? now))
    }
  }

  /// Writes a new version of the objects whose nodes have changed and that were not written lately. It need not survive a loss of power: the rows say
  /// it all.
  mutating func republish(at now: Instant) {
    for uid in republications.due(at: now) {
      let found = service.withRuns { table -> (ResourceKey, String)? in
        guard let entry = table.entries[uid] else { return nil }
        table.entries[uid]?.publishedAt = now
        return (entry.workflow, entry.state.progress)
      }
      guard let (key, progress) = found else { continue }
      let status: JSON = ["progress": .string(progress), WorkflowService.revisionField: .int(service.now.milliseconds)]
      // A Workflow that was deleted meanwhile is no matter.
      _ = try? service.storage.commit([.patch(key, ["status": status])], isDurable: false)
    }
  }

  // MARK: Events

  /// Tells what a commit changed in a run, in Argo's words (spec 2.20).
  mutating func tellEvents(_ progress: RunProgress, before: WorkflowPhase?) {
    guard let events = service.events else { return }
    let settings = service.settings
    let about = Resource(
      .workflow,
      json: [
        "metadata": [
          "name": .string(progress.workflow.name), "namespace": .string(progress.workflow.namespace), "uid": .string(progress.runUID),
        ]
      ])
    if settings.tellsNodeEvents { tellNodes(progress, about: about, arePods: settings.nodeEventsArePods, to: events) }
    guard settings.tellsWorkflowEvents, progress.hasChangedStatus, progress.phase != before else { return }
    let (kind, reason, message): (ObjectEvent.Kind, String, String)
    switch progress.phase {
    case .running: (kind, reason, message) = (.normal, "WorkflowRunning", "Workflow Running")
    case .succeeded: (kind, reason, message) = (.normal, "WorkflowSucceeded", "Workflow completed")
    case .failed, .error: (kind, reason, message) = (.warning, "WorkflowFailed", progress.message)
    default: return
    }
    events.record(ObjectEvent(kind, reason: reason, message: message, about: about, component: Self.component))
  }

  static var component: String { "workflow-controller" }

  private mutating func tellNodes(_ progress: RunProgress, about workflow: Resource, arePods: Bool, to events: any EventRecording) {
    let uid = progress.runUID
    for row in progress.nodes {
      guard let phase = NodePhase(rawValue: row.phase) else { continue }
      let earlier = service.withRuns { table in table.entries[uid]?.toldPhases.update(row.index, phase) ?? nil }
      guard earlier != phase else { continue }
      // One that was over before it was seen to run ran all the same.
      let hasSkippedRunning = phase.isFulfilled && phase != .skipped && phase != .omitted && (earlier == nil || earlier == .pending)
      if hasSkippedRunning { tell(row, phase: "Running", message: "", workflow, arePods, to: events) }
      guard earlier != nil || phase == .running || hasSkippedRunning else { continue }
      tell(row, phase: row.phase, message: row.record.json.at("status", "message")?.string ?? "", workflow, arePods, to: events)
    }
  }

  private func tell(
    _ row: NodeRow, phase: String, message: String, _ workflow: Resource, _ isPod: Bool, to events: any EventRecording
  ) {
    let status = row.record.json["status"] ?? .null
    let name = status["name"]?.string ?? ""
    var about = workflow
    if isPod, status["type"]?.string == "Pod",
      let pods = try? service.storage.list(
        .pod, namespace: workflow.namespace, labels: LabelSelector([.equals(ArgoKey.workflow, workflow.name)])),
      let pod = pods.first(where: { $0.annotation(ArgoKey.nodeID) == row.id })
    {
      about = pod
    }
    let isNormal = phase == "Succeeded" || phase == "Running"
    var event = ObjectEvent(
      isNormal ? .normal : .warning, reason: "WorkflowNode" + phase,
      message: "\(phase) node \(name)" + (message.isEmpty ? "" : ": \(message)"), about: about, component: Self.component)
    event.annotations = [ArgoKey.nodeName: name, ArgoKey.nodeType: status["type"]?.string ?? "", ArgoKey.nodeID: row.id]
    events.record(event)
  }
}
