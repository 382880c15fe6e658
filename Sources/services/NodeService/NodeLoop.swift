import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel

/// The state of the node service's thread.
struct NodeLoop {
  let service: NodeService
  /// Pods that this service has taken up and not finished, by uid.
  var active: [String: ActivePod] = [:]
  /// Pods that wait for capacity, by uid, as they were last seen.
  private var waiting: [String: Resource] = [:]
  /// Their order; one that is no longer in `waiting` was withdrawn.
  private var queue: [String] = []
  private var queueStart = 0
  /// Of the active pods those that capacity counts. Actions inside this process may wait for other pods, and agents serve them, so they never
  /// stand in a queue with these.
  var processCount = 0
  /// Pods that run and whose status does not say so yet, by the time when it must.
  private var unannounced: [(uid: String, due: Instant)] = []
  /// Pods that run, by the time when their progress is looked at.
  private var progressing: [(uid: String, due: Instant)] = []
  private var progressingStart = 0
  /// Pods that cannot begin yet, by the time of the next attempt.
  var held: [String: Instant] = [:]
  /// Pods that are being started and have not told yet that they run: for how long they count.
  private var starting: [String: Instant] = [:]
  /// The most of them at once since the machine has lacked something for one; nil: any number. Each that gets what it needs makes room for one more.
  private var startLimit: Int?
  /// When it was last said that the machine lacks something.
  private var lastComplaint: Instant?
  /// When tokens of service accounts are looked at.
  var accountsDue: Instant?
  /// Artifact garbage collection tasks that are being done, by uid.
  private var collecting: Set<String> = []

  init(service: NodeService) { self.service = service }

  mutating func run() {
    while let messages = service.inbox.take(deadline: deadline()) {
      for message in messages { handle(message) }
      announce()
      lookAtProgress()
      forgetOldStarts()
      retryHeld()
      renewAccounts()
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
      case .persistentVolume: retryUnschedulable()
      default:
        retryUnschedulable()
      }
    case .volumesChanged: retryUnschedulable()
    case .configured(let namespace): retrySoon(in: namespace)
    case .namespaceGone: service.removeStrayAccounts()
    case .held(let uid, let hold):
      starting[uid] = nil
      take(hold, of: uid)
    case .launched(let uid):
      introduce(uid)
      active[uid]?.hold = nil
      guard let pod = active[uid], !pod.isConcluding, let manner = pod.stopping else { return }
      service.stop(pod.pod, manner)
      if case .within = manner { events(pod)?.killing() }
    case .withdrawn(let uid): finish(uid)
    case .refused(let uid, let message):
      guard let pod = active[uid] else { return }
      if !pod.isDeleted {
        let status = pod.isUserPod ? userStatus(pod).failed(reason: "Failed", message) : PodStatusView.failed(before: message)
        service.write(status, of: pod.pod)
      }
      finish(uid)
    case .exhausted(let uid, let lack): put(off: uid, for: lack)
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
      if held[uid] != nil { return finish(uid) }
      // Also for a pod that is still being prepared: it is stopped when it has been launched.
      active[uid]?.stopping = .immediately
      service.stop(pod, .immediately)
      return
    }
    if pod.deletionTimestamp != nil { active[uid]?.isReleasing = true }
    if pod.isOverPod {
      waiting[uid] = nil
      if pod.deletionTimestamp != nil, active[uid] == nil { service.release(pod) }
      return
    }
    let manner = StopRequest.manner(of: pod)
    if let known = active[uid] {
      guard let manner, known.stopping != manner, known.stopping != .immediately, !known.isDeleted else { return }
      active[uid]?.stopping = manner
      if held[uid] != nil {
        if pod.deletionTimestamp == nil { service.write(PodStatusView.failed(before: StopRequest.notStarted), of: pod) }
        return finish(uid)
      }
      service.stop(pod, manner)
      if case .within = manner, !known.isConcluding { events(known)?.killing() }
    } else if LocalFiles.exists(service.directory(of: pod)) || (pod.isAgent && manner == nil) {
      // An earlier process started it: it is taken over whatever the capacity, and then stopped if need be. What serves other nodes must not
      // wait for them either.
      waiting[uid] = nil
      begin(pod)
    } else if pod.deletionTimestamp != nil {
      waiting[uid] = nil
      service.release(pod)
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
    while queueStart < queue.count, processCount < service.settings.maximumPods, mayStart {
      let uid = queue[queueStart]
      queueStart += 1
      if let pod = waiting.removeValue(forKey: uid) { begin(pod) }
    }
    if queueStart > 1024, queueStart * 2 > queue.count {
      queue.removeFirst(queueStart)
      queueStart = 0
    }
  }

