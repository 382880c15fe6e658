import Contracts
import JSONValue
import KubeModel
import Testing

@testable import AccessCore

extension AccessAttributes {
  /// `get pods/log in ns named x` in one line.
  static func test(
    _ verb: String, _ resource: String, group: String = "", in namespace: String = "", named name: String = "",
    by user: UserInfo = .init(name: "u")
  ) -> AccessAttributes {
    var request = AccessAttributes(user: user, verb: verb)
    let parts = resource.split(separator: "/", maxSplits: 1).map(String.init)
    request.resource = parts[0]
    request.subresource = parts.count > 1 ? parts[1] : ""
    request.group = group
    request.namespace = namespace
    request.name = name
    return request
  }

  static func path(_ verb: String, _ path: String) -> AccessAttributes {
    var request = AccessAttributes(user: .init(name: "u"), verb: verb)
    request.path = path
    return request
  }
}

extension Resource {
  static func role(_ name: String, in namespace: String = "", _ rules: PolicyRule...) -> Resource {
    var metadata: JSONObject = ["name": .string(name)]
    if !namespace.isEmpty { metadata["namespace"] = .string(namespace) }
    return Resource(
      namespace.isEmpty ? AccessKinds.clusterRole : AccessKinds.role,
      json: ["metadata": .object(metadata), "rules": .array(rules.map(\.json))])
  }

  static func binding(_ name: String, in namespace: String = "", of role: (String, String), to subjects: AccessSubject...) -> Resource {
    var metadata: JSONObject = ["name": .string(name)]
    if !namespace.isEmpty { metadata["namespace"] = .string(namespace) }
    return Resource(
      namespace.isEmpty ? AccessKinds.clusterRoleBinding : AccessKinds.roleBinding,
      json: [
        "metadata": .object(metadata),
        "roleRef": ["apiGroup": .string(AccessKinds.group), "kind": .string(role.0), "name": .string(role.1)],
        "subjects": .array(subjects.map(\.json)),
      ])
  }
}

@Suite("Access rules") struct DecisionTests {
  static let cases: [(PolicyRule, AccessAttributes, Bool)] = [
    (PolicyRule(["get"], of: ["pods"], in: [""]), .test("get", "pods"), true),
    (PolicyRule(["get"], of: ["pods"], in: [""]), .test("list", "pods"), false),
    (PolicyRule(["*"], of: ["pods"], in: [""]), .test("deletecollection", "pods"), true),
    (PolicyRule(["get"], of: ["pods"], in: ["apps"]), .test("get", "pods"), false),
    (PolicyRule(["get"], of: ["pods"], in: ["*"]), .test("get", "pods", group: "metrics"), true),
    // A subresource is a resource of its own.
    (PolicyRule(["get"], of: ["pods"], in: [""]), .test("get", "pods/log"), false),
    (PolicyRule(["get"], of: ["pods/log"], in: [""]), .test("get", "pods/log"), true),
    (PolicyRule(["get"], of: ["pods/log"], in: [""]), .test("get", "pods"), false),
    (PolicyRule(["get"], of: ["*"], in: [""]), .test("get", "pods/log"), true),
    (PolicyRule(["get"], of: ["*/log"], in: [""]), .test("get", "pods/log"), true),
    (PolicyRule(["get"], of: ["*/log"], in: [""]), .test("get", "pods"), false),
    (PolicyRule(["get"], of: ["*/log"], in: [""]), .test("get", "pods/exec"), false),
    (PolicyRule(["get"], of: ["pods/*"], in: [""]), .test("get", "pods/log"), false),
    (PolicyRule(["get"], of: ["pods/*"], in: [""]), .test("get", "pods"), false),
    // Names: a request that names no object (create, list of all) is not covered by a rule that names some.
    (PolicyRule(["get"], of: ["pods"], in: [""], named: ["a"]), .test("get", "pods", named: "a"), true),
    (PolicyRule(["get"], of: ["pods"], in: [""], named: ["a"]), .test("get", "pods", named: "b"), false),
    (PolicyRule(["*"], of: ["pods"], in: [""], named: ["a"]), .test("create", "pods"), false),
    (PolicyRule(["*"], of: ["pods"], in: [""], named: ["a"]), .test("list", "pods"), false),
    (PolicyRule(["*"], of: ["pods"], in: [""], named: ["a"]), .test("list", "pods", named: "a"), true),
    (PolicyRule(["*"], of: ["pods"], in: [""], named: ["a"]), .test("deletecollection", "pods"), false),
    (PolicyRule(["*"], of: ["pods"], in: [""], named: ["*"]), .test("get", "pods", named: "a"), false),
    (PolicyRule(["get"], paths: ["/metrics"]), .path("get", "/metrics"), true),
    (PolicyRule(["get"], paths: ["/metrics"]), .path("post", "/metrics"), false),
    (PolicyRule(["get"], paths: ["/metrics"]), .path("get", "/metrics/x"), false),
    (PolicyRule(["get"], paths: ["/metrics/*"]), .path("get", "/metrics/x"), true),
    (PolicyRule(["get"], paths: ["/metrics/*"]), .path("get", "/metrics"), false),
    (PolicyRule(["get"], paths: ["*"]), .path("get", "/anything"), true),
    (PolicyRule(["get"], paths: ["/a*b"]), .path("get", "/axb"), false),
    (PolicyRule(["*"], of: ["*"], in: ["*"]), .path("get", "/metrics"), false),
    (PolicyRule(["*"], paths: ["*"]), .test("get", "pods"), false),
  ]

