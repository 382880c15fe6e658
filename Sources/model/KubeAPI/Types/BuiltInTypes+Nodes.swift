extension BuiltInTypes {
  /// Nodes. The notation is `SchemaTable`'s.
  static let nodes = """
    Node
      apiVersion string
      kind string
      metadata ObjectMeta
      spec NodeSpec
      status NodeStatus
    NodeSpec
      configSource NodeConfigSource
      externalID string
      podCIDR string
      podCIDRs [string] @set @merge
      podPreemptionPolicy NodePodPreemptionPolicy
      providerID string
      taints [Taint]
      unschedulable boolean
    NodeStatus
      addresses [NodeAddress] @map=type @merge=type
      allocatable {quantity}
      capacity {quantity}
      conditions [NodeCondition] @map=type @merge=type
      config NodeConfigStatus
      daemonEndpoints NodeDaemonEndpoints
      declaredFeatures [string]
      features NodeFeatures
      images [ContainerImage]
      nodeInfo NodeSystemInfo
      phase string = Pending Running Terminated
      runtimeHandlers [NodeRuntimeHandler]
      volumesAttached [AttachedVolume]
      volumesInUse [string]
    DaemonEndpoint
      Port! integer @int32
    Taint
      effect! string = NoSchedule PreferNoSchedule NoExecute
      key! string
      timeAdded string @date-time
      value string
    NodeConfigSource
      configMap ConfigMapNodeConfigSource
    NodePodPreemptionPolicy
      disableResizePreemption [string] @set
    NodeCondition
      lastHeartbeatTime string @date-time
      lastTransitionTime string @date-time
      message string
      reason string
      status! string
      type! string
    NodeAddress
      address! string
      type! string
    NodeDaemonEndpoints
      kubeletEndpoint DaemonEndpoint
    NodeSystemInfo
      architecture! string
      bootID! string
      containerRuntimeVersion! string
      kernelVersion! string
      kubeProxyVersion! string
      kubeletVersion! string
      machineID! string
      operatingSystem! string
      osImage! string
      swap NodeSwapStatus
      systemUUID! string
    ContainerImage
      names [string]
      sizeBytes integer @int64
    AttachedVolume
      devicePath! string
      name! string
    NodeConfigStatus
      active NodeConfigSource
      assigned NodeConfigSource
      error string
      lastKnownGood NodeConfigSource
    NodeRuntimeHandler
      features NodeRuntimeHandlerFeatures
      name string
    NodeFeatures
      supplementalGroupsPolicy boolean
    ConfigMapNodeConfigSource
      kubeletConfigKey! string
      name! string
      namespace! string
      resourceVersion string
      uid string
    NodeSwapStatus
      capacity integer @int64
    NodeRuntimeHandlerFeatures
      recursiveReadOnlyMounts boolean
      userNamespaces boolean
    """
}
