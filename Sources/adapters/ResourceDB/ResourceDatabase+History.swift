import Basics
import Contracts
import KubeModel
import Synchronization

extension ResourceDatabase: HistoryStoring {
  package var oldestRevision: Int64 { oldest.load(ordering: .acquiring) }

  /// Trims the history every few seconds, on a thread that ends with the database.
  func trimNowAndThen(_ stop: Mailbox<Void>) {
    startThread(name: "history") { [weak self] in
      while stop.takeAll(deadline: SystemClock.steady() + TimeSpan(seconds: 10)) != nil {
        while let self, self.trimHistory() {}
      }
    }
  }

  /// Removes what the history need not keep, a little at a time; true when there is more. Nothing depends on it, so that a failure waits for the next turn.
  func trimHistory() -> Bool {
    writer.withLock { writer in
      guard let writer else { return false }
      let hasMore = try? writer.trimHistory()
      oldest.store(writer.oldestRevision, ordering: .releasing)
      return hasMore ?? false
    }
  }

  /// Runs `body` in one snapshot, with the range of revisions that can be read in it.
  private func snapshot<Value: Sendable>(
    _ body: (Connection, HistoryRange) throws(StoreFailure) -> Value
  ) throws(KubeStatus) -> Value {
    let keepsHistory = keepsHistory
    return try read { (connection) throws(StoreFailure) -> Value in
      try connection.run(.beginRead)
      do throws(StoreFailure) {
        let value = try body(connection, try HistoryRange(connection, isKept: keepsHistory))
        try connection.run(.commit)
        return value
      } catch {
        if connection.isInTransaction { try? connection.run(.rollback) }
        throw error
      }
    }
  }

  package func page(_ request: PageRequest) throws(KubeStatus) -> StoredPage {
    let cache = cache
    return try snapshot { (connection, range) throws(StoreFailure) -> StoredPage in
      if let revision = request.revision { try range.check(revision) }
      var reader = try PageReader(request, on: connection, range: range, cache: cache)
      defer { reader.reset() }
      var page = StoredPage(items: [], revision: request.revision ?? range.newest, hasMore: false)
      while let item = try reader.next() {
        if request.limit > 0, page.items.count + page.texts.count == request.limit {
          page.hasMore = true
          break
        }
        switch item.content {
        case .resource(let resource): page.items.append(resource)
        case .text(let text): page.texts.append(text)
        }
        page.end = ListPosition(namespace: item.key.namespace, name: item.key.name)
      }
      return page
    }
  }

  package func count(_ kind: ResourceKind, namespace: String?) throws(KubeStatus) -> Int {
    let namespace = kind.isNamespaced ? namespace : nil
    let (known, commits) = counts.get(kind, namespace: namespace)
    if let known { return known }
    let (count, revision) = try snapshot { (connection, range) throws(StoreFailure) -> (Int, Int64) in
      let statement = try connection.statement(namespace == nil ? .countKind : .countNamespace)
      defer { statement.reset() }
      try statement.bind(1, kind.qualifiedPlural)
      if let namespace { try statement.bind(2, namespace) }
      return (try statement.step() ? Int(statement.integer(0)) : 0, range.newest)
    }
    counts.offer(count, at: revision, kind, namespace: namespace, commits: commits)
    return count
  }

  package func changes(
    of kind: ResourceKind, after revision: Int64, limit: Int
  ) throws(KubeStatus) -> (changes: [RecordedChange], through: Int64) {
    let cache = cache
    return try snapshot { (connection, range) throws(StoreFailure) -> (changes: [RecordedChange], through: Int64) in
      guard revision < range.newest else { return ([], revision) }
      try range.check(revision)
      let changes = try ChangeReader(kind, connection, cache: cache).changes(after: revision, limit: limit)
      let last = changes.last?.event.resource.resourceVersion
      return (changes, changes.count < limit ? range.newest : last ?? range.newest)
    }
  }

  package func watch(
    _ kind: ResourceKind, after revision: Int64, handler: @escaping @Sendable ([RecordedChange]) -> Void
  ) throws(KubeStatus) -> any WatchHandle {
    let replay = Replay(after: revision, handler)
    // From here on no commit is missed: those told before are in the table, those told later come to the replay.
    let watch = Watch(hub: hub, id: hub.add([kind]) { replay.tell($0) })
    do throws(KubeStatus) {
      var position = revision
      while true {
        let (changes, through) = try self.changes(of: kind, after: position, limit: Replay.batch)
        replay.replay(changes)
        if changes.count < Replay.batch { break }
        position = through
      }
    } catch {
      watch.cancel()
      throw error
    }
    replay.goLive()
    return watch
  }

  package func dependents(of uid: String) throws(KubeStatus) -> [Resource] {
    try read { (connection) throws(StoreFailure) -> [Resource] in
      let statement = try connection.statement(.listDependents)
      defer { statement.reset() }
      try statement.bind(1, uid)
      var resources: [Resource] = []
      while try statement.step() {
        let text = try statement.document(1, kind: statement.string(2), namespace: statement.string(3), name: statement.string(4))
        resources.append(try Resource(stored: text, resourceVersion: statement.integer(0)))
      }
      return resources
    }
  }
}
