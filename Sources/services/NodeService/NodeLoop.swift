import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Synchronization

/// The state of the node service's thread.
struct NodeLoop {
  private let service: NodeService
  /// Pods that this service has taken up and not finished, by uid.
  private var active: [String: ActivePod] = [:]
  /// Pods that wait for capacity, by uid, as they were last seen.
  private var waiting: [String: Resource] = [:]
  /// Their order; one that is no longer in `waiting` was withdrawn.
  private var queue: [String] = []
  private var queueStart = 0
  /// Of the active pods those that capacity counts. Actions inside this process may wait for other pods, and agents serve them, so they never
  /// stand in a queue with these.
  private var processCount = 0
  /// Pods that run and whose status does not say so yet, by the time when it must.
  private var unannounced: [(uid: String, due: Instant)] = []
  /// Pods that run, by the time when their progress is looked at.
  private var progressing: [(uid: String, due: Instant)] = []
  private var progressingStart = 0
  /// Claims that are deleted while pods use their directories.
  private var deletedClaims: Set<ResourceKey> = []
  /// Artifact garbage collection tasks that are being done, by uid.
  private var collecting: Set<String> = []

  init(service: NodeService) { self.service = service }

  mutating func run() {
    while let messages = service.inbox.take(deadline: deadline()) {
      for message in messages { handle(message) }
      announce()
      lookAtProgress()
      startWaiting()
      service.tellWhetherBusy(!active.isEmpty || !waiting.isEmpty || !collecting.isEmpty)
      service.inbox.handled(messages.count)
    }
    for pod in active.values { pod.over.set() }
  }

  private mutating func handle(_ message: NodeMessage) {
    switch message {
    case .changed(let event):
      switch event.resource.kind {
      case .pod: changed(event)
      case .workflowArtifactGCTask:
        if event.change == .added, collecting.insert(event.resource.uid).inserted { service.collectArtifacts(event.resource) }
      default: if event.change == .deleted { claimDeleted(event.resource.key) }
      }
    case .started:
      for claim in service.claimsWithDirectories() where service.isGone(claim) { claimDeleted(claim) }
    case .launched(let uid):
      guard let pod = active[uid], !pod.isConcluding, let manner = pod.stopping else { return }
      service.stop(pod.pod, manner)
    case .withdrawn(let uid): finish(uid)
    case .refused(let uid, let message):
      guard let pod = active[uid] else { return }
      if !pod.isDeleted { service.write(PodStatusView.failed(before: message), of: pod.pod) }
      finish(uid)
    case .reported(let uid, let report): reported(uid, report)
    case .ready(let uid):
      guard var pod = active[uid], !pod.isReady, !pod.isConcluding else { return }
      pod.openProbes -= 1
      pod.isReady = pod.openProbes <= 0
      active[uid] = pod
      if pod.isReady { writeRunning(pod) }
    case .progressed(let uid, let progress):
      guard let pod = active[uid], pod.progress != progress, !pod.isConcluding else { return }
      active[uid]?.progress = progress
      service.writeProgress(progress, of: pod.pod)
    case .probeEnded(let number): service.joinProbe(number)
    case .killAll: for pod in active.values { service.stop(pod.pod, .immediately) }
    case .collected(let uid): finish(uid)
    case .artifactsCollected(let uid): collecting.remove(uid)
    }
  }

  // MARK: Pods in the store

  private mutating func changed(_ event: WatchEvent) {
    let pod = event.resource
    let uid = pod.uid
    if event.change == .deleted {
      guard active[uid] != nil else {
        waiting[uid] = nil
        service.discard(pod)
        return
      }
      active[uid]?.isDeleted = true
      // Also for a pod that is still being prepared: it is stopped when it has been launched.
      active[uid]?.stopping = .immediately
      service.stop(pod, .immediately)
      return
    }
    if pod.isOverPod {
      waiting[uid] = nil
      return
    }
    let manner = StopRequest.manner(of: pod)
    if let known = active[uid] {
      guard let manner, known.stopping != manner, !known.isDeleted else { return }
      active[uid]?.stopping = manner
      service.stop(pod, manner)
    } else if LocalFiles.exists(service.directory(of: pod)) || (pod.isAgent && manner == nil) {
      // An earlier process started it: it is taken over whatever the capacity, and then stopped if need be. What serves other nodes must not
      // wait for them either.
      waiting[uid] = nil
      begin(pod)
    } else if manner != nil {
      waiting[uid] = nil
      service.write(PodStatusView.failed(before: StopRequest.notStarted), of: pod)
    } else if ActionRun.isAction(pod) {
      begin(pod)
    } else if waiting.updateValue(pod, forKey: uid) == nil {
      queue.append(uid)
    }
  }

  private mutating func startWaiting() {
    while queueStart < queue.count, processCount < service.settings.maximumPods {
      let uid = queue[queueStart]
      queueStart += 1
      if let pod = waiting.removeValue(forKey: uid) { begin(pod) }
    }
    if queueStart > 1024, queueStart * 2 > queue.count {
      queue.removeFirst(queueStart)
      queueStart = 0
    }
  }

