extension Schema {
  /// Containers: environment, probes, life cycle, resources, security. The notation is ``SchemaTable``'s.
  static let kubeContainers = """
    SecretKeySelector @atomic
      key! string
      name string
      optional boolean
    ConfigMapKeySelector @atomic
      key! string
      name string
      optional boolean
    Container
      args [string]
      command [string]
      env [EnvVar] @map=name @merge=name
      envFrom [EnvFromSource]
      image string
      imagePullPolicy string = Always IfNotPresent Never
      lifecycle Lifecycle
      livenessProbe Probe
      name string
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
      terminationMessagePath string
      terminationMessagePolicy string = File FallbackToLogsOnError
      tty boolean
      volumeDevices [VolumeDevice] @map=devicePath @merge=devicePath
      volumeMounts [VolumeMount] @map=mountPath @merge=mountPath
      workingDir string
    EnvVar
      name! string
      value string
      valueFrom EnvVarSource
    EnvVarSource
      configMapKeyRef ConfigMapKeySelector
      fieldRef ObjectFieldSelector
      fileKeyRef FileKeySelector
      resourceFieldRef ResourceFieldSelector
      secretKeyRef SecretKeySelector
    ObjectFieldSelector @atomic
      apiVersion string
      fieldPath! string
    FileKeySelector @atomic
      key! string
      optional boolean
      path! string
      volumeName! string
    ResourceFieldSelector @atomic
      containerName string
      divisor quantity
      resource! string
    EnvFromSource
      configMapRef ConfigMapEnvSource
      prefix string
      secretRef SecretEnvSource
    ConfigMapEnvSource
      name string
      optional boolean
    SecretEnvSource
      name string
      optional boolean
    Lifecycle
      postStart LifecycleHandler
      preStop LifecycleHandler
      stopSignal string
    LifecycleHandler
      exec ExecAction
      httpGet HTTPGetAction
      sleep SleepAction
      tcpSocket TCPSocketAction
    ExecAction
      command [string]
    HTTPGetAction
      host string
      httpHeaders [ProbeHeader]
      path string
      port! intOrString
      scheme string = HTTP HTTPS
    SleepAction
      seconds! integer @int64
    TCPSocketAction
      host string
      port! intOrString
    Probe
      exec ExecAction
      failureThreshold integer @int32
      grpc GRPCAction
      httpGet HTTPGetAction
      initialDelaySeconds integer @int32
      periodSeconds integer @int32
      successThreshold integer @int32
      tcpSocket TCPSocketAction
      terminationGracePeriodSeconds integer @int64
      timeoutSeconds integer @int32
    GRPCAction
      port! integer @int32
      service string
    ContainerPort
      containerPort! integer @int32
      hostIP string
      hostPort integer @int32
      name string
      protocol string @default=TCP = TCP UDP SCTP
    ContainerResizePolicy
      resourceName! string
      restartPolicy! string
    ResourceRequirements
      claims [ResourceClaim] @map=name
      limits {quantity}
      requests {quantity}
    ResourceClaim
      name! string
      request string
    ContainerRestartRule
      action! string
      exitCodes ContainerRestartRuleOnExitCodes
    ContainerRestartRuleOnExitCodes
      operator! string
      values [integer] @int32 @set
    SecurityContext
      allowPrivilegeEscalation boolean
      appArmorProfile AppArmorProfile
      capabilities Capabilities
      privileged boolean
      procMount string
      readOnlyRootFilesystem boolean
      runAsGroup integer @int64
      runAsNonRoot boolean
      runAsUser integer @int64
      seLinuxOptions SELinuxOptions
      seccompProfile SeccompProfile
      windowsOptions WindowsSecurityContextOptions
    AppArmorProfile
      localhostProfile string
      type! string
    Capabilities
      add [string]
      drop [string]
    SELinuxOptions
      level string
      role string
      type string
      user string
    SeccompProfile
      localhostProfile string
      type! string
    WindowsSecurityContextOptions
      gmsaCredentialSpec string
      gmsaCredentialSpecName string
      hostProcess boolean
      runAsUserName string
    VolumeDevice
      devicePath! string
      name! string
    VolumeMount
      mountPath string
      mountPropagation string
      name! string
      readOnly boolean
      recursiveReadOnly string
      subPath string
      subPathExpr string
    ProbeHeader
      name! string
      value! string
    """
}
