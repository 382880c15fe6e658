import Basics
import CSQLite
import Contracts
import JSONValue
import KubeModel

/// The rows of Terraform's states, on one connection. Whoever changes something has a transaction open.
struct TerraformStateRows {
  let connection: Connection

  /// What a sealed content belongs to: it does not open as that of another state, nor of another version.
  static func context(_ key: TerraformStateKey, version: Int64) -> [UInt8] {
    Array("\(TerraformStateKey.plural).\(TerraformStateKey.group)/\(key.namespace)/\(key.key)#\(version)".utf8)
  }

  private static let columns =
    """
    s.namespace, s.key, s.lock_id, s.lock_info, s.lock_user, s.lock_time, \
    v.version, v.created, v.user, v.bytes, v.serial, v.lineage, v.terraform_version, v.restored_from
    """
  private static let joined =
    "SELECT \(columns) FROM terraform_states AS s LEFT JOIN terraform_versions AS v ON v.state = s.id AND v.ended IS NULL"

  private func run<Value>(
    _ sql: String, bind: (Statement) throws(StoreFailure) -> Void = { (_: Statement) throws(StoreFailure) in },
    _ body: (Statement) throws(StoreFailure) -> Value
  ) throws(StoreFailure) -> Value {
    let statement = try Statement(connection, sql, isKept: false)
    defer { statement.finalize() }
    try bind(statement)
    return try body(statement)
  }

  private func execute(_ sql: String, bind: (Statement) throws(StoreFailure) -> Void) throws(StoreFailure) {
    try run(sql, bind: bind) { (statement) throws(StoreFailure) in _ = try statement.step() }
  }

  private static func bind(_ key: TerraformStateKey, _ statement: Statement) throws(StoreFailure) {
    try statement.bind(1, key.namespace)
    try statement.bind(2, key.key)
  }

  /// A row of ``joined``.
  private static func state(_ row: Statement) throws(StoreFailure) -> TerraformState {
    var state = TerraformState(key: TerraformStateKey(namespace: row.string(0), key: row.string(1)))
    if !row.isEmpty(2) {
      state.lock = TerraformLock(
        id: row.string(2), info: try row.json(3, of: "the lock of \"\(state.key.key)\""), user: row.string(4),
        time: Instant(milliseconds: row.integer(5)))
    }
    if row.integer(6) > 0 { state.current = version(row, from: 6) }
    return state
  }

  private static func version(_ row: Statement, from first: Int32) -> TerraformStateVersion {
    TerraformStateVersion(
      number: row.integer(first), created: Instant(milliseconds: row.integer(first + 1)), user: row.string(first + 2),
      bytes: Int(row.integer(first + 3)), serial: row.isEmpty(first + 4) ? nil : row.integer(first + 4), lineage: row.string(first + 5),
      terraformVersion: row.string(first + 6), restoredFrom: row.isEmpty(first + 7) ? nil : row.integer(first + 7))
  }

  func states(namespace: String?) throws(StoreFailure) -> [TerraformState] {
    let place = namespace == nil ? "" : "s.namespace = ?1 AND "
    return try run(
      "\(Self.joined) WHERE \(place)(v.version IS NOT NULL OR s.lock_id IS NOT NULL) ORDER BY s.namespace, s.key",
      bind: { (statement) throws(StoreFailure) in if let namespace { try statement.bind(1, namespace) } }
    ) { (statement) throws(StoreFailure) in
      var states: [TerraformState] = []
      while try statement.step() { states.append(try Self.state(statement)) }
      return states
    }
  }

  func state(_ key: TerraformStateKey) throws(StoreFailure) -> TerraformState? {
    try run(
      "\(Self.joined) WHERE s.namespace = ?1 AND s.key = ?2",
      bind: { (statement) throws(StoreFailure) in try Self.bind(key, statement) }
    ) { (statement) throws(StoreFailure) in try statement.step() ? try Self.state(statement) : nil }
  }

