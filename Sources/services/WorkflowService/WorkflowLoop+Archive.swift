import ArgoModel
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// The archive (spec 2.21): a workflow goes into it in the transaction that ends it, so that nothing which happens to its object later takes it away.
/// The label says that it is there; one that a crash or an earlier version left out of it is put there by the next start.
extension WorkflowLoop {
  private static let archived: JSON = ["metadata": ["labels": [ArgoKey.archivingStatus: "Archived"]]]

  /// Whether workflows with these labels go into the archive.
  private func isArchived(_ workflow: Resource) -> Bool { service.settings.archives?.matches(workflow.labels) ?? false }

  /// Writes that archive a run which ends. `patch`: what its end changes in the Workflow object, to which the label is added; `writes`: what else the same
  /// transaction does, before that.
  func archiving(_ state: RunState, of key: ResourceKey, after writes: [Write], patch: inout JSON) -> [Write] {
    guard service.settings.archives != nil, var workflow = changed(key, by: writes + [.patch(key, patch)]), workflow.uid == state.uid,
      isArchived(workflow)
    else { return [] }
    patch.merge(Self.archived)
    workflow.json.merge(Self.archived)
    if workflow.status["nodes"] == nil { workflow.status = state.status() }
    return [.archive(ArchivedWorkflow(workflow: workflow, run: state.row, nodes: state.nodeRows))]
  }

  /// The object as it is stored, with what these writes do to it.
  private func changed(_ key: ResourceKey, by writes: [Write]) -> Resource? {
    var workflow = try? service.storage.get(key)
    for write in writes {
      switch write {
      case .create(let created) where created.key == key: workflow = created
      case .patch(let patched, let patch) where patched == key: workflow?.json.merge(patch)
      default: break
      }
    }
    return workflow
  }

  /// Writes that archive a workflow which ended without a run; none when it is not to be archived.
  func archiving(_ workflow: Resource) -> [Write] {
    guard isArchived(workflow) else { return [] }
    var workflow = workflow
    workflow.json.merge(Self.archived)
    return [.patch(workflow.key, Self.archived), .archive(ArchivedWorkflow(workflow: workflow))]
  }

  // MARK: Workflows that are over already

  /// Notes a workflow that is over and not in the archive, as one that ended before there was an archive.
  mutating func noteUnarchived(_ workflow: Resource) {
    if workflow.label(ArgoKey.archivingStatus) == nil, isArchived(workflow) { unarchived.append(workflow.key) }
  }

  /// Notes a workflow that is archived and there, which a user may have edited just before a crash.
  mutating func noteUnfollowed(_ workflow: Resource) {
    if service.archive != nil, workflow.label(ArgoKey.archivingStatus) == "Archived" { unfollowed.append(workflow.key) }
  }

  /// Writes that archive a stored workflow which is over, as it is now; none when that has been done or is not wanted.
  func archivingStored(_ workflow: Resource) -> [Write] {
    guard workflow.workflowPhase.isCompleted, workflow.label(ArgoKey.archivingStatus) == nil, isArchived(workflow) else { return [] }
    return [.patch(workflow.key, Self.archived)] + record(workflow)
  }

  /// The write that keeps a stored workflow as it is now.
  private func record(_ workflow: Resource) -> [Write] {
    guard var composed = try? service.composed(workflow) else { return [] }
    composed.json.merge(Self.archived)
    let run = try? service.storage.runs(uid: workflow.uid).first
    let nodes = run == nil ? [] : (try? service.storage.nodes(ofRun: workflow.uid)) ?? []
    return [.archive(ArchivedWorkflow(workflow: composed, run: run, nodes: nodes))]
  }

  /// The most workflows that are archived at once.
  private static let portion = 20

  /// Archives some of those that were noted.
  mutating func archiveSome() {
    for key in unfollowed.prefix(Self.portion) {
      if let workflow = try? service.storage.get(key) { followArchived(workflow) }
    }
    unfollowed.removeFirst(min(Self.portion, unfollowed.count))
    guard !unarchived.isEmpty else { return }
    for key in unarchived.prefix(Self.portion) {
      guard let workflow = try? service.storage.get(key) else { continue }
      let writes = archivingStored(workflow)
      if !writes.isEmpty { cleanup.append(writes) }
    }
    unarchived.removeFirst(min(Self.portion, unarchived.count))
  }

  /// A user may have changed labels or annotations of an archived workflow that is still there: the archive follows.
  mutating func followArchived(_ workflow: Resource) {
    guard let archive = service.archive, workflow.label(ArgoKey.archivingStatus) == "Archived", workflow.workflowPhase.isCompleted else {
      return
    }
    var query = ArchiveQuery()
    query.uid = workflow.uid
    guard let kept = try? archive.archived(query).workflows.first else { return }
    var labels = workflow.labels
    labels[ArgoKey.archivingStatus] = kept.label(ArgoKey.archivingStatus)
    var isFollowed = labels == kept.labels
    if isFollowed, workflow.annotations != kept.annotations {
      // Summaries leave long ones out.
      isFollowed = (try? archive.archived(uid: workflow.uid))?.annotations == workflow.annotations
    }
    if !isFollowed { cleanup.append(record(workflow)) }
  }

  // MARK: Artifacts

  /// A run from its rows, or as it was archived.
  func restored(_ uid: String, if isWanted: (RunRow) -> Bool = { _ in true }) -> RunState? {
    if let row = try? service.storage.runs(uid: uid).first {
      guard isWanted(row), let nodes = try? service.storage.nodes(ofRun: uid) else { return nil }
      return try? RunState(restoring: row, nodes: nodes)
    }
    guard let kept = try? service.archive?.archivedRun(uid: uid), isWanted(kept.run) else { return nil }
    return try? RunState(restoring: kept.run, nodes: kept.nodes)
  }

  /// Writes that show in the archive what became of the artifacts of a run.
  func archivingArtifacts(of state: RunState) -> [Write] {
    guard let archive = service.archive, var kept = try? archive.archived(uid: state.uid) else { return [] }
    kept.json.merge(Self.archived)
    kept.status = state.status()
    return [.archive(ArchivedWorkflow(workflow: kept, run: state.row, nodes: state.nodeRows))]
  }
}

extension JSON {
  fileprivate mutating func merge(_ patch: JSON) { self = merged(with: patch) }
}
