extension BuiltInTypes {
  /// Statuses of Argo's kinds, and the kinds that its own parts write. The notation is `SchemaTable`'s.
  static let argoStatus = """
    WorkflowStatus
      artifactGCStatus ArtGCStatus
      artifactRepositoryRef ArtifactRepositoryRefStatus
      compressedNodes string
      conditions [Condition]
      estimatedDuration integer @int64
      finishedAt string @date-time
      message string
      nodes {NodeStatus}
      offloadNodeStatusVersion string
      outputs Outputs
      persistentVolumeClaims [Volume]
      phase string
      progress string
      resourcesDuration {integer} @int64
      startedAt string @date-time
      storedTemplates {Template}
      storedWorkflowTemplateSpec WorkflowSpec
      synchronization SynchronizationStatus
      taskResultsCompletionStatus {boolean}
    CronWorkflowStatus
      active [ObjectReference]
      conditions [Condition]
      failed integer @int64
      lastScheduledTime string @date-time
      phase string
      succeeded integer @int64
    WorkflowTaskSet
      apiVersion string
      kind string
      metadata! ObjectMeta
      spec! WorkflowTaskSetSpec
      status WorkflowTaskSetStatus
    WorkflowTaskResult
      apiVersion string
      kind string
      message string
      metadata! ObjectMeta
      outputs Outputs
      phase string
      progress string
    WorkflowArtifactGCTask
      apiVersion string
      kind string
      metadata! ObjectMeta
      spec! ArtifactGCSpec
      status ArtifactGCStatus
    NodeStatus
      boundaryID string
      children [string]
      daemoned boolean
      displayName string
      estimatedDuration integer @int64
      failedPodRestarts integer @int32
      finishedAt string @date-time
      hostNodeName string
      id! string
      inputs Inputs
      memoizationStatus MemoizationStatus
      message string
      name! string
      nodeFlag NodeFlag
      outboundNodes [string]
      outputs Outputs
      phase string
      podIP string
      progress string
      resourcesDuration {integer} @int64
      restartingPodUID string
      startedAt string @date-time
      synchronizationStatus NodeSynchronizationStatus
      taskResultSynced boolean
      templateName string
      templateRef TemplateRef
      templateScope string
      type! string
    Condition
      message string
      status string
      type string
    SynchronizationStatus
      mutex MutexStatus
      semaphore SemaphoreStatus
    ArtifactRepositoryRefStatus
      artifactRepository ArtifactRepository
      configMap string
      default boolean
      key string
      namespace string
    ArtGCStatus
      notSpecified boolean
      podsRecouped {boolean}
      strategiesProcessed {boolean}
    WorkflowTaskSetSpec
      tasks {Template}
    WorkflowTaskSetStatus
      nodes {NodeResult}
    ArtifactGCSpec
      artifactsByNode {ArtifactNodeSpec}
    ArtifactGCStatus
      artifactResultsByNode {ArtifactResultNodeStatus}
    NodeFlag
      hooked boolean
      retried boolean
    MemoizationStatus
      cacheName! string
      hit! boolean
      key! string
    NodeSynchronizationStatus
      waiting string
    ParallelSteps
      steps! [WorkflowStep]
    SemaphoreStatus
      holding [SemaphoreHolding]
      waiting [SemaphoreHolding]
    MutexStatus
      holding [MutexHolding]
      waiting [MutexHolding]
    ArtifactRepository
      archiveLogs boolean
      artifactory ArtifactoryArtifactRepository
      azure AzureArtifactRepository
      gcs GCSArtifactRepository
      hdfs HDFSArtifactRepository
      oss OSSArtifactRepository
      plugin PluginArtifactRepository
      s3 S3ArtifactRepository
    NodeResult
      message string
      outputs Outputs
      phase string
      progress string
    ArtifactNodeSpec
      archiveLocation ArtifactLocation
      artifacts {Artifact}
    ArtifactResultNodeStatus
      artifactResults {ArtifactResult}
    SemaphoreHolding
      holders [string]
      semaphore string
    MutexHolding
      holder string
      mutex string
    S3ArtifactRepository
      accessKeySecret SecretKeySelector
      addressingStyle string
      bucket string
      caSecret SecretKeySelector
      createBucketIfNotPresent CreateS3BucketOptions
      encryptionOptions S3EncryptionOptions
      endpoint string
      insecure boolean
      keyFormat string
      keyPrefix string
      region string
      roleARN string
      secretKeySecret SecretKeySelector
      sessionTokenSecret SecretKeySelector
      useSDKCreds boolean
    ArtifactoryArtifactRepository
      keyFormat string
      passwordSecret SecretKeySelector
      repoURL string
      usernameSecret SecretKeySelector
    HDFSArtifactRepository
      addresses [string]
      dataTransferProtection string
      force boolean
      hdfsUser string
      krbCCacheSecret SecretKeySelector
      krbConfigConfigMap ConfigMapKeySelector
      krbKeytabSecret SecretKeySelector
      krbRealm string
      krbServicePrincipalName string
      krbUsername string
      pathFormat string
    OSSArtifactRepository
      accessKeySecret SecretKeySelector
      bucket string
      createBucketIfNotPresent boolean
      endpoint string
      keyFormat string
      lifecycleRule OSSLifecycleRule
      secretKeySecret SecretKeySelector
      securityToken string
      useSDKCreds boolean
    GCSArtifactRepository
      bucket string
      keyFormat string
      serviceAccountKeySecret SecretKeySelector
    AzureArtifactRepository
      accountKeySecret SecretKeySelector
      blobNameFormat string
      container! string
      endpoint! string
      useSDKCreds boolean
    PluginArtifactRepository
      configuration! string
      keyFormat string
      name! string
    ArtifactResult
      error string
      name! string
      success boolean
    """
}
