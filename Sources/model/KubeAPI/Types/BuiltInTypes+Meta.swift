extension BuiltInTypes {
  /// What belongs to no kind (`meta/v1`). The notation is `SchemaTable`'s.
  static let meta = """
    Status
      apiVersion string
      code integer @int32
      details StatusDetails
      kind string
      message string
      metadata ListMeta
      reason string
      status string
    DeleteOptions
      apiVersion string
      dryRun [string]
      gracePeriodSeconds integer @int64
      ignoreStoreReadErrorWithClusterBreakingPotential boolean
      kind string
      orphanDependents boolean
      preconditions Preconditions
      propagationPolicy string
    ListMeta
      continue string
      remainingItemCount integer @int64
      resourceVersion string
      selfLink string
      shardInfo ShardInfo
    Condition
      lastTransitionTime! string @date-time
      message! string
      observedGeneration integer @int64
      reason! string
      status! string
      type! string
    FieldSelectorRequirement
      key! string
      operator! string
      values [string]
    StatusDetails
      causes [StatusCause]
      group string
      kind string
      name string
      retryAfterSeconds integer @int32
      uid string
    Preconditions
      resourceVersion string
      uid string
    ShardInfo
      selector! string
    StatusCause
      field string
      message string
      reason string
    """
}
