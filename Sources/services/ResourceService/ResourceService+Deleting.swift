import Basics
import Contracts
import JSONValue
import KubeAPI
import KubeModel

extension ResourceService {
  /// How often a removal is tried again when others change the object at the same time.
  private static let deleteTries = 100

  package func delete(_ key: ResourceKey, _ deletion: DeleteOptions, _ options: WriteOptions) throws(KubeStatus) -> Written {
    let kind = try served(key.kind)
    var preconditions = Preconditions(uid: deletion.uid)
    if let version = deletion.resourceVersion, !version.isEmpty { preconditions.resourceVersion = try parsedRevision(version) }
    var triesLeft = Self.deleteTries
    while true {
      let stored = try existing(kind.storedKey(key), as: kind)
      if let failure = preconditions.failure(uid: stored.uid, resourceVersion: stored.resourceVersion, of: stored.key) { throw failure }
      _ = try admitted(.delete, stored.key, "", old: stored, new: nil, options)
      do throws(KubeStatus) {
        return try remove(stored, kind, deletion, options)
      } catch {
        triesLeft -= 1
        guard error.reason == .conflict, preconditions.resourceVersion == nil, triesLeft > 0 else { throw error }
      }
    }
  }

  package func deleteAll(
    _ kind: ResourceKind, namespace: String?, _ list: ListOptions, _ deletion: DeleteOptions, _ options: WriteOptions
  ) throws(KubeStatus) -> ResourcePage {
    let served = try served(kind)
    var list = list
    list.wantsTexts = false
    var page = try storedPage(served, namespace: namespace, list)
    var items: [Resource] = []
    for item in page.items {
      do throws(KubeStatus) {
        items.append(try delete(ResourceKey(kind, namespace: item.namespace, name: item.name), deletion, options).resource)
      } catch {
        // Another one was quicker, as it should be.
        guard error.reason == .notFound else { throw error }
      }
    }
    page.items = items
    return page
  }

  /// Removes this version of an object, or marks it when something has to be done before.
  private func remove(
    _ stored: Resource, _ kind: ServedKind, _ deletion: DeleteOptions, _ options: WriteOptions
  ) throws(KubeStatus) -> Written {
    let marked = marked(stored, deletion)
    let gone = Preconditions(uid: stored.uid, resourceVersion: stored.resourceVersion)
    guard !marked.pendingFinalizers.isEmpty || Self.isInGrace(marked) else {
      if !options.isDryRun { try store.commit([.deleteIf(stored.key, gone)]) }
      return Written(kind.converted(stored), isDone: true)
    }
    guard !marked.isSame(as: stored) else { return Written(try kind.shown(stored, by: composer)) }
    if options.isDryRun { return Written(kind.converted(marked)) }
    return Written(try kind.shown(try store.update(marked), by: composer))
  }

  /// The object with the marks of its deletion (`apiserver/pkg/registry/rest.BeforeDelete`, `generic/registry`'s finalizers for propagation).
  private func marked(_ stored: Resource, _ deletion: DeleteOptions) -> Resource {
    var marked = stored
    let grace = KindRules.gracePeriod(of: stored, asked: deletion.graceSeconds) ?? 0
    let now = settings.now()
    var finalizers = stored.finalizers
    switch deletion.propagation {
    case .foreground:
      finalizers.removeAll { $0 == Resource.orphanFinalizer }
      if !finalizers.contains(Resource.foregroundFinalizer) { finalizers.append(Resource.foregroundFinalizer) }
    case .orphan:
      finalizers.removeAll { $0 == Resource.foregroundFinalizer }
      if !finalizers.contains(Resource.orphanFinalizer) { finalizers.append(Resource.orphanFinalizer) }
    case .background:
      finalizers.removeAll { $0 == Resource.foregroundFinalizer || $0 == Resource.orphanFinalizer }
    case nil: break
    }
    let isMarked = stored.deletionTimestamp != nil
    let remaining = stored.json.at("metadata", "deletionGracePeriodSeconds")?.int
    marked.editMetadata { metadata in
      metadata["finalizers"] = finalizers.isEmpty ? nil : .array(finalizers.map { .string($0) })
      if !isMarked {
        metadata["deletionTimestamp"] = .string((now + TimeSpan(seconds: grace)).rfc3339)
        metadata["deletionGracePeriodSeconds"] = .int(grace)
        if let generation = metadata["generation"]?.int { metadata["generation"] = .int(generation + 1) }
      } else if let remaining, grace < remaining {
        // A second deletion can only make it sooner.
        metadata["deletionTimestamp"] = .string((now + TimeSpan(seconds: grace)).rfc3339)
        metadata["deletionGracePeriodSeconds"] = .int(grace)
      }
    }
    if stored.kind == .namespace, !isMarked { marked.status["phase"] = "Terminating" }
    return marked
  }
}
