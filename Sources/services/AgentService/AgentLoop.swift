import ArgoModel
import Basics
import Contracts
import HeapModule
import JSONValue
import KubeModel

/// The state of the agent's thread.
struct AgentLoop {
  let service: AgentService
  /// By namespace and name of their object.
  var tasks: [String: AgentTask] = [:]
  /// By uid of their workflow.
  var runs: [String: AgentRun] = [:]
  var hosts: [PluginHost] = []
  /// Pods of plugins that an earlier start has left and that are of no use.
  var leftovers: [Resource] = []
  /// Calls made so far; each has a number of its own, so that what answers a task of the past is nobody's.
  private var calls = 0
  /// What is to be looked at, and when.
  private var alarms: Heap<Alarm> = []
  /// Results that are to be stored, by task.
  private var results: [String: TaskResult] = [:]
  /// What is wrong with installed plugins and was said already.
  var reportedProblems: Set<String> = []

  private struct Alarm: Comparable {
    enum Purpose: Hashable { case task(String, number: Int), host(String) }
    var time: Instant
    var purpose: Purpose
    static func < (left: Alarm, right: Alarm) -> Bool { left.time < right.time }
  }

  /// Reads what there is; nothing is called or written before ``run()``.
  init(service: AgentService) throws(KubeStatus) {
    self.service = service
    let workflows = try service.store.list(.workflow, namespace: nil, labels: .everything)
    var openRuns: [String: Set<String>] = [:]
    for workflow in workflows where !workflow.isCompletedWorkflow { openRuns[workflow.namespace, default: []].insert(workflow.uid) }
    for pod in try service.store.list(.pod, namespace: nil, labels: .everything) where pod.isPluginPod {
      takeOver(pod, users: openRuns[pod.namespace] ?? [])
    }
    for taskSet in try service.store.list(.workflowTaskSet, namespace: nil, labels: .everything) { take(taskSet) }
  }

  mutating func run() {
    clearLeftovers()
    for host in hosts where host.users.isEmpty { close(host.id) }
    pumpAll()
    store()
    while let messages = service.next(deadline: alarms.min?.time) {
      for message in messages { handle(message) }
      ring()
      pumpAll()
      store()
    }
    for task in tasks.values { task.handle?.cancel() }
  }

  private mutating func handle(_ message: AgentMessage) {
    switch message {
    case .answered(let slot, let number, let answer): answered(slot, number, answer)
    case .changed(let event):
      switch event.resource.kind {
      case .workflowTaskSet: event.change == .deleted ? drop(event.resource) : take(event.resource)
      case .workflow: runEnded(event.resource.uid)
      default: pluginPodChanged(event.resource, isDeleted: event.change == .deleted)
      }
    }
  }

  // MARK: Tasks

  private mutating func take(_ taskSet: Resource) {
    guard let task = AgentTask(taskSet) else { return }
    if let known = tasks[task.slot] {
      // A change of what is known is what this thread wrote itself.
      if known.uid == task.uid { return }
      forget(known.slot)
    }
    tasks[task.slot] = task
    runs[task.run, default: AgentRun()].tasks += 1
    if task.step == .queued { runs[task.run]?.enqueue(task.slot) }
    touched.insert(task.run)
  }

  private mutating func drop(_ taskSet: Resource) {
    let slot = AgentTask.slot(taskSet.key)
    if tasks[slot]?.uid == taskSet.uid { forget(slot) }
  }

  private mutating func forget(_ slot: String) {
    guard let task = tasks.removeValue(forKey: slot) else { return }
    task.handle?.cancel()
    results[slot] = nil
    touched.insert(task.run)
    guard var run = runs.removeValue(forKey: task.run) else { return }
    if task.step == .calling { run.calls -= 1 }
    run.tasks -= 1
    // The plugins that do not answer are remembered as long as there is something to ask.
    if run.tasks > 0 || !run.deafPlugins.isEmpty { runs[task.run] = run }
  }

  private mutating func runEnded(_ uid: String) {
    runs[uid]?.deafPlugins = []
    if runs[uid]?.tasks == 0 { runs[uid] = nil }
    for host in hosts where host.users.contains(uid) { release(host.id, from: uid) }
  }

  /// Runs whose calls or queue changed.
  var touched: Set<String> = []

  private mutating func pumpAll() {
    while let uid = touched.popFirst() {
      while let run = runs[uid], run.calls < service.settings.callsPerRun, let slot = runs[uid]?.next() {
        if tasks[slot]?.run == uid, case .queued? = tasks[slot]?.step { begin(slot) }
      }
    }
  }

