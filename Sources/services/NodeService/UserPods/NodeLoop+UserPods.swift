import Basics
import Contracts
import JSONValue
import KubeModel

/// Pods that users make, and pods that cannot begin yet.
extension NodeLoop {
  func userStatus(_ pod: ActivePod) -> UserPodStatus {
    UserPodStatus(
      pod: pod.pod, settings: service.settings, conditions: pod.conditions, startedAt: pod.beganAt, now: SystemClock.now())
  }

  func events(_ pod: ActivePod) -> PodEvents? {
    guard pod.isUserPod, let recorder = service.services.events else { return nil }
    return PodEvents(pod: pod.pod, recorder: recorder)
  }

  /// The pod has a machine from now on.
  mutating func introduce(_ uid: String) {
    guard let pod = active[uid], pod.isUserPod, !pod.isIntroduced else { return }
    active[uid]?.isIntroduced = true
    active[uid]?.hold = nil
    let initials = pod.pod.spec["initContainers"]?.array ?? []
    if pod.lastReport == nil {
      write(userStatus(pod).waiting(reason: initials.isEmpty ? "ContainerCreating" : "PodInitializing"), of: uid)
    }
    guard let events = events(pod) else { return }
    events.begun(on: service.settings.hostName)
    for message in Self.ignored(pod.pod) { events.ignored(message) }
  }

  /// What of a pod has no meaning here.
  private static func ignored(_ pod: Resource) -> [String] {
    var result: [String] = []
    let containers = (pod.spec["initContainers"]?.array ?? []) + (pod.spec["containers"]?.array ?? [])
    let images = containers.compactMap { $0["image"]?.string }
    if !images.isEmpty {
      result.append("Images are not pulled: containers see this machine's file system, not that of \(images.joined(separator: ", "))")
    }
    for volume in pod.spec["volumes"]?.array ?? [] {
      guard let name = volume["name"]?.string, let empty = volume["emptyDir"] else { continue }
      if empty["medium"]?.string == "Memory" { result.append("emptyDir \"\(name)\" with medium Memory is kept on disk") }
      if empty["sizeLimit"] != nil { result.append("sizeLimit of emptyDir \"\(name)\" is not enforced") }
    }
    for field in ["affinity", "nodeSelector", "tolerations", "topologySpreadConstraints", "runtimeClassName"]
    where pod.spec[field] != nil && pod.spec[field]?.array?.isEmpty != true && field != "tolerations" {
      result.append("\(field) is ignored: there is one machine")
    }
    return result
  }

  mutating func reported(userPod known: ActivePod, _ report: PodReport) {
    var pod = known
    let uid = pod.pod.uid
    // What an adopted pod tells first was told before.
    if !pod.isDeleted, !pod.isAdopted || pod.lastReport != nil { events(pod)?.changed(from: pod.lastReport, to: report) }
    pod.lastReport = report
    pod.hold = nil
    active[uid] = pod
    guard report.isFinished else { return write(userStatus(pod).reported(report), of: uid) }
    if report.failure == PodReport.diedFailure, pod.pod.restartPolicy != .never, pod.stopping == nil, !pod.isDeleted {
      // The machine went down, most likely: a kubelet runs the containers again.
      // One that never holds is not tried again and again at once.
      active[uid]?.leavesRemains = true
      if pod.holds == 0 { launch(uid) }
      return wait(uid, isHeld: pod.holds > 0)
    }
    active[uid]?.isConcluding = true
    pod.over.set()
    if pod.isDeleted { return finish(uid) }
    service.conclude(pod.pod, report: report, roles: pod.roles, status: userStatus(pod).reported(report))
  }

  /// Writes a status that says something new.
  private mutating func write(_ status: JSON, of uid: String) {
    guard let pod = active[uid], !pod.isDeleted, pod.status != status else { return }
    active[uid]?.status = status
    active[uid]?.conditions = status["conditions"]?.array ?? []
    service.write(status, of: pod.pod, isScheduled: pod.hold?.cause != .unschedulable)
  }

  // MARK: Pods that cannot begin yet

  private static let longestWait = 30

  mutating func take(_ hold: PodHold, of uid: String) {
    guard let pod = active[uid] else { return }
    if pod.isDeleted || pod.isReleasing { return finish(uid) }
    if pod.stopping != nil {
      service.write(PodStatusView.failed(before: StopRequest.notStarted), of: pod.pod)
      return finish(uid)
    }
    let isNew = pod.hold != hold
    active[uid]?.hold = hold
    // Those that can begin do not wait for one that nobody may ever help.
    if pod.takesPlace {
      processCount -= 1
      active[uid]?.isParked = true
    }
    wait(uid)
    if isNew { events(pod)?.held(hold) }
    let status = userStatus(pod)
    switch hold.cause {
    case .unschedulable: write(status.unschedulable(hold.message), of: uid)
    // Of a user's pod the event tells it; a workflow shows what its pods' statuses say.
    case .volume: write(status.waiting(message: pod.isUserPod ? nil : hold.message), of: uid)
    case .container(let reason): write(status.waiting(reason: reason, message: hold.message), of: uid)
    }
  }

  private mutating func wait(_ uid: String, isHeld: Bool = true) {
    guard let pod = active[uid] else { return }
    active[uid]?.holds += 1
    if isHeld { held[uid] = SystemClock.steady() + TimeSpan(seconds: Int64(min(Self.longestWait, 1 << min(5, pod.holds)))) }
  }

  mutating func retryHeld() {
    guard !held.isEmpty else { return }
    let now = SystemClock.steady()
    for (uid, due) in held where due <= now && mayStart {
      retry(uid)
    }
  }

  mutating func retryUnschedulable() {
    for uid in held.keys where active[uid]?.hold?.cause == .unschedulable { retry(uid) }
  }

  /// Pods that wait for a Secret or ConfigMap need not wait longer; many changes at once make one attempt.
  mutating func retrySoon(in namespace: String) {
    guard !held.isEmpty else { return }
    let soon = SystemClock.steady() + TimeSpan(milliseconds: 100)
    for (uid, due) in held where due > soon {
      guard let pod = active[uid], pod.pod.namespace == namespace, let hold = pod.hold, hold.cause != .unschedulable else { continue }
      held[uid] = soon
    }
  }

  private static let fullPause = TimeSpan(seconds: 1)

  private mutating func retry(_ uid: String) {
    held[uid] = nil
    if active[uid]?.isParked == true {
      guard processCount < service.settings.maximumPods else {
        held[uid] = SystemClock.steady() + Self.fullPause
        return
      }
      active[uid]?.isParked = false
      processCount += 1
    }
    launch(uid)
  }

  // MARK: Tokens

  private static let accountsPeriod = TimeSpan(seconds: 60)

  mutating func renewAccounts() {
    guard let accounts = service.services.accounts, !active.isEmpty else { return }
    let now = SystemClock.steady()
    guard let due = accountsDue else {
      accountsDue = now + Self.accountsPeriod
      return
    }
    guard due <= now else { return }
    accountsDue = now + Self.accountsPeriod
    service.onWorker { accounts.renew() }
  }
}
