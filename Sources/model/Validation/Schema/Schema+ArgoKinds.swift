extension Schema {
  /// The kinds of `argoproj.io/v1alpha1` and what their specs hold besides templates. The notation is ``SchemaTable``'s.
  static let argoKinds = """
    Workflow
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! WorkflowSpec
      status any
    WorkflowTemplate
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! WorkflowSpec
    ClusterWorkflowTemplate
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! WorkflowSpec
    CronWorkflow
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! CronWorkflowSpec
      status any
    WorkflowEventBinding
      apiVersion string
      kind string
      metadata ObjectMeta
      spec! WorkflowEventBindingSpec
    WorkflowSpec
      activeDeadlineSeconds integer
      affinity Affinity
      archiveLogs boolean
      arguments Arguments
      artifactGC WorkflowLevelArtifactGC
      artifactRepositoryRef ArtifactRepositoryRef
      automountServiceAccountToken boolean
      dnsConfig PodDNSConfig
      dnsPolicy string = ClusterFirstWithHostNet ClusterFirst Default None
      entrypoint string
      executor ExecutorConfig
      executorPlugins [ExecutorPlugin]
      hooks {LifecycleHook}
      hostAliases [HostAlias]
      hostNetwork boolean
      imagePullSecrets [LocalObjectReference]
      metrics Metrics
      nodeSelector {string}
      onExit string
      parallelism integer
      podDisruptionBudget PodDisruptionBudgetSpec
      podGC PodGC
      podMetadata Metadata
      podPriorityClassName string
      podResources ResourceRequirements
      podSpecPatch string
      priority integer
      resourceClaims [PodResourceClaim]
      retryStrategy RetryStrategy
      schedulerName string
      securityContext PodSecurityContext
      serviceAccountName string
      shutdown string = Stop Terminate
      suspend boolean
      synchronization Synchronization
      templateDefaults Template
      templates [Template]
      tolerations [Toleration]
      ttlStrategy TTLStrategy
      volumeClaimGC VolumeClaimGC
      volumeClaimTemplates [PersistentVolumeClaim]
      volumes [Volume]
      workflowMetadata WorkflowMetadata
      workflowTemplateRef WorkflowTemplateRef
    CronWorkflowSpec
      concurrencyPolicy string
      failedJobsHistoryLimit integer
      schedules [string]
      startingDeadlineSeconds integer
      stopStrategy StopStrategy
      successfulJobsHistoryLimit integer
      suspend boolean
      timezone string
      when string
      workflowMetadata ObjectMeta
      workflowSpec! WorkflowSpec
    StopStrategy
      expression! string
    WorkflowEventBindingSpec
      event! Event
      submit Submit
    Event
      selector! string
    Submit
      arguments Arguments
      metadata ObjectMeta
      workflowTemplateRef! WorkflowTemplateRef
    Arguments
      artifacts [Artifact]
      parameters [Parameter]
    Metadata
      annotations {string}
      labels {string}
    WorkflowMetadata
      annotations {string}
      labels {string}
      labelsFrom {LabelValueFrom}
    LabelValueFrom
      expression! string
    WorkflowTemplateRef
      clusterScope boolean
      name string
    TemplateRef
      clusterScope boolean
      name string
      template string
    ArtifactRepositoryRef
      configMap string
      key string
    WorkflowLevelArtifactGC
      forceFinalizerRemoval boolean
      podMetadata Metadata
      podSpecPatch string
      serviceAccountName string
      strategy string = OnWorkflowCompletion OnWorkflowDeletion Never
    TTLStrategy
      secondsAfterCompletion integer
      secondsAfterFailure integer
      secondsAfterSuccess integer
    PodGC
      deleteDelayDuration string
      labelSelector LabelSelector
      strategy string
    VolumeClaimGC
      strategy string = OnWorkflowSuccess OnWorkflowCompletion
    ExecutorConfig
      serviceAccountName string
    ExecutorPlugin
      metadata ObjectMeta
      spec! ExecutorPluginSpec
    ExecutorPluginSpec
      sidecar! ExecutorPluginSidecar
    ExecutorPluginSidecar
      automountServiceAccountToken boolean
      container! Container
    LifecycleHook
      arguments Arguments
      expression string
      template string
      templateRef TemplateRef
    Synchronization
      mutexes [Mutex]
      semaphores [SemaphoreRef]
    Mutex
      database boolean
      name string
      namespace string
    SemaphoreRef
      configMapKeyRef ConfigMapKeySelector
      database SyncDatabaseRef
      namespace string
    SyncDatabaseRef
      key! string
    RetryStrategy
      affinity RetryAffinity
      backoff Backoff
      expression string
      limit intOrString
      retryPolicy string
    RetryAffinity
      nodeAntiAffinity RetryNodeAntiAffinity
    RetryNodeAntiAffinity
    Backoff
      cap string
      duration string
      factor intOrString
      maxDuration string
    Metrics
      prometheus! [Prometheus]
    Prometheus
      counter Counter
      gauge Gauge
      help string
      histogram Histogram
      labels [MetricLabel]
      name string
      when string
    Counter
      value string
    Gauge
      operation string = Set Add Sub
      realtime boolean
      value string
    Histogram
      buckets! [number]
      value string
    MetricLabel
      key! string
      value! string
    """
}
