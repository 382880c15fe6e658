import Basics
import Contracts
import Glibc
import KubeModel
import Synchronization

/// How a ``ResourceDatabase`` works.
package struct ResourceDatabaseSettings: Sendable, Hashable {
  package enum Durability: String, Sendable, Hashable {
    /// A commit survives a loss of power: one flush of the log for each group of commits.
    case full = "FULL"
    /// A commit survives a crash of the program; a loss of power may take the last commits back, all of each.
    case normal = "NORMAL"
  }

  package var durability: Durability = .full
  /// Bytes of JSON text of the objects that are kept decoded in memory, where they take several times as much.
  package var cacheBytes = 4 << 20
  /// How long to wait for another program's lock, such as that of a backup.
  package var busyMilliseconds: Int32 = 5000
  /// How long to wait for the process that serves the file to end, which may be a command that takes a moment. Then it is refused.
  package var ownerMilliseconds: UInt32 = 0
  /// The most requests in one transaction.
  package var groupLimit = 100
  /// Pages of 4 kB in the log before it is folded into the database file.
  package var checkpointPages = 2000
  /// The most pages of 4 kB in the file; nil: as many as the disk has.
  package var maximumPages: Int?
  /// Keep a history of changes, for watches that begin at a revision and pages of one; nil: none, which makes each write a little cheaper.
  package var history: HistoryLimits?
  /// SQLite's name of the file system layer (VFS) that the file is reached through; nil: the operating system's. Tests lay one below that fails.
  package var fileSystem: String?

  package init() {}
}

