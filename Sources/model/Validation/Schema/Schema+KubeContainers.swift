extension Schema {
  /// Containers: environment, probes, life cycle, resources, security. The notation is ``SchemaTable``'s.
  static let kubeContainers = """
    SecretKeySelector
      key! string
      name string
      optional boolean
    ConfigMapKeySelector
      key! string
      name string
      optional boolean
    Container
      args [string]
      command [string]
      env [EnvVar]
      envFrom [EnvFromSource]
      image string
      imagePullPolicy string = Always IfNotPresent Never
      lifecycle Lifecycle
      livenessProbe Probe
      name string
      ports [ContainerPort]
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
      volumeDevices [VolumeDevice]
      volumeMounts [VolumeMount]
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
    ObjectFieldSelector
      apiVersion string
      fieldPath! string
    FileKeySelector
      key! string
      optional boolean
      path! string
      volumeName! string
    ResourceFieldSelector
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
      seconds! integer
    TCPSocketAction
      host string
      port! intOrString
    Probe
      exec ExecAction
      failureThreshold integer
      grpc GRPCAction
      httpGet HTTPGetAction
      initialDelaySeconds integer
      periodSeconds integer
      successThreshold integer
      tcpSocket TCPSocketAction
      terminationGracePeriodSeconds integer
      timeoutSeconds integer
    GRPCAction
      port! integer
      service string
    ContainerPort
      containerPort! integer
      hostIP string
      hostPort integer
      name string
      protocol string = TCP UDP SCTP
    ContainerResizePolicy
      resourceName! string
      restartPolicy! string
    ResourceRequirements
      claims [ResourceClaim]
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
      values [integer]
    SecurityContext
      allowPrivilegeEscalation boolean
      appArmorProfile AppArmorProfile
      capabilities Capabilities
      privileged boolean
      procMount string
      readOnlyRootFilesystem boolean
      runAsGroup integer
      runAsNonRoot boolean
      runAsUser integer
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