  private mutating func begin(_ pod: Resource) {
    let taken = ActivePod(pod)
    active[pod.uid] = taken
    if taken.takesPlace { processCount += 1 }
    service.launch(pod)
  }

  private mutating func finish(_ uid: String) {
    guard let pod = active.removeValue(forKey: uid) else { return }
    if pod.takesPlace { processCount -= 1 }
    pod.over.set()
    if pod.isDeleted { service.discard(pod.pod) }
    for claim in pod.claims where deletedClaims.contains(claim) && !isUsed(claim) {
      deletedClaims.remove(claim)
      // One that was made again under the name goes on with the directory.
      if service.isGone(claim) { service.discard(claim: claim) }
    }
  }

  // MARK: Reports of the runner

  private mutating func reported(_ uid: String, _ report: PodReport) {
    guard var pod = active[uid], !pod.isConcluding else { return }
    pod.lastReport = report
    if report.isFinished {
      pod.isConcluding = true
      pod.over.set()
      active[uid] = pod
      if pod.isDeleted { finish(uid) } else { service.conclude(pod.pod, report: report, roles: pod.roles) }
      return
    }
    if !pod.hasRun {
      pod.hasRun = true
      pod.isReady = pod.probes.isEmpty
      pod.openProbes = pod.probes.count
      let over = pod.over
      for probe in pod.probes { service.probe(uid: uid, probe) { over.isSet } }
      if service.settings.monitorsProgress { progressing.append((uid, nextProgress())) }
      if pod.hasSupervisedProbe { service.watchReadiness(pod.pod) { over.isSet } }
    }
    active[uid] = pod
    if pod.isDaemon { writeRunning(pod) } else { unannounced.append((uid, SystemClock.now() + service.settings.announcementDelay)) }
  }

  private func nextProgress() -> Instant { SystemClock.now() + service.settings.progressPatchTick.timeSpan }

  /// When something is to be done although nothing arrives.
  private mutating func deadline() -> Instant? {
    // Pods that are over are nobody's concern: most are over long before their time.
    while progressingStart < progressing.count, active[progressing[progressingStart].uid] == nil { progressingStart += 1 }
    if progressingStart > 1024 || progressingStart == progressing.count {
      progressing.removeFirst(progressingStart)
      progressingStart = 0
    }
    let moments = [unannounced.first?.due, progressing.first == nil ? nil : progressing[progressingStart].due]
    return moments.compactMap { $0 }.min()
  }

  private mutating func lookAtProgress() {
    guard progressingStart < progressing.count else { return }
    let now = SystemClock.now()
    while progressingStart < progressing.count, progressing[progressingStart].due <= now {
      let uid = progressing[progressingStart].uid
      progressingStart += 1
      guard let pod = active[uid], !pod.isConcluding else { continue }
      service.readProgress(pod.pod, roles: pod.roles)
      progressing.append((uid, nextProgress()))
    }
  }

  /// Writes the status of pods that have run for a while.
  private mutating func announce() {
    guard let first = unannounced.first else { return }
    let now = SystemClock.now()
    guard first.due <= now else { return }
    var told: Set<String> = []
    for (uid, due) in unannounced where due <= now && told.insert(uid).inserted {
      if let pod = active[uid], !pod.isConcluding { writeRunning(pod) }
    }
    unannounced.removeAll { $0.due <= now }
  }

  private func writeRunning(_ pod: ActivePod) {
    guard let report = pod.lastReport, !pod.isDeleted else { return }
    service.write(PodStatusView.running(report, roles: pod.roles, isReady: pod.isReady), of: pod.pod)
  }

  // MARK: Claims

  private func isUsed(_ claim: ResourceKey) -> Bool { active.values.contains { $0.claims.contains(claim) } }

  private mutating func claimDeleted(_ claim: ResourceKey) {
    if isUsed(claim) { deletedClaims.insert(claim) } else { service.discard(claim: claim) }
  }
}

/// A pod that is being prepared, runs or is being concluded.
private struct ActivePod {
  let pod: Resource
  let roles: [ContainerRole]
  let claims: Set<ResourceKey>
  /// Others wait for this pod to run: its status is written at once.
  let isDaemon: Bool
  /// It is carried out inside this process.
  let isAction: Bool
  /// It counts among the pods that may run at once.
  var takesPlace: Bool { !isAction && !pod.isAgent }
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
  let over = OverFlag()

  init(_ pod: Resource) {
    self.pod = pod
    let template = PodPreparation.template(of: pod)
    isDaemon = template["daemon"]?.bool == true
    isAction = ActionRun.isAction(pod)
    roles = ContainerRole.roles(of: pod, template: template)
    stopping = StopRequest.manner(of: pod)
    let probed = isDaemon ? (pod.spec["containers"]?.array ?? []).filter { $0["readinessProbe"] != nil } : []
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
private final class OverFlag: Sendable {
  private let state = Atomic<Bool>(false)
  var isSet: Bool { state.load(ordering: .relaxed) }
  func set() { state.store(true, ordering: .relaxed) }
}
