import CSQLite
import Contracts
import KubeModel

/// Which texts are sealed, and as what.
enum SealedTexts {
  /// The column `kind` of Secrets.
  static let kind = ResourceKind.secret.qualifiedPlural

  /// What a sealed text belongs to: it does not open as another object's. Its uid is in the text itself.
  static func context(kind: String, namespace: String, name: String) -> [UInt8] { Array("\(kind)/\(namespace)/\(name)".utf8) }

  /// What can be said about the keys before anything is changed: that all texts which are sealed can be opened.
  static func check(_ connection: Connection, file: String) throws(StoreFailure) {
    let version = try connection.integer("PRAGMA user_version") ?? 0
    guard version > 0, try connection.integer("PRAGMA application_id") == Schema.applicationID else { return }
    let used = try keys(connection, version: version)
    guard !used.isEmpty else { return }
    guard let sealing = connection.sealing else {
      throw .refused(
        KubeStatus(
          .internalError,
          "\(file) holds encrypted Secrets, and their key is not there (keys/secrets.key beside it): restore that file from a backup; nothing was changed"
        ))
    }
    let missing = used.subtracting(sealing.keys).sorted()
    guard missing.isEmpty else {
      throw .refused(
        KubeStatus(
          .internalError,
          "\(file) holds Secrets encrypted with the key \(missing.joined(separator: ", ")), which is not among this server's keys (keys/secrets.key): "
            + "restore that file from a backup; nothing was changed"))
    }
  }

  /// The keys that stored texts are sealed with, in a database of this version of the schema.
  static func keys(_ connection: Connection, version: Int64) throws(StoreFailure) -> Set<String> {
    var found: Set<String> = []
    if version >= Schema.firstWithTerraformStates { found = try TerraformStateRows(connection: connection).keys() }
    for (table, column) in tables where version > 2 || table == "objects" {
      let statement = try Statement(
        connection, "SELECT DISTINCT substr(\(column), 1, \(SealedText.headLength)) FROM \(table) WHERE kind = ?1", isKept: false)
      defer { statement.finalize() }
      try statement.bind(1, kind)
      while try statement.step() { if let key = SealedText.key(of: statement.bytes(0)) { found.insert(key) } }
    }
    return found
  }

  private static let tables: [(table: String, column: String)] = [("objects", "json"), ("changes", "previous")]

  /// Seals the texts of Secrets that are not sealed, or sealed with another key than the present one, in one transaction, and wipes the old
  /// texts from the file and its log. Returns how many there were.
  @discardableResult
  static func reseal(_ connection: Connection) throws(StoreFailure) -> Int {
    guard let sealing = connection.sealing else { return 0 }
    let head = String(decoding: SealedText.prefix, as: UTF8.self) + sealing.currentKey + ":"
    var count = 0
    var hadPlain = false
    for (table, column) in tables {
      let row = table == "objects" ? "id" : "revision"
      let list = try Statement(
        connection,
        "SELECT \(row) FROM \(table) WHERE kind = ?1 AND \(column) IS NOT NULL AND substr(\(column), 1, \(head.utf8.count)) <> ?2",
        isKept: false)
      defer { list.finalize() }
      try list.bind(1, kind)
      try list.bind(2, head)
      var rows: [Int64] = []
      while try list.step() { rows.append(list.integer(0)) }
      guard !rows.isEmpty else { continue }
      if !connection.isInTransaction { try connection.run(.begin) }
      for id in rows {
        if try reseal(connection, table: table, column: column, row: row, id: id) { hadPlain = true }
        count += 1
      }
    }
    let states = try TerraformStateRows(connection: connection).reseal(unless: head)
    count += states.count
    if states.hadPlain { hadPlain = true }
    guard count > 0 else { return 0 }
    try connection.execute("UPDATE revision SET history_bytes = (SELECT coalesce(sum(bytes), 0) FROM changes)")
    try connection.run(.commit)
    // The old texts still lie in free pages and in the log.
    if hadPlain { try connection.execute("VACUUM") }
    try connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return count
  }

  /// Seals one text anew; true when it was plain.
  private static func reseal(_ connection: Connection, table: String, column: String, row: String, id: Int64) throws(StoreFailure) -> Bool {
    let read = try Statement(connection, "SELECT namespace, name, \(column) FROM \(table) WHERE \(row) = ?1", isKept: false)
    defer { read.finalize() }
    try read.bind(1, id)
    guard try read.step() else { return false }
    let namespace = read.string(0)
    let name = read.string(1)
    let isPlain = !SealedText.isSealed(read.bytes(2))
    let text = try read.document(2, kind: kind, namespace: namespace, name: name)
    let sealed = connection.stored(text, kind: kind, namespace: namespace, name: name)
    let size = table == "objects" ? "" : ", bytes = \(sealed.count)"
    let write = try Statement(connection, "UPDATE \(table) SET \(column) = ?2\(size) WHERE \(row) = ?1", isKept: false)
    defer { write.finalize() }
    try write.bind(1, id)
    try write.bind(2, sealed)
    _ = try write.step()
    return isPlain
  }
}

extension Connection {
  /// The form in which an object's text is stored.
  func stored(_ text: [UInt8], kind: String, namespace: String, name: String) -> [UInt8] {
    guard kind == SealedTexts.kind, let sealing else { return text }
    return sealing.seal(text, context: SealedTexts.context(kind: kind, namespace: namespace, name: name))
  }

  func stored(_ text: [UInt8], of key: ResourceKey) -> [UInt8] {
    stored(text, kind: key.kind.qualifiedPlural, namespace: key.namespace, name: key.name)
  }
}

extension Statement {
  /// A column with an object's text, opened where it is sealed.
  func document(_ column: Int32, kind: String, namespace: String, name: String) throws(StoreFailure) -> [UInt8] {
    let text = bytes(column)
    guard SealedText.isSealed(text) else { return text }
    guard let sealing = connection.sealing else {
      throw .refused(KubeStatus(.internalError, "\(kind) \"\(namespace)/\(name)\" is encrypted, and this process has no key"))
    }
    do throws(KubeStatus) {
      return try sealing.open(text, context: SealedTexts.context(kind: kind, namespace: namespace, name: name))
    } catch {
      throw .refused(KubeStatus(error.reason, "\(kind) \"\(namespace)/\(name)\": \(error.message)"))
    }
  }

  func document(_ column: Int32, of key: ResourceKey) throws(StoreFailure) -> [UInt8] {
    try document(column, kind: key.kind.qualifiedPlural, namespace: key.namespace, name: key.name)
  }
}

extension ResourceDatabase {
  /// Seals all Secrets, present and past, with the present key, in one transaction: after a new key was put before the others. Returns how
  /// many texts were sealed with another one. Readers that are on their way may still need the old key.
  @discardableResult package func reseal() throws(KubeStatus) -> Int {
    try withConnection { (connection) throws(StoreFailure) -> Int in
      do throws(StoreFailure) {
        return try SealedTexts.reseal(connection)
      } catch {
        if connection.isInTransaction { try? connection.run(.rollback) }
        throw error
      }
    }
  }
}
