import ArgoModel
import Basics
import JSONValue
import KubeModel

/// Artifacts that are deleted with their workflow's end or deletion (spec 1.1 `artifactGC`, 2.21).
extension RunState {
  package enum ArtifactGCStrategy: String, Sendable, Hashable {
    case onWorkflowCompletion = "OnWorkflowCompletion"
    case onWorkflowDeletion = "OnWorkflowDeletion"

    var abbreviation: String { self == .onWorkflowCompletion ? "wfcomp" : "wfdel" }
  }

  /// Whether an artifact of the run is to be deleted at some time, as far as nodes have reported.
  package var collectsArtifacts: Bool { header.collectsArtifacts }

  /// The task that deletes what a strategy asks for now and has not been deleted: by node the artifacts, and where they lie that have only
  /// a key. With the workflow's deletion goes also what should have gone with its completion. nil when there is nothing to do. Argo's
  /// `WorkflowArtifactGCTask`, named for the workflow and its uid, so that a later workflow of the name does not meet it.
  package func artifactGCTask(_ strategy: ArtifactGCStrategy) -> Resource? {
    guard header.collectsArtifacts else { return nil }
    var nodesByID = JSONObject()
    for node in nodes where node.type == .pod {
      var artifacts = JSONObject()
      for artifact in node.outputs?.list("artifacts") ?? [] where artifact["deleted"]?.bool != true {
        guard let name = artifact["name"]?.string, let wanted = gcStrategy(of: artifact) else { continue }
        if wanted == strategy || strategy == .onWorkflowDeletion { artifacts[name] = artifact }
      }
      guard !artifacts.isEmpty else { continue }
      nodesByID[node.id] = ["archiveLocation": header.repository.location, "artifacts": .object(artifacts)]
    }
    guard !nodesByID.isEmpty else { return nil }
    var annotations: JSONObject = ["workflows.argoproj.io/artifact-gc-strategy": .string(strategy.rawValue)]
    var metadata: JSONObject = [
      "name": .string("\(name)-artgc-\(strategy.abbreviation)-\(fnv1a32(uid))-0"), "namespace": .string(namespace),
      "labels": [ArgoKey.workflow: .string(name)],
    ]
    // One that begins with the deletion outlives its workflow.
    if strategy == .onWorkflowCompletion {
      metadata["ownerReferences"] = [ownerReference]
    } else {
      annotations[Self.deletedRun] = .string(uid)
    }
    metadata["annotations"] = .object(annotations)
    return Resource(.workflowArtifactGCTask, json: ["metadata": .object(metadata), "spec": ["artifactsByNode": .object(nodesByID)]])
  }

  /// Annotation of a task that has no owner: the uid of its workflow, which may be archived.
  private static var deletedRun: String { "argosy.io/workflow-uid" }

  /// The run whose artifacts a task deletes.
  package static func run(ofTask task: Resource) -> String? { task.owningRun ?? task.annotation(deletedRun) }

  /// Takes over what a task did: artifacts that are gone are marked so, the first error becomes the condition `ArtifactGCError`.
  /// - Returns: whether everything of the task is gone.
  package mutating func artifactsCollected(_ task: Resource) -> Bool {
    var isComplete = true
    let results = task.status["artifactResultsByNode"]?.object ?? [:]
    for index in nodes.indices {
      guard let result = results[nodes[index].id], case .array(var artifacts)? = nodes[index].outputs?["artifacts"] else { continue }
      for (place, artifact) in artifacts.enumerated() {
        guard let name = artifact["name"]?.string, let outcome = result.at("artifactResults", name) else { continue }
        if outcome["success"]?.bool == true {
          artifacts[place]["deleted"] = true
        } else {
          isComplete = false
          header.artifactGCError = "\(outcome["error"]?.string ?? "") (artifactGCTask: \(task.name))"
          isHeaderChanged = true
        }
      }
      nodes[index].outputs?["artifacts"] = .array(artifacts)
      changedNodes.insert(index)
    }
    return isComplete
  }

  /// Notes at a pod's end whether something of it will have to be deleted.
  mutating func noteArtifactGC(_ outputs: JSON?) {
    guard !header.collectsArtifacts, let artifacts = outputs?.list("artifacts"), !artifacts.isEmpty else { return }
    for artifact in artifacts where gcStrategy(of: artifact) != nil {
      header.collectsArtifacts = true
      isHeaderChanged = true
      return
    }
  }

  /// The artifact's own strategy, else the workflow's; nil: it is kept.
  private func gcStrategy(of artifact: JSON) -> ArtifactGCStrategy? {
    let own = artifact.at("artifactGC", "strategy")?.string ?? ""
    let strategy = own.isEmpty ? spec.json.at("artifactGC", "strategy")?.string ?? "" : own
    return ArtifactGCStrategy(rawValue: strategy)
  }
}
