import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import Synchronization

/// The kubelet of this machine: watches Pods in the store, makes their volumes and inputs, runs them through a ``PodRunning``, and writes
/// their status and outputs back. Pods outlive this process; the next start adopts them.
///
/// One thread owns all state; preparing, collecting and probing block and run on a small pool of threads, which answer only by posting into the
/// service's mailbox.
package final class NodeService: Sendable {
  private let store: any ResourceStoring
  private let runner: any PodRunning
  private let artifacts: any ArtifactTransferring
  private let settings: NodeSettings
  private let mailbox = Mailbox<Message>()
  private let workers: WorkerPool
  private let watch = Mutex<(any WatchHandle)?>(nil)
  private let thread = Mutex<OSThread?>(nil)
  fileprivate let isIdle = Atomic<Bool>(true)

  fileprivate enum Message: Sendable {
    case changed(WatchEvent)
    case refused(ResourceKey, String)
    case reported(ResourceKey, PodReport)
    case ready(ResourceKey)
    case collected(ResourceKey)
  }

  package init(
    store: any ResourceStoring, runner: any PodRunning, artifacts: any ArtifactTransferring, settings: NodeSettings, workerCount: Int = 4
  ) {
    self.store = store
    self.runner = runner
    self.artifacts = artifacts
    self.settings = settings
    workers = WorkerPool(name: "node-worker", threads: workerCount)
  }

  /// Adopts the pods that run already and begins to watch for new ones. Throws when the store cannot be read.
  package func start() throws(KubeStatus) {
    let mailbox = mailbox
    let handle = store.watch([.pod]) { events in
      for event in events { mailbox.post(.changed(event)) }
    }
    watch.withLock { $0 = handle }
    for pod in try store.list(.pod, namespace: nil, labels: .everything) { mailbox.post(.changed(WatchEvent(.added, pod))) }
    let handleOfThread = startThread(name: "node") { [self] in
      var loop = NodeLoop(service: self)
      loop.run()
    }
    thread.withLock { $0 = handleOfThread }
  }

  /// Starts no more pods and returns when the service's threads have ended; pods that run go on by themselves.
  package func stop() {
    watch.withLock { handle in
      handle?.cancel()
      handle = nil
    }
    mailbox.close()
    thread.withLock { handle in
      handle?.join()
      handle = nil
    }
    workers.stop()
  }

  /// Blocks until no pod runs and none waits, or the time is over.
  package func waitUntilIdle(timeout: TimeSpan) {
    let deadline = SystemClock.now() + timeout
    while !isIdle.load(ordering: .acquiring), SystemClock.now() < deadline { usleep(1000) }
  }

  /// The directory of a pod: its plan, logs, outputs.
  package func directory(of pod: Resource) -> String { "\(settings.directory)/pods/\(pod.namespace)_\(pod.name)_\(pod.uid)" }

  // What follows runs on the service's thread or, where it says so, on a worker.

  fileprivate func nextMessages(deadline: Instant?) -> [Message]? { mailbox.takeAll(deadline: deadline) }

  fileprivate var maximumPods: Int { settings.maximumPods }

  /// Adopts or starts a pod, on a worker.
  fileprivate func launch(_ pod: Resource) {
    let key = pod.key
    let directory = directory(of: pod)
    let mailbox = mailbox
    workers.submit { [self] in
      let observe: @Sendable (PodReport) -> Void = { mailbox.post(.reported(key, $0)) }
      do {
        if try runner.adopt(directory: directory, observe: observe) { return }
        LocalFiles.removeTree(directory)
        try LocalFiles.makeDirectories(directory, mode: 0o700)
        let preparation = PodPreparation(
          pod: pod, directory: directory, store: store, artifacts: artifacts, settings: settings, now: SystemClock.now())
        let plan = try preparation.plan()
        _ = try runner.start(plan, directory: directory, observe: observe)
      } catch let failure as PodFailure {
        mailbox.post(.refused(key, failure.message))
      } catch {
        mailbox.post(.refused(key, "\(error)"))
      }
    }
  }

  fileprivate static func roles(of pod: Resource) -> [ContainerRole] {
    var roles: [ContainerRole] = []
    for container in pod.spec["initContainers"]?.array ?? [] {
      roles.append(ContainerRole(name: container["name"]?.string ?? "", role: .initial))
    }
    for (position, container) in (pod.spec["containers"]?.array ?? []).enumerated() {
      let name = container["name"]?.string ?? "main"
      roles.append(ContainerRole(name: name, role: name == "main" || position == 0 ? .main : .sidecar))
    }
    return roles
  }

  fileprivate func stop(_ pod: Resource, _ manner: StopManner) { runner.stop(directory: directory(of: pod), manner) }

  /// Removes what a deleted pod left, on a worker.
  fileprivate func discard(_ pod: Resource) {
    let directory = directory(of: pod)
    workers.submit { LocalFiles.removeTree(directory) }
  }

  /// Writes a status; a pod that is gone meanwhile needs none.
  fileprivate func write(status: JSON, of key: ResourceKey) {
    do throws(KubeStatus) {
      try store.commit([.patch(key, ["status": status])])
    } catch {
      if error.reason != .notFound { Diagnostics.report("cannot write the status of pod \(key.name): \(error.message)") }
    }
  }

  /// Keeps the outputs and writes the final status with them in one transaction, on a worker.
  fileprivate func conclude(_ pod: Resource, report: PodReport, roles: [ContainerRole]) {
    let mailbox = mailbox
    workers.submit { [self] in
      let key = pod.key
      var writes: [Write] = []
      var failure: String?
      if report.failure == nil {
        let context = PodPreparation.artifactContext(of: pod, store: store)
        let collected = PodOutputs(pod: pod, directory: directory(of: pod), artifacts: artifacts, context: context).collect()
        failure = collected.failure
        if let result = taskResult(of: pod, outputs: collected.outputs) { writes.append(.create(result)) }
      }
      writes.append(.patch(key, ["status": PodStatusView.finished(report, plan: roles, waitFailure: failure)]))
      do throws(KubeStatus) {
        try store.commit(writes)
      } catch {
        if error.reason != .notFound { Diagnostics.report("cannot write the outcome of pod \(key.name): \(error.message)") }
      }
      mailbox.post(.collected(key))
    }
  }

  /// The WorkflowTaskResult of a pod; nil when it left no outputs.
  private func taskResult(of pod: Resource, outputs: JSON) -> Resource? {
    guard let nodeID = pod.annotation(PodAnnotation.nodeID), outputs.object?.isEmpty == false else { return nil }
    return Resource(
      .workflowTaskResult,
      json: [
        "metadata": [
          "name": .string(nodeID), "namespace": .string(pod.namespace),
          "labels": [PodAnnotation.workflow: .string(pod.label(PodAnnotation.workflow) ?? "")],
        ],
        "outputs": outputs,
      ])
  }

  /// Polls the readiness probe of the main container on a thread of its own until it passes or the pod is over.
  fileprivate func probe(_ pod: Resource, probe: JSON, isOver: @escaping @Sendable () -> Bool) {
    let mailbox = mailbox
    let key = pod.key
    _ = startThread(name: "probe") {
      if ReadinessProbe(probe).wait(isOver: isOver) { mailbox.post(.ready(key)) }
    }
  }
}

