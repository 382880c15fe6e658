import AccessCore
import Contracts
import KubeModel

/// ClusterRoles for what this program serves beside Kubernetes' and Argo's kinds.
enum ArgosyRoles {
  /// A state of Terraform holds passwords: who may only look sees which states there are and who has locked them, as of Secrets in Kubernetes' `view` nothing.
  static var clusterRoles: [Resource] {
    [
      BootstrapRoles.clusterRole(
        "argosy-terraform-state", labels: ["rbac.authorization.k8s.io/aggregate-to-edit": "true"],
        rules: [
          PolicyRule(
            ["get", "list", "update", "delete", "lock", "unlock"], of: [TerraformStateKey.plural], in: [TerraformStateKey.group])
        ]),
      BootstrapRoles.clusterRole(
        "argosy-terraform-state-view", labels: ["rbac.authorization.k8s.io/aggregate-to-view": "true"],
        rules: [PolicyRule(["list"], of: [TerraformStateKey.plural], in: [TerraformStateKey.group])]),
    ]
  }
}
