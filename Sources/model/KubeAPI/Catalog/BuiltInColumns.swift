internal import KubeModel

/// The columns of the tables of built-in kinds, as Kubernetes prints them; `@` before the name of a rule of ``TableCells``.
enum BuiltInColumns {
  static func columns(of kind: ResourceKind) -> [PrinterColumn] {
    if kind == .event { return table["Event"] ?? [] }
    guard kind.group == "argoproj.io" else { return [name] + (table[kind.kind] ?? [createdAt]) }
    guard kind.kind == "Workflow" else { return [name, age] }
    return [
      name, PrinterColumn("Status", path: ".status.phase"), PrinterColumn("Age", type: "date", path: ".status.startedAt"),
      PrinterColumn("Message", path: ".status.message"),
    ]
  }

  static let name = PrinterColumn("Name", format: "name", path: "@name")
  static let age = PrinterColumn("Age", path: "@age")
  private static let createdAt = PrinterColumn("Created At", format: "date-time", path: "@createdAt")

  private static func wide(_ name: String, type: String = "string", _ path: String) -> PrinterColumn {
    PrinterColumn(name, type: type, priority: 1, path: path)
  }

  private static let table: [String: [PrinterColumn]] = [
    "Pod": [
      PrinterColumn("Ready", path: "@pod.ready"), PrinterColumn("Status", path: "@pod.status"),
      PrinterColumn("Restarts", path: "@pod.restarts"), age, wide("IP", "@pod.ip"), wide("Node", "@pod.node"),
      wide("Nominated Node", "@pod.nominatedNode"), wide("Readiness Gates", "@pod.readinessGates"),
    ],
    "Namespace": [PrinterColumn("Status", path: "@phase"), age],
    "Node": [
      PrinterColumn("Status", path: "@node.status"), PrinterColumn("Roles", path: "@node.roles"), age,
      PrinterColumn("Version", path: "@node.version"), wide("Internal-IP", "@node.internalIP"), wide("External-IP", "@node.externalIP"),
      wide("OS-Image", "@node.osImage"), wide("Kernel-Version", "@node.kernelVersion"),
      wide("Container-Runtime", "@node.containerRuntime"),
    ],
    "Secret": [PrinterColumn("Type", path: "@type"), PrinterColumn("Data", type: "string", path: "@data.count"), age],
    "ConfigMap": [PrinterColumn("Data", type: "string", path: "@data.count"), age],
    "ServiceAccount": [PrinterColumn("Secrets", type: "string", path: "@serviceAccount.secrets"), age],
    "PersistentVolume": [
      PrinterColumn("Capacity", path: "@pv.capacity"), PrinterColumn("Access Modes", path: "@volume.accessModes"),
      PrinterColumn("Reclaim Policy", path: "@pv.reclaimPolicy"), PrinterColumn("Status", path: "@volume.status"),
      PrinterColumn("Claim", path: "@pv.claim"), PrinterColumn("StorageClass", path: "@volume.storageClass"),
      PrinterColumn("VolumeAttributesClass", path: "@volume.attributesClass"), PrinterColumn("Reason", path: "@pv.reason"), age,
      wide("VolumeMode", "@volume.mode"),
    ],
    "PersistentVolumeClaim": [
      PrinterColumn("Status", path: "@volume.status"), PrinterColumn("Volume", path: "@pvc.volume"),
      PrinterColumn("Capacity", path: "@pvc.capacity"), PrinterColumn("Access Modes", path: "@pvc.accessModes"),
      PrinterColumn("StorageClass", path: "@volume.storageClass"),
      PrinterColumn("VolumeAttributesClass", path: "@volume.attributesClass"), age, wide("VolumeMode", "@volume.mode"),
    ],
    "Event": [
      PrinterColumn("Last Seen", path: "@event.lastSeen"), PrinterColumn("Type", path: "@event.type"),
      PrinterColumn("Reason", path: "@event.reason"), PrinterColumn("Object", path: "@event.object"),
      wide("Subobject", "@event.subobject"), wide("Source", "@event.source"), PrinterColumn("Message", path: "@event.message"),
      wide("First Seen", "@event.firstSeen"), wide("Count", "@event.count"), wide("Name", "@event.name"),
    ],
    "RoleBinding": binding, "ClusterRoleBinding": binding,
    "Lease": [PrinterColumn("Holder", path: "@lease.holder"), age],
    "StorageClass": [
      PrinterColumn("Provisioner", path: "@storageClass.provisioner"), PrinterColumn("ReclaimPolicy", path: "@storageClass.reclaimPolicy"),
      PrinterColumn("VolumeBindingMode", path: "@storageClass.bindingMode"),
      PrinterColumn("AllowVolumeExpansion", path: "@storageClass.expansion"), age,
    ],
    "Service": [
      PrinterColumn("Type", path: "@service.type"), PrinterColumn("Cluster-IP", path: "@service.clusterIP"),
      PrinterColumn("External-IP", path: "@service.externalIP"), PrinterColumn("Port(s)", path: "@service.ports"), age,
      wide("Selector", "@service.selector"),
    ],
    "Endpoints": [PrinterColumn("Endpoints", path: "@endpoints.addresses"), age],
    "ResourceQuota": [PrinterColumn("Request", path: "@quota.requests"), PrinterColumn("Limit", path: "@quota.limits"), age],
    "SyncLimit": [PrinterColumn("Limit", type: "integer", path: ".spec.limit"), age],
  ]

  private static let binding: [PrinterColumn] = [
    PrinterColumn("Role", path: "@binding.role"), age, wide("Users", "@binding.users"), wide("Groups", "@binding.groups"),
    wide("ServiceAccounts", "@binding.serviceAccounts"),
  ]
}
