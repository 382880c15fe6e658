import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import NodeService

/// What resource templates may do where several people share a server.
@Suite struct ActionRightsTests {
  /// Allows what it was told of, as `verb resource`.
  private final class Rules: Authorizing {
    let allowed: Set<String>
    let asked = Mutex<[AccessAttributes]>([])
    init(_ allowed: Set<String>) { self.allowed = allowed }
    func decide(_ attributes: AccessAttributes) -> AccessDecision {
      asked.withLock { $0.append(attributes) }
      return AccessDecision(isAllowed: allowed.contains("\(attributes.verb) \(attributes.resource)"), reason: "")
    }
  }

  private struct Label: Admitting {
    func admit(_ request: inout AdmissionRequest) throws(KubeStatus) {
      if request.key.name == "refused" { throw KubeStatus(.forbidden, "configmaps \"refused\" is forbidden: not here") }
      request.new?.setLabel("admitted", request.user.name.contains("robot") ? "robot" : "other")
    }
  }

  private func map(_ name: String) -> JSON {
    .string("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: \(name)}\ndata: {a: '1'}\n")
  }

  private func with(_ allowed: Set<String>, _ body: (Bench, Rules) async throws -> Void) async throws {
    let rules = Rules(allowed)
    let bench = try Bench(helpers: NodeHelpers(authorizer: rules, admitters: [Label()]))
    try bench.node.start()
    defer { bench.node.stop() }
    try await body(bench, rules)
  }

  private func refused(_ verb: String, named name: String = "") -> String {
    let object = name.isEmpty ? "configmaps is" : "configmaps \"\(name)\" is"
    return "\(object) forbidden: User \"system:serviceaccount:n:robot\" cannot \(verb) resource \"configmaps\" in API group \"\" "
      + "in the namespace \"n\""
  }

  @Test("an action does what its pod's service account may, and is refused the rest in Kubernetes' words")
  func refusals() async throws {
    try await with(["get configmaps"]) { bench, rules in
      let robot: JSONObject = ["serviceAccountName": "robot"]
      func outcome(_ pod: String, _ resource: JSON) async throws -> String {
        try bench.act(pod, resource, spec: robot)
        return try await bench.ending(pod)
      }
      let prefix = "64: no more retries Error from server (Forbidden): "
      #expect(
        try await outcome("a", ["action": "create", "manifest": map("cm")])
          == prefix + "error when creating \"/tmp/manifest.yaml\": " + refused("create"))
      #expect(
        try await outcome("b", ["action": "apply", "manifest": map("cm")])
          == prefix + "error when creating \"/tmp/manifest.yaml\": " + refused("create"))
      try bench.store.create(Resource(.configMap, json: ["metadata": ["name": "cm", "namespace": "n"], "data": ["a": "0"]]))
      #expect(try await outcome("c", ["action": "get", "manifest": map("cm")]) == "")
      #expect(try await outcome("d", ["action": "patch", "manifest": map("cm")]) == prefix + refused("patch", named: "cm"))
      #expect(
        try await outcome("e", ["action": "replace", "manifest": map("cm")])
          == prefix + "error when replacing \"/tmp/manifest.yaml\": " + refused("update", named: "cm"))
      #expect(try await outcome("f", ["action": "delete", "manifest": map("cm")]) == prefix + refused("delete", named: "cm"))
      // Of what is not there either.
      #expect(try await outcome("g", ["action": "delete", "manifest": map("none")]) == prefix + refused("delete", named: "none"))
      #expect(
        try await outcome("h", ["action": "get", "flags": ["configmaps", "-l", "a=b"]]) == prefix + refused("list"))
      #expect(try bench.data() == ["a": "0"])
      let groups = rules.asked.withLock { $0.first?.user.groups }
      #expect(groups == ["system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated"])
    }
  }

  @Test("what an action may write passes the admitters; finalizers of what it deletes have their time")
  func admission() async throws {
    try await with(["create configmaps", "get configmaps", "delete configmaps", "patch configmaps"]) { bench, _ in
      #expect(try await bench.outcome("a", ["action": "create", "manifest": map("cm")]) == "")
      #expect(try bench.object("v1", "ConfigMap", "cm")?.at("metadata", "labels", "admitted") == "other")
      #expect(
        try await bench.outcome("b", ["action": "create", "manifest": map("refused")])
          == "64: no more retries Error from server (Forbidden): error when creating \"/tmp/manifest.yaml\": "
          + "configmaps \"refused\" is forbidden: not here")
      let key = ResourceKey(.configMap, namespace: "n", name: "cm")
      try bench.store.commit([.patch(key, ["metadata": ["finalizers": ["example.com/hold"]]])])
      #expect(try await bench.outcome("c", ["action": "delete", "manifest": map("cm")]) == "")
      #expect(try bench.store.get(key)?.deletionTimestamp != nil)
    }
  }
}
