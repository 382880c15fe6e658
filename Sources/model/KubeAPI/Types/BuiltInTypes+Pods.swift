extension BuiltInTypes {
  /// Pods: what the schema of manifests does not have. The notation is `SchemaTable`'s.
  static let pods = """
    Pod
      apiVersion string
      kind string
      metadata ObjectMeta
      spec PodSpec
      status PodStatus
    PodSpec
      activeDeadlineSeconds integer @int64
      affinity Affinity
      automountServiceAccountToken boolean
      containers! [Container] @map=name @merge=name
      dnsConfig PodDNSConfig
      dnsPolicy string = ClusterFirstWithHostNet ClusterFirst Default None
      enableServiceLinks boolean
      ephemeralContainers [EphemeralContainer] @map=name @merge=name
      hostAliases [HostAlias] @map=ip @merge=ip
      hostIPC boolean
      hostNetwork boolean
      hostPID boolean
      hostUsers boolean
      hostname string
      hostnameOverride string
      imagePullSecrets [LocalObjectReference] @map=name @merge=name
      initContainers [Container] @map=name @merge=name
      nodeName string
      nodeSelector {string} @atomic
      os PodOS
      overhead {quantity}
      preemptionPolicy string = PreemptLowerPriority Never
      priority integer @int32
      priorityClassName string
      readinessGates [PodReadinessGate]
      resourceClaims [PodResourceClaim] @map=name @merge=name @retainKeys
      resources ResourceRequirements
      restartPolicy string = Always OnFailure Never
      runtimeClassName string
      schedulerName string
      schedulingGates [PodSchedulingGate] @map=name @merge=name
      securityContext PodSecurityContext
      serviceAccount string
      serviceAccountName string
      setHostnameAsFQDN boolean
      shareProcessNamespace boolean
      subdomain string
      terminationGracePeriodSeconds integer @int64
      tolerations [Toleration]
      topologySpreadConstraints [TopologySpreadConstraint] @map=topologyKey,whenUnsatisfiable @merge=topologyKey
      volumes [Volume] @map=name @merge=name @retainKeys
    PodStatus
      allocatedResources {quantity}
      conditions [PodCondition] @map=type @merge=type
      containerStatuses [ContainerStatus]
      ephemeralContainerStatuses [ContainerStatus]
      hostIP string
      hostIPs [HostIP] @merge=ip
      initContainerStatuses [ContainerStatus]
      message string
      nominatedNodeName string
      observedGeneration integer @int64
      phase string = Pending Running Succeeded Failed Unknown
      podIP string
      podIPs [PodIP] @map=ip @merge=ip
      qosClass string = Guaranteed Burstable BestEffort
      reason string
      resize string
      resourceClaimStatuses [PodResourceClaimStatus] @map=name @merge=name @retainKeys
      resources ResourceRequirements
      startTime string @date-time
    EphemeralContainer
      args [string]
      command [string]
      env [EnvVar] @map=name @merge=name
      envFrom [EnvFromSource]
      image string
      imagePullPolicy string = Always Never IfNotPresent
      lifecycle Lifecycle
      livenessProbe Probe
      name! string
      ports [ContainerPort] @map=containerPort,protocol @merge=containerPort
      readinessProbe Probe
      resizePolicy [ContainerResizePolicy]
      resources ResourceRequirements
      restartPolicy string
      restartPolicyRules [ContainerRestartRule]
      securityContext SecurityContext
      startupProbe Probe
      stdin boolean
      stdinOnce boolean
      targetContainerName string
      terminationMessagePath string
      terminationMessagePolicy string = File FallbackToLogsOnError
      tty boolean
      volumeDevices [VolumeDevice] @map=devicePath @merge=devicePath
      volumeMounts [VolumeMount] @map=mountPath @merge=mountPath
      workingDir string
    PodReadinessGate
      conditionType! string
    TopologySpreadConstraint
      labelSelector LabelSelector
      matchLabelKeys [string]
      maxSkew! integer @int32
      minDomains integer @int32
      nodeAffinityPolicy string = Ignore Honor
      nodeTaintsPolicy string = Ignore Honor
      topologyKey! string
      whenUnsatisfiable! string = DoNotSchedule ScheduleAnyway
    PodOS
      name! string
    PodSchedulingGate
      name! string
    PodCondition
      lastProbeTime string @date-time
      lastTransitionTime string @date-time
      message string
      observedGeneration integer @int64
      reason string
      status! string
      type! string
    HostIP
      ip! string
    PodIP
      ip! string
    ContainerStatus
      allocatedResources {quantity}
      allocatedResourcesStatus [ResourceStatus] @map=name @merge=name
      containerID string
      image! string
      imageID! string
      lastState ContainerState
      name! string
      ready! boolean
      resources ResourceRequirements
      restartCount! integer @int32
      started boolean
      state ContainerState
      stopSignal string
      user ContainerUser
      volumeMounts [VolumeMountStatus] @map=mountPath @merge=mountPath
    PodResourceClaimStatus
      name! string
      resourceClaimName string
    ContainerState
      running ContainerStateRunning
      terminated ContainerStateTerminated
      waiting ContainerStateWaiting
    VolumeMountStatus
      mountPath! string
      name! string
      readOnly boolean
      recursiveReadOnly string
      volumeStatus VolumeStatus
    ContainerUser
      linux LinuxContainerUser
    ResourceStatus
      name! string
      resources [ResourceHealth] @map=resourceID
    ContainerStateWaiting
      message string
      reason string
    ContainerStateRunning
      startedAt string @date-time
    ContainerStateTerminated
      containerID string
      exitCode! integer @int32
      finishedAt string @date-time
      message string
      reason string
      signal integer @int32
      startedAt string @date-time
    VolumeStatus
      image ImageVolumeStatus
    LinuxContainerUser
      gid! integer @int64
      supplementalGroups [integer] @int64
      uid! integer @int64
    ResourceHealth
      health string
      message string
      resourceID! string
    ImageVolumeStatus
      imageRef string
    """
}
