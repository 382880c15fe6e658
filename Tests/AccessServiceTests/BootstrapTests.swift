import AccessCore
import Basics
import Contracts
import Identity
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import AccessService

@Suite("Roles that every server has") struct BootstrapTests {
  private func role(_ world: World, _ name: String) throws -> Resource? {
    try world.store.get(ResourceKey(AccessKinds.clusterRole, namespace: "", name: name))
  }
  private func bind(_ world: World, _ role: String, _ user: String, in namespace: String) throws {
    try world.make(
      AccessKinds.roleBinding, namespace, "\(role)-\(user)",
      ["roleRef": ["kind": "ClusterRole", "name": .string(role)], "subjects": [["kind": "User", "name": .string(user)]]])
  }

  @Test("view, edit and admin hold what Kubernetes gives them, and Argo's kinds")
  func userRoles() throws {
    let world = try World()
    let viewer = UserInfo(name: "v"), editor = UserInfo(name: "e"), admin = UserInfo(name: "a")
    try bind(world, "view", "v", in: "n")
    try bind(world, "edit", "e", in: "n")
    try bind(world, "admin", "a", in: "n")
    let argo = "argoproj.io"
    #expect(world.allows(viewer, "get", "pods/log", in: "n"))
    #expect(!world.allows(viewer, "get", "secrets", in: "n"))
    #expect(!world.allows(viewer, "create", "pods/exec", in: "n"))
    #expect(world.allows(viewer, "watch", "workflows", group: argo, in: "n"))
    #expect(!world.allows(viewer, "create", "workflows", group: argo, in: "n"))
    #expect(!world.allows(viewer, "get", "pods", in: "m"))
    #expect(world.allows(editor, "get", "secrets", in: "n"))
    #expect(world.allows(editor, "create", "pods/exec", in: "n"))
    #expect(world.allows(editor, "create", "workflows", group: argo, in: "n"))
    #expect(world.allows(editor, "create", "serviceaccounts/token", in: "n"))
    #expect(world.allows(editor, "get", "pods", in: "n"))
    #expect(!world.allows(editor, "create", "roles", group: AccessKinds.group, in: "n"))
    #expect(world.allows(admin, "create", "rolebindings", group: AccessKinds.group, in: "n"))
    #expect(world.allows(admin, "delete", "cronworkflows", group: argo, in: "n"))
    #expect(!world.allows(admin, "create", "namespaces", in: "n"))
  }

