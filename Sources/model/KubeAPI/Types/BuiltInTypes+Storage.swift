extension BuiltInTypes {
  /// `storage.k8s.io/v1`. The notation is `SchemaTable`'s.
  static let storage = """
    StorageClass
      allowVolumeExpansion boolean
      allowedTopologies [TopologySelectorTerm]
      apiVersion string
      kind string
      metadata ObjectMeta
      mountOptions [string]
      parameters {string}
      provisioner! string
      reclaimPolicy string = Recycle Delete Retain
      volumeBindingMode string = Immediate WaitForFirstConsumer
    """
}
