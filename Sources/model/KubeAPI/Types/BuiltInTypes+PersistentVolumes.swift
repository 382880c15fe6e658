extension BuiltInTypes {
  /// Volumes of the cluster. The notation is `SchemaTable`'s.
  static let persistentVolumes = """
    PersistentVolume
      apiVersion string
      kind string
      metadata ObjectMeta
      spec PersistentVolumeSpec
      status PersistentVolumeStatus
    TopologySelectorTerm @atomic
      matchLabelExpressions [TopologySelectorLabelRequirement]
    PersistentVolumeSpec
      accessModes [string] = ReadWriteOnce ReadOnlyMany ReadWriteMany ReadWriteOncePod
      awsElasticBlockStore AWSElasticBlockStoreVolumeSource
      azureDisk AzureDiskVolumeSource
      azureFile AzureFilePersistentVolumeSource
      capacity {quantity}
      cephfs CephFSPersistentVolumeSource
      cinder CinderPersistentVolumeSource
      claimRef ObjectReference
      csi CSIPersistentVolumeSource
      fc FCVolumeSource
      flexVolume FlexPersistentVolumeSource
      flocker FlockerVolumeSource
      gcePersistentDisk GCEPersistentDiskVolumeSource
      glusterfs GlusterfsPersistentVolumeSource
      hostPath HostPathVolumeSource
      iscsi ISCSIPersistentVolumeSource
      local LocalVolumeSource
      mountOptions [string]
      nfs NFSVolumeSource
      nodeAffinity VolumeNodeAffinity
      persistentVolumeReclaimPolicy string = Recycle Delete Retain
      photonPersistentDisk PhotonPersistentDiskVolumeSource
      portworxVolume PortworxVolumeSource
      quobyte QuobyteVolumeSource
      rbd RBDPersistentVolumeSource
      scaleIO ScaleIOPersistentVolumeSource
      storageClassName string
      storageos StorageOSPersistentVolumeSource
      volumeAttributesClassName string
      volumeMode string = Block Filesystem
      vsphereVolume VsphereVirtualDiskVolumeSource
    PersistentVolumeStatus
      lastPhaseTransitionTime string @date-time
      message string
      phase string = Pending Available Bound Released Failed
      reason string
    TopologySelectorLabelRequirement
      key! string
      values! [string]
    GlusterfsPersistentVolumeSource
      endpoints! string
      endpointsNamespace string
      path! string
      readOnly boolean
    RBDPersistentVolumeSource
      fsType string
      image! string
      keyring string
      monitors! [string]
      pool string
      readOnly boolean
      secretRef SecretReference
      user string
    ISCSIPersistentVolumeSource
      chapAuthDiscovery boolean
      chapAuthSession boolean
      fsType string
      initiatorName string
      iqn! string
      iscsiInterface string
      lun! integer @int32
      portals [string]
      readOnly boolean
      secretRef SecretReference
      targetPortal! string
    CinderPersistentVolumeSource
      fsType string
      readOnly boolean
      secretRef SecretReference
      volumeID! string
    CephFSPersistentVolumeSource
      monitors! [string]
      path string
      readOnly boolean
      secretFile string
      secretRef SecretReference
      user string
    FlexPersistentVolumeSource
      driver! string
      fsType string
      options {string}
      readOnly boolean
      secretRef SecretReference
    AzureFilePersistentVolumeSource
      readOnly boolean
      secretName! string
      secretNamespace string
      shareName! string
    ScaleIOPersistentVolumeSource
      fsType string
      gateway! string
      protectionDomain string
      readOnly boolean
      secretRef! SecretReference
      sslEnabled boolean
      storageMode string
      storagePool string
      system! string
      volumeName string
    LocalVolumeSource
      fsType string
      path! string
    StorageOSPersistentVolumeSource
      fsType string
      readOnly boolean
      secretRef ObjectReference
      volumeName string
      volumeNamespace string
    CSIPersistentVolumeSource
      controllerExpandSecretRef SecretReference
      controllerPublishSecretRef SecretReference
      driver! string
      fsType string
      nodeExpandSecretRef SecretReference
      nodePublishSecretRef SecretReference
      nodeStageSecretRef SecretReference
      readOnly boolean
      volumeAttributes {string}
      volumeHandle! string
    VolumeNodeAffinity
      required NodeSelector
    SecretReference @atomic
      name string
      namespace string
    """
}
