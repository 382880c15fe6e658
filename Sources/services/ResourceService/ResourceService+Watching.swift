import Contracts
import KubeAPI
import KubeModel

extension ResourceService {
  package func watch(
    _ kind: ResourceKind, namespace: String?, _ options: WatchOptions, sink: @escaping @Sendable ([WatchSignal]) -> Void
  ) throws(KubeStatus) -> any WatchHandle {
    let kind = try served(kind)
    let selection = try Selection(kind, namespace: namespace, labels: options.labels, fields: options.fields)
    let view = WatchView(kind: kind.api.kind, selection: selection)
    let revision = options.resourceVersion.isEmpty ? 0 : try parsedRevision(options.resourceVersion)
    // Kubernetes: the objects that are there come first when the client has no revision of its own, or wants them.
    let sendsInitial = options.sendsInitialEvents ?? (revision == 0)
    let current = store.revision
    if revision > current {
      // This server never gave that revision out (its data were replaced): as with a revision that is too old, the client has to list anew.
      sink([.failed(KubeStatus(.expired, "Too large resource version: \(revision), current: \(current)"))])
      return EndedWatch()
    }
    let client = WatchClient(
      after: revision == 0 ? current : revision, takesBookmarks: options.allowsBookmarks, sink: sink)
    do throws(KubeStatus) {
      if sendsInitial { try tellPresent(kind, selection, to: client, marksEnd: options.sendsInitialEvents == true) }
      return try watches.begin(client, kind: kind.stored, view: view)
    } catch {
      guard error.reason == .expired else { throw error }
      // As in Kubernetes this is a word of the watch, not a failure of the request.
      client.fail(error)
      return EndedWatch()
    }
  }

  /// Tells the objects that are there, and with that begins the watch at their revision.
  private func tellPresent(_ kind: ServedKind, _ selection: Selection, to client: WatchClient, marksEnd: Bool) throws(KubeStatus) {
    var request = PageRequest(kind.stored, namespace: selection.namespace)
    request.labels = selection.labels
    if !selection.fields.requirements.isEmpty { request.accepts = { selection.matchesFields($0) } }
    request.limit = Self.initialPage
    while true {
      let page = try store.page(request)
      var signals: [WatchSignal] = []
      signals.reserveCapacity(page.items.count + 1)
      for item in page.items { signals.append(.event(WatchEvent(.added, try kind.shown(item, by: composer)))) }
      if !page.hasMore, marksEnd, client.takesBookmarks { signals.append(.bookmark(revision: page.revision, endsInitial: true)) }
      client.replay(WatchBatch(revisions: [], signals: signals, through: page.hasMore ? 0 : page.revision))
      guard page.hasMore, let last = page.items.last, !client.isOver else { return }
      request.revision = page.revision
      request.after = ListPosition(namespace: last.namespace, name: last.name)
    }
  }

  /// Objects told at once at the beginning of a watch.
  private static let initialPage = 500
}

/// A watch that was over before it began.
private struct EndedWatch: WatchHandle {
  func cancel() {}
}
