import CSQLite
import Contracts
import JSONValue
import KubeModel

/// An object's change by a commit: the event for watchers, and what the cache needs.
struct ObjectChange: Sendable {
  var event: WatchEvent
  /// The object before, where a history is kept.
  var previous: Resource?
  var key: ResourceKey
  /// Size of the object's JSON text.
  var bytes: Int
}

/// What became of a group of requests.
struct GroupOutcome: Sendable {
  /// One for each request, in their order.
  var results: [Result<[Resource?], KubeStatus>]
  /// In order of resourceVersion.
  var changes: [ObjectChange] = []
}

/// Applies writes, alone on its connection: the only writer of the database.
final class Writer {
  let connection: Connection
  private let file: String
  private let cache: ResourceCache
  private let random: @Sendable () -> UInt64
  private let durability: ResourceDatabaseSettings.Durability
  /// The history, where one is kept.
  private let history: HistoryWriter?
  /// Some objects have several owners: the table of these is not empty.
  private var hasSharedObjects: Bool
  private var waitsForDisk = true
  /// The last resourceVersion given out.
  private(set) var revision: Int64

  /// How often a generated name is made anew when it is taken.
  private static let generateNameTries = 8

  init(
    _ connection: Connection, file: String, cache: ResourceCache, durability: ResourceDatabaseSettings.Durability,
    history: HistoryWriter? = nil, random: @escaping @Sendable () -> UInt64
  ) throws(StoreFailure) {
    self.durability = durability
    self.history = history
    self.connection = connection
    self.file = file
    self.cache = cache
    self.random = random
    guard let stored = try connection.integer("SELECT value FROM revision") else {
      throw .database(code: SQLITE_CORRUPT, message: "the revision is missing")
    }
    revision = stored
    hasSharedObjects = try connection.integer("SELECT 1 FROM owners LIMIT 1") != nil
  }

  /// The oldest revision of which the history is whole.
  var oldestRevision: Int64 { history?.oldest ?? revision }

  /// Before the connection is closed.
  func close() { history?.close(connection) }

  /// Removes what the history need not keep any longer, a little; true when there is more.
  func trimHistory() throws(StoreFailure) -> Bool {
    guard let history else { return false }
    do throws(StoreFailure) {
      return try history.trim(connection, newest: revision)
    } catch {
      abandon()
      throw error
    }
  }

  /// Commits the requests in one transaction, in which each stands or falls alone; when that fails for a cause that may lie in one of
  /// them, each in a transaction of its own.
  func perform(_ requests: [[PreparedWrite]], isDurable: Bool) -> GroupOutcome {
    do throws(StoreFailure) {
      try synchronise(isDurable)
      return try transaction(requests)
    } catch {
      abandon()
      guard requests.count > 1, error.mayConcernOneRequestOnly else {
        let status = error.status(file: file)
        return GroupOutcome(results: requests.map { _ in .failure(status) })
      }
      var outcome = GroupOutcome(results: [])
      for request in requests {
        let one = perform([request], isDurable: isDurable)
        outcome.results += one.results
        outcome.changes += one.changes
      }
      return outcome
    }
  }

  /// Begins a durable transaction for tables beside the objects, which the caller ends before the writer is used for anything else.
  func begin() throws(StoreFailure) -> Connection {
    try synchronise(true)
    try connection.run(.begin)
    return connection
  }

  /// Whether the next transaction waits for the disk: with `synchronous = NORMAL` a log commit does not (SQLite's documentation of WAL).
  private func synchronise(_ isDurable: Bool) throws(StoreFailure) {
    guard waitsForDisk != isDurable, durability == .full else { return }
    try connection.execute(isDurable ? "PRAGMA synchronous = FULL" : "PRAGMA synchronous = NORMAL")
    waitsForDisk = isDurable
  }

  private func abandon() {
    if connection.isInTransaction { try? connection.run(.rollback) }
  }

  private func transaction(_ requests: [[PreparedWrite]]) throws(StoreFailure) -> GroupOutcome {
    var group = Group(revision: revision, historyBytes: history?.bytes ?? 0)
    var outcome = GroupOutcome(results: [])
    let usesSavepoints = requests.count > 1
    try connection.run(.begin)
    for request in requests {
      let start = group
      if usesSavepoints { try connection.run(.savepoint) }
      do throws(StoreFailure) {
        outcome.results.append(.success(try apply(request, &group)))
      } catch {
        guard case .refused(let status) = error else { throw error }
        outcome.results.append(.failure(status))
        group = start
        guard usesSavepoints else {
          try connection.run(.rollback)
          return outcome
        }
        try connection.run(.rollbackToSavepoint)
      }
      if usesSavepoints { try connection.run(.release) }
    }
    if group.revision != revision {
      let statement = try connection.statement(history == nil ? .saveRevision : .saveRecordedRevision)
      defer { statement.reset() }
      try statement.bind(1, group.revision)
      if history != nil { try statement.bind(2, group.historyBytes) }
      _ = try statement.step()
    }
    try connection.run(.commit)
    revision = group.revision
    history?.bytes = group.historyBytes
    outcome.changes = group.changes
    return outcome
  }

