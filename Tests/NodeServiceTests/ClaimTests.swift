import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import NodeService

@Suite struct ClaimTests {
  private static let spec: JSON = [
    "containers": [["name": "main", "image": "alpine", "command": ["true"], "volumeMounts": [["name": "v", "mountPath": "/v"]]]],
    "volumes": [["name": "v", "persistentVolumeClaim": ["claimName": "data"]]],
  ]
  private static let key = ResourceKey(.persistentVolumeClaim, namespace: "n", name: "data")

  @Test("a claim's directory goes with the claim") func unused() async throws {
    try await Bench.with { bench in
      try bench.claim("data")
      try bench.claim("other")
      try bench.write("x", bench.state + "/volumes/n/data/file")
      try bench.write("x", bench.state + "/volumes/n/other/file")
      try bench.store.commit([.delete(Self.key)])
      try await eventually("removed") {
        LocalFiles.names(in: bench.state + "/volumes") == ["n"] && !LocalFiles.exists(bench.state + "/volumes/n/data")
      }
      #expect(LocalFiles.exists(bench.state + "/volumes/n/other/file"))
    }
  }

  @Test("but not while a pod uses it") func used() async throws {
    try await Bench.with { bench in
      try bench.claim("data")
      try bench.create("p", spec: Self.spec)
      try await bench.started("p")
      try bench.store.commit([.delete(Self.key)])
      // The next pod's start shows that the deletion has been seen.
      try bench.create("q")
      try await bench.started("q")
      #expect(LocalFiles.exists(bench.state + "/volumes/n/data"))
      bench.end("p")
      try await eventually("removed") { !LocalFiles.exists(bench.state + "/volumes/n/data") }
    }
  }

  @Test("a claim that was deleted meanwhile loses its directory at the start") func sweep() async throws {
    let bench = try Bench()
    try bench.claim("data")
    try bench.write("x", bench.state + "/volumes/n/data/file")
    try bench.write("x", bench.state + "/volumes/n/gone/file")
    try bench.write("x", bench.state + "/volumes/.removed-n-x-1/file")
    try bench.node.start()
    defer { bench.node.stop() }
    try await eventually("removed") {
      LocalFiles.names(in: bench.state + "/volumes") == ["n"] && LocalFiles.names(in: bench.state + "/volumes/n") == ["data"]
    }
    #expect(LocalFiles.exists(bench.state + "/volumes/n/data/file"))
  }
}
