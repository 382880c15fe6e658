import ArgoModel
import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import Synchronization

/// The kubelet of this machine: watches Pods in the store, makes their volumes and inputs, runs them through a ``PodRunning``, and writes
/// their status and outputs back. Pods outlive this process; the next start adopts them.
///
/// One thread owns all state; preparing, collecting and probing block and run on threads of their own, which answer only by posting into the
/// service's mailbox.
package final class NodeService: Sendable {
  let store: any ResourceStoring
  let runner: any PodRunning
  let artifacts: any ArtifactTransferring
  let settings: NodeSettings
  let services: NodeHelpers
  let inbox = NodeInbox()
  /// What is on the disk before a pod's first process is.
  let begun: BegunPods
  /// Carries out what needs no process of its own.
  let actions: ActionRunner
  private let workerCount: Int
  private let workers: NodeWorkers
  private let watch = Mutex<(any WatchHandle)?>(nil)
  private let thread = Mutex<OSThread?>(nil)
  private let probes = Mutex(ProbeThreads())
  private let hasPods = Atomic<Bool>(false)
  private let isEnding = Atomic<Bool>(false)

  package init(
    store: any ResourceStoring, runner: any PodRunning, artifacts: any ArtifactTransferring, settings: NodeSettings,
    helpers: NodeHelpers = NodeHelpers(), workerCount: Int = 4
  ) {
    var services = helpers
    if let api = settings.api, let tokens = helpers.tokens {
      services.accounts = AccountFiles(directory: settings.directory, api: api, tokens: tokens, store: store)
    }
    self.services = services
    self.store = store
    self.runner = runner
    self.artifacts = artifacts
    self.settings = settings
    begun = BegunPods(directory: settings.directory + "/pods", machineStart: settings.machineStart)
    self.workerCount = workerCount
    let workers = NodeWorkers()
    self.workers = workers
    actions = ActionRunner(
      store: store, artifacts: artifacts, rights: helpers.authorizer.map { ActionRights(authorizer: $0, admitters: helpers.admitters) },
      submit: workers.submit)
  }

  /// Adopts the pods that run already and begins to watch for new ones. Throws when the store cannot be read; nothing runs then. To be
  /// called once.
  package func start() throws(KubeStatus) {
    let inbox = inbox
    let handle = store.watch([
      .pod, .persistentVolumeClaim, .persistentVolume, .workflowArtifactGCTask, .secret, .configMap, .namespace,
    ]) { events in
      for event in events {
        switch event.resource.kind {
        case .secret, .configMap: inbox.post(.configured(event.resource.namespace))
        case .namespace: if event.change == .deleted { inbox.post(.namespaceGone) }
        default: inbox.post(.changed(event))
        }
      }
    }
    do throws(KubeStatus) {
      let pods = try store.list(.pod, namespace: nil, labels: .everything)
      do throws(FileError) {
        try begun.read(keeping: Set(pods.lazy.filter { !$0.isOverPod }.map(\.uid)))
      } catch {
        throw KubeStatus(.internalError, "what pods have begun cannot be read, and must not be begun twice: \(error)")
      }
      for pod in pods { inbox.post(.changed(WatchEvent(.added, pod))) }
      for task in try store.list(.workflowArtifactGCTask, namespace: nil, labels: .everything) {
        inbox.post(.changed(WatchEvent(.added, task)))
      }
    } catch {
      handle.cancel()
      throw error
    }
    watch.withLock { $0 = handle }
    workers.start(workerCount)
    actions.start()
    let started = startThread(name: "node") { [self] in
      var loop = NodeLoop(service: self)
      loop.run()
    }
    thread.withLock { $0 = started }
    removeStrayAccounts()
  }

  /// Removes the token files of namespaces that are gone, on a worker.
  func removeStrayAccounts() {
    if let accounts = services.accounts { onWorker { accounts.removeStrays() } }
  }

  /// Starts no more pods and returns when the service's threads have ended; pods that run go on by themselves. Waits for artifacts that
  /// are being moved.
  package func stop() {
    isEnding.store(true, ordering: .sequentiallyConsistent)
    watch.withLock { $0.take() }?.cancel()
    inbox.close()
    thread.withLock { $0.take() }?.join()
    actions.close()
    workers.stop()
    runner.end()
    for probe in probes.withLock({ $0.takeAll() }) { probe.join() }
  }

  /// Blocks until no pod runs and none waits, or the time is over.
  package func waitUntilIdle(timeout: TimeSpan) {
    let deadline = SystemClock.steady() + timeout
    while !(inbox.isHandled && !hasPods.load(ordering: .sequentiallyConsistent)), SystemClock.steady() < deadline { usleep(1000) }
  }

  /// Kills every pod that runs; their ends are recorded as any other.
  package func killAll() { inbox.post(.killAll) }

  /// The directory of a pod: its plan, logs, outputs.
  package func directory(of pod: Resource) -> String { "\(settings.directory)/pods/\(pod.namespace)_\(pod.name)_\(pod.uid)" }

  // What follows is for the service's own threads.

  /// The service is stopping: nothing new is begun, and what cannot be stored is left to the next start.
  var isStopping: Bool { isEnding.load(ordering: .sequentiallyConsistent) }

  func tellWhetherBusy(_ isBusy: Bool) { hasPods.store(isBusy, ordering: .sequentiallyConsistent) }

  /// Runs what blocks.
  func onWorker(_ work: @escaping @Sendable () -> Void) { workers.submit(work) }

  /// Polls a readiness probe on a thread of its own until it passes or the pod is over.
  func probe(uid: String, _ probe: ReadinessProbe, isOver: @escaping @Sendable () -> Bool) {
    let inbox = inbox
    probes.withLock { probes in
      probes.add { number in
        startThread(name: "probe") {
          if probe.wait(isOver: isOver) { inbox.post(.ready(uid)) }
          inbox.post(.probeEnded(number))
        }
      }
    }
  }

  /// Looks into the report of a pod, on a thread of its own, until the supervisor says that it is ready or the pod is over. The supervisor of a
  /// pod that was taken over tells nobody by itself.
  func watchReadiness(_ pod: Resource, isOver: @escaping @Sendable () -> Bool) {
    let (inbox, uid, file) = (inbox, pod.uid, directory(of: pod) + "/status.json")
    probes.withLock { probes in
      probes.add { number in
        startThread(name: "probe") {
          while !isOver() {
            if let bytes = try? LocalFiles.read(file), let json = try? JSON.parse(bytes), let report = try? PodReport(json: json),
              !report.isFinished, report.containers.allSatisfy({ $0.isReady != false })
            {
              inbox.post(.reported(uid, report))
              break
            }
            usleep(50_000)
          }
          inbox.post(.probeEnded(number))
        }
      }
    }
  }

  func joinProbe(_ number: Int) { probes.withLock { $0.take(number) }?.join() }
}

/// The threads that do what blocks, from the start of the service to its stop.
private final class NodeWorkers: Sendable {
  private let pool = Mutex<WorkerPool?>(nil)
  func start(_ count: Int) { pool.withLock { $0 = WorkerPool(name: "node-worker", threads: count) } }
  func submit(_ work: @escaping @Sendable () -> Void) { pool.withLock { $0 }?.submit(work) }
  func stop() { pool.withLock { $0.take() }?.stop() }
}

/// The threads that poll readiness probes, until they are joined.
private struct ProbeThreads {
  private var threads: [Int: OSThread] = [:]
  private var count = 0

  mutating func add(_ start: (Int) -> OSThread) {
    count += 1
    threads[count] = start(count)
  }
  mutating func take(_ number: Int) -> OSThread? { threads.removeValue(forKey: number) }
  mutating func takeAll() -> [OSThread] {
    defer { threads = [:] }
    return Array(threads.values)
  }
}
