extension Schema {
  /// Volumes and their sources. The notation is ``SchemaTable``'s.
  static let kubeVolumes = """
    Volume
      awsElasticBlockStore AWSElasticBlockStoreVolumeSource
      azureDisk AzureDiskVolumeSource
      azureFile AzureFileVolumeSource
      cephfs CephFSVolumeSource
      cinder CinderVolumeSource
      configMap ConfigMapVolumeSource
      csi CSIVolumeSource
      downwardAPI DownwardAPIVolumeSource
      emptyDir EmptyDirVolumeSource
      ephemeral EphemeralVolumeSource
      fc FCVolumeSource
      flexVolume FlexVolumeSource
      flocker FlockerVolumeSource
      gcePersistentDisk GCEPersistentDiskVolumeSource
      gitRepo GitRepoVolumeSource
      glusterfs GlusterfsVolumeSource
      hostPath HostPathVolumeSource
      image ImageVolumeSource
      iscsi ISCSIVolumeSource
      name! string
      nfs NFSVolumeSource
      persistentVolumeClaim PersistentVolumeClaimVolumeSource
      photonPersistentDisk PhotonPersistentDiskVolumeSource
      portworxVolume PortworxVolumeSource
      projected ProjectedVolumeSource
      quobyte QuobyteVolumeSource
      rbd RBDVolumeSource
      scaleIO ScaleIOVolumeSource
      secret SecretVolumeSource
      storageos StorageOSVolumeSource
      vsphereVolume VsphereVirtualDiskVolumeSource
    AWSElasticBlockStoreVolumeSource
      fsType string
      partition integer @int32
      readOnly boolean
      volumeID! string
    AzureDiskVolumeSource
      cachingMode string
      diskName! string
      diskURI! string
      fsType string
      kind string
      readOnly boolean
    AzureFileVolumeSource
      readOnly boolean
      secretName! string
      shareName! string
    CephFSVolumeSource
      monitors! [string]
      path string
      readOnly boolean
      secretFile string
      secretRef LocalObjectReference
      user string
    CinderVolumeSource
      fsType string
      readOnly boolean
      secretRef LocalObjectReference
      volumeID! string
    ConfigMapVolumeSource
      defaultMode integer @int32
      items [KeyToPath]
      name string
      optional boolean
    KeyToPath
      key! string
      mode integer @int32
      path! string
    CSIVolumeSource
      driver! string
      fsType string
      nodePublishSecretRef LocalObjectReference
      readOnly boolean
      volumeAttributes {string}
    DownwardAPIVolumeSource
      defaultMode integer @int32
      items [DownwardAPIVolumeFile]
    DownwardAPIVolumeFile
      fieldRef ObjectFieldSelector
      mode integer @int32
      path! string
      resourceFieldRef ResourceFieldSelector
    EmptyDirVolumeSource
      medium string
      sizeLimit quantity
    EphemeralVolumeSource
      volumeClaimTemplate PersistentVolumeClaimTemplate
    PersistentVolumeClaimTemplate
      metadata ObjectMeta
      spec! PersistentVolumeClaimSpec
    PersistentVolumeClaimSpec
      accessModes [string] = ReadWriteOnce ReadOnlyMany ReadWriteMany ReadWriteOncePod
      dataSource TypedLocalObjectReference
      dataSourceRef TypedObjectReference
      resources VolumeResourceRequirements
      selector LabelSelector
      storageClassName string
      volumeAttributesClassName string
      volumeMode string = Block Filesystem
      volumeName string
    TypedLocalObjectReference @atomic
      apiGroup string
      kind! string
      name! string
    TypedObjectReference
      apiGroup string
      kind! string
      name! string
      namespace string
    VolumeResourceRequirements
      limits {quantity}
      requests {quantity}
    FCVolumeSource
      fsType string
      lun integer @int32
      readOnly boolean
      targetWWNs [string]
      wwids [string]
    FlexVolumeSource
      driver! string
      fsType string
      options {string}
      readOnly boolean
      secretRef LocalObjectReference
    FlockerVolumeSource
      datasetName string
      datasetUUID string
    GCEPersistentDiskVolumeSource
      fsType string
      partition integer @int32
      pdName! string
      readOnly boolean
    GitRepoVolumeSource
      directory string
      repository! string
      revision string
    GlusterfsVolumeSource
      endpoints! string
      path! string
      readOnly boolean
    HostPathVolumeSource
      path! string
      type string
    ImageVolumeSource
      pullPolicy string
      reference string
    ISCSIVolumeSource
      chapAuthDiscovery boolean
      chapAuthSession boolean
      fsType string
      initiatorName string
      iqn! string
      iscsiInterface string
      lun! integer @int32
      portals [string]
      readOnly boolean
      secretRef LocalObjectReference
      targetPortal! string
    NFSVolumeSource
      path! string
      readOnly boolean
      server! string
    PersistentVolumeClaimVolumeSource
      claimName! string
      readOnly boolean
    PhotonPersistentDiskVolumeSource
      fsType string
      pdID! string
    PortworxVolumeSource
      fsType string
      readOnly boolean
      volumeID! string
    ProjectedVolumeSource
      defaultMode integer @int32
      sources [VolumeProjection]
    VolumeProjection
      clusterTrustBundle ClusterTrustBundleProjection
      configMap ConfigMapProjection
      downwardAPI DownwardAPIProjection
      podCertificate PodCertificateProjection
      secret SecretProjection
      serviceAccountToken ServiceAccountTokenProjection
    ClusterTrustBundleProjection
      labelSelector LabelSelector
      name string
      optional boolean
      path! string
      signerName string
    ConfigMapProjection
      items [KeyToPath]
      name string
      optional boolean
    DownwardAPIProjection
      items [DownwardAPIVolumeFile]
    PodCertificateProjection
      certificateChainPath string
      credentialBundlePath string
      keyPath string
      keyType! string
      maxExpirationSeconds integer @int32
      signerName! string
      userAnnotations {string}
    SecretProjection
      items [KeyToPath]
      name string
      optional boolean
    ServiceAccountTokenProjection
      audience string
      expirationSeconds integer @int64
      path! string
    QuobyteVolumeSource
      group string
      readOnly boolean
      registry! string
      tenant string
      user string
      volume! string
    RBDVolumeSource
      fsType string
      image! string
      keyring string
      monitors! [string]
      pool string
      readOnly boolean
      secretRef LocalObjectReference
      user string
    ScaleIOVolumeSource
      fsType string
      gateway! string
      protectionDomain string
      readOnly boolean
      secretRef! LocalObjectReference
      sslEnabled boolean
      storageMode string
      storagePool string
      system! string
      volumeName string
    SecretVolumeSource
      defaultMode integer @int32
      items [KeyToPath]
      optional boolean
      secretName string
    StorageOSVolumeSource
      fsType string
      readOnly boolean
      secretRef LocalObjectReference
      volumeName string
      volumeNamespace string
    VsphereVirtualDiskVolumeSource
      fsType string
      storagePolicyID string
      storagePolicyName string
      volumePath! string
    """
}