/// The state of the service's thread.
private struct NodeLoop {
  let service: NodeService
  /// Pods that this service has taken up and not finished.
  var active: [ResourceKey: ActivePod] = [:]
  /// Pods that wait for capacity, oldest first; one whose key is no longer in `waitingKeys` was withdrawn.
  var waiting: [Resource] = []
  var waitingFrom = 0
  var waitingKeys: Set<ResourceKey> = []

  /// Pods that run and whose status does not say so yet, by the time when it must.
  var unannounced: [(key: ResourceKey, due: Instant)] = []

  /// A pod that is over sooner than this is never written as Running: most steps are short, and a write costs more than they do.
  static let announcementDelay = TimeSpan(milliseconds: 30)

  init(service: NodeService) { self.service = service }

  struct ActivePod {
    var pod: Resource
    var roles: [ContainerRole]
    var isReady = true
    var isConcluding = false
    var isDeleted = false
    var lastReport: PodReport?
    var over = OverFlag()
    var stopping: StopManner?
    /// Others wait for this pod to run: its status is written at once.
    let isDaemon: Bool

    init(_ pod: Resource) {
      self.pod = pod
      isDaemon = pod.annotation(PodAnnotation.template)?.contains("\"daemon\":true") == true
      roles = NodeService.roles(of: pod)
      stopping = StopRequest.manner(of: pod)
    }
  }

  mutating func run() {
    while let messages = service.nextMessages(deadline: unannounced.first?.due) {
      for message in messages { handle(message) }
      announce()
      startWaiting()
      service.isIdle.store(active.isEmpty && waitingKeys.isEmpty, ordering: .releasing)
    }
  }