/// Resources, runs and nodes in one SQLite file: the ``ResourceStoring`` of the embedded control plane.
///
/// The file is served by one process at a time. Writers queue up and are committed in groups; readers use connections of their own and
/// see every commit that has returned. Events are told after the commit, outside of all locks, by a committing thread: when
/// `commit` returns they are told (unless a handler calls it: then they are told after the handler). `create` keeps a `uid` that the object
/// already has, so that a run's row can be stored with its workflow; who takes objects from outside removes it. `update` never lowers
/// `generation`.
package final class ResourceDatabase: ResourceStoring {
  /// The path that the store was opened with.
  package let file: String
  let writer: Mutex<Writer?>
  private let readers: ReaderPool?
  private let lock: Mutex<LockFile?>
  private let preparation: WritePreparation
  private let queue: CommitQueue
  let cache: ResourceCache
  let counts = ObjectCounts()
  let hub = WatchHub()
  let keepsHistory: Bool
  /// What Secrets are encrypted with; nil: they are not.
  package let sealing: (any Sealing)?
  private let newest: Atomic<Int64>
  let oldest: Atomic<Int64>
  /// Wakes the thread that trims the history.
  private let trimming = Mailbox<Void>()

  /// The time of day, for `creationTimestamp`.
  package static let systemClock: @Sendable () -> Instant = {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// Random bits, for `uid` and generated names.
  package static let systemRandom: @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }

  /// Opens the database at a path, and makes it (readable for its owner only) where there is none. `:memory:` is a database that
  /// vanishes with this object.
  ///
  /// With `sealing`, which is asked for when nobody else has the file, Secrets are stored encrypted, and those that are not yet are encrypted now.
  ///
  /// Fails with `internalError` when a Secret is encrypted with a key that is not given; with `serviceUnavailable` when another process
  /// serves the file, a newer version wrote it, or it is no file of this program or cannot be written; with `internalError` when it is
  /// damaged.
  package init(
    file: String, settings: ResourceDatabaseSettings = ResourceDatabaseSettings(),
    sealing: @autoclosure () throws(KubeStatus) -> (any Sealing)? = nil,
    now: @escaping @Sendable () -> Instant = ResourceDatabase.systemClock,
    random: @escaping @Sendable () -> UInt64 = ResourceDatabase.systemRandom
  ) throws(KubeStatus) {
    let isInMemory = file == ":memory:"
    var lock: LockFile?
    if !isInMemory {
      try DatabaseFile.makeDirectory(of: file)
      lock = try LockFile(ofDatabase: file, patience: settings.ownerMilliseconds)
      try DatabaseFile.make(file)
    }
    // Only who has the lock knows that the keys stay as they are.
    let sealing = try sealing()
    let cache = ResourceCache(limit: settings.cacheBytes)
    do throws(StoreFailure) {
      let connection = try Connection(
        file: file, access: .readWrite, busyMilliseconds: settings.busyMilliseconds, sealing: sealing, fileSystem: settings.fileSystem)
      if connection.isReadOnly { throw .refused(KubeStatus(.serviceUnavailable, "\(file) cannot be written: check its permissions")) }
      try SealedTexts.check(connection, file: file)
      do throws(KubeStatus) { try sealing?.keep() } catch { throw .refused(error) }
      try Schema.migrate(connection, file: file)
      try connection.execute(settings.pragmas)
      try SealedTexts.reseal(connection)
      let history: HistoryWriter? =
        if let limits = settings.history { try HistoryWriter(connection, limits: limits, now: now) } else { nil }
      let writer = try Writer(
        connection, file: file, cache: cache, durability: settings.durability, history: history, random: random)
      newest = Atomic(writer.revision)
      oldest = Atomic(writer.oldestRevision)
      self.writer = Mutex(writer)
    } catch {
      throw error.status(file: file)
    }
    self.file = file
    self.sealing = sealing
    self.lock = Mutex(lock.take())
    self.cache = cache
    readers =
      isInMemory
      ? nil
      : ReaderPool(file: file, busyMilliseconds: settings.busyMilliseconds, sealing: sealing, fileSystem: settings.fileSystem)
    preparation = WritePreparation(now: now, random: random)
    queue = CommitQueue(limit: max(1, settings.groupLimit))
    keepsHistory = settings.history != nil
    if keepsHistory { trimNowAndThen(trimming) }
  }

  deinit { trimming.close() }

  /// Folds the log into the file and gives the file free for another process. Later calls fail with `serviceUnavailable`.
  package func close() {
    trimming.close()
    readers?.close()
    writer.withLock { writer in
      writer?.close()
      writer = nil
    }
    lock.withLock { $0 = nil }
  }

  /// The last resourceVersion given out.
  package var revision: Int64 { newest.load(ordering: .acquiring) }

  private var closedStatus: KubeStatus { KubeStatus(.serviceUnavailable, "\(file) is closed: the server is stopping") }

  @discardableResult package func commit(_ writes: [Write]) throws(KubeStatus) -> [Resource?] {
    try commit(writes, isDurable: true)
  }

  @discardableResult package func commit(_ writes: [Write], isDurable: Bool) throws(KubeStatus) -> [Resource?] {
    guard !writes.isEmpty else { return [] }
    var prepared: [PreparedWrite] = []
    prepared.reserveCapacity(writes.count)
    for write in writes { prepared.append(try preparation.prepare(write)) }
    let request = CommitRequest(prepared, isDurable: isDurable)
    if !queue.enter(request), case .done(let result) = request.wait() { return try result.get() }
    return try lead().get()
  }

  /// Commits a group whose first request is the caller's own, and returns its result.
  private func lead() -> Result<[Resource?], KubeStatus> {
    let group = queue.takeGroup()
    let closed = closedStatus
    let outcome: GroupOutcome = writer.withLock { writer in
      guard let writer else { return GroupOutcome(results: group.map { _ in .failure(closed) }) }
      let outcome = writer.perform(group.map(\.writes), isDurable: group.contains(where: \.isDurable))
      newest.store(writer.revision, ordering: .releasing)
      if !keepsHistory { oldest.store(writer.revision, ordering: .releasing) }
      return outcome
    }
    var number: UInt64?
    if !outcome.changes.isEmpty {
      cache.apply(outcome.changes)
      counts.apply(outcome.changes)
      number = hub.publish(outcome.changes.map { RecordedChange(event: $0.event, previous: $0.previous) })
    }
    queue.handOver()
    if let number { hub.deliver(number) }
    for (request, result) in zip(group, outcome.results).dropFirst() { request.send(.done(result), wakes: true) }
    return outcome.results.first ?? .failure(closed)
  }

  package func watch(_ kinds: Set<ResourceKind>, handler: @escaping @Sendable ([WatchEvent]) -> Void) -> any WatchHandle {
    Watch(hub: hub, id: hub.add(kinds) { changes in handler(changes.map(\.event)) })
  }
}

extension ResourceDatabase {
  /// Runs `body` on the writer's connection, while nobody writes.
  func withConnection<Value: Sendable>(_ body: (Connection) throws(StoreFailure) -> Value) throws(KubeStatus) -> Value {
    do throws(StoreFailure) {
      return try writer.withLock { (writer) throws(StoreFailure) in
        guard let writer else { throw .refused(closedStatus) }
        return try body(writer.connection)
      }
    } catch {
      throw error.status(file: file)
    }
  }

