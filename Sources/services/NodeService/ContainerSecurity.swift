import Contracts
import Glibc
import JSONValue
import KubeModel

/// The security context of a container, the pod's below it (Kubernetes' `securityContext`).
struct ContainerSecurity {
  private let pod: Resource
  private let name: String
  private let own: JSON?
  private let shared: JSON?

  init(pod: Resource, container: JSON) {
    self.pod = pod
    name = container["name"]?.string ?? "main"
    own = container["securityContext"]
    shared = pod.spec["securityContext"]
  }

  /// User of a container that must not be root and names no user; the image would name one.
  private static let nobody: UInt32 = 65534

  /// Throws ``PodFailure`` where the context contradicts itself.
  func apply(to plan: inout PodPlan.Container) throws(PodFailure) {
    guard own != nil || shared != nil else { return }
    func value(_ key: String) -> JSON? { own?[key] ?? shared?[key] }
    plan.user = value("runAsUser")?.int.flatMap { UInt32(exactly: $0) }
    plan.group = value("runAsGroup")?.int.flatMap { UInt32(exactly: $0) }
    if value("runAsNonRoot")?.bool == true {
      if plan.user == 0 {
        throw PodFailure(
          "container's runAsUser breaks non-root policy (pod: \"\(pod.name)_\(pod.namespace)(\(pod.uid))\", container: \(name))")
      }
      if plan.user == nil { plan.user = Self.nobody }
    }
    var groups = (shared?["supplementalGroups"]?.array ?? []).compactMap { $0.int.flatMap { UInt32(exactly: $0) } }
    if let group = Self.fileGroup(of: pod), !groups.contains(group) { groups.append(group) }
    plan.supplementaryGroups = groups
    plan.isRootReadOnly = own?["readOnlyRootFilesystem"]?.bool == true
    plan.forbidsNewPrivileges = own?["allowPrivilegeEscalation"]?.bool == false
    if own?["privileged"]?.bool != true { plan.droppedCapabilities = Self.dropped(own?["capabilities"]) }
  }

  /// The group that the pod's volumes belong to.
  static func fileGroup(of pod: Resource) -> UInt32? { pod.spec.at("securityContext", "fsGroup")?.int.flatMap { UInt32(exactly: $0) } }

  private static func dropped(_ capabilities: JSON?) -> UInt64 {
    func bits(_ field: String) -> UInt64 {
      (capabilities?[field]?.array ?? []).compactMap(\.string).reduce(0) { $0 | bit($1) }
    }
    return bits("drop") & ~bits("add")
  }

  private static func bit(_ capability: String) -> UInt64 {
    var name = capability.uppercased()
    if name == "ALL" { return .max }
    if name.hasPrefix("CAP_") { name.removeFirst(4) }
    return numbers.firstIndex(of: name).map { 1 << UInt64($0) } ?? 0
  }

  /// Linux' capabilities by their numbers.
  private static let numbers = [
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER", "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT",
    "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE", "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE",
    "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP", "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ",
    "PERFMON",
    "BPF", "CHECKPOINT_RESTORE",
  ]
}
