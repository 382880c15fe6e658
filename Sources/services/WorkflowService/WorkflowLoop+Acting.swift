import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// What was asked of a run, besides what the run itself decides upon it.
struct RunRequest {
  /// They go before those of the run's decisions, in one transaction with them.
  var writes: [Write] = []
  /// A run that was over goes on, or one begins with nodes of an earlier one.
  var isRenewal = false
}

/// What users ask of runs, on the service's thread.
extension WorkflowLoop {
  private func workflow(_ key: ResourceKey) throws(KubeStatus) -> Resource {
    guard let workflow = try service.storage.get(key) else { throw .notFound(key) }
    return workflow
  }

  /// The run of a workflow as it is in memory, or restored from its rows.
  private func state(of workflow: Resource) throws(KubeStatus) -> RunState {
    if let state = service.withRuns({ $0.entries[workflow.uid]?.state }) { return state }
    guard let row = try service.storage.runs(uid: workflow.uid).first else {
      throw KubeStatus(.badRequest, "workflow \(workflow.name) has not begun and left no record: there is nothing to go on with")
    }
    let nodes = try service.storage.nodes(ofRun: workflow.uid)
    do throws(RunRestoreError) {
      return try RunState(restoring: row, nodes: nodes)
    } catch {
      throw KubeStatus(.internalError, "the stored run of workflow \(workflow.name) cannot be read: \(error)")
    }
  }

  /// A workflow that is or was, and its run.
  private func run(_ source: RunSource) throws(KubeStatus) -> (Resource, Result<RunState, KubeStatus>) {
    switch source {
    case .live(let key):
      let workflow = try workflow(key)
      return (workflow, Result { () throws(KubeStatus) in try state(of: workflow) })
    case .archived(let uid):
      guard let kept = try service.archive?.archived(uid: uid) else { throw KubeStatus(.notFound, "not found") }
      return (try asNew(kept), Result { () throws(KubeStatus) in try archivedState(of: kept) })
    }
  }

  private func archivedState(of workflow: Resource) throws(KubeStatus) -> RunState {
    guard let kept = try service.archive?.archivedRun(uid: workflow.uid) else {
      throw KubeStatus(.badRequest, "workflow \(workflow.name) has not begun and left no record: there is nothing to go on with")
    }
    do throws(RunRestoreError) {
      return try RunState(restoring: kept.run, nodes: kept.nodes)
    } catch {
      throw KubeStatus(.internalError, "the archived run of workflow \(workflow.name) cannot be read: \(error)")
    }
  }

  /// An archived object without what only held while it was there: its deletion, and owners that are gone, with which it would go again.
  private func asNew(_ workflow: Resource) throws(KubeStatus) -> Resource {
    var workflow = workflow
    var owners: [JSON] = []
    for owner in workflow.metadata["ownerReferences"]?.array ?? [] {
      guard let kind = ResourceKind.known(apiVersion: owner["apiVersion"]?.string ?? "", kind: owner["kind"]?.string ?? "") else {
        owners.append(owner)
        continue
      }
      let key = ResourceKey(kind, namespace: workflow.namespace, name: owner["name"]?.string ?? "")
      if let found = try service.storage.get(key), found.uid == owner["uid"]?.string { owners.append(owner) }
    }
    workflow.json = workflow.json.merged(
      with: [
        "metadata": [
          "ownerReferences": owners.isEmpty ? .null : .array(owners), "deletionTimestamp": .null, "deletionGracePeriodSeconds": .null,
        ]
      ])
    return workflow
  }

  private mutating func committed(_ key: ResourceKey) throws(KubeStatus) -> Resource {
    guard commit() else { throw KubeStatus(.serviceUnavailable, "the workflow service is stopping") }
    guard let workflow = try service.workflow(key) else { throw .notFound(key) }
    return workflow
  }

  /// Has writes go with the run's next commit.
  mutating func attach(_ writes: [Write], to uid: String, isRenewal: Bool = false) {
    requested[uid, default: RunRequest()].writes += writes
    if isRenewal { requested[uid]?.isRenewal = true }
  }

  // MARK: Runs that go on

