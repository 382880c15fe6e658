extension Schema {
  /// A template, its bodies, and what steps and tasks say. The notation is ``SchemaTable``'s.
  static let argoTemplates = """
    Template
      activeDeadlineSeconds intOrString
      affinity Affinity
      annotations {string}
      archiveLocation ArtifactLocation
      automountServiceAccountToken boolean
      container Container
      containerSet ContainerSetTemplate
      daemon boolean
      dag DAGTemplate
      data Data
      executor ExecutorConfig
      failFast boolean
      hostAliases [HostAlias]
      http HTTP
      initContainers [UserContainer]
      inputs Inputs
      memoize Memoize
      metadata Metadata
      metrics Metrics
      name string
      nodeSelector {string}
      outputs Outputs
      parallelism integer
      pendingTimeout string
      plugin {any}
      podResources ResourceRequirements
      podSpecPatch string
      priorityClassName string
      resource ResourceTemplate
      resourceClaims [PodResourceClaim]
      retryStrategy RetryStrategy
      schedulerName string
      script ScriptTemplate
      securityContext PodSecurityContext
      serviceAccountName string
      sidecars [UserContainer]
      steps [[WorkflowStep]]
      suspend SuspendTemplate
      synchronization Synchronization
      timeout string
      tolerations [Toleration]
      volumes [Volume]
    Inputs
      artifacts [Artifact]
      parameters [Parameter]
    Outputs
      artifacts [Artifact]
      exitCode string
      parameters [Parameter]
      result string
    Parameter
      default anyString
      description string
      enum [anyString]
      globalName string
      name string
      value anyString
      valueFrom ValueFrom
    ValueFrom
      configMapKeyRef ConfigMapKeySelector
      default anyString
      event string
      expression string
      jqFilter string
      jsonPath string
      parameter string
      path string
      supplied SuppliedValueFrom
    SuppliedValueFrom
    WorkflowStep
      arguments Arguments
      continueOn ContinueOn
      hooks {LifecycleHook}
      inline Template
      name string
      onExit string
      template string
      templateRef TemplateRef
      when string
      withItems [any]
      withParam string
      withSequence Sequence
    DAGTemplate
      failFast boolean
      target string
      tasks [DAGTask]
    DAGTask
      arguments Arguments
      continueOn ContinueOn
      dependencies [string]
      depends string
      hooks {LifecycleHook}
      inline Template
      name string
      onExit string
      template string
      templateRef TemplateRef
      when string
      withItems [any]
      withParam string
      withSequence Sequence
    ContinueOn
      error boolean
      failed boolean
    Sequence
      count intOrString
      end intOrString
      format string
      start intOrString
    ContainerSetTemplate
      containers [ContainerNode]
      retryStrategy ContainerSetRetryStrategy
      volumeMounts [VolumeMount]
    ContainerSetRetryStrategy
      duration string
      retries! intOrString
    ContainerNode : Container
      dependencies [string]
    ScriptTemplate : Container
      source string
    UserContainer : Container
      mirrorVolumeMounts boolean
    ResourceTemplate
      action string
      failureCondition string
      flags [string]
      manifest string
      manifestFrom ManifestFrom
      mergeStrategy string = strategic merge json
      setOwnerReference boolean
      successCondition string
    ManifestFrom
      artifact! Artifact
    SuspendTemplate
      duration string
    HTTP
      body string
      bodyFrom HTTPBodySource
      headers [HTTPHeader]
      insecureSkipVerify boolean
      method string = GET HEAD POST PUT PATCH DELETE OPTIONS CONNECT TRACE
      successCondition string
      timeoutSeconds integer
      url! string
    HTTPHeader
      name! string
      value string
      valueFrom HTTPHeaderSource
    HTTPHeaderSource
      secretKeyRef SecretKeySelector
    HTTPBodySource
      bytes string
    Data
      source! DataSource
      transformation! [TransformationStep]
    DataSource
      artifactPaths ArtifactPaths
    TransformationStep
      expression! string
    Memoize
      cache! Cache
      key! string
      maxAge string
    Cache
      configMap! LocalObjectReference
    """
}
