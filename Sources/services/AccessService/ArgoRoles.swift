import AccessCore
import JSONValue
import KubeModel

/// The roles and service accounts that Argo's own manifests install (`quick-start-minimal.yaml`, `workflow-aggregate-roles.yaml`), since
/// nobody installs Argo here.
enum ArgoRoles {
  /// The namespace of Argo's manifests.
  static let namespace = "argo"
  private static let group = "argoproj.io"

  /// What the three roles that extend view, edit and admin are about.
  private static let kinds: [String] = [
    "workflows", "workfloweventbindings", "workflowtemplates", "cronworkflows", "clusterworkflowtemplates", "workflowtasksets",
    "workflowtaskresults", "workflowartifactgctasks",
  ].flatMap { [$0, "\($0)/finalizers"] }

  private static let change = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
  private static let templates = ["clusterworkflowtemplates", "clusterworkflowtemplates/finalizers"]

  static var clusterRoles: [Resource] {
    func aggregate(_ target: String, _ verbs: [String]) -> Resource {
      BootstrapRoles.clusterRole(
        "argo-aggregate-to-\(target)", labels: ["rbac.authorization.k8s.io/aggregate-to-\(target)": "true"],
        rules: [PolicyRule(verbs, of: kinds, in: [group])])
    }
    return [
      aggregate("view", BootstrapRoles.read), aggregate("edit", change), aggregate("admin", change),
      BootstrapRoles.clusterRole("argo-clusterworkflowtemplate-role", rules: [PolicyRule(BootstrapRoles.read, of: templates, in: [group])]),
      BootstrapRoles.clusterRole("argo-server-cluster-role", rules: serverRules),
      BootstrapRoles.clusterRole(
        "argo-server-clusterworkflowtemplate-role",
        rules: [PolicyRule(["create", "delete", "watch", "get", "list", "update", "patch"], of: templates, in: [group])]),
    ]
  }

  /// What the server may do for those who send no token (`--auth-mode server`), in all namespaces: Argo's own rules, and changes of ConfigMaps for the limits of
  /// semaphores.
  private static let serverRules = [
    PolicyRule(["get", "list", "watch", "create", "update", "patch"], of: ["configmaps"], in: [""]),
    PolicyRule(["get", "list", "watch", "delete"], of: ["pods", "pods/exec", "pods/log"], in: [""]),
    PolicyRule(["get", "list", "watch", "create", "patch"], of: ["events"], in: [""]),
    PolicyRule(["get", "list", "watch"], of: ["serviceaccounts"], in: [""]),
    PolicyRule(
      change,
      of: [
        "eventsources", "sensors", "workflows", "workflows/finalizers", "workfloweventbindings", "workflowtemplates", "cronworkflows",
        "cronworkflows/finalizers", "clusterworkflowtemplates",
      ], in: [group]), PolicyRule(BootstrapRoles.readWrite, of: ["synclimits"], in: ["argosy.io"]),
  ]

  static var clusterRoleBindings: [Resource] {
    [
      BootstrapRoles.clusterRoleBinding(
        "argosy-server-mode", role: "argo-server-cluster-role", to: [AccessSubject(kind: "Group", name: AccessGroups.serverMode)])
    ]
  }

  /// What Argo's manifests put into its namespace, for the moment in which that namespace is made. Its workflows run as `default`, or as `argo`.
  static var objects: [Resource] {
    var objects: [Resource] = []
    for (name, rules) in roles {
      objects.append(Resource(AccessKinds.role, json: ["metadata": metadata(name), "rules": .array(rules.map(\.json))]))
    }
    for (name, role, account) in bindings {
      objects.append(
        Resource(
          AccessKinds.roleBinding,
          json: [
            "metadata": metadata(name), "roleRef": ["apiGroup": .string(AccessKinds.group), "kind": "Role", "name": .string(role)],
            "subjects": [["kind": "ServiceAccount", "name": .string(account), "namespace": .string(namespace)]],
          ]))
    }
    for account in ["argo", "argo-server"] {
      objects.append(
        BootstrapRoles.clusterRoleBinding(
          "\(account)-clusterworkflowtemplate-role-binding", role: "\(account)-clusterworkflowtemplate-role",
          to: [AccessSubject(kind: "ServiceAccount", name: account, namespace: namespace)]))
    }
    // Last: who has an account's token has its rights, and `argo` says that all is there.
    return objects + ["argo-server", "argo"].map { Resource(.serviceAccount, json: ["metadata": metadata($0)]) }
  }

