import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// What is removed by itself (spec 1.1, 2.21): finished workflows at the end of their time, those beyond the retention policy, and pods.
/// Nothing of this is kept: the objects say it all, so that a restart finds the same.
extension WorkflowLoop {
  /// Removes what is due at a moment.
  mutating func collect(at now: Instant) {
    for key in collections.due(at: now) {
      switch key.kind {
      case .workflow:
        // It may have been retried or deleted meanwhile.
        guard let workflow = try? service.storage.get(key), workflow.workflowPhase.isCompleted else { continue }
        cleanup.append(archivingStored(workflow) + [.delete(key)])
      default: cleanup.append([.delete(key)])
      }
    }
  }

  // MARK: Workflows

  /// Sets the end of a workflow that is over, or, where it is not, forgets what was set.
  mutating func expire(_ workflow: Resource, strategy: TTLStrategy?) {
    let phase = workflow.workflowPhase
    guard workflow.deletionTimestamp == nil, let span = strategy?.span(after: phase) else {
      collections.remove(workflow.key)
      return
    }
    let steady = service.steady
    let clock = clocksOfFinished[workflow.uid] ?? ahead(workflow.uid)
    clocksOfFinished[workflow.uid] = clock
    let finishedAt = workflow.status.text("finishedAt").flatMap(Instant.init(rfc3339:)).map { $0 - clock }
    collections.set(workflow.key, at: min(finishedAt ?? steady, steady) + span)
  }

  /// The strategy of a workflow that is over: its own, or that of the specification it ran with.
  func ttlStrategy(of workflow: Resource) -> TTLStrategy? {
    if let own = TTLStrategy(workflow.spec["ttlStrategy"]) { return own }
    let mayInherit = workflow.spec.present("workflowTemplateRef") != nil || service.settings.defaults?.spec.present("ttlStrategy") != nil
    guard mayInherit, let row = try? service.storage.runs(uid: workflow.uid).first else { return nil }
    return TTLStrategy(row.header.at("spec", "ttlStrategy"))
  }

  /// Deletes the oldest of the finished workflows beyond the retention policy.
  mutating func retain(after phase: WorkflowPhase) {
    guard let limit = service.settings.retention?.limit(of: phase) else { return }
    let selector = LabelSelector([.equals(ArgoKey.completed, "true"), .equals(ArgoKey.phase, phase.rawValue)])
    guard let finished = try? service.storage.list(.workflow, namespace: nil, labels: selector) else { return }
    let oldest = finished.sorted { ($0.creationTimestamp ?? Instant(milliseconds: 0)) < ($1.creationTimestamp ?? Instant(milliseconds: 0)) }
    for workflow in oldest.prefix(max(0, finished.count - Int(clamping: limit))) {
      cleanup.append(archivingStored(workflow) + [.delete(workflow.key)])
    }
  }

  // MARK: Pods

  /// Sets the end of a pod that is over, if its workflow wants that. `phase`: its workflow's.
  mutating func collect(_ pod: Resource, workflow phase: WorkflowPhase) {
    let podPhase = pod.status["phase"]?.string
    guard podPhase == "Succeeded" || podPhase == "Failed", pod.deletionTimestamp == nil,
      let podGC = PodGC(annotation: pod.annotation(ArgoKey.podGCStrategy)),
      podGC.collects(podSucceeded: podPhase == "Succeeded", workflow: phase), !collections.contains(pod.key)
    else { return }
    collections.set(pod.key, at: service.steady + (podGC.delay ?? service.settings.podGCDelay))
  }

  /// Sets the end of the pods that waited for the end of their workflow.
  mutating func collectPods(of workflow: ResourceKey, uid: String, phase: WorkflowPhase) {
    let selector = LabelSelector([.equals(ArgoKey.workflow, workflow.name)])
    let pods = (try? service.storage.list(.pod, namespace: workflow.namespace, labels: selector)) ?? []
    for pod in pods where pod.owningRun == uid { collect(pod, workflow: phase) }
  }
}