  mutating func begin(_ pod: Resource) {
    let taken = ActivePod(pod)
    active[pod.uid] = taken
    if taken.takesPlace { processCount += 1 }
    // One that was begun before is known already; one with claims has no machine before they are bound.
    let isNew = taken.isUserPod && !LocalFiles.exists(service.directory(of: pod))
    if isNew, taken.claims.isEmpty || service.services.claims == nil { introduce(pod.uid) } else { active[pod.uid]?.isIntroduced = !isNew }
    active[pod.uid]?.isAdopted = !isNew
    launch(pod.uid)
  }

  mutating func finish(_ uid: String) {
    starting[uid] = nil
    guard let pod = active.removeValue(forKey: uid) else { return }
    service.begun.forget(uid)
    if pod.takesPlace { processCount -= 1 }
    pod.over.set()
    held[uid] = nil
    if pod.isDeleted { service.discard(pod.pod) } else if pod.isReleasing { service.release(pod.pod) }
  }

  // MARK: Pods for which the machine had no room

  private static let launchPause = TimeSpan(milliseconds: 500)
  private static let complaintPause = TimeSpan(seconds: 10)
  /// With so many at once the machine lacks nothing any more.
  private static let widestLimit = 64

  /// Whether one more pod may begin: those that begin hold a part of what they need, and too many at once would get no further.
  var mayStart: Bool { startLimit.map { starting.count < $0 } ?? true }

  mutating func launch(_ uid: String) {
    guard let pod = active[uid] else { return }
    if pod.takesPlace { starting[uid] = SystemClock.steady() + service.settings.startTime }
    if pod.leavesRemains { service.relaunch(pod.pod) } else { service.launch(pod.pod) }
    active[uid]?.leavesRemains = false
  }

  private mutating func forgetOldStarts() {
    guard startLimit != nil else { return }
    let now = SystemClock.steady()
    starting = starting.filter { $0.value > now }
  }

  private mutating func put(off uid: String, for lack: String) {
    startLimit = max(1, min(startLimit ?? .max, starting.count) / 2)
    starting[uid] = nil
    service.begun.withdraw(uid)
    guard let pod = active[uid] else { return }
    active[uid]?.lastReport = nil
    if pod.isDeleted { return finish(uid) }
    let now = SystemClock.steady()
    held[uid] = now + Self.launchPause
    if let lastComplaint, now < lastComplaint + Self.complaintPause { return }
    lastComplaint = now
    Diagnostics.report("pod \(pod.pod.name) cannot be started now and is tried again: \(lack)")
  }

  // MARK: Reports of the runner

  private mutating func reported(_ uid: String, _ report: PodReport) {
    guard var pod = active[uid], !pod.isConcluding else { return }
    if report.failure == PodReport.lackFailure { return put(off: uid, for: PodReport.lackFailure) }
    if starting.removeValue(forKey: uid) != nil, let limit = startLimit { startLimit = limit < Self.widestLimit ? limit + 1 : nil }
    if pod.isUserPod { return reported(userPod: pod, report) }
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
    if pod.isDaemon { writeRunning(pod) } else { unannounced.append((uid, SystemClock.steady() + service.settings.announcementDelay)) }
  }

  private func nextProgress() -> Instant { SystemClock.steady() + service.settings.progressPatchTick.timeSpan }

  /// When something is to be done although nothing arrives.
  private mutating func deadline() -> Instant? {
    // Pods that are over are nobody's concern: most are over long before their time.
    while progressingStart < progressing.count, active[progressing[progressingStart].uid] == nil { progressingStart += 1 }
    if progressingStart > 1024 || progressingStart == progressing.count {
      progressing.removeFirst(progressingStart)
      progressingStart = 0
    }
    var moments = [unannounced.first?.due, progressing.first == nil ? nil : progressing[progressingStart].due]
    if !active.isEmpty { moments.append(accountsDue) }
    if mayStart {
      if !held.isEmpty { moments.append(held.values.min()) }
    } else {
      moments.append(starting.values.min())
    }
    return moments.compactMap { $0 }.min()
  }

  private mutating func lookAtProgress() {
    guard progressingStart < progressing.count else { return }
    let now = SystemClock.steady()
    while progressingStart < progressing.count, progressing[progressingStart].due <= now {
      let uid = progressing[progressingStart].uid
      progressingStart += 1
      guard let pod = active[uid], !pod.isConcluding else { continue }
      service.readProgress(pod.pod, roles: pod.roles, scratch: pod.lastReport?.scratch)
      progressing.append((uid, nextProgress()))
    }
  }

  /// Writes the status of pods that have run for a while.
  private mutating func announce() {
    guard let first = unannounced.first else { return }
    let now = SystemClock.steady()
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
}