  private mutating func handle(_ message: NodeService.Message) {
    switch message {
    case .changed(let event): changed(event)
    case .refused(let key, let message):
      guard active[key] != nil else { return }
      service.write(status: PodStatusView.failed(before: message), of: key)
      finish(key)
    case .reported(let key, let report): reported(key, report)
    case .ready(let key):
      guard var pod = active[key], !pod.isReady, !pod.isConcluding else { return }
      pod.isReady = true
      active[key] = pod
      if let report = pod.lastReport { writeRunning(key, pod, report) }
    case .collected(let key): finish(key)
    }
  }

  private mutating func changed(_ event: WatchEvent) {
    let pod = event.resource
    let key = pod.key
    if event.change == .deleted {
      if active[key] != nil {
        active[key]?.isDeleted = true
        service.stop(pod, .immediately)
      } else {
        waitingKeys.remove(key)
        service.discard(pod)
      }
      return
    }
    let phase = pod.status["phase"]?.string ?? ""
    if phase == "Succeeded" || phase == "Failed" { return }
    let manner = StopRequest.manner(of: pod)
    if active[key] == nil {
      // A pod that an earlier process started has a directory: it is taken over first and stopped then.
      if manner != nil, !LocalFiles.exists(service.directory(of: pod)) {
        waitingKeys.remove(key)
        service.write(status: PodStatusView.failed(before: "stopped before it started"), of: key)
      } else if waitingKeys.insert(key).inserted {
        waiting.append(pod)
      }
    } else if let manner, active[key]?.stopping != manner {
      active[key]?.stopping = manner
      service.stop(pod, manner)
    }
  }

  private mutating func startWaiting() {
    while waitingFrom < waiting.count, active.count < service.maximumPods {
      let pod = waiting[waitingFrom]
      waitingFrom += 1
      guard waitingKeys.remove(pod.key) != nil else { continue }
      active[pod.key] = ActivePod(pod)
      service.launch(pod)
    }
    if waitingFrom > 1024, waitingFrom * 2 > waiting.count {
      waiting.removeFirst(waitingFrom)
      waitingFrom = 0
    }
  }

  private mutating func reported(_ key: ResourceKey, _ report: PodReport) {
    guard var pod = active[key], !pod.isConcluding else { return }
    pod.lastReport = report
    if report.isFinished {
      pod.isConcluding = true
      pod.over.set()
      active[key] = pod
      service.conclude(pod.pod, report: report, roles: pod.roles)
      return
    }
    if pod.isDaemon, pod.isReady, let probe = pod.pod.spec["containers"]?[0]?["readinessProbe"], pod.over.firstTime() {
      pod.isReady = false
      let over = pod.over
      service.probe(pod.pod, probe: probe) { over.isSet }
    }
    active[key] = pod
    if pod.isDaemon {
      writeRunning(key, pod, report)
    } else {
      unannounced.append((key, SystemClock.now() + Self.announcementDelay))
    }
    if let manner = pod.stopping { service.stop(pod.pod, manner) }
  }

  /// Writes the status of pods that have run for a while.
  private mutating func announce() {
    guard let first = unannounced.first else { return }
    let now = SystemClock.now()
    guard first.due <= now else { return }
    for (key, due) in unannounced where due <= now {
      if let pod = active[key], !pod.isConcluding, let report = pod.lastReport { writeRunning(key, pod, report) }
    }
    unannounced.removeAll { $0.due <= now }
  }

  private func writeRunning(_ key: ResourceKey, _ pod: ActivePod, _ report: PodReport) {
    service.write(status: PodStatusView.running(report, plan: pod.roles, hostName: "", isReady: pod.isReady), of: key)
  }

  private mutating func finish(_ key: ResourceKey) {
    guard let pod = active.removeValue(forKey: key) else { return }
    pod.over.set()
    if pod.isDeleted { service.discard(pod.pod) }
  }
}

/// Tells the probing thread of a pod that the pod is over.
private final class OverFlag: Sendable {
  private let state = Mutex((over: false, probed: false))
  var isSet: Bool { state.withLock { $0.over } }
  func set() { state.withLock { $0.over = true } }
  /// True for the first caller only.
  func firstTime() -> Bool {
    state.withLock { state in
      defer { state.probed = true }
      return !state.probed
    }
  }
}
