import AccessCore
import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import AccessService

@Suite("Reviews") struct ReviewTests {
  let world: World
  let ann = UserInfo(name: "ann", uid: "7", groups: ["team", "system:authenticated"], extra: ["k": ["v"]])
  let root = UserInfo(name: "root", groups: ["system:masters"])

  init() throws {
    world = try World()
    try world.make(AccessKinds.role, "n", "reader", ["rules": [["verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]]]])
    try world.make(
      AccessKinds.roleBinding, "n", "reader",
      ["roleRef": ["kind": "Role", "name": "reader"], "subjects": [["kind": "Group", "name": "team"]]])
  }

  private func review(_ plural: String, _ spec: JSON, in namespace: String = "", by user: UserInfo? = nil) throws -> JSON? {
    try world.service.review(plural, namespace: namespace, ["spec": spec], by: user ?? ann)["status"]
  }

  @Test("one asks about oneself")
  func selfReview() throws {
    let spec: JSON = ["resourceAttributes": ["namespace": "n", "verb": "get", "resource": "pods"]]
    #expect(
      try review("selfsubjectaccessreviews", spec)
        == ["allowed": true, "reason": "RBAC: allowed by RoleBinding \"reader/n\" of Role \"reader\" to Group \"team\""])
    #expect(
      try review("selfsubjectaccessreviews", ["resourceAttributes": ["namespace": "m", "verb": "get", "resource": "pods"]]) == [
        "allowed": false
      ])
    #expect(try review("selfsubjectaccessreviews", ["nonResourceAttributes": ["path": "/version", "verb": "get"]])?["allowed"] == true)
    #expect(try review("selfsubjectaccessreviews", ["nonResourceAttributes": ["path": "/metrics", "verb": "get"]])?["allowed"] == false)
    #expect(throws: KubeStatus.self) { try review("selfsubjectaccessreviews", [:]) }
    #expect(throws: KubeStatus.self) { try review("selfsubjectaccessreviews", ["resourceAttributes": [:], "nonResourceAttributes": [:]]) }
  }

  @Test("one asks about others")
  func subjectReview() throws {
    func spec(_ namespace: String, _ subject: JSONObject) -> JSON {
      var all = subject
      all["resourceAttributes"] = ["namespace": .string(namespace), "verb": "list", "resource": "pods"]
      return .object(all)
    }
    #expect(try review("subjectaccessreviews", spec("n", ["user": "bob", "groups": ["team"]]), by: root)?["allowed"] == true)
    #expect(try review("subjectaccessreviews", spec("n", ["user": "bob"]), by: root)?["allowed"] == false)
    #expect(throws: KubeStatus.self) { try review("subjectaccessreviews", spec("n", [:]), by: root) }
    #expect(try review("localsubjectaccessreviews", spec("n", ["groups": ["team"]]), in: "n", by: root)?["allowed"] == true)
    #expect(throws: KubeStatus.self) { try review("localsubjectaccessreviews", spec("m", ["groups": ["team"]]), in: "n", by: root) }
    #expect(throws: KubeStatus.self) {
      try review("localsubjectaccessreviews", ["user": "u", "nonResourceAttributes": ["path": "/", "verb": "get"]], in: "n", by: root)
    }
  }

  @Test("the rules of a namespace are listed as kubectl auth can-i --list reads them")
  func rules() throws {
    let status = try #require(try review("selfsubjectrulesreviews", ["namespace": "n"]))
    let resources = status["resourceRules"]?.array ?? []
    #expect(resources.contains(["verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]]))
    #expect(resources.contains { $0["resources"] == ["selfsubjectreviews"] })
    let paths = (status["nonResourceRules"]?.array ?? []).flatMap { $0["nonResourceURLs"]?.array ?? [] }
    #expect(paths.contains("/api/*"))
    #expect(status["incomplete"] == false)
    #expect(throws: KubeStatus(.badRequest, "no namespace on request")) { try review("selfsubjectrulesreviews", [:]) }
    // A master shows what the binding of its group gives.
    let all = try review("selfsubjectrulesreviews", ["namespace": "n"], by: root)
    let allRules = all?["resourceRules"]?.array ?? []
    #expect(allRules.contains(["verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]]))
  }

  @Test("one asks who one is")
  func whoAmI() throws {
    #expect(
      try review("selfsubjectreviews", [:])
        == ["userInfo": ["username": "ann", "uid": "7", "groups": ["team", "system:authenticated"], "extra": ["k": ["v"]]]])
  }

  @Test("a decision takes microseconds among thousands of bindings")
  func speed() throws {
    var writes: [Write] = []
    for number in 0..<2000 {
      let name = "b\(number)"
      writes.append(
        .create(
          Resource(
            AccessKinds.roleBinding,
            json: [
              "metadata": ["name": .string(name), "namespace": "n"], "roleRef": ["kind": "Role", "name": "reader"],
              "subjects": [["kind": "User", "name": .string("user\(number)")]],
            ])))
    }
    try world.store.commit(writes)
    var allowed = 0
    let begin = SystemClock.monotonicNanoseconds()
    for number in 0..<2000 where world.allows(UserInfo(name: "user\(number)"), "get", "pods", in: "n") { allowed += 1 }
    let taken = SystemClock.monotonicNanoseconds() - begin
    #expect(allowed == 2000)
    print("access: \(Double(taken) / 2_000_000) µs for a decision among 2,000 bindings (debug build)")
  }
}
