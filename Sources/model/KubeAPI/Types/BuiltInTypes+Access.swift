extension BuiltInTypes {
  /// RBAC (`rbac.authorization.k8s.io/v1`). The notation is `SchemaTable`'s.
  static let access = """
    Role
      apiVersion string
      kind string
      metadata ObjectMeta
      rules [PolicyRule]
    RoleBinding
      apiVersion string
      kind string
      metadata ObjectMeta
      roleRef! RoleRef
      subjects [Subject]
    ClusterRole
      aggregationRule AggregationRule
      apiVersion string
      kind string
      metadata ObjectMeta
      rules [PolicyRule]
    ClusterRoleBinding
      apiVersion string
      kind string
      metadata ObjectMeta
      roleRef! RoleRef
      subjects [Subject]
    PolicyRule
      apiGroups [string]
      nonResourceURLs [string]
      resourceNames [string]
      resources [string]
      verbs! [string]
    Subject @atomic
      apiGroup string
      kind! string
      name! string
      namespace string
    RoleRef @atomic
      apiGroup string
      kind! string
      name! string
    AggregationRule
      clusterRoleSelectors [LabelSelector]
    """
}