  /// Runs `body` on a connection that sees all commits so far.
  func read<Value: Sendable>(_ body: (Connection) throws(StoreFailure) -> Value) throws(KubeStatus) -> Value {
    do throws(StoreFailure) {
      if let readers {
        guard let connection = try readers.take() else { throw .refused(closedStatus) }
        defer { readers.give(connection) }
        return try body(connection)
      }
      return try writer.withLock { (writer) throws(StoreFailure) in
        guard let writer else { throw .refused(closedStatus) }
        return try body(writer.connection)
      }
    } catch {
      throw error.status(file: file)
    }
  }

  package func get(_ key: ResourceKey) throws(KubeStatus) -> Resource? {
    let (cached, commits) = cache.get(key)
    if let cached { return cached }
    let found = try read { (connection) throws(StoreFailure) -> (Resource, Int)? in
      let statement = try connection.statement(.getObject)
      defer { statement.reset() }
      try statement.bind(key)
      guard try statement.step() else { return nil }
      let text = try statement.document(1, of: key)
      return (try Resource(key.kind, stored: text, key: key, resourceVersion: statement.integer(0)), text.count)
    }
    guard let (resource, bytes) = found else { return nil }
    cache.offer(resource, bytes: bytes, key: key, commits: commits)
    return resource
  }

  package func list(_ kind: ResourceKind, namespace: String?, labels: LabelSelector) throws(KubeStatus) -> [Resource] {
    try read { (connection) throws(StoreFailure) -> [Resource] in
      let namespace = kind.isNamespaced ? namespace : nil
      let statement = try connection.statement(namespace == nil ? .listKind : .listNamespace)
      defer { statement.reset() }
      try statement.bind(1, kind.qualifiedPlural)
      if let namespace { try statement.bind(2, namespace) }
      var resources: [Resource] = []
      while try statement.step() {
        let key = ResourceKey(kind, namespace: statement.string(0), name: statement.string(1))
        let version = statement.integer(2)
        if !labels.requirements.isEmpty {
          guard labels.matches(try statement.labels(3, of: key)) else { continue }
        }
        if let cached = cache.peek(key, resourceVersion: version) {
          resources.append(cached)
        } else {
          resources.append(try Resource(kind, stored: statement.document(4, of: key), key: key, resourceVersion: version))
        }
      }
      return resources
    }
  }

  package func owned(by uid: String) throws(KubeStatus) -> [Resource] {
    try read { (connection) throws(StoreFailure) -> [Resource] in
      let statement = try connection.statement(.listOwned)
      defer { statement.reset() }
      try statement.bind(1, uid)
      var resources: [Resource] = []
      while try statement.step() {
        let text = try statement.document(3, kind: statement.string(4), namespace: statement.string(0), name: statement.string(1))
        resources.append(try Resource(stored: text, resourceVersion: statement.integer(2)))
      }
      return resources
    }
  }

  package func runs(uid: String?) throws(KubeStatus) -> [RunRow] {
    try read { (connection) throws(StoreFailure) -> [RunRow] in
      let statement = try connection.statement(uid == nil ? .openRuns : .run)
      defer { statement.reset() }
      if let uid { try statement.bind(1, uid) }
      var rows: [RunRow] = []
      while try statement.step() {
        let uid = statement.string(0)
        rows.append(
          RunRow(
            uid: uid, namespace: statement.string(1), name: statement.string(2),
            header: try statement.json(4, of: "run \"\(uid)\""), isFinished: statement.integer(3) != 0))
      }
      return rows
    }
  }

  package func nodes(ofRun uid: String) throws(KubeStatus) -> [NodeRow] {
    try read { (connection) throws(StoreFailure) -> [NodeRow] in
      let statement = try connection.statement(.nodes)
      defer { statement.reset() }
      try statement.bind(1, uid)
      var rows: [NodeRow] = []
      while try statement.step() {
        let index = Int(statement.integer(0))
        rows.append(
          NodeRow(
            runUID: uid, index: index, id: statement.string(1), phase: statement.string(2),
            record: NodeRecord(try statement.json(3, of: "node \(index) of run \"\(uid)\""))))
      }
      return rows
    }
  }
}

extension ResourceDatabaseSettings {
  /// The settings as SQLite takes them, run after the migration.
  fileprivate var pragmas: String {
    """
    PRAGMA journal_mode = WAL; PRAGMA synchronous = \(durability.rawValue); PRAGMA foreign_keys = ON;
    PRAGMA wal_autocheckpoint = \(max(1, checkpointPages)); PRAGMA journal_size_limit = 67108864; PRAGMA cache_size = -8000;
    \(maximumPages.map { "PRAGMA max_page_count = \($0);" } ?? "")
    """
  }
}
