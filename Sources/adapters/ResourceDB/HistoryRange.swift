import Contracts
import KubeModel

/// The revisions that can be read in a snapshot.
struct HistoryRange {
  var newest: Int64
  var oldest: Int64

  init(_ connection: Connection, isKept: Bool) throws(StoreFailure) {
    let statement = try connection.statement(.historyRange)
    defer { statement.reset() }
    guard try statement.step() else { throw .database(code: 11, message: "the revision is missing") }
    newest = statement.integer(0)
    oldest = isKept ? statement.integer(1) : newest
  }

  /// Throws `expired` for a revision before the history, `badRequest` for one that is not given out yet.
  func check(_ revision: Int64) throws(StoreFailure) {
    guard revision >= oldest else { throw .refused(.tooOld(revision, oldest: oldest)) }
    guard revision <= newest else {
      throw .refused(KubeStatus(.badRequest, "Too large resource version: \(revision), current: \(newest)"))
    }
  }
}
