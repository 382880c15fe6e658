import ArgoModel
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing
import WorkflowCore

@testable import WorkflowService

/// Which ConfigMap an artifact repository is found in.
@Suite struct ArtifactRepositoriesTests {
  private func store(_ maps: [(namespace: String, name: String, annotation: String?, data: JSON)]) throws -> ResourceDatabase {
    let store = try ResourceDatabase(file: ":memory:")
    for map in maps {
      var metadata: JSON = ["name": .string(map.name), "namespace": .string(map.namespace)]
      if let key = map.annotation {
        metadata["annotations"] = ["workflows.argoproj.io/default-artifact-repository": .string(key)]
      }
      try store.create(Resource(.configMap, json: ["metadata": metadata, "data": map.data]))
    }
    return store
  }

  private func found(_ answer: ArtifactRepositoryAnswer) -> String {
    switch answer {
    case .found(let repository):
      "\(repository.reference["namespace"]?.string ?? "-")/\(repository.reference["configMap"]?.string ?? "-")"
        + "#\(repository.reference["key"]?.string ?? "-") \(ArtifactPlace(repository.location)?.json["bucket"]?.string ?? "own")"
    case .failed(let reason): reason
    }
  }

  @Test("a reference is looked for in the workflow's namespace, then in the controller's; without one the defaults count")
  func places() throws {
    let store = try store([
      ("n", "artifact-repositories", "one", ["one": "s3: {bucket: n-one}", "two": "gcs: {bucket: n-two}"]),
      ("argo", "mine", nil, ["k": "oss: {bucket: argo-k}"]), ("n", "broken", nil, ["k": "a: [b"]),
    ])
    let standard: JSON = ["s3": ["bucket": "standard"]]
    let repositories = ArtifactRepositories(store: store, controllerNamespace: "argo", standard: standard)
    #expect(found(repositories.answer(nil, namespace: "n")) == "n/artifact-repositories#one n-one")
    #expect(found(repositories.answer(["key": "two"], namespace: "n")) == "n/artifact-repositories#two n-two")
    #expect(found(repositories.answer(["configMap": "mine", "key": "k"], namespace: "n")) == "argo/mine#k argo-k")
    #expect(found(repositories.answer(nil, namespace: "other")) == "-/-#- standard")
    let missing = repositories.answer(["configMap": "mine", "key": "none"], namespace: "n")
    #expect(missing == .failed("failed to find any artifact repository for artifact repository ref \"mine#none\""))
    #expect(
      found(repositories.answer(["configMap": "broken", "key": "k"], namespace: "n")).hasPrefix("failed to unmarshall config map key \"k\"")
    )
    #expect(ArtifactRepositories(store: store, controllerNamespace: "argo", standard: nil).answer(nil, namespace: "other") == .found(.own))
  }
}
