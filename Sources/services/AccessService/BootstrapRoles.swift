import AccessCore
import JSONValue
import KubeModel

/// The roles that every cluster has (Kubernetes' `bootstrappolicy`), as far as the kinds that are served here need them, and those that
/// Argo installs.
enum BootstrapRoles {
  static let read = ["get", "list", "watch"]
  static let write = ["create", "update", "patch", "delete", "deletecollection"]
  static let readWrite = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"]
  private static let aggregation = "rbac.authorization.k8s.io/aggregate-to-"

  /// Kinds of Kubernetes' own groups whose objects users look at and work with, with their subresources.
  private static let groups: [(group: String, resources: [String], statuses: [String])] = [
    (
      "apps",
      [
        "controllerrevisions", "daemonsets", "deployments", "deployments/scale", "replicasets", "replicasets/scale", "statefulsets",
        "statefulsets/scale",
      ], ["daemonsets/status", "deployments/status", "replicasets/status", "statefulsets/status"]
    ), ("autoscaling", ["horizontalpodautoscalers"], ["horizontalpodautoscalers/status"]),
    ("batch", ["cronjobs", "jobs"], ["cronjobs/status", "jobs/status"]),
    ("policy", ["poddisruptionbudgets"], ["poddisruptionbudgets/status"]),
    ("networking.k8s.io", ["ingresses", "networkpolicies"], ["ingresses/status"]),
  ]

  private static func label(_ target: String) -> [String: String] { ["\(aggregation)\(target)": "true"] }
  private static func collects(_ target: String) -> JSON {
    ["clusterRoleSelectors": [["matchLabels": ["\(aggregation)\(target)": "true"]]]]
  }

