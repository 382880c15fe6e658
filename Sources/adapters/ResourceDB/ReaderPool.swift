import CSQLite
import Contracts
import JSONValue
import KubeModel
import Synchronization

/// Connections for reading beside the writer, each used by one thread at a time.
final class ReaderPool: Sendable {
  private struct State {
    var idle: [Connection] = []
    var isClosed = false
  }

  /// More than these are closed after use.
  private static let idleLimit = 4

  private let file: String
  private let busyMilliseconds: Int32
  private let sealing: (any Sealing)?
  private let fileSystem: String?
  private let state = Mutex(State())

  init(file: String, busyMilliseconds: Int32, sealing: (any Sealing)?, fileSystem: String?) {
    self.file = file
    self.busyMilliseconds = busyMilliseconds
    self.sealing = sealing
    self.fileSystem = fileSystem
  }

  /// A connection for the caller alone; nil when the pool is closed.
  func take() throws(StoreFailure) -> Connection? {
    let (idle, isClosed) = state.withLock { ($0.idle.popLast(), $0.isClosed) }
    if isClosed { return nil }
    if let idle { return idle }
    return try Connection(
      file: file, access: .readOnly, busyMilliseconds: busyMilliseconds, sealing: sealing, fileSystem: fileSystem)
  }

  func give(_ connection: Connection) {
    state.withLock { state in
      if !state.isClosed, state.idle.count < Self.idleLimit { state.idle.append(connection) }
    }
  }

  func close() {
    state.withLock { state in
      state.isClosed = true
      state.idle = []
    }
  }
}

extension Statement {
  /// A column's labels.
  func labels(_ column: Int32, of key: ResourceKey) throws(StoreFailure) -> [String: String] {
    guard !isEmpty(column) else { return [:] }
    var labels: [String: String] = [:]
    for (name, value) in try json(column, of: "the labels of \"\(key.namespace)/\(key.name)\"").object ?? [:] {
      labels[name] = value.string
    }
    return labels
  }

  /// A column's JSON document; `subject` names it in the message when it cannot be read.
  func json(_ column: Int32, of subject: String) throws(StoreFailure) -> JSON {
    do throws(JSONParseError) {
      return try JSON.parse(bytes(column))
    } catch {
      throw .database(code: SQLITE_CORRUPT, message: "\(subject) cannot be read: \(error)")
    }
  }
}
