import CSQLite
import Glibc
import Synchronization

/// What was done to a file.
package enum DiskOperation: Sendable {
  case write(file: String, offset: Int, bytes: [UInt8])
  case truncate(file: String, size: Int)
  case sync(file: String)
  case delete(file: String)
  /// What was removed stays removed.
  case syncDirectory
}

/// A layer between SQLite and the files (a VFS): it keeps a record of all that is done to them, from which ``PowerLoss`` makes what a loss of power would
/// have left, and fails on demand.
package final class FaultyDisk: Sendable {
  /// What may fail.
  package enum Action: Hashable, Sendable { case read, write, sync }

  private struct State {
    var operations: [DiskOperation] = []
    var faults: [Action: Int32] = [:]
    var failures = 0
  }

  /// For `ResourceDatabaseSettings.fileSystem`.
  package let name: String
  private let state = Mutex(State())
  private static let count = Atomic<Int>(0)

  /// A layer that SQLite knows by its name until ``remove()``.
  package init() {
    name = "faulty-\(Self.count.add(1, ordering: .relaxed).newValue)"
    register()
  }

  /// All that was done so far.
  package var operations: [DiskOperation] { state.withLock { $0.operations } }

  /// How much was done so far: a moment at which the power may fail.
  package var moment: Int { state.withLock { $0.operations.count } }

  /// From now on an action fails with SQLite's result code, such as `SQLITE_IOERR_WRITE`; nil: no longer.
  package func fail(_ action: Action, _ code: Int32?) { state.withLock { $0.faults[action] = code } }

  /// How often something has failed.
  package var failures: Int { state.withLock { $0.failures } }

  func fault(_ action: Action) -> Int32? {
    state.withLock { state in
      guard let code = state.faults[action] else { return nil }
      state.failures += 1
      return code
    }
  }

  func record(_ operation: DiskOperation) { state.withLock { $0.operations.append(operation) } }
}
