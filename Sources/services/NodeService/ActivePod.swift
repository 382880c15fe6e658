import Basics
import Contracts
import JSONValue
import KubeModel
import Synchronization

/// A pod that is being prepared, runs or is being concluded.
struct ActivePod {
  let pod: Resource
  let roles: [ContainerRole]
  let claims: Set<ResourceKey>
  /// Others wait for this pod to run: its status is written at once.
  let isDaemon: Bool
  /// It is carried out inside this process.
  let isAction: Bool
  /// It counts among the pods that may run at once.
  var takesPlace: Bool { !isAction && !pod.isAgent && !isParked }
  /// It cannot begin yet, and others have its place.
  var isParked = false
  /// What is to be polled once the pod runs, and how many of it have not passed.
  let probes: [ReadinessProbe]
  var openProbes = 0
  /// The supervisor polls a readiness probe.
  let hasSupervisedProbe: Bool
  var isReady = true
  var isConcluding = false
  var isDeleted = false
  /// It was reported to run.
  var hasRun = false
  var progress: NodeProgress?
  var lastReport: PodReport?
  var stopping: StopManner?
  /// A user made it.
  let isUserPod: Bool
  /// It is deleted: its object goes when nothing of it runs any more.
  var isReleasing: Bool
  /// What was written of a user's pod last.
  var status: JSON?
  var conditions: [JSON] = []
  var beganAt = SystemClock.now()
  /// An earlier process began it.
  var isAdopted = false
  /// That it has a machine is told.
  var isIntroduced = false
  /// How often it could not begin.
  var holds = 0
  var hold: PodHold?
  /// What an earlier supervisor of it left must be removed first.
  var leavesRemains = false
  let over = OverFlag()

  init(_ pod: Resource) {
    self.pod = pod
    let template = PodPreparation.template(of: pod)
    isDaemon = template["daemon"]?.bool == true
    isAction = ActionRun.isAction(pod)
    isUserPod = pod.isUserPod
    isReleasing = pod.deletionTimestamp != nil
    conditions = pod.status["conditions"]?.array ?? []
    if let time = pod.status["startTime"]?.string.flatMap(Instant.init(rfc3339:)) { beganAt = time }
    roles = ContainerRole.roles(of: pod, template: template)
    stopping = StopRequest.manner(of: pod)
    let probed = isDaemon && !isUserPod ? (pod.spec["containers"]?.array ?? []).filter { $0["readinessProbe"] != nil } : []
    probes = probed.filter { !ContainerHandlers.isSupervised($0) }.map {
      ReadinessProbe($0["readinessProbe"] ?? .null, ports: $0["ports"]?.array ?? [])
    }
    hasSupervisedProbe = probes.count < probed.count
    claims = Set(
      (pod.spec["volumes"]?.array ?? []).compactMap { volume in
        volume.at("persistentVolumeClaim", "claimName")?.string.map {
          ResourceKey(.persistentVolumeClaim, namespace: pod.namespace, name: $0)
        }
      })
  }
}

/// Tells the probing thread of a pod that the pod is over.
final class OverFlag: Sendable {
  private let state = Atomic<Bool>(false)
  var isSet: Bool { state.load(ordering: .relaxed) }
  func set() { state.store(true, ordering: .relaxed) }
}