  @Test("everybody known may ask and discover, the unknown may see health and version only")
  func basics() throws {
    let world = try World()
    let known = UserInfo(name: "u", groups: ["system:authenticated"])
    func path(_ user: UserInfo, _ path: String) -> Bool {
      var request = AccessAttributes(user: user, verb: "get")
      request.path = path
      return world.service.decide(request).isAllowed
    }
    #expect(world.allows(known, "create", "selfsubjectrulesreviews", group: "authorization.k8s.io"))
    #expect(world.allows(known, "create", "selfsubjectreviews", group: "authentication.k8s.io"))
    for allowed in ["/api", "/apis/argoproj.io", "/openapi/v3", "/version"] { #expect(path(known, allowed), "\(allowed)") }
    #expect(!path(known, "/metrics"))
    for allowed in ["/healthz", "/livez", "/readyz", "/version"] { #expect(path(.anonymous, allowed), "\(allowed)") }
    for refused in ["/api", "/apis", "/metrics", "/openapi/v2", "/"] { #expect(!path(.anonymous, refused), "\(refused)") }
    #expect(!world.allows(.anonymous, "create", "selfsubjectaccessreviews", group: "authorization.k8s.io"))
  }

  @Test("a second start changes nothing; what is missing comes back, what was added stays, what is protected too")
  func reconciliation() throws {
    let world = try World()
    let revision = world.store.revision
    try RoleBootstrap(store: world.store).run()
    #expect(world.store.revision == revision)

    var discovery = try #require(try role(world, "system:discovery"))
    discovery.json["rules"] = [["verbs": ["get"], "nonResourceURLs": ["/api", "/mine"]]]
    try world.store.update(discovery)
    var basic = try #require(try role(world, "system:basic-user"))
    basic.json["rules"] = []
    basic.setAnnotation(RoleBootstrap.autoupdate, "false")
    try world.store.update(basic)
    let bindingKey = ResourceKey(AccessKinds.clusterRoleBinding, namespace: "", name: "system:discovery")
    var binding = try #require(try world.store.get(bindingKey))
    binding.json["subjects"] = [["kind": "User", "name": "eve"]]
    try world.store.update(binding)
    try world.store.commit([.delete(ResourceKey(AccessKinds.clusterRole, namespace: "", name: "view"))])
    try RoleBootstrap(store: world.store).run()

    let rules = PolicyRule.rules(of: try #require(try role(world, "system:discovery")).json)
    #expect(rules.contains { $0.nonResourceURLs.contains("/mine") })
    #expect(rules.contains { $0.nonResourceURLs.contains("/openapi") })
    #expect(PolicyRule.rules(of: try #require(try role(world, "system:basic-user")).json).isEmpty)
    let subjects = AccessBinding(try #require(try world.store.get(bindingKey))).subjects
    #expect(subjects.contains(AccessSubject(kind: "User", name: "eve")))
    #expect(subjects.contains(AccessSubject(kind: "Group", name: "system:authenticated")))
    #expect(!PolicyRule.rules(of: try #require(try role(world, "view")).json).isEmpty)
  }

  @Test("a binding of a wrong role is made anew")
  func wrongRole() throws {
    let world = try World { store in
      try store.create(
        Resource(
          AccessKinds.clusterRoleBinding,
          json: ["metadata": ["name": "cluster-admin"], "roleRef": ["kind": "ClusterRole", "name": "view"], "subjects": []]))
    }
    let binding = try #require(try world.store.get(ResourceKey(AccessKinds.clusterRoleBinding, namespace: "", name: "cluster-admin")))
    #expect(binding.json.at("roleRef", "name") == "cluster-admin")
  }

  @Test("a new role with the label widens the roles that collect it, through several steps")
  func aggregation() throws {
    let world = try World()
    try bind(world, "admin", "a", in: "n")
    let admin = UserInfo(name: "a")
    #expect(!world.allows(admin, "get", "widgets", group: "example.com", in: "n"))
    let extra = try world.make(
      AccessKinds.clusterRole, "", "widgets",
      [
        "metadata": ["labels": ["rbac.authorization.k8s.io/aggregate-to-view": "true"]],
        "rules": [["verbs": ["get"], "apiGroups": ["example.com"], "resources": ["widgets"]]],
      ])
    #expect(world.eventually { world.allows(admin, "get", "widgets", group: "example.com", in: "n") })
    try world.remove(extra)
    #expect(world.eventually { !world.allows(admin, "get", "widgets", group: "example.com", in: "n") })
  }

  @Test("Argo's namespace is furnished when it is made, and only then")
  func argoNamespace() throws {
    let world = try World()
    let account = ResourceKey(.serviceAccount, namespace: "argo", name: "argo")
    #expect(try world.store.get(account) == nil)
    try world.make(.namespace, "", "argo")
    let last = ResourceKey(AccessKinds.clusterRoleBinding, namespace: "", name: "argo-server-clusterworkflowtemplate-role-binding")
    #expect(try world.eventually { try world.store.get(last) != nil })
    #expect(try world.store.get(account) != nil)
    // As seed 000 does it.
    try world.make(
      AccessKinds.roleBinding, "argo", "rb-argo-server-admin",
      [
        "roleRef": ["kind": "Role", "name": "argo-server-role"],
        "subjects": [["kind": "ServiceAccount", "name": "sa-argo-server-admin", "namespace": "argo"]],
      ])
    let user = UserInfo(name: "system:serviceaccount:argo:sa-argo-server-admin")
    #expect(world.allows(user, "create", "workflows", group: "argoproj.io", in: "argo"))
    #expect(world.allows(user, "get", "pods/log", in: "argo"))
    #expect(!world.allows(user, "create", "workflows", group: "argoproj.io", in: "default"))
    let role = ResourceKey(AccessKinds.role, namespace: "argo", name: "workflow-manager")
    try world.store.commit([.delete(role)])
    try RoleBootstrap(store: world.store).run()
    #expect(try world.store.get(role) == nil)
  }

  @Test("a store with Argo's namespace but without its accounts is furnished at the start")
  func argoNamespaceAtStart() throws {
    let world = try World { store in try store.create(Resource(.namespace, json: ["metadata": ["name": "argo"]])) }
    #expect(try world.store.get(ResourceKey(AccessKinds.role, namespace: "argo", name: "argo-server-role")) != nil)
  }
}
