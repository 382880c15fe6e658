import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Testing
import WorkflowCore

/// Node IDs and pod names carry a hash of 32 bits; two names of one run may share it.
@Suite struct HashCollisionTests {
  /// Numbers of items of which two expanded step names hash the same, found by trying.
  private static func collision() -> (Int, Int)? {
    var seen: [UInt32: Int] = [:]
    for number in 0..<400_000 {
      let hash = fnv1a32("w[0].f(\(number):\(number))")
      if let other = seen[hash] { return (other, number) }
      seen[hash] = number
    }
    return nil
  }

  @Test("two nodes whose names hash the same get IDs and pods of their own")
  func collide() throws {
    let (first, second) = try #require(Self.collision())
    // Items before the collision are skipped by `when`, so only the pair runs.
    let names = (first, second)
    #expect(
      NodeNames.id(workflow: "w", node: "w[0].f(\(names.0):\(names.0))")
        == NodeNames.id(workflow: "w", node: "w[0].f(\(names.1):\(names.1))"))
    let steps: JSON = [
      [
        [
          "name": "f", "template": "t", "withSequence": ["count": .string(String(second + 1))],
          "when": .string("{{item}} == \(first) || {{item}} == \(second)"),
        ]
      ]
    ]
    let workflow: JSON = [
      "metadata": ["name": "w", "namespace": "default", "uid": "u"],
      "spec": [
        "entrypoint": "main",
        "templates": [["name": "t", "container": ["image": "x", "command": ["true"]]], ["name": "main", "steps": steps]],
      ],
    ]
    var state = RunState(workflow: Resource(.workflow, json: workflow), templates: TemplateCatalog([]))
    var pods: [String] = []
    for effect in state.decide(.submitted, in: World(now: Instant(seconds: 1))) {
      if case .createPod(let pod) = effect { pods.append(pod.name) }
    }
    #expect(pods.count == 2 && Set(pods).count == 2)
    for pod in pods { _ = state.decide(.podObserved(PodObservation(podName: pod, phase: .succeeded)), in: World(now: Instant(seconds: 2))) }
    #expect(state.phase == .succeeded)
    let rows = state.nodeRows
    #expect(Set(rows.map(\.id)).count == rows.count)
  }
}
