import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import NodeService

/// Pods of workflows whose Secrets and ConfigMaps are not there, on a server: as a kubelet treats them.
@Suite struct ConfigurationWaitTests {
  private func with(maximumPods: Int = 10, _ body: (Bench) async throws -> Void) async throws {
    let bench = try Bench(maximumPods: maximumPods, waitsForConfiguration: true)
    try bench.node.start()
    defer { bench.node.stop() }
    try await body(bench)
  }

  private static let needsSecret = container(["env": [["name": "A", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]]]])

  private func waiting(_ bench: Bench, _ pod: String) throws -> JSON? {
    try bench.status(pod)["containerStatuses"]?[0]?.at("state", "waiting")
  }

  @Test("a step waits as CreateContainerConfigError, and begins when what it lacks is there, key and all") func comes() async throws {
    try await with { bench in
      try bench.create("p", spec: Self.needsSecret)
      try await eventually("waits") { try waiting(bench, "p")?["reason"] == "CreateContainerConfigError" }
      #expect(try waiting(bench, "p")?["message"] == "secret \"s\" not found")
      #expect(try bench.phase("p") == "Pending")
      try bench.secret("s", ["other": "v"])
      try await eventually("waits for the key") { try waiting(bench, "p")?["message"] == "couldn't find key k in Secret n/s" }
      try bench.store.commit([.patch(ResourceKey(.secret, namespace: "n", name: "s"), ["stringData": ["k": "v"]])])
      try await bench.started("p")
      #expect(bench.runner.plan("p")?.variable("A") == "v")
      bench.end("p")
      try await bench.reaches("p", "Succeeded")
    }
  }

  @Test("a step waits for its volumes' ConfigMap too, and its status says which") func volume() async throws {
    try await with { bench in
      var spec = container(["volumeMounts": [["name": "v", "mountPath": "/v"]]])
      spec["volumes"] = [["name": "v", "configMap": ["name": "c"]]]
      try bench.create("p", spec: spec)
      let message = "MountVolume.SetUp failed for volume \"v\" : configmap \"c\" not found"
      try await eventually("waits") { try waiting(bench, "p") == ["reason": "ContainerCreating", "message": .string(message)] }
      try bench.configMap("c", ["f": "x"])
      try await bench.started("p")
    }
  }

  @Test("pods that wait leave their places to others, and take one again when they can begin") func places() async throws {
    try await with(maximumPods: 1) { bench in
      try bench.create("p", spec: Self.needsSecret)
      try await eventually("waits") { try waiting(bench, "p") != nil }
      try bench.create("q")
      try await bench.started("q")
      try bench.secret("s", ["k": "v"])
      try bench.create("r")
      bench.end("q")
      try await bench.reaches("q", "Succeeded")
      // One after the other, whichever comes first.
      try await eventually("one begins") { bench.runner.started.count == 2 }
      let second = try #require(bench.runner.started.last)
      bench.end(second)
      try await bench.reaches(second, "Succeeded")
      try await eventually("so does the last") { bench.runner.started.count == 3 }
      #expect(Set(bench.runner.started) == ["p", "q", "r"])
    }
  }

  @Test("a step that waits is stopped and deleted as any other") func ends() async throws {
    try await with { bench in
      for name in ["p", "q"] {
        try bench.create(name, spec: Self.needsSecret)
        try await eventually("waits") { try waiting(bench, name) != nil }
      }
      try bench.store.commit([.patch(Bench.key("p"), ["metadata": ["annotations": [stopAnnotation: "terminate"]]])])
      try await bench.reaches("p", "Failed")
      let directory = try bench.directory("q")
      try bench.store.commit([.delete(Bench.key("q"))])
      try await eventually("nothing is left of it") { !LocalFiles.exists(directory) }
      try bench.secret("s", ["k": "v"])
      try bench.create("r", spec: Self.needsSecret)
      try await bench.started("r")
      #expect(bench.runner.started == ["r"])
    }
  }

  @Test("where nobody could add it, a step fails at once and says what is missing") func failsAtOnce() async throws {
    try await Bench.with { bench in
      try bench.create("p", spec: Self.needsSecret)
      try await bench.reaches("p", "Failed")
      #expect(try bench.status("p").text().contains("not found"))
    }
  }
}
