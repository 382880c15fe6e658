import Contracts
import KubeModel

/// Reads changes from the history. A row has what the object was before its change; what it was after it stands in the object's next row, or, when there is none,
/// among the objects.
struct ChangeReader {
  private struct Row {
    var revision: Int64
    var key: ResourceKey
    var change: WatchEvent.Change
    var previousVersion: Int64
    var previous: [UInt8]
  }

  private let kind: ResourceKind
  private let connection: Connection
  private let cache: ResourceCache

  init(_ kind: ResourceKind, _ connection: Connection, cache: ResourceCache) {
    self.kind = kind
    self.connection = connection
    self.cache = cache
  }

  /// The changes of a snapshot, in order.
  func changes(after revision: Int64, limit: Int) throws(StoreFailure) -> [RecordedChange] {
    let rows = try rows(after: revision, limit: limit)
    // Backwards: an object's later row has the text of its earlier one.
    var texts: [[UInt8]] = Array(repeating: [], count: rows.count)
    var later: [ResourceKey: [UInt8]] = [:]
    for (index, row) in rows.enumerated().reversed() {
      if row.change != .deleted, cache.peek(row.key, resourceVersion: row.revision) == nil {
        texts[index] = if let text = later[row.key] { text } else { try text(after: row) }
      }
      later[row.key] = row.previous
    }
    // Forwards: what an object became is what it was before its next change.
    var before: [ResourceKey: Resource] = [:]
    var changes: [RecordedChange] = []
    changes.reserveCapacity(rows.count)
    for (index, row) in rows.enumerated() {
      var previous: Resource?
      if row.change != .added {
        previous =
          if let known = before[row.key] { known } else {
            try Resource(kind, stored: row.previous, key: row.key, resourceVersion: row.previousVersion)
          }
      }
      var resource: Resource
      if row.change == .deleted, let previous {
        resource = previous
        resource.resourceVersion = row.revision
        before[row.key] = nil
      } else if let cached = cache.peek(row.key, resourceVersion: row.revision) {
        resource = cached
        before[row.key] = resource
      } else {
        let text = texts[index].isEmpty ? try self.text(after: row) : texts[index]
        resource = try Resource(kind, stored: text, key: row.key, resourceVersion: row.revision)
        before[row.key] = resource
      }
      changes.append(RecordedChange(event: WatchEvent(row.change, resource), previous: previous))
    }
    return changes
  }

  private func rows(after revision: Int64, limit: Int) throws(StoreFailure) -> [Row] {
    let statement = try connection.statement(.changesOfKind)
    defer { statement.reset() }
    try statement.bind(1, kind.qualifiedPlural)
    try statement.bind(2, revision)
    try statement.bind(3, Int64(limit))
    var rows: [Row] = []
    while try statement.step() {
      let change: WatchEvent.Change =
        switch statement.integer(3) {
        case 0: .added
        case 1: .modified
        default: .deleted
        }
      let key = ResourceKey(kind, namespace: statement.string(1), name: statement.string(2))
      rows.append(
        Row(
          revision: statement.integer(0), key: key, change: change, previousVersion: statement.integer(4),
          previous: try statement.document(5, of: key)))
    }
    return rows
  }

  /// What an object was after a change.
  private func text(after row: Row) throws(StoreFailure) -> [UInt8] {
    let next = try connection.statement(.nextText)
    defer { next.reset() }
    try next.bind(row.key)
    try next.bind(4, row.revision)
    if try next.step() { return try next.document(1, of: row.key) }
    let object = try connection.statement(.getObject)
    defer { object.reset() }
    try object.bind(row.key)
    guard try object.step() else { throw .database(code: 11, message: "the history has a change of an object that is missing") }
    return try object.document(1, of: row.key)
  }
}
