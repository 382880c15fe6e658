import AccessCore
import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import AccessService

@Suite("Admission of roles and bindings") struct AdmissionTests {
  let world: World
  let ann = UserInfo(name: "ann", groups: ["system:authenticated"])
  let root = UserInfo(name: "root", groups: ["system:masters"])

  /// Ann may make roles and bindings in n, and read pods there.
  init() throws {
    world = try World()
    try world.make(
      AccessKinds.role, "n", "manager",
      [
        "rules": [
          ["verbs": ["create", "update"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles", "rolebindings"]],
          ["verbs": ["get"], "apiGroups": [""], "resources": ["pods"]],
        ]
      ])
    try world.make(AccessKinds.role, "n", "secrets", ["rules": [["verbs": ["get"], "apiGroups": [""], "resources": ["secrets"]]]])
    try bind("manager")
  }

  private func bind(_ role: String, _ verbs: JSONObject = [:]) throws {
    try world.make(
      AccessKinds.roleBinding, "n", "bind-\(role)",
      ["roleRef": ["kind": "Role", "name": .string(role)], "subjects": [["kind": "User", "name": "ann"]]])
  }

  private func admit(_ kind: ResourceKind, _ document: JSONObject, by user: UserInfo, old: Resource? = nil) -> KubeStatus? {
    var all = document
    if all["metadata"] == nil { all["metadata"] = kind.isNamespaced ? ["name": "x", "namespace": "n"] : ["name": "x"] }
    let new = Resource(kind, json: .object(all))
    var request = AdmissionRequest(old == nil ? .create : .update, key: new.key, old: old, new: new, user: user)
    do throws(KubeStatus) {
      try world.service.admit(&request)
      return nil
    } catch {
      return error
    }
  }

  private func rules(_ verb: String, _ resource: String) -> JSONObject {
    ["rules": [["verbs": [.string(verb)], "apiGroups": [""], "resources": [.string(resource)]]]]
  }
  private func binding(_ kind: String, _ role: String) -> JSONObject {
    ["roleRef": ["kind": .string(kind), "name": .string(role)], "subjects": [["kind": "User", "name": "eve"]]]
  }

  @Test("nobody grants what it does not have, unless it may escalate")
  func escalation() throws {
    #expect(admit(AccessKinds.role, rules("get", "pods"), by: ann) == nil)
    let refusal = try #require(admit(AccessKinds.role, rules("get", "secrets"), by: ann))
    #expect(refusal.reason == .forbidden)
    #expect(
      refusal.message == """
        roles.rbac.authorization.k8s.io "x" is forbidden: user "ann" (groups=["system:authenticated"]) is attempting to grant RBAC permissions not currently held:
        {APIGroups:[""], Resources:["secrets"], Verbs:["get"]}
        """)
    #expect(admit(AccessKinds.role, rules("get", "secrets"), by: root) == nil)
    try world.make(
      AccessKinds.role, "n", "escalator",
      ["rules": [["verbs": ["escalate"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "resourceNames": ["x"]]]])
    try bind("escalator")
    #expect(admit(AccessKinds.role, rules("get", "secrets"), by: ann) == nil)
    #expect(admit(AccessKinds.clusterRole, rules("get", "secrets"), by: ann)?.reason == .forbidden)
  }

  @Test("nobody binds a role that gives more than it has, unless it may bind it")
  func binding() throws {
    #expect(admit(AccessKinds.roleBinding, binding("Role", "manager"), by: ann) == nil)
    #expect(admit(AccessKinds.roleBinding, binding("Role", "secrets"), by: ann)?.reason == .forbidden)
    #expect(admit(AccessKinds.roleBinding, binding("ClusterRole", "cluster-admin"), by: ann)?.reason == .forbidden)
    #expect(admit(AccessKinds.clusterRoleBinding, binding("ClusterRole", "view"), by: ann)?.reason == .forbidden)
    #expect(
      admit(AccessKinds.roleBinding, binding("Role", "nowhere"), by: ann)?.message
        == "roles.rbac.authorization.k8s.io \"nowhere\" not found")
    #expect(admit(AccessKinds.roleBinding, binding("Role", "nowhere"), by: root) == nil)
    try world.make(
      AccessKinds.role, "n", "binder",
      [
        "rules": [
          ["verbs": ["bind"], "apiGroups": ["rbac.authorization.k8s.io"], "resources": ["roles"], "resourceNames": ["secrets", "nowhere"]]
        ]
      ])
    try bind("binder")
    #expect(admit(AccessKinds.roleBinding, binding("Role", "secrets"), by: ann) == nil)
    #expect(admit(AccessKinds.roleBinding, binding("Role", "nowhere"), by: ann) == nil)
  }

  @Test("the role of a binding never changes, and what only owners and finalizers change passes")
  func immutable() throws {
    let old = Resource(
      AccessKinds.roleBinding,
      json: [
        "metadata": ["name": "x", "namespace": "n"],
        "roleRef": ["apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "secrets"],
        "subjects": [["apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "eve"]],
      ])
    #expect(
      admit(AccessKinds.roleBinding, binding("Role", "manager"), by: root, old: old)?.message
        == #"RoleBinding.rbac.authorization.k8s.io "x" is invalid: roleRef: Invalid value: rbac.RoleRef{APIGroup:"rbac.authorization.k8s.io", Kind:"Role", Name:"manager"}: cannot change roleRef"#
    )
    #expect(admit(AccessKinds.roleBinding, binding("Role", "secrets"), by: root, old: old) == nil)
    var finalized = old
    finalized.json["metadata"]?["finalizers"] = ["a/b"]
    #expect(admit(AccessKinds.roleBinding, old.json.object ?? [:], by: ann, old: finalized) == nil)
    var wider = old
    wider.json["subjects"] = [["kind": "User", "name": "ann"]]
    #expect(admit(AccessKinds.roleBinding, wider.json.object ?? [:], by: ann, old: old)?.reason == .forbidden)
  }

  @Test("an aggregation rule takes a cluster administrator")
  func aggregation() throws {
    let role: JSONObject = ["aggregationRule": ["clusterRoleSelectors": [["matchLabels": ["a": "b"]]]], "rules": []]
    #expect(
      admit(AccessKinds.clusterRole, role, by: ann)?.message
        == "clusterroles.rbac.authorization.k8s.io \"x\" is forbidden: must have cluster-admin privileges to use an aggregationRule")
    #expect(admit(AccessKinds.clusterRole, role, by: root) == nil)
  }

  @Test("malformed rules and subjects are refused field by field, groups are filled in")
  func validation() throws {
    let wrong: JSONObject = ["rules": [["verbs": [], "apiGroups": [], "resources": []], ["verbs": ["get"], "nonResourceURLs": ["/x"]]]]
    let message = try #require(admit(AccessKinds.role, wrong, by: root)).message
    #expect(message.contains("rules[0].verbs: Required value: verbs must contain at least one value"))
    #expect(message.contains("rules[0].apiGroups: Required value: resource rules must supply at least one api group"))
    #expect(message.contains(#"rules[1].nonResourceURLs: Invalid value: ["/x"]: namespaced rules cannot apply to non-resource URLs"#))
    var odd = binding("Job", "x")
    odd["subjects"] = [["kind": "Robot", "name": "r"], ["kind": "ServiceAccount", "name": ""]]
    let binding = try #require(admit(AccessKinds.roleBinding, odd, by: root)).message
    #expect(binding.contains(#"roleRef.kind: Unsupported value: "Job": supported values: "Role", "ClusterRole""#))
    #expect(binding.contains("subjects[0].kind: Unsupported value"))
    #expect(binding.contains("subjects[1].name: Required value"))
    var new = Resource(AccessKinds.clusterRoleBinding, json: .object(self.binding("ClusterRole", "view")))
    new.name = "x"
    var request = AdmissionRequest(.create, key: new.key, old: nil, new: new, user: root)
    try world.service.admit(&request)
    #expect(request.new?.json.at("roleRef", "apiGroup") == "rbac.authorization.k8s.io")
    #expect(request.new?.json["subjects"]?.array?.first?["apiGroup"] == "rbac.authorization.k8s.io")
  }

  @Test("what is immutable stays")
  func immutableData() throws {
    let metadata: JSON = ["name": "x", "namespace": "n"]
    for kind in [ResourceKind.secret, .configMap] {
      let old = Resource(kind, json: ["metadata": metadata, "immutable": true, "data": ["a": "YQ==", "b": "Yg=="]])
      let same: JSONObject = ["metadata": metadata, "immutable": true, "data": ["b": "Yg==", "a": "YQ=="]]
      #expect(admit(kind, same, by: root, old: old) == nil)
      let words = "is invalid: data: Forbidden: field is immutable when `immutable` is set"
      #expect(admit(kind, ["immutable": true, "data": ["a": "YQ=="]], by: root, old: old)?.message == "\(kind.kind) \"x\" \(words)")
      let both = admit(kind, ["data": [:]], by: root, old: old)
      #expect(both?.details?.causes.map(\.field) == ["immutable", "data"])
      #expect(admit(kind, ["data": [:]], by: root, old: Resource(kind, json: ["metadata": metadata, "data": ["a": "YQ=="]])) == nil)
    }
  }

  @Test("a token Secret names its account, and a Secret's type stays")
  func secrets() throws {
    #expect(
      admit(.secret, ["type": "kubernetes.io/service-account-token"], by: root)?.message
        == "Secret \"x\" is invalid: metadata.annotations[kubernetes.io/service-account.name]: Required value")
    let good: JSONObject = [
      "type": "kubernetes.io/service-account-token",
      "metadata": ["name": "x", "namespace": "n", "annotations": ["kubernetes.io/service-account.name": "robot"]],
    ]
    #expect(admit(.secret, good, by: root) == nil)
    let old = Resource(.secret, json: ["metadata": ["name": "x", "namespace": "n"], "type": "Opaque"])
    #expect(
      admit(.secret, good, by: root, old: old)?.message.contains(
        "type: Invalid value: \"kubernetes.io/service-account-token\": field is immutable") == true)
  }
}
