extension Schema {
  /// Affinity, and what the statuses and references of the plain kinds say. The notation is ``SchemaTable``'s.
  static let kubeAffinity = """
    ManagedFieldsEntry
      apiVersion string
      fieldsType string
      fieldsV1 any
      manager string
      operation string
      subresource string
      time string @date-time
    ModifyVolumeStatus
      status! string = Pending InProgress Infeasible
      targetVolumeAttributesClassName string
    NamespaceCondition
      lastTransitionTime string @date-time
      message string
      reason string
      status! string
      type! string
    NamespaceSpec
      finalizers [string]
    NamespaceStatus
      conditions [NamespaceCondition] @map=type @merge=type
      phase string = Active Terminating
    NodeAffinity
      preferredDuringSchedulingIgnoredDuringExecution [PreferredSchedulingTerm]
      requiredDuringSchedulingIgnoredDuringExecution NodeSelector
    NodeSelector @atomic
      nodeSelectorTerms! [NodeSelectorTerm]
    NodeSelectorRequirement
      key! string
      operator! string = In NotIn Exists DoesNotExist Gt Lt
      values [string]
    NodeSelectorTerm @atomic
      matchExpressions [NodeSelectorRequirement]
      matchFields [NodeSelectorRequirement]
    ObjectReference @atomic
      apiVersion string
      fieldPath string
      kind string
      name string
      namespace string
      resourceVersion string
      uid string
    PersistentVolumeClaimCondition
      lastProbeTime string @date-time
      lastTransitionTime string @date-time
      message string
      reason string
      status! string
      type! string
    PersistentVolumeClaimStatus
      accessModes [string] = ReadWriteOnce ReadOnlyMany ReadWriteMany ReadWriteOncePod
      allocatedResourceStatuses {string} = ControllerResizeInProgress ControllerResizeInfeasible NodeResizePending NodeResizeInProgress NodeResizeInfeasible
      allocatedResources {quantity}
      capacity {quantity}
      conditions [PersistentVolumeClaimCondition] @map=type @merge=type
      currentVolumeAttributesClassName string
      modifyVolumeStatus ModifyVolumeStatus
      phase string = Pending Bound Lost
    PodAffinity
      preferredDuringSchedulingIgnoredDuringExecution [WeightedPodAffinityTerm]
      requiredDuringSchedulingIgnoredDuringExecution [PodAffinityTerm]
    PodAffinityTerm
      labelSelector LabelSelector
      matchLabelKeys [string]
      mismatchLabelKeys [string]
      namespaceSelector LabelSelector
      namespaces [string]
      topologyKey! string
    PodAntiAffinity
      preferredDuringSchedulingIgnoredDuringExecution [WeightedPodAffinityTerm]
      requiredDuringSchedulingIgnoredDuringExecution [PodAffinityTerm]
    PreferredSchedulingTerm
      preference! NodeSelectorTerm
      weight! integer @int32
    WeightedPodAffinityTerm
      podAffinityTerm! PodAffinityTerm
      weight! integer @int32
    """
}
