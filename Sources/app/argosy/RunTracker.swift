import ArgoModel
import Basics
import CommandLine
import Contracts
import Glibc
import JSONValue
import KubeModel
import Synchronization
import WorkflowService

/// Knows which workflows a command waits for, and hands their changes to the display.
final class RunTracker: Sendable {
  private struct State: Sendable {
    var order: [ResourceKey] = []
    var uids: [ResourceKey: String] = [:]
    var finished: Set<String> = []
    /// Workflows that steps made, by uid: they are waited for, and say nothing about the exit status.
    var others: Set<String> = []
    var display: (any RunDisplay)?
    /// When to wait no longer.
    var limit: Instant?
    var isDetached = false
    /// More workflows may come.
    var isOpen = false
  }
  private let state = Mutex(State())
  private let ends = Mailbox<Void>()

  func show(on display: any RunDisplay) { state.withLock { $0.display = display } }

  /// Adds a workflow, as stored, to those that are waited for.
  func expect(_ workflow: Resource) {
    state.withLock { state in
      guard state.uids[workflow.key] == nil else { return }
      state.order.append(workflow.key)
      state.uids[workflow.key] = workflow.uid
    }
  }

  /// Makes ``waitUntilFinished(timeout:)`` wait until ``close()``, whether workflows run or not.
  func open() { state.withLock { $0.isOpen = true } }

  func close() {
    state.withLock { $0.isOpen = false }
    ends.post(())
  }

  /// A workflow that was followed and is over was deleted.
  func forget(_ workflow: Resource) {
    state.withLock { state in
      state.order.removeAll { $0 == workflow.key }
      if let uid = state.uids.removeValue(forKey: workflow.key) { state.finished.remove(uid) }
    }
    ends.post(())
  }

  /// Takes a workflow that appeared, as steps may make them.
  func accompany(_ workflow: Resource) {
    let phase = WorkflowPhase(rawValue: workflow.status["phase"]?.string ?? "") ?? .unknown
    if !phase.isCompleted { state.withLock { _ = $0.others.insert(workflow.uid) } }
  }

  /// A workflow that steps made was deleted.
  func dismiss(_ workflow: Resource) {
    state.withLock { _ = $0.others.remove(workflow.uid) }
    ends.post(())
  }

  var keys: [ResourceKey] { state.withLock { $0.order } }

  /// By uid, whoever made them.
  var unfinished: [String] { state.withLock { state in state.others.union(state.uids.values).filter { !state.finished.contains($0) } } }

  var unfinishedKeys: [ResourceKey] {
    state.withLock { state in state.order.filter { key in state.uids[key].map { !state.finished.contains($0) } ?? false } }
  }

  /// Takes what a commit changed; called on the workflow service's thread.
  func progressed(_ progress: RunProgress) {
    let display = state.withLock { $0.display }
    var changes = progress.nodes.compactMap { row in
      row.record.json["status"].map { RunChange.node(workflow: progress.workflow.name, $0) }
    }
    if progress.hasChangedStatus { changes.append(.workflow(Self.summary(progress))) }
    display?.changed(changes)
    guard progress.isFinished else { return }
    state.withLock { state in _ = state.finished.insert(progress.runUID) }
    ends.post(())
  }

  private static func summary(_ progress: RunProgress) -> JSON {
    var status: JSONObject = ["phase": .string(progress.phase.rawValue), "message": .string(progress.message)]
    status["startedAt"] = progress.startedAt.map { .string($0.rfc3339) }
    status["finishedAt"] = progress.finishedAt.map { .string($0.rfc3339) }
    return ["metadata": ["name": .string(progress.workflow.name)], "status": .object(status)]
  }

  /// Makes ``waitUntilFinished(timeout:)`` return after a while, whatever is not over then.
  func abandon(after patience: TimeSpan) {
    state.withLock { state in
      let limit = SystemClock.steady() + patience
      state.limit = min(limit, state.limit ?? limit)
    }
    ends.post(())
  }

  /// Makes ``waitUntilFinished(timeout:)`` return at once; the workflows go on later.
  func detach() {
    state.withLock { $0.isDetached = true }
    ends.post(())
  }

  var isDetached: Bool { state.withLock { $0.isDetached } }

  /// The wait was given up before all workflows were over.
  var isAbandoned: Bool { state.withLock { $0.limit != nil } && !unfinished.isEmpty }

  /// Blocks until all expected workflows are over or the wait is abandoned; false when the time is over first.
  func waitUntilFinished(timeout: TimeSpan?) -> Bool {
    let deadline = timeout.map { SystemClock.steady() + $0 }
    while state.withLock({ $0.isOpen }) || !unfinished.isEmpty {
      if isDetached { return true }
      let limit = state.withLock { $0.limit }
      let now = SystemClock.steady()
      if let limit, now >= limit { return true }
      if let deadline, now >= deadline { return false }
      _ = ends.takeAll(deadline: [limit, deadline].compactMap { $0 }.min())
    }
    return true
  }
}

/// The tracked workflows as they are now, for the live tree.
struct TrackedRuns: RunView {
  let tracker: RunTracker
  let workflows: WorkflowService
  let logs: PodLogTail

  func snapshots() -> [JSON] { tracker.keys.compactMap { (try? workflows.workflow($0))?.json } }

  func logLines(workflow: JSON, node: JSON, limit: Int) -> [String] {
    let workflow = Resource(.workflow, json: workflow)
    let template = node.at("templateRef", "template")?.string ?? node["templateName"]?.string ?? ""
    let format: NodeNames.PodNameFormat = workflow.annotation(ArgoKey.podNameFormat) == "v1" ? .v1 : .v2
    let pod = NodeNames.pod(workflow: workflow.name, node: node["name"]?.string ?? "", template: template, format: format)
    return logs.lines(podNamed: pod, namespace: workflow.namespace, limit: limit)
  }
}