  mutating func act(_ key: ResourceKey, _ command: RunCommand, _ labels: LabelEdit) throws(KubeStatus) -> Resource {
    let workflow = try workflow(key)
    let uid = workflow.uid
    guard postponed[uid] == nil else {
      obeyPostponed(workflow, command, labels)
      return try committed(key)
    }
    if let problem = try state(of: workflow).refusal(of: command) { throw KubeStatus(.badRequest, problem) }
    guard service.withRuns({ $0.entries[uid] != nil }) else { return try committed(key) }
    let suspends: Bool?
    switch command {
    case .suspend: suspends = true
    case .resume(nil, _): suspends = false
    default: suspends = nil
    }
    decide(uid, .commanded(command))
    // As Argo writes it: `argo get` tells it from there.
    switch command {
    case .stop(_, nil): attach([.patch(key, ["spec": ["shutdown": "Stop"]])], to: uid)
    case .terminate: attach([.patch(key, ["spec": ["shutdown": "Terminate"]])], to: uid)
    case .suspend: attach([.patch(key, ["spec": ["suspend": true]])], to: uid)
    case .resume(nil, _) where workflow.spec["suspend"] != nil: attach([.patch(key, ["spec": ["suspend": .null]])], to: uid)
    default: break
    }
    if let patch = labels.patch { attach([.patch(key, patch)], to: uid) }
    let result = try committed(key)
    if let suspends, let stored = try service.storage.get(key), (stored.spec["suspend"]?.bool ?? false) == suspends {
      // The change of the object is not another request.
      service.withRuns { table in
        table.entries[uid]?.seenVersion = stored.resourceVersion ?? 0
        table.entries[uid]?.isSuspendAsked = suspends
      }
    }
    return result
  }

  // MARK: Runs that are over

  mutating func retry(_ source: RunSource, _ request: RetryRequest, _ labels: LabelEdit) throws(KubeStatus) -> Resource {
    let (workflow, earlier) = try run(source)
    let (uid, key) = (workflow.uid, workflow.key)
    if case .archived = source, try service.storage.get(key) != nil {
      throw KubeStatus(.alreadyExists, "Workflow already exists on cluster, use argo retry {name} instead")
    }
    var state = try earlier.get()
    let world = self.world(of: uid, namespace: key.namespace, isBeginning: true)
    let outcome: RetryOutcome
    do throws(RunRefusal) { outcome = try state.retry(request, in: world) } catch { throw KubeStatus(.badRequest, error.message) }
    var writes: [Write] = [.deleteRun(uid: uid)]
    for name in outcome.removedPods {
      let pod = ResourceKey(.pod, namespace: key.namespace, name: name)
      guard let stored = try service.storage.get(pod), stored.owningRun == uid else { continue }
      removedPods.insert(stored.uid)
      collections.remove(pod)
      writes.append(.delete(pod))
    }
    let renewed = Resubmission.renewed(workflow.spec, parameters: request.parameters)
    var spec: JSONObject = ["shutdown": .null]
    if renewed["activeDeadlineSeconds"] == nil { spec["activeDeadlineSeconds"] = .null }
    if !request.parameters.isEmpty { spec["arguments"] = renewed["arguments"] }
    let patch: JSON = [
      "metadata": ["labels": [ArgoKey.completed: .null, ArgoKey.archivingStatus: .null]], "spec": .object(spec),
      // What it ends with is written anew then.
      "status": ["finishedAt": .null, "message": "", "nodes": .null, "outputs": .null, "conditions": .null],
    ]
    if case .archived = source {
      var again = workflow
      again.json = again.json.merged(with: patch)
      writes.append(.create(again))
    } else {
      writes.append(.patch(key, patch))
    }
    if let patch = labels.patch { writes.append(.patch(key, patch)) }
    collections.remove(key)
    kept.remove(uid)
    // It goes on at once, however many are under way.
    throttle.admit(uid, namespace: key.namespace)
    adopt(state, workflow: workflow, uid: uid)
    attach(writes, to: uid, isRenewal: true)
    note(outcome.effects, of: uid, namespace: key.namespace)
    settleLocks()
    return try committed(key)
  }

  // MARK: New runs from earlier ones

  /// Submits what `derive` makes of the run of a workflow. It is given the end of the new name.
  mutating func submit(
    from source: RunSource, _ labels: LabelEdit, _ derive: (RunState, Resource, String) throws(RunRefusal) -> DerivedRun
  ) throws(KubeStatus) -> Resource {
    let (earlier, stored) = try run(source)
    let (key, state) = (earlier.key, try stored.get())
    var generator = SystemRandomNumberGenerator()
    var derived: DerivedRun
    repeat {
      do throws(RunRefusal) { derived = try derive(state, earlier, randomSuffix(using: &generator)) } catch {
        throw KubeStatus(.badRequest, error.message)
      }
      labels.apply(to: &derived.workflow)
      if derived.workflow.name.isEmpty {
        guard let stored = try service.storage.commit([.create(derived.workflow)]).first, let stored else { throw .notFound(key) }
        return stored
      }
    } while try service.storage.get(derived.workflow.key) != nil
    var workflow = derived.workflow
    workflow.uid = randomUUID(using: &generator)
    workflow.creationTimestamp = service.now
    throttle.admit(workflow.uid, namespace: workflow.namespace)
    adopt(
      RunState(workflow: workflow, templates: catalog(namespace: workflow.namespace), reuse: derived.reuse), workflow: workflow,
      uid: workflow.uid)
    attach([.create(workflow)], to: workflow.uid, isRenewal: true)
    decide(workflow.uid, .submitted)
    return try committed(workflow.key)
  }
}
