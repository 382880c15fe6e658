package import Basics
internal import JSONValue
package import KubeModel

/// How objects are deleted: at once, or, while somebody has something to do before, by a mark (Kubernetes' finalizers).
extension Resource {
  /// Waits for the deletion of what the object owns and that blocks (`metav1.FinalizerDeleteDependents`).
  package static let foregroundFinalizer = "foregroundDeletion"
  /// Waits until what the object owns has been let go (`metav1.FinalizerOrphanDependents`).
  package static let orphanFinalizer = "orphan"
  /// Of a namespace's specification: its contents are still there.
  package static let namespaceFinalizer = "kubernetes"

  /// `metadata.finalizers`.
  package var finalizers: [String] { (json.at("metadata", "finalizers")?.array ?? []).compactMap(\.string) }

  /// What must be done before the object may go: its finalizers, and of a namespace those of its specification too.
  package var pendingFinalizers: [String] {
    let own = kind == .namespace ? (json.at("spec", "finalizers")?.array ?? []).compactMap(\.string) : []
    return finalizers + own
  }

  /// What removes the object, while it is the one that this is, on the very version that was read.
  package var removal: Write { .deleteIf(key, Preconditions(uid: uid, resourceVersion: resourceVersion)) }

  /// What deletes the object: its removal, or, with finalizers or for a pod that runs, the mark that it is to go, on the very version that
  /// this is. Nil when it bears the mark already. `adding`: finalizers that come with the mark.
  package func deletion(at now: Instant, adding added: [String] = []) -> Write? {
    let missing = added.filter { !finalizers.contains($0) }
    // A pod that runs is its node's to end, in the time that it has for that; the node removes it then.
    let grace = kind == .pod && status["phase"]?.string == "Running" ? spec["terminationGracePeriodSeconds"]?.int ?? 30 : 0
    guard !pendingFinalizers.isEmpty || !missing.isEmpty || grace > 0 else { return removal }
    guard deletionTimestamp == nil else { return nil }
    var marked = self
    var metadata = marked.metadata
    metadata["deletionTimestamp"] = .string((now + TimeSpan(seconds: grace)).rfc3339)
    metadata["deletionGracePeriodSeconds"] = .int(grace)
    if !missing.isEmpty { metadata["finalizers"] = .array((finalizers + missing).map { .string($0) }) }
    marked.metadata = metadata
    if kind == .namespace {
      var status = marked.status
      status["phase"] = "Terminating"
      marked.status = status
    }
    return .update(marked)
  }

  /// What takes a finalizer off the object, on the very version that this is: its removal when it was the last one of an object that is to go. Nil
  /// when it does not have the finalizer.
  package func removal(ofFinalizer finalizer: String) -> Write? {
    guard finalizers.contains(finalizer) else { return nil }
    var changed = self
    let rest = finalizers.filter { $0 != finalizer }
    var metadata = changed.metadata
    metadata["finalizers"] = rest.isEmpty ? nil : .array(rest.map { .string($0) })
    changed.metadata = metadata
    if deletionTimestamp != nil, changed.pendingFinalizers.isEmpty { return removal }
    return .update(changed)
  }
}