  func versions(of key: TerraformStateKey) throws(StoreFailure) -> [TerraformStateVersion] {
    try run(
      """
      SELECT v.version, v.created, v.user, v.bytes, v.serial, v.lineage, v.terraform_version, v.restored_from FROM terraform_versions AS v \
      JOIN terraform_states AS s ON s.id = v.state WHERE s.namespace = ?1 AND s.key = ?2 ORDER BY v.version DESC
      """, bind: { (statement) throws(StoreFailure) in try Self.bind(key, statement) }
    ) { (statement) throws(StoreFailure) in
      var versions: [TerraformStateVersion] = []
      while try statement.step() { versions.append(Self.version(statement, from: 0)) }
      return versions
    }
  }

  func content(of key: TerraformStateKey, version: Int64) throws(StoreFailure) -> [UInt8]? {
    try run(
      """
      SELECT v.content FROM terraform_versions AS v JOIN terraform_states AS s ON s.id = v.state \
      WHERE s.namespace = ?1 AND s.key = ?2 AND v.version = ?3
      """,
      bind: { (statement) throws(StoreFailure) in
        try Self.bind(key, statement)
        try statement.bind(3, version)
      }
    ) { (statement) throws(StoreFailure) in
      guard try statement.step() else { return nil }
      return try opened(statement.bytes(0), key, version)
    }
  }

  func opened(_ text: [UInt8], _ key: TerraformStateKey, _ version: Int64) throws(StoreFailure) -> [UInt8] {
    guard SealedText.isSealed(text) else { return text }
    let name = "version \(version) of the Terraform state \"\(key.namespace)/\(key.key)\""
    guard let sealing = connection.sealing else {
      throw .refused(KubeStatus(.internalError, "\(name) is encrypted, and this process has no key"))
    }
    do throws(KubeStatus) {
      return try sealing.open(text, context: Self.context(key, version: version))
    } catch {
      throw .refused(KubeStatus(error.reason, "\(name): \(error.message)"))
    }
  }

  func sealed(_ content: [UInt8], _ key: TerraformStateKey, _ version: Int64) -> [UInt8] {
    connection.sealing?.seal(content, context: Self.context(key, version: version)) ?? content
  }
}

extension TerraformStateRows {
  func apply(_ change: TerraformStateChange, to key: TerraformStateKey) throws(StoreFailure) {
    switch change {
    case .nothing: break
    case .lock(let lock):
      let id = try self.id(of: key)
      try execute("UPDATE terraform_states SET lock_id = ?2, lock_info = ?3, lock_user = ?4, lock_time = ?5 WHERE id = ?1") {
        (statement) throws(StoreFailure) in
        try statement.bind(1, id)
        try statement.bind(2, lock.id)
        try statement.bind(3, lock.info.bytes())
        try statement.bind(4, lock.user)
        try statement.bind(5, lock.time.milliseconds)
      }
    case .unlock:
      try execute(
        "UPDATE terraform_states SET lock_id = NULL, lock_info = NULL, lock_user = NULL, lock_time = NULL WHERE namespace = ?1 AND key = ?2"
      ) { (statement) throws(StoreFailure) in try Self.bind(key, statement) }
      try execute("DELETE FROM terraform_states WHERE namespace = ?1 AND key = ?2 AND \(Self.hasNoVersion)") {
        (statement) throws(StoreFailure) in try Self.bind(key, statement)
      }
    case .put(let version, let content, let retention): try put(version, content, retention, key)
    case .delete(let time): try end(try id(of: key), at: time)
    case .purge:
      try execute("DELETE FROM terraform_states WHERE namespace = ?1 AND key = ?2") { (statement) throws(StoreFailure) in
        try Self.bind(key, statement)
      }
    }
  }