  /// All ClusterRoles; those that collect have no rules of their own.
  static var clusterRoles: [Resource] {
    [
      clusterRole("cluster-admin", rules: AccessRules.everything),
      clusterRole("admin", collecting: "admin"),
      clusterRole("edit", labels: label("admin"), collecting: "edit"),
      clusterRole("view", labels: label("edit"), collecting: "view"),
      clusterRole("system:aggregate-to-admin", labels: label("admin"), rules: administration),
      clusterRole("system:aggregate-to-edit", labels: label("edit"), rules: editing),
      clusterRole("system:aggregate-to-view", labels: label("view"), rules: viewing),
      clusterRole(
        "system:basic-user",
        rules: [
          PolicyRule(["create"], of: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"], in: ["authorization.k8s.io"]),
          PolicyRule(["create"], of: ["selfsubjectreviews"], in: ["authentication.k8s.io"]),
        ]),
      clusterRole(
        "system:discovery",
        rules: [
          PolicyRule(
            ["get"],
            paths: [
              "/api", "/api/*", "/apis", "/apis/*", "/healthz", "/livez", "/openapi", "/openapi/*", "/readyz", "/version", "/version/",
            ])
        ]),
      clusterRole(
        "system:public-info-viewer", rules: [PolicyRule(["get"], paths: ["/healthz", "/livez", "/readyz", "/version", "/version/"])]),
      clusterRole(
        "system:monitoring",
        rules: [
          PolicyRule(["get"], paths: ["/healthz", "/healthz/*", "/livez", "/livez/*", "/metrics", "/metrics/slis", "/readyz", "/readyz/*"])
        ]),
      clusterRole(
        "system:service-account-issuer-discovery",
        rules: [
          PolicyRule(
            ["get"],
            paths: ["/.well-known/openid-configuration", "/.well-known/openid-configuration/", "/openid/v1/jwks", "/openid/v1/jwks/"])
        ]),
      clusterRole(
        "system:auth-delegator",
        rules: [
          PolicyRule(["create"], of: ["tokenreviews"], in: ["authentication.k8s.io"]),
          PolicyRule(["create"], of: ["subjectaccessreviews"], in: ["authorization.k8s.io"]),
        ]),
    ] + ArgoRoles.clusterRoles + ArgosyRoles.clusterRoles
  }

  static var clusterRoleBindings: [Resource] {
    func groups(_ names: String...) -> [AccessSubject] { names.map { AccessSubject(kind: "Group", name: $0) } }
    return [
      clusterRoleBinding("cluster-admin", to: groups("system:masters")),
      clusterRoleBinding("system:basic-user", to: groups("system:authenticated")),
      clusterRoleBinding("system:discovery", to: groups("system:authenticated")),
      clusterRoleBinding("system:public-info-viewer", to: groups("system:authenticated", "system:unauthenticated")),
      clusterRoleBinding("system:monitoring", to: groups("system:monitoring")),
      clusterRoleBinding("system:service-account-issuer-discovery", to: groups("system:serviceaccounts")),
    ] + ArgoRoles.clusterRoleBindings
  }

  private static var viewing: [PolicyRule] {
    var rules = [
      PolicyRule(
        read,
        of: [
          "configmaps", "endpoints", "persistentvolumeclaims", "persistentvolumeclaims/status", "pods", "replicationcontrollers",
          "replicationcontrollers/scale", "serviceaccounts", "services", "services/status",
        ], in: [""]),
      PolicyRule(
        read,
        of: [
          "bindings", "events", "limitranges", "namespaces/status", "pods/log", "pods/status", "replicationcontrollers/status",
          "resourcequotas", "resourcequotas/status",
        ], in: [""]), PolicyRule(read, of: ["namespaces"], in: [""]), PolicyRule(read, of: ["endpointslices"], in: ["discovery.k8s.io"]),
    ]
    for entry in groups { rules.append(PolicyRule(read, of: entry.resources + entry.statuses, in: [entry.group])) }
    return rules
  }

  private static var editing: [PolicyRule] {
    var rules = [
      PolicyRule(read, of: ["pods/attach", "pods/exec", "pods/portforward", "pods/proxy", "secrets", "services/proxy"], in: [""]),
      PolicyRule(["impersonate"], of: ["serviceaccounts"], in: [""]),
      PolicyRule(write, of: ["pods", "pods/attach", "pods/exec", "pods/portforward", "pods/proxy"], in: [""]),
      PolicyRule(["create"], of: ["pods/eviction"], in: [""]),
      PolicyRule(
        write,
        of: [
          "configmaps", "events", "persistentvolumeclaims", "replicationcontrollers", "replicationcontrollers/scale", "secrets",
          "serviceaccounts", "services", "services/proxy",
        ], in: [""]), PolicyRule(["create"], of: ["serviceaccounts/token"], in: [""]),
    ]
    for entry in groups {
      rules.append(PolicyRule(write, of: entry.resources.filter { $0 != "controllerrevisions" }, in: [entry.group]))
    }
    rules.append(PolicyRule(readWrite, of: ["leases"], in: ["coordination.k8s.io"]))
    return rules
  }

  private static var administration: [PolicyRule] {
    [
      PolicyRule(["create"], of: ["localsubjectaccessreviews"], in: ["authorization.k8s.io"]),
      PolicyRule(readWrite, of: ["rolebindings", "roles"], in: [AccessKinds.group]),
    ]
  }

  static func clusterRole(
    _ name: String, labels: [String: String] = [:], rules: [PolicyRule] = [], collecting target: String? = nil
  ) -> Resource {
    var role = Resource(AccessKinds.clusterRole, json: ["metadata": metadata(name, labels: labels)])
    if let target { role.json["aggregationRule"] = collects(target) }
    role.json["rules"] = .array(rules.map(\.json))
    return role
  }

  /// A binding of the ClusterRole of the same name, or another one.
  static func clusterRoleBinding(_ name: String, role: String? = nil, to subjects: [AccessSubject]) -> Resource {
    Resource(
      AccessKinds.clusterRoleBinding,
      json: [
        "metadata": metadata(name, labels: [:]),
        "roleRef": ["apiGroup": .string(AccessKinds.group), "kind": "ClusterRole", "name": .string(role ?? name)],
        "subjects": .array(subjects.map(\.json)),
      ])
  }

  /// Kubernetes marks what it makes itself so, and renews it at each start unless somebody sets the annotation to false.
  static func metadata(_ name: String, labels: [String: String]) -> JSON {
    var all: JSONObject = ["kubernetes.io/bootstrapping": "rbac-defaults"]
    for (key, value) in labels.sorted(by: { $0.key < $1.key }) { all[key] = .string(value) }
    return ["name": .string(name), "labels": .object(all), "annotations": .object([RoleBootstrap.autoupdate: "true"])]
  }
}