  @Test("a rule allows what Kubernetes lets it allow", arguments: 0..<cases.count)
  func rules(_ number: Int) {
    let (rule, request, isAllowed) = Self.cases[number]
    #expect(rule.allows(request) == isAllowed, "\(rule) \(request)")
  }

  static let world: AccessRules = {
    var rules = AccessRules()
    rules.put(.role("reader", PolicyRule(["get", "list"], of: ["pods"], in: [""])))
    rules.put(.role("writer", in: "a", PolicyRule(["create"], of: ["pods"], in: [""])))
    rules.put(.binding("everywhere", of: ("ClusterRole", "reader"), to: .init(kind: "Group", name: "team")))
    rules.put(.binding("only-a", in: "a", of: ("ClusterRole", "reader"), to: .init(kind: "User", name: "ann")))
    rules.put(.binding("write-a", in: "a", of: ("Role", "writer"), to: .init(kind: "ServiceAccount", name: "robot")))
    rules.put(.binding("write-b", in: "a", of: ("Role", "writer"), to: .init(kind: "ServiceAccount", name: "robot", namespace: "b")))
    rules.put(.binding("lost", in: "a", of: ("Role", "gone"), to: .init(kind: "User", name: "bob")))
    return rules
  }()

  @Test("reasons name binding, role and subject as the RBAC authorizer does")
  func reasons() {
    let ann = UserInfo(name: "ann"), robot = UserInfo(name: "system:serviceaccount:a:robot"),
      other = UserInfo(name: "system:serviceaccount:b:robot")
    let member = UserInfo(name: "eve", groups: ["team"])
    func reason(_ request: AccessAttributes) -> String { Self.world.decide(request).reason }
    #expect(
      reason(.test("get", "pods", by: member))
        == #"RBAC: allowed by ClusterRoleBinding "everywhere" of ClusterRole "reader" to Group "team""#)
    #expect(
      reason(.test("get", "pods", in: "a", by: ann)) == #"RBAC: allowed by RoleBinding "only-a/a" of ClusterRole "reader" to User "ann""#)
    #expect(
      reason(.test("create", "pods", in: "a", by: robot))
        == #"RBAC: allowed by RoleBinding "write-a/a" of Role "writer" to ServiceAccount "robot/a""#)
    #expect(
      reason(.test("create", "pods", in: "a", by: other))
        == #"RBAC: allowed by RoleBinding "write-b/a" of Role "writer" to ServiceAccount "robot/b""#)
  }

