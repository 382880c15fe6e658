extension BuiltInTypes {
  /// Events, and kinds that are only kept. The notation is `SchemaTable`'s.
  static let services = """
    Event
      action string
      apiVersion string
      count integer @int32
      eventTime string @date-time
      firstTimestamp string @date-time
      involvedObject! ObjectReference
      kind string
      lastTimestamp string @date-time
      message string
      metadata! ObjectMeta
      reason string
      related ObjectReference
      reportingComponent string
      reportingInstance string
      series EventSeries
      source EventSource
      type string
    Service
      apiVersion string
      kind string
      metadata ObjectMeta
      spec ServiceSpec
      status ServiceStatus
    Endpoints
      apiVersion string
      kind string
      metadata ObjectMeta
      subsets [EndpointSubset]
    ResourceQuota
      apiVersion string
      kind string
      metadata ObjectMeta
      spec ResourceQuotaSpec
      status ResourceQuotaStatus
    LimitRange
      apiVersion string
      kind string
      metadata ObjectMeta
      spec LimitRangeSpec
    EventSource
      component string
      host string
    EventSeries
      count integer @int32
      lastObservedTime string @date-time
    ServiceSpec
      allocateLoadBalancerNodePorts boolean
      clusterIP string
      clusterIPs [string]
      externalIPs [string]
      externalName string
      externalTrafficPolicy string = Cluster Local
      healthCheckNodePort integer @int32
      internalTrafficPolicy string = Cluster Local
      ipFamilies [string] = IPv4 IPv6
      ipFamilyPolicy string = SingleStack PreferDualStack RequireDualStack
      loadBalancerClass string
      loadBalancerIP string
      loadBalancerSourceRanges [string]
      ports [ServicePort] @map=port,protocol @merge=port
      publishNotReadyAddresses boolean
      selector {string} @atomic
      sessionAffinity string = ClientIP None
      sessionAffinityConfig SessionAffinityConfig
      trafficDistribution string
      type string = ClusterIP NodePort LoadBalancer ExternalName
    ServiceStatus
      conditions [Condition] @map=type @merge=type
      loadBalancer LoadBalancerStatus
    EndpointSubset
      addresses [EndpointAddress]
      notReadyAddresses [EndpointAddress]
      ports [EndpointPort]
    ResourceQuotaSpec
      hard {quantity}
      scopeSelector ScopeSelector
      scopes [string] = Terminating NotTerminating BestEffort NotBestEffort PriorityClass CrossNamespacePodAffinity VolumeAttributesClass
    ResourceQuotaStatus
      hard {quantity}
      used {quantity}
    LimitRangeSpec
      limits! [LimitRangeItem]
    ServicePort
      appProtocol string
      name string
      nodePort integer @int32
      port! integer @int32
      protocol string @default=TCP = TCP UDP SCTP
      targetPort intOrString
    SessionAffinityConfig
      clientIP ClientIPConfig
    LoadBalancerStatus
      ingress [LoadBalancerIngress]
    EndpointAddress @atomic
      hostname string
      ip! string
      nodeName string
      targetRef ObjectReference
    EndpointPort @atomic
      appProtocol string
      name string
      port! integer @int32
      protocol string @default=TCP = TCP UDP SCTP
    ScopeSelector @atomic
      matchExpressions [ScopedResourceSelectorRequirement]
    LimitRangeItem
      default {quantity}
      defaultRequest {quantity}
      max {quantity}
      maxLimitRequestRatio {quantity}
      min {quantity}
      type! string
    ClientIPConfig
      timeoutSeconds integer @int32
    LoadBalancerIngress
      hostname string
      ip string
      ipMode string
      ports [PortStatus]
    ScopedResourceSelectorRequirement
      operator! string = In NotIn Exists DoesNotExist
      scopeName! string = Terminating NotTerminating BestEffort NotBestEffort PriorityClass CrossNamespacePodAffinity VolumeAttributesClass
      values [string]
    PortStatus
      error string
      port! integer @int32
      protocol! string @default=TCP = TCP UDP SCTP
    """
}
