import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import NodeService

/// Deleting artifacts as `WorkflowArtifactGCTask`s say.
@Suite struct ArtifactCollectionTests {
  private static func task(_ name: String) -> Resource {
    Resource(
      .workflowArtifactGCTask,
      json: [
        "metadata": ["name": .string(name), "namespace": "n"],
        "spec": [
          "artifactsByNode": [
            "wf-1": [
              "archiveLocation": ["s3": ["endpoint": "e", "bucket": "b", "key": "p"]],
              "artifacts": ["a": ["name": "a", "s3": ["key": "k/a"]], "bad": ["name": "bad", "s3": ["key": "k/bad"], "broken": true]],
            ]
          ]
        ],
      ])
  }

  private func done(_ bench: Bench, _ name: String) async throws -> JSON {
    let key = ResourceKey(.workflowArtifactGCTask, namespace: "n", name: name)
    try await eventually("\(name) done") { try bench.store.get(key)?.status["artifactResultsByNode"] != nil }
    return try #require(try bench.store.get(key)?.status.at("artifactResultsByNode", "wf-1", "artifactResults"))
  }

  @Test("each artifact is deleted where it lies, and the outcome says which could not be")
  func deleted() async throws {
    try await Bench.with { bench in
      try bench.store.create(Self.task("t"))
      let results = try await done(bench, "t")
      #expect(results["a"] == ["name": "a", "success": true])
      #expect(results["bad"] == ["name": "bad", "success": false, "error": "no route to host"])
      let places = bench.artifacts.deletions.withLock { $0.map { $0["s3"] } }
      #expect(places.contains(["endpoint": "e", "bucket": "b", "key": "k/a"]))
    }
  }

  @Test("a task from before the start is done as well, and waited for")
  func adopted() async throws {
    let bench = try Bench()
    try bench.store.create(Self.task("t"))
    try bench.node.start()
    defer { bench.node.stop() }
    bench.node.waitUntilIdle(timeout: TimeSpan(seconds: 20))
    _ = try await done(bench, "t")
  }
}
