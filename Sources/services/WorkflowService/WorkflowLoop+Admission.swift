import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// What may not begin: workflows that are wrong, and pods of accounts that are not there.
extension WorkflowLoop {
  /// Ends a workflow that validation refuses, in Argo's words. False: it may begin.
  mutating func refuse(_ workflow: Resource) -> Bool {
    guard workflow.status["phase"]?.string?.isEmpty != false, let problem = service.settings.problem(workflow) else { return false }
    let message = "invalid spec: " + problem
    let now = service.now
    let phase: JSON = .string(WorkflowPhase.failed.rawValue)
    let patch: JSON = [
      "metadata": ["labels": [ArgoKey.phase: phase, ArgoKey.completed: "true"]],
      "status": [
        "phase": phase, "message": .string(message), "startedAt": .string(now.rfc3339), "finishedAt": .string(now.rfc3339),
        "progress": "0/0", "conditions": [["type": "Completed", "status": "True"]],
      ],
    ]
    var refused = workflow
    refused.json = workflow.json.merged(with: patch)
    cleanup.append([.patch(workflow.key, patch)] + archiving(refused))
    reports.append(
      RunProgress(
        runUID: workflow.uid, workflow: workflow.key, phase: .failed, message: message, startedAt: now, finishedAt: now,
        hasChangedStatus: true, nodes: [], isFinished: true))
    return true
  }

  /// Why a pod cannot be made: its service account is not there (Kubernetes' admission plugin `ServiceAccount`); nil when it can.
  func refusal(of pod: Resource) -> String? {
    guard service.settings.checksServiceAccounts else { return nil }
    let named = pod.spec["serviceAccountName"]?.string ?? ""
    let account = named.isEmpty ? "default" : named
    let key = ResourceKey(.serviceAccount, namespace: pod.namespace, name: account)
    // A store that cannot be read just now is no reason.
    guard let found = try? store(has: key), !found else { return nil }
    return "pods \"\(pod.name)\" is forbidden: error looking up service account \(pod.namespace)/\(account): "
      + "serviceaccount \"\(account)\" not found"
  }

  private func store(has key: ResourceKey) throws(KubeStatus) -> Bool { try service.storage.get(key) != nil }

  /// Lets runs know of pods that could not be made.
  mutating func tellRefusals() {
    let refused = refusedPods
    refusedPods.removeAll()
    for (uid, name, message) in refused {
      var seen = PodObservation(podName: name, phase: .failed, message: message)
      seen.isInfrastructureError = true
      decide(uid, .podObserved(seen))
    }
  }

  // MARK: Configuration

  /// The controller's configuration maps that count.
  func configurationMaps() throws(KubeStatus) -> [Resource] {
    let namespaces = service.settings.configurationNamespaces
    return try service.storage.list(.configMap, namespace: nil, labels: .everything).filter { map in
      map.name == Self.configurationName && (namespaces.map { $0.contains(map.namespace) } ?? true)
    }
  }

  /// Takes over what a changed configuration map says; what runs keeps the specification that it began with.
  mutating func reconfigure() {
    if let reading = service.settings.reading, let maps = try? configurationMaps() {
      service.adopt(reading(maps))
      for phase in [WorkflowPhase.succeeded, .failed, .error] { retain(after: phase) }
    }
    refreshRunLimits()
  }
}
