import ArgoModel
import Basics
import Contracts
import KubeModel
import Synchronization

/// How the agent works.
package struct AgentSettings: Sendable {
  /// Calls that one run may have under way at once (Argo's `ARGO_AGENT_TASK_WORKERS`).
  package var callsPerRun = 16
  /// The longest body of a reply that becomes a result, in bytes.
  package var bodyLimit = 16 << 20
  /// How long a plugin may take to answer one call.
  package var pluginTimeout = TimeSpan(seconds: 30)
  /// What is waited before the first repetition of a call to a plugin that failed in passing; each next wait is twice as long.
  package var pluginBackoff = TimeSpan(seconds: 1)
  /// How often a plugin is called for one answer.
  package var pluginAttempts = 5
  /// Where, besides the workflow's own namespace, executor plugins are looked for: that of Argo's controller.
  package var controllerNamespace = "argo"
  package init() {}
}

/// Argo's agent (spec 4.7): carries out the tasks of HTTP and Plugin nodes, which it finds in WorkflowTaskSets, and writes their results into the
/// status of these objects.
///
/// A task without a final result is carried out again after a restart: an HTTP request is made at least once. A task that is deleted is
/// given up. One thread owns all state; calls wait in the caller, not on threads.
package final class AgentService: Sendable {
  let store: any ResourceStoring
  let caller: any HTTPCalling
  let secrets: any SecretReading
  let settings: AgentSettings
  private let clock: @Sendable () -> Instant
  private let mailbox = Mailbox<AgentMessage>()
  private let watch = Mutex<(any WatchHandle)?>(nil)
  private let thread = Mutex<OSThread?>(nil)
  private let isEnding = Atomic<Bool>(false)

  package init(
    store: any ResourceStoring, caller: any HTTPCalling, secrets: any SecretReading, settings: AgentSettings = AgentSettings(),
    clock: @escaping @Sendable () -> Instant = SystemClock.now
  ) {
    self.store = store
    self.caller = caller
    self.secrets = secrets
    self.settings = settings
    self.clock = clock
  }

  /// Takes up the tasks and plugins that there are and begins to watch. Throws when the store cannot be read; nothing runs then. To be
  /// called once.
  package func start() throws(KubeStatus) {
    let mailbox = mailbox
    let handle = store.watch([.workflowTaskSet, .workflow, .pod]) { events in
      for event in events where AgentMessage.isNews(event) { mailbox.post(.changed(event)) }
    }
    let loop: AgentLoop
    do throws(KubeStatus) {
      loop = try AgentLoop(service: self)
    } catch {
      handle.cancel()
      throw error
    }
    watch.withLock { $0 = handle }
    let started = startThread(name: "agent") {
      var loop = loop
      loop.run()
    }
    thread.withLock { $0 = started }
  }

  /// Gives up the calls under way and ends the thread; the next start makes them again. Plugins go on.
  package func stop() {
    isEnding.store(true, ordering: .sequentiallyConsistent)
    watch.withLock { $0.take() }?.cancel()
    mailbox.close()
    thread.withLock { $0.take() }?.join()
  }

  // What follows is for the service's thread.

  var now: Instant { clock() }
  var isStopping: Bool { isEnding.load(ordering: .sequentiallyConsistent) }
  func next(deadline: Instant?) -> [AgentMessage]? { mailbox.takeAll(deadline: deadline) }

  /// Starts a call whose end is posted as the answer to a task's call of this number.
  func call(_ call: HTTPCall, for task: String, number: Int) -> any HTTPCallHandle {
    let mailbox = mailbox
    return caller.start(call) { mailbox.post(.answered(task: task, number: number, $0)) }
  }
}

/// What the agent's thread is told.
enum AgentMessage: Sendable {
  case changed(WatchEvent)
  /// A call ended; its number tells whether anybody still waits for it.
  case answered(task: String, number: Int, Result<HTTPCallReply, HTTPCallFailure>)

  /// Of pods only those of plugins matter, of workflows only their end.
  static func isNews(_ event: WatchEvent) -> Bool {
    switch event.resource.kind {
    case .pod: event.resource.isPluginPod
    case .workflow: event.change == .deleted || event.resource.isCompletedWorkflow
    default: true
    }
  }
}