  private static func metadata(_ name: String) -> JSON { ["name": .string(name), "namespace": .string(namespace)] }

  private static let bindings: [(name: String, role: String, account: String)] = [
    ("argo-binding", "argo-role", "argo"), ("argo-server-binding", "argo-server-role", "argo-server"),
    ("agent-default", "agent", "default"),
    ("executor-default", "executor", "default"), ("artifactgc-default", "artifactgc", "default"),
    ("pod-manager-default", "pod-manager", "default"), ("workflow-manager-default", "workflow-manager", "default"),
  ]

  private static var roles: [(name: String, rules: [PolicyRule])] {
    let work = ["get", "list", "watch", "update", "patch", "delete", "create"]
    return [
      (
        "argo-role",
        [
          PolicyRule(["create", "get", "update"], of: ["leases"], in: ["coordination.k8s.io"]),
          PolicyRule(work, of: ["pods", "pods/exec"], in: [""]),
          PolicyRule(BootstrapRoles.read, of: ["configmaps"], in: [""]),
          PolicyRule(
            ["create", "update", "delete", "get"], of: ["persistentvolumeclaims", "persistentvolumeclaims/finalizers"], in: [""]),
          PolicyRule(
            work, of: ["workflows", "workflows/finalizers", "workflowtasksets", "workflowtasksets/finalizers", "workflowartifactgctasks"],
            in: [group]), PolicyRule(BootstrapRoles.read, of: ["workflowtemplates", "workflowtemplates/finalizers"], in: [group]),
          PolicyRule(["list", "watch", "deletecollection"], of: ["workflowtaskresults"], in: [group]),
          PolicyRule(["get", "list"], of: ["serviceaccounts"], in: [""]), PolicyRule(["get"], of: ["secrets"], in: [""]),
          PolicyRule(
            ["get", "list", "watch", "update", "patch", "delete"], of: ["cronworkflows", "cronworkflows/finalizers"], in: [group]),
          PolicyRule(["create", "patch"], of: ["events"], in: [""]),
          PolicyRule(["create", "get", "delete"], of: ["poddisruptionbudgets"], in: ["policy"]),
        ]
      ),
      (
        "argo-server-role",
        [
          PolicyRule(BootstrapRoles.read, of: ["configmaps"], in: [""]),
          PolicyRule(["get", "create", "list", "watch"], of: ["secrets"], in: [""]),
          PolicyRule(["get", "list", "watch", "delete"], of: ["pods", "pods/exec", "pods/log"], in: [""]),
          PolicyRule(["watch", "create", "patch"], of: ["events"], in: [""]),
          PolicyRule(["get", "list", "watch"], of: ["serviceaccounts"], in: [""]),
          PolicyRule(
            ["create", "get", "list", "watch", "update", "patch", "delete"],
            of: [
              "eventsources", "sensors", "workflows", "workfloweventbindings", "workflowtemplates", "cronworkflows",
              "cronworkflows/finalizers",
            ], in: [group]),
        ]
      ),
      (
        "agent",
        [
          PolicyRule(["list", "watch"], of: ["workflowtasksets"], in: [group]),
          PolicyRule(["patch"], of: ["workflowtasksets/status"], in: [group]),
        ]
      ), ("executor", [PolicyRule(["create", "patch"], of: ["workflowtaskresults"], in: [group])]),
      (
        "artifactgc",
        [
          PolicyRule(["list", "watch"], of: ["workflowartifactgctasks"], in: [group]),
          PolicyRule(["patch"], of: ["workflowartifactgctasks/status"], in: [group]),
        ]
      ), ("pod-manager", [PolicyRule(["create", "get", "patch"], of: ["pods"], in: [""])]),
      ("workflow-manager", [PolicyRule(["create", "get"], of: ["workflows"], in: [group])]),
    ]
  }
}