  /// The state of a transaction beside the database.
  private struct Group {
    var revision: Int64
    var historyBytes: Int64
    var changes: [ObjectChange] = []

    mutating func record(_ change: WatchEvent.Change, _ resource: Resource, before previous: Resource?, _ key: ResourceKey, bytes: Int) {
      changes.append(ObjectChange(event: WatchEvent(change, resource), previous: previous, key: key, bytes: bytes))
    }
  }

  /// The order in which a request's writes are applied: runs go before their nodes, which refer to them, unless one is removed too.
  private static func order(_ request: [PreparedWrite]) -> [Int] {
    var runs: [Int] = []
    var others: [Int] = []
    for (index, write) in request.enumerated() {
      switch write {
      case .putRun: runs.append(index)
      case .deleteRun: return Array(request.indices)
      default: others.append(index)
      }
    }
    return runs + others
  }

  private func apply(_ request: [PreparedWrite], _ group: inout Group) throws(StoreFailure) -> [Resource?] {
    var results = [Resource?](repeating: nil, count: request.count)
    for index in Self.order(request) {
      switch request[index] {
      case .create(let resource, let text, let created, let base):
        results[index] = try create(resource, text: text, created: created, base: base, &group)
      case .update(let resource, let text, let expected):
        results[index] = try update(resource, text: text, expected: expected, &group)
      case .patch(let key, let patch):
        results[index] = try self.patch(key, patch, &group)
      case .delete(let key):
        try delete(key, &group)
      case .deleteIf(let key, let preconditions):
        try check(preconditions, of: key)
        try delete(key, &group)
      case .putRun(let row, let header):
        try putRun(row, header: header)
      case .putNode(let row, let record):
        try putNode(row, record: record)
      case .deleteRun(let uid):
        let statement = try connection.statement(.deleteRun)
        defer { statement.reset() }
        try statement.bind(1, uid)
        _ = try statement.step()
      case .archive(let row):
        try row.store(connection)
      case .deleteArchived(let uid):
        try ArchiveRow.delete(uid: uid, connection)
      }
    }
    return results
  }
}

extension Writer {
  private func create(
    _ given: Resource, text givenText: [UInt8], created: String, base: String?, _ group: inout Group
  ) throws(StoreFailure) -> Resource {
    var resource = given
    var text = givenText
    var tries = base == nil ? 1 : Self.generateNameTries
    group.revision += 1
    while true {
      let key = resource.key
      if try insert(resource, key, text: text, created: created, revision: group.revision) {
        resource.resourceVersion = group.revision
        if resource.hasSeveralOwners { try putOwners(of: resource, id: connection.lastID) }
        try history?.recordAdded(key, revision: group.revision, on: connection)
        group.record(.added, resource, before: nil, key, bytes: text.count)
        return resource
      }
      tries -= 1
      guard tries > 0, let base else { throw .refused(.alreadyExists(key)) }
      resource.name = ObjectNames.generated(base, random: random)
      text = resource.json.bytes()
    }
  }

  /// Whether the object was new and is now stored.
  private func insert(
    _ resource: Resource, _ key: ResourceKey, text: [UInt8], created: String, revision: Int64
  ) throws(StoreFailure) -> Bool {
    let statement = try connection.statement(.insertObject)
    defer { statement.reset() }
    try statement.bind(1, key.kind.qualifiedPlural)
    try statement.bind(2, key.namespace)
    try statement.bind(3, key.name)
    try statement.bind(4, resource.uid)
    try statement.bind(5, revision)
    try statement.bind(6, created)
    try statement.bind(7, 1)
    try statement.bind(8, resource.labelsText)
    try statement.bind(9, connection.stored(text, of: key))
    if let owner = resource.ownerUID { try statement.bind(10, owner) } else { try statement.bindNull(10) }
    _ = try statement.step()
    return connection.changes == 1
  }