  /// The row of a state; makes one where there is none.
  private func id(of key: TerraformStateKey) throws(StoreFailure) -> Int64 {
    try execute("INSERT INTO terraform_states (namespace, key) VALUES (?1, ?2) ON CONFLICT DO NOTHING") {
      (statement) throws(StoreFailure) in try Self.bind(key, statement)
    }
    return try run(
      "SELECT id FROM terraform_states WHERE namespace = ?1 AND key = ?2",
      bind: { (statement) throws(StoreFailure) in try Self.bind(key, statement) }
    ) { (statement) throws(StoreFailure) in try statement.step() ? statement.integer(0) : 0 }
  }

  /// The current version, if there is one, is the current one no longer.
  private func end(_ id: Int64, at time: Instant) throws(StoreFailure) {
    try execute("UPDATE terraform_versions SET ended = ?2 WHERE state = ?1 AND ended IS NULL") { (statement) throws(StoreFailure) in
      try statement.bind(1, id)
      try statement.bind(2, time.milliseconds)
    }
  }

  private func put(
    _ version: TerraformStateVersion, _ content: [UInt8], _ retention: TerraformRetention, _ key: TerraformStateKey
  ) throws(StoreFailure) {
    let id = try id(of: key)
    try end(id, at: version.created)
    let number = try run(
      "UPDATE terraform_states SET last_version = last_version + 1 WHERE id = ?1 RETURNING last_version",
      bind: { (statement) throws(StoreFailure) in try statement.bind(1, id) }
    ) { (statement) throws(StoreFailure) in try statement.step() ? statement.integer(0) : 0 }
    try execute(
      """
      INSERT INTO terraform_versions (state, version, created, user, bytes, serial, lineage, terraform_version, restored_from, content) \
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
      """
    ) { (statement) throws(StoreFailure) in
      try statement.bind(1, id)
      try statement.bind(2, number)
      try statement.bind(3, version.created.milliseconds)
      try statement.bind(4, version.user)
      try statement.bind(5, Int64(content.count))
      if let serial = version.serial { try statement.bind(6, serial) } else { try statement.bindNull(6) }
      try statement.bind(7, version.lineage)
      try statement.bind(8, version.terraformVersion)
      if let origin = version.restoredFrom { try statement.bind(9, origin) } else { try statement.bindNull(9) }
      try statement.bind(10, sealed(content, key, number))
    }
    try execute(
      """
      DELETE FROM terraform_versions WHERE state = ?1 AND version IN (SELECT version FROM (\
      SELECT version, row_number() OVER earlier AS place, sum(bytes) OVER earlier AS total FROM terraform_versions \
      WHERE state = ?1 AND ended IS NOT NULL WINDOW earlier AS (ORDER BY version DESC)) WHERE place > ?2 OR total > ?3)
      """
    ) { (statement) throws(StoreFailure) in
      try statement.bind(1, id)
      try statement.bind(2, Int64(retention.versions))
      try statement.bind(3, Int64(retention.bytes))
    }
    try forget(endedBefore: version.created + TimeSpan(milliseconds: -retention.age.milliseconds))
  }

  func forget(endedBefore time: Instant) throws(StoreFailure) {
    try execute("DELETE FROM terraform_versions WHERE ended < ?1") { (statement) throws(StoreFailure) in
      try statement.bind(1, time.milliseconds)
    }
    guard connection.changes > 0 else { return }
    try connection.execute("DELETE FROM terraform_states WHERE lock_id IS NULL AND \(Self.hasNoVersion)")
  }

  private static let hasNoVersion = "NOT EXISTS (SELECT 1 FROM terraform_versions WHERE terraform_versions.state = terraform_states.id)"

  /// A namespace is gone, and all that was in it.
  func forget(namespace: String) throws(StoreFailure) {
    try execute("DELETE FROM terraform_states WHERE namespace = ?1") { (statement) throws(StoreFailure) in
      try statement.bind(1, namespace)
    }
  }
}
