import Basics
import KubeModel

/// How long a history reaches back.
package struct HistoryLimits: Sendable, Hashable {
  /// Changes younger than this are kept …
  package var seconds: Int64 = 300
  /// … and the last so many, whatever their age …
  package var changes: Int64 = 100_000
  /// … unless their texts are more than this together.
  package var bytes: Int64 = 256 << 20
  package init() {}
}

/// Writes the history, inside the transactions of the ``Writer`` that owns it.
final class HistoryWriter {
  private let limits: HistoryLimits
  private let now: @Sendable () -> Instant
  /// The history is whole after this revision.
  private(set) var oldest: Int64
  /// Size of the texts in it, as of the last commit.
  var bytes: Int64

  /// More than the revisions that a loss of power can take back.
  private static let lostRevisions: Int64 = 1_000_000

  /// The most changes that one call of `trim` removes, so that writers do not wait long.
  private static let trimStep: Int64 = 250

  /// Takes up the history of a database; one that was interrupted, because another process wrote without keeping it, is dropped.
  init(_ connection: Connection, limits: HistoryLimits, now: @escaping @Sendable () -> Instant) throws(StoreFailure) {
    self.limits = limits
    self.now = now
    let boot = MachineStart.current
    if try MachineStart.stored(connection) != boot {
      // The machine went down under an open database: commits that did not wait for the disk may be lost, and clients may have seen their revisions. They have
      // to list anew, and no revision is given out twice.
      if try !MachineStart.stored(connection).isEmpty {
        try connection.execute("UPDATE revision SET value = value + \(Self.lostRevisions)")
      }
      try MachineStart.store(boot, connection)
    }
    let newest = try connection.integer("SELECT value FROM revision") ?? 0
    if try connection.integer("SELECT recorded FROM revision") != newest {
      try connection.execute(
        "BEGIN IMMEDIATE; DELETE FROM changes; UPDATE revision SET oldest = value, recorded = value, history_bytes = 0; COMMIT;")
    }
    oldest = try connection.integer("SELECT oldest FROM revision") ?? newest
    bytes = try connection.integer("SELECT history_bytes FROM revision") ?? 0
  }

  /// Notes that the database is closed properly.
  func close(_ connection: Connection) { try? MachineStart.store("", connection) }

  func recordAdded(_ key: ResourceKey, revision: Int64, on connection: Connection) throws(StoreFailure) {
    let statement = try connection.statement(.recordAdded)
    defer { statement.reset() }
    try statement.bind(key)
    try statement.bind(4, revision)
    try statement.bind(5, now().seconds)
    _ = try statement.step()
  }

  /// Notes what an object is before it is changed; returns the size of that.
  func recordModified(id: Int64, revision: Int64, on connection: Connection) throws(StoreFailure) -> Int64 {
    let statement = try connection.statement(.recordModified)
    defer { statement.reset() }
    try statement.bind(1, id)
    try statement.bind(2, revision)
    try statement.bind(3, now().seconds)
    guard try statement.step() else { return 0 }
    let bytes = statement.integer(0)
    _ = try statement.step()
    return bytes
  }

  /// Notes what an object is before it is removed; returns the size of that, or nil where there is no such object.
  func recordDeleted(_ key: ResourceKey, revision: Int64, on connection: Connection) throws(StoreFailure) -> Int64? {
    let statement = try connection.statement(.recordDeleted)
    defer { statement.reset() }
    try statement.bind(key)
    try statement.bind(4, revision)
    try statement.bind(5, now().seconds)
    guard try statement.step() else { return nil }
    let bytes = statement.integer(0)
    _ = try statement.step()
    return bytes
  }

  /// Removes some of the oldest changes that need not be kept; true when there may be more.
  func trim(_ connection: Connection, newest: Int64) throws(StoreFailure) -> Bool {
    let isTooLarge = bytes > limits.bytes
    let removable = isTooLarge ? newest - oldest : newest - oldest - limits.changes
    guard removable > 0 else { return false }
    let end = oldest + min(removable, Self.trimStep)
    if !isTooLarge {
      guard let time = try integer(.timeOfChange, end, on: connection), time < now().seconds - limits.seconds else { return false }
    }
    let removed = try integer(.measureChanges, end, on: connection) ?? 0
    try connection.run(.begin)
    let trim = try connection.statement(.trimChanges)
    defer { trim.reset() }
    try trim.bind(1, end)
    _ = try trim.step()
    let save = try connection.statement(.saveOldest)
    defer { save.reset() }
    try save.bind(1, end)
    try save.bind(2, bytes - removed)
    _ = try save.step()
    try connection.run(.commit)
    oldest = end
    bytes -= removed
    return true
  }

  private func integer(_ query: Query, _ parameter: Int64, on connection: Connection) throws(StoreFailure) -> Int64? {
    let statement = try connection.statement(query)
    defer { statement.reset() }
    try statement.bind(1, parameter)
    return try statement.step() ? statement.integer(0) : nil
  }
}
