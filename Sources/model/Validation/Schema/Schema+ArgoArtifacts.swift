extension Schema {
  /// Artifacts and where they are kept. The notation is ``SchemaTable``'s.
  static let argoArtifacts = """
    ArtifactLocation
      archiveLogs boolean
      artifactory ArtifactoryArtifact
      azure AzureArtifact
      gcs GCSArtifact
      git GitArtifact
      hdfs HDFSArtifact
      http HTTPArtifact
      oss OSSArtifact
      plugin PluginArtifact
      raw RawArtifact
      s3 S3Artifact
    Artifact : ArtifactLocation
      archive ArchiveStrategy
      artifactGC ArtifactGC
      deleted boolean
      from string
      fromExpression string
      globalName string
      mode integer
      name string
      optional boolean
      path string
      recurseMode boolean
      subPath string
    ArtifactPaths : Artifact
    ArtifactGC
      podMetadata Metadata
      serviceAccountName string
      strategy string = OnWorkflowCompletion OnWorkflowDeletion Never
    ArchiveStrategy
      none NoneStrategy
      tar TarStrategy
      zip ZipStrategy
    NoneStrategy
    TarStrategy
      compressionLevel integer
    ZipStrategy
    ArtifactoryArtifact
      passwordSecret SecretKeySelector
      url! string
      usernameSecret SecretKeySelector
    AzureArtifact
      accountKeySecret SecretKeySelector
      blob string
      container string
      endpoint string
      useSDKCreds boolean
    GCSArtifact
      bucket string
      key string
      serviceAccountKeySecret SecretKeySelector
    GitArtifact
      branch string
      depth integer
      disableSubmodules boolean
      fetch [string]
      insecureIgnoreHostKey boolean
      insecureSkipTLS boolean
      passwordSecret SecretKeySelector
      repo string
      revision string
      singleBranch boolean
      sshPrivateKeySecret SecretKeySelector
      usernameSecret SecretKeySelector
    HDFSArtifact
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
      path string
    HTTPArtifact
      auth HTTPAuth
      headers [Header]
      saveStreamViaFile boolean
      url! string
    HTTPAuth
      basicAuth BasicAuth
      clientCert ClientCertAuth
      oauth2 OAuth2Auth
    BasicAuth
      passwordSecret SecretKeySelector
      usernameSecret SecretKeySelector
    ClientCertAuth
      clientCertSecret SecretKeySelector
      clientKeySecret SecretKeySelector
    OAuth2Auth
      clientIDSecret SecretKeySelector
      clientSecretSecret SecretKeySelector
      endpointParams [OAuth2EndpointParam]
      scopes [string]
      tokenURLSecret SecretKeySelector
    OAuth2EndpointParam
      key! string
      value string
    Header
      name! string
      value! string
    OSSArtifact
      accessKeySecret SecretKeySelector
      bucket string
      createBucketIfNotPresent boolean
      endpoint string
      key string
      lifecycleRule OSSLifecycleRule
      secretKeySecret SecretKeySelector
      securityToken string
      useSDKCreds boolean
    OSSLifecycleRule
      markDeletionAfterDays integer
      markInfrequentAccessAfterDays integer
    PluginArtifact
      configuration string
      connectionTimeoutSeconds integer
      key string
      name string
    RawArtifact
      data! string
    S3Artifact
      accessKeySecret SecretKeySelector
      addressingStyle string
      bucket string
      caSecret SecretKeySelector
      createBucketIfNotPresent CreateS3BucketOptions
      encryptionOptions S3EncryptionOptions
      endpoint string
      insecure boolean
      key string
      region string
      roleARN string
      secretKeySecret SecretKeySelector
      sessionTokenSecret SecretKeySelector
      useSDKCreds boolean
    CreateS3BucketOptions
      objectLocking boolean
    S3EncryptionOptions
      enableEncryption boolean
      kmsEncryptionContext string
      kmsKeyId string
      serverSideCustomerKeySecret SecretKeySelector
    """
}
