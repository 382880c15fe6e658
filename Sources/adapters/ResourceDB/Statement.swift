import CSQLite

/// A prepared statement. Parameters count from 1, columns from 0, as in SQLite. Valid as long as its connection.
struct Statement {
  private let pointer: OpaquePointer
  unowned let connection: Connection

  init(_ connection: Connection, _ sql: String, isKept: Bool) throws(StoreFailure) {
    var prepared: OpaquePointer?
    let flags = isKept ? UInt32(SQLITE_PREPARE_PERSISTENT) : 0
    guard sqlite3_prepare_v3(connection.handle, sql, -1, flags, &prepared, nil) == SQLITE_OK, let prepared else { throw connection.failure }
    pointer = prepared
    self.connection = connection
  }

  func finalize() { sqlite3_finalize(pointer) }

  /// Ends the execution and releases its locks; parameters stay bound until they are bound again.
  func reset() { sqlite3_reset(pointer) }

  func bindNull(_ index: Int32) throws(StoreFailure) {
    guard sqlite3_bind_null(pointer, index) == SQLITE_OK else { throw connection.failure }
  }

  func bind(_ index: Int32, _ value: Int64) throws(StoreFailure) {
    guard sqlite3_bind_int64(pointer, index, value) == SQLITE_OK else { throw connection.failure }
  }

  func bind(_ index: Int32, _ value: String) throws(StoreFailure) {
    var value = value
    let code = value.withUTF8 { csqlite_bind_text(pointer, index, $0.baseAddress, UInt64($0.count)) }
    guard code == SQLITE_OK else { throw connection.failure }
  }

  func bind(_ index: Int32, _ text: [UInt8]) throws(StoreFailure) {
    let code = text.withUnsafeBytes { csqlite_bind_text(pointer, index, $0.baseAddress, UInt64($0.count)) }
    guard code == SQLITE_OK else { throw connection.failure }
  }

  func bind(_ index: Int32, blob: [UInt8]) throws(StoreFailure) {
    let code = blob.withUnsafeBytes { csqlite_bind_blob(pointer, index, $0.baseAddress, UInt64($0.count)) }
    guard code == SQLITE_OK else { throw connection.failure }
  }

  /// Advances to the next row; false at the end.
  func step() throws(StoreFailure) -> Bool {
    switch sqlite3_step(pointer) {
    case SQLITE_ROW: return true
    case SQLITE_DONE: return false
    default: throw connection.failure
    }
  }

  func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(pointer, column) }

  /// Whether a text column has no text.
  func isEmpty(_ column: Int32) -> Bool { sqlite3_column_bytes(pointer, column) == 0 }

  func string(_ column: Int32) -> String {
    guard let text = sqlite3_column_text(pointer, column) else { return "" }
    let count = Int(sqlite3_column_bytes(pointer, column))
    return String(decoding: UnsafeBufferPointer(start: text, count: count), as: UTF8.self)
  }

  func isNull(_ column: Int32) -> Bool { sqlite3_column_type(pointer, column) == SQLITE_NULL }

  func blob(_ column: Int32) -> [UInt8] {
    guard let bytes = sqlite3_column_blob(pointer, column) else { return [] }
    return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(pointer, column))))
  }

  func bytes(_ column: Int32) -> [UInt8] {
    guard let text = sqlite3_column_text(pointer, column) else { return [] }
    let count = Int(sqlite3_column_bytes(pointer, column))
    return Array(UnsafeBufferPointer(start: text, count: count))
  }
}
