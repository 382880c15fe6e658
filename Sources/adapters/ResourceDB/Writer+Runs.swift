import CSQLite
import Contracts
import KubeModel

/// The rows of runs and their nodes.
extension Writer {
  func putRun(_ row: RunRow, header: [UInt8]) throws(StoreFailure) {
    for query in [Query.updateRun, .putRun] {
      let statement = try connection.statement(query)
      defer { statement.reset() }
      try statement.bind(1, row.uid)
      try statement.bind(2, row.namespace)
      try statement.bind(3, row.name)
      try statement.bind(4, row.isFinished ? 1 : 0)
      try statement.bind(5, header)
      _ = try statement.step()
      if connection.changes > 0 { return }
    }
  }

  func putNode(_ row: NodeRow, record: [UInt8]) throws(StoreFailure) {
    let statement = try connection.statement(.putNode)
    defer { statement.reset() }
    try statement.bind(1, row.runUID)
    try statement.bind(2, Int64(row.index))
    try statement.bind(3, row.id)
    try statement.bind(4, row.phase)
    try statement.bind(5, record)
    do throws(StoreFailure) {
      _ = try statement.step()
    } catch {
      guard case .database(SQLITE_CONSTRAINT_FOREIGNKEY_CODE, _) = error else { throw error }
      throw .refused(KubeStatus(.invalid, "node \(row.index) belongs to run \"\(row.runUID)\", which is not stored"))
    }
  }
}

/// `SQLITE_CONSTRAINT_FOREIGNKEY`, a macro that Swift does not see.
private let SQLITE_CONSTRAINT_FOREIGNKEY_CODE: Int32 = SQLITE_CONSTRAINT | (3 << 8)
