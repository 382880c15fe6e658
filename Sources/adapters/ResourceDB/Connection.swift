import CSQLite
import Contracts

/// One connection to a database, with its prepared statements.
///
/// `@unchecked Sendable`: SQLite runs here without locks of its own, so at most one thread may use a connection at a time; it is reached
/// only inside the writer's lock or after being taken out of the ``ReaderPool``, which hands it to one thread.
final class Connection: @unchecked Sendable {
  enum Access { case readWrite, readOnly }

  let handle: OpaquePointer
  /// Encrypts what is to be encrypted; nil: nothing is.
  let sealing: (any Sealing)?
  private var statements: [Statement?] = Array(repeating: nil, count: Query.allCases.count)

  /// Opens a file that exists, or `:memory:`.
  init(
    file: String, access: Access, busyMilliseconds: Int32, sealing: (any Sealing)? = nil, fileSystem: String? = nil
  ) throws(StoreFailure) {
    self.sealing = sealing
    csqlite_configure()
    var opened: OpaquePointer?
    let mode = access == .readOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE
    let code = sqlite3_open_v2(file, &opened, mode | SQLITE_OPEN_NOMUTEX, fileSystem)
    guard let opened else { throw .database(code: code, message: "out of memory") }
    guard code == SQLITE_OK else {
      let failure = StoreFailure.database(code: sqlite3_extended_errcode(opened), message: String(cString: sqlite3_errmsg(opened)))
      sqlite3_close_v2(opened)
      throw failure
    }
    handle = opened
    sqlite3_extended_result_codes(handle, 1)
    sqlite3_busy_timeout(handle, busyMilliseconds)
    csqlite_distrust_schema(handle)
  }

  deinit {
    for statement in statements { statement?.finalize() }
    sqlite3_close_v2(handle)
  }

  /// The last call's failure.
  var failure: StoreFailure {
    .database(code: sqlite3_extended_errcode(handle), message: String(cString: sqlite3_errmsg(handle)))
  }

  /// Whether a transaction is open (SQLite ends one by itself after some errors).
  var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }
  /// Rows changed by the last statement.
  var changes: Int { Int(sqlite3_changes(handle)) }
  /// The id of the row that was inserted last.
  var lastID: Int64 { sqlite3_last_insert_rowid(handle) }
  var isReadOnly: Bool { sqlite3_db_readonly(handle, "main") == 1 }

  /// Runs one or more statements that give no rows.
  func execute(_ sql: String) throws(StoreFailure) {
    guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure }
  }

  /// The first column of the first row of a query, or nil without a row.
  func integer(_ sql: String) throws(StoreFailure) -> Int64? {
    let statement = try Statement(self, sql, isKept: false)
    defer { statement.finalize() }
    return try statement.step() ? statement.integer(0) : nil
  }

  /// The prepared statement, ready to be bound. Whoever takes it resets it when done.
  func statement(_ query: Query) throws(StoreFailure) -> Statement {
    if let statement = statements[query.rawValue] { return statement }
    let statement = try Statement(self, query.sql, isKept: true)
    statements[query.rawValue] = statement
    return statement
  }

  /// Runs a statement without parameters and rows.
  func run(_ query: Query) throws(StoreFailure) {
    let statement = try statement(query)
    defer { statement.reset() }
    _ = try statement.step()
  }
}
