extension BuiltInTypes {
  /// `coordination.k8s.io/v1`. The notation is `SchemaTable`'s.
  static let coordination = """
    Lease
      apiVersion string
      kind string
      metadata ObjectMeta
      spec LeaseSpec
    LeaseSpec
      acquireTime string @date-time
      holderIdentity string
      leaseDurationSeconds integer @int32
      leaseTransitions integer @int32
      preferredHolder string
      renewTime string @date-time
      strategy string
    """
}
