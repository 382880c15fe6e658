import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel

/// Deletes artifacts as a `WorkflowArtifactGCTask` says (spec 2.21).
extension NodeService {
  /// Does a task on a worker and writes its outcome; tells the service's thread when that is done.
  func collectArtifacts(_ task: Resource) {
    onWorker { [self] in
      defer { inbox.post(.artifactsCollected(task.uid)) }
      guard !isStopping else { return }
      var results: JSONObject = [:]
      for (node, entry) in task.spec["artifactsByNode"]?.object ?? [:] {
        var outcomes: JSONObject = [:]
        for (name, artifact) in entry["artifacts"]?.object ?? [:] {
          outcomes[name] = delete(artifact, named: name, archiveLocation: entry["archiveLocation"], namespace: task.namespace)
        }
        results[node] = ["artifactResults": .object(outcomes)]
      }
      do throws(KubeStatus) {
        try store.commit([.patch(task.key, ["status": ["artifactResultsByNode": .object(results)]])])
      } catch  where error.reason != .notFound {
        Diagnostics.report("cannot store that artifacts were deleted (\(task.name)): \(error.message)")
      } catch {}
    }
  }

  /// One artifact's outcome, as Argo's `ArtifactResult`. Deleting what is gone already is a success.
  private func delete(_ artifact: JSON, named name: String, archiveLocation: JSON?, namespace: String) -> JSON {
    let context = ArtifactContext(namespace: namespace, keyPrefix: "", secrets: StoredSecrets(store: store))
    do throws(ArtifactFailure) {
      try artifacts.delete(Artifact.relocated(artifact, to: archiveLocation), context: context)
      return ["name": .string(name), "success": true]
    } catch {
      return ["name": .string(name), "success": false, "error": .string("\(error)")]
    }
  }
}