  private mutating func begin(_ slot: String) {
    guard let task = tasks[slot] else { return }
    if task.isPlugin {
      beginPlugin(slot)
    } else if task.template.present("http") != nil {
      do throws(TaskFailure) {
        // Argo's agent does not even start where the plugins beside it cannot.
        if let inline = task.inlinePlugins { _ = try ownPlugins(inline, task) }
        let template = HTTPTemplate(task.template, namespace: task.key.namespace)
        call(slot, try template.call(service.secrets, store: service.store, bodyLimit: service.settings.bodyLimit))
      } catch {
        finish(slot, TaskResult(error.isAgents ? "Error" : "Failed", error.message))
      }
    } else {
      finish(slot, TaskResult("Error", "error processing task: agent cannot execute: unknown task type"))
    }
  }

  /// Makes one of the run's calls.
  mutating func call(_ slot: String, _ call: HTTPCall) {
    guard var task = tasks[slot] else { return }
    calls += 1
    task.number = calls
    task.step = .calling
    runs[task.run]?.calls += 1
    task.handle = service.call(call, for: slot, number: task.number)
    tasks[slot] = task
  }

  private mutating func answered(_ slot: String, _ number: Int, _ answer: Result<HTTPCallReply, HTTPCallFailure>) {
    guard let task = tasks[slot], task.number == number, case .calling = task.step else { return }
    tasks[slot]?.handle = nil
    tasks[slot]?.step = .queued
    runs[task.run]?.calls -= 1
    touched.insert(task.run)
    if task.isPlugin {
      pluginAnswered(slot, PluginAnswer(answer, plugin: task.plugins?[task.position].name ?? ""))
    } else {
      finish(slot, HTTPTemplate(task.template, namespace: task.key.namespace).result(answer, now: service.now))
    }
  }

  /// Puts a task back into its run's queue.
  mutating func enqueue(_ slot: String) {
    guard let run = tasks[slot]?.run else { return }
    tasks[slot]?.step = .queued
    runs[run]?.enqueue(slot)
    touched.insert(run)
  }

  /// Puts a task back after a while.
  mutating func enqueue(_ slot: String, after span: TimeSpan) {
    guard let number = tasks[slot]?.number else { return }
    tasks[slot]?.step = .waiting
    alarms.insert(Alarm(time: SystemClock.steady() + span, purpose: .task(slot, number: number)))
  }

  mutating func wake(host id: String, after span: TimeSpan) {
    alarms.insert(Alarm(time: SystemClock.steady() + span, purpose: .host(id)))
  }

  private mutating func ring() {
    let now = SystemClock.steady()
    while let alarm = alarms.min, alarm.time <= now {
      alarms.removeMin()
      switch alarm.purpose {
      case .task(let slot, let number):
        if let task = tasks[slot], task.number == number, case .waiting = task.step { enqueue(slot) }
      case .host(let id): look(at: id)
      }
    }
  }

  // MARK: Results

  mutating func finish(_ slot: String, _ result: TaskResult) {
    tasks[slot]?.step = .over
    tell(slot, result)
  }

  mutating func tell(_ slot: String, _ result: TaskResult) {
    guard tasks[slot] != nil, tasks[slot]?.told != result else { return }
    tasks[slot]?.told = result
    results[slot] = result
  }

  /// Stores the results that have come together. They do not wait for the disk: after a loss of power the tasks are carried out again.
  private mutating func store() {
    guard !results.isEmpty else { return }
    let pending = results.sorted { $0.key < $1.key }
    results = [:]
    let writes = pending.compactMap { slot, result in tasks[slot].map { Write.patch($0.key, result.patch(node: $0.nodeID)) } }
    if pending.count > 1, writes.count == pending.count, (try? service.store.commit(writes, isDurable: false)) != nil { return }
    for (slot, result) in pending { storeAlone(slot, result) }
  }

  private mutating func storeAlone(_ slot: String, _ result: TaskResult) {
    guard let task = tasks[slot] else { return }
    do throws(KubeStatus) {
      try service.store.commit([.patch(task.key, result.patch(node: task.nodeID))], isDurable: false)
    } catch {
      switch error.reason {
      case .notFound: break
      case .internalError, .serviceUnavailable, .tooManyRequests:
        // A full disk, say: again until it can be stored, or until the next start carries the task out again.
        Diagnostics.report("cannot store the result of node \(task.nodeID), trying again: \(error.message)")
        alarms.insert(Alarm(time: SystemClock.steady() + TimeSpan(seconds: 1), purpose: .task(slot, number: -1)))
        results[slot] = result
      default:
        guard result.outputs != nil else {
          return Diagnostics.report("the result of node \(task.nodeID) cannot be stored: \(error.message)")
        }
        let message = "HTTP request completed successfully but an error occurred when patching its result: \(error.message)"
        storeAlone(slot, TaskResult("Error", message))
      }
    }
  }
}

extension TaskFailure {
  /// The agent itself could not be set up, which is not the task's failure.
  var isAgents: Bool { message.hasPrefix("create agent pod failed") }
}