  @Test("a binding holds in its namespace only, a missing role is told, masters may all")
  func places() {
    let ann = UserInfo(name: "ann"), bob = UserInfo(name: "bob")
    #expect(!Self.world.decide(.test("get", "pods", in: "b", by: ann)).isAllowed)
    #expect(!Self.world.decide(.test("get", "pods", by: ann)).isAllowed)
    let lost = Self.world.decide(.test("get", "pods", in: "a", by: bob))
    #expect(!lost.isAllowed)
    #expect(lost.reason == #"RBAC: role.rbac.authorization.k8s.io "gone" not found"#)
    #expect(Self.world.decide(.test("get", "pods", in: "a", by: UserInfo(name: "eve"))).reason == "")
    let master = UserInfo(name: "root", groups: [UserInfo.mastersGroup])
    #expect(Self.world.decide(.test("delete", "nodes", by: master)) == AccessDecision(isAllowed: true, reason: ""))
  }

  @Test("objects that change or go take their rights with them")
  func changes() {
    var rules = Self.world
    let request = AccessAttributes.test("get", "pods", in: "a", by: UserInfo(name: "ann"))
    #expect(rules.decide(request).isAllowed)
    rules.put(.binding("only-a", in: "a", of: ("ClusterRole", "reader"), to: .init(kind: "User", name: "joe")))
    #expect(!rules.decide(request).isAllowed)
    #expect(rules.decide(.test("get", "pods", in: "a", by: UserInfo(name: "joe"))).isAllowed)
    rules.remove(ResourceKey(AccessKinds.clusterRole, namespace: "", name: "reader"))
    #expect(!rules.decide(.test("get", "pods", in: "a", by: UserInfo(name: "joe"))).isAllowed)
    rules.put(.role("reader", PolicyRule(["get"], of: ["pods"], in: [""])))
    rules.remove(ResourceKey(AccessKinds.roleBinding, namespace: "a", name: "only-a"))
    #expect(!rules.decide(.test("get", "pods", in: "a", by: UserInfo(name: "joe"))).isAllowed)
  }

  @Test("a role of a namespace cannot be bound cluster-wide, and unknown kinds of subjects match nobody")
  func oddBindings() {
    var rules = Self.world
    rules.put(.binding("odd", of: ("Role", "writer"), to: .init(kind: "User", name: "joe")))
    #expect(!rules.decide(.test("create", "pods", in: "a", by: UserInfo(name: "joe"))).isAllowed)
    rules.put(
      .binding("robots", of: ("ClusterRole", "reader"), to: .init(kind: "ServiceAccount", name: "robot"), .init(kind: "Robot", name: "joe"))
    )
    #expect(!rules.decide(.test("get", "pods", by: UserInfo(name: "joe"))).isAllowed)
    #expect(!rules.decide(.test("get", "pods", by: UserInfo(name: "system:serviceaccount::robot"))).isAllowed)
  }

  @Test("an aggregated role collects by label, each rule once, and not itself")
  func aggregation() {
    func labelled(_ name: String, _ labels: JSON, _ rule: PolicyRule) -> Resource {
      var role = Resource.role(name, rule)
      role.json["metadata"] = ["name": .string(name), "labels": labels]
      return role
    }
    let get = PolicyRule(["get"], of: ["pods"], in: [""]), list = PolicyRule(["list"], of: ["pods"], in: [""])
    var view = labelled("view", ["to": "view"], PolicyRule(["old"], of: ["x"], in: [""]))
    view.json["aggregationRule"] = ["clusterRoleSelectors": [["matchLabels": ["to": "view"]], ["matchLabels": ["also": "yes"]]]]
    let roles = [
      view, labelled("b", ["to": "view"], get), labelled("a", ["to": "view"], list),
      labelled("c", ["to": "edit"], PolicyRule(["x"], of: ["y"], in: [""])),
      labelled("d", ["also": "yes"], get),
    ]
    #expect(RoleAggregation.rules(of: view, among: roles) == [list, get])
    #expect(RoleAggregation.rules(of: roles[1], among: roles) == nil)
  }
}