  private func update(
    _ given: Resource, text givenText: [UInt8], expected: Int64?, _ group: inout Group
  ) throws(StoreFailure) -> Resource {
    let key = given.key
    let found = try connection.statement(.findObject)
    defer { found.reset() }
    try found.bind(key)
    guard try found.step() else { throw .refused(.notFound(key)) }
    if let expected, found.integer(2) != expected { throw .refused(.conflict(key)) }
    let uid = found.string(1)
    let created = found.string(3)
    let storedGeneration = found.integer(4)
    let metadata = given.json["metadata"]
    let generation = max(storedGeneration, metadata?["generation"]?.int ?? 0)
    var resource = given
    var text = givenText
    let counted: JSON? = key.kind.countsGenerations ? .int(generation) : nil
    if metadata?["uid"]?.string != uid || metadata?["creationTimestamp"]?.string != created || metadata?["generation"] != counted {
      resource.editMetadata { metadata in
        metadata["uid"] = .string(uid)
        metadata["creationTimestamp"] = .string(created)
        metadata["generation"] = counted
      }
      text = resource.json.bytes()
    }
    group.revision += 1
    let id = found.integer(0)
    var previous: Resource?
    if let history {
      previous = try stored(key)
      group.historyBytes += try history.recordModified(id: id, revision: group.revision, on: connection)
    }
    if hasSharedObjects || resource.hasSeveralOwners { try replaceOwners(of: resource, id: id) }
    let statement = try connection.statement(.updateObject)
    defer { statement.reset() }
    try statement.bind(1, id)
    try statement.bind(2, group.revision)
    try statement.bind(3, generation)
    try statement.bind(4, resource.labelsText)
    try statement.bind(5, connection.stored(text, of: key))
    if let owner = resource.ownerUID { try statement.bind(6, owner) } else { try statement.bindNull(6) }
    _ = try statement.step()
    resource.resourceVersion = group.revision
    group.record(.modified, resource, before: previous, key, bytes: text.count)
    return resource
  }

  /// Changes what is stored at this moment, in this very transaction.
  private func patch(_ key: ResourceKey, _ patch: JSON, _ group: inout Group) throws(StoreFailure) -> Resource {
    var resource = try stored(key)
    resource.json = resource.json.merged(with: patch)
    resource.resourceVersion = nil
    let text: [UInt8]
    do throws(KubeStatus) {
      text = try WritePreparation.text(resource.json)
    } catch {
      throw .refused(error)
    }
    return try update(resource, text: text, expected: nil, &group)
  }

  /// The object as this transaction sees it.
  private func stored(_ key: ResourceKey) throws(StoreFailure) -> Resource {
    let statement = try connection.statement(.getObject)
    defer { statement.reset() }
    try statement.bind(key)
    guard try statement.step() else { throw .refused(.notFound(key)) }
    let version = statement.integer(0)
    if let cached = cache.peek(key, resourceVersion: version) { return cached }
    return try Resource(key.kind, stored: statement.document(1, of: key), key: key, resourceVersion: version)
  }

  private func delete(_ key: ResourceKey, _ group: inout Group) throws(StoreFailure) {
    if let history {
      guard let bytes = try history.recordDeleted(key, revision: group.revision + 1, on: connection) else { return }
      group.historyBytes += bytes
    }
    if key.kind == .namespace { try TerraformStateRows(connection: connection).forget(namespace: key.name) }
    let statement = try connection.statement(.deleteObject)
    defer { statement.reset() }
    try statement.bind(key)
    guard try statement.step() else { return }
    let version = statement.integer(0)
    var resource: Resource
    if let cached = cache.peek(key, resourceVersion: version) {
      resource = cached
    } else {
      resource = try Resource(key.kind, stored: statement.document(1, of: key), key: key, resourceVersion: version)
    }
    _ = try statement.step()
    // As in Kubernetes, the last event shows the object with the revision of its removal.
    let previous = history == nil ? nil : resource
    group.revision += 1
    resource.resourceVersion = group.revision
    group.record(.deleted, resource, before: previous, key, bytes: 0)
  }

  /// Throws `notFound`, or `conflict` in the words of Kubernetes' `apiserver/pkg/storage.Preconditions.Check`.
  private func check(_ preconditions: Preconditions, of key: ResourceKey) throws(StoreFailure) {
    let found = try connection.statement(.findObject)
    defer { found.reset() }
    try found.bind(key)
    guard try found.step() else { throw .refused(.notFound(key)) }
    if let failure = preconditions.failure(uid: found.string(1), resourceVersion: found.integer(2), of: key) { throw .refused(failure) }
  }

  /// Notes all owners of an object that has several, so that each of them finds it.
  private func putOwners(of resource: Resource, id: Int64) throws(StoreFailure) {
    hasSharedObjects = true
    for owner in resource.ownerUIDs {
      let statement = try connection.statement(.putOwner)
      defer { statement.reset() }
      try statement.bind(1, owner)
      try statement.bind(2, id)
      _ = try statement.step()
    }
  }

  private func replaceOwners(of resource: Resource, id: Int64) throws(StoreFailure) {
    let statement = try connection.statement(.deleteOwners)
    try statement.bind(1, id)
    do throws(StoreFailure) {
      _ = try statement.step()
      statement.reset()
    } catch {
      statement.reset()
      throw error
    }
    if resource.hasSeveralOwners { try putOwners(of: resource, id: id) }
  }
}

extension Statement {
  /// Binds the three columns that name an object to the first three parameters.
  func bind(_ key: ResourceKey) throws(StoreFailure) {
    try bind(1, key.kind.qualifiedPlural)
    try bind(2, key.namespace)
    try bind(3, key.name)
  }
}
