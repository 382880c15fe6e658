import Basics
import Contracts
import KubeModel
import Synchronization

extension ResourceDatabase: TerraformStateStoring {
  private func rows<Value: Sendable>(_ body: (TerraformStateRows) throws(StoreFailure) -> Value) throws(KubeStatus) -> Value {
    try read { (connection) throws(StoreFailure) -> Value in try body(TerraformStateRows(connection: connection)) }
  }

  package func terraformStates(namespace: String?) throws(KubeStatus) -> [TerraformState] {
    try rows { (rows) throws(StoreFailure) in try rows.states(namespace: namespace) }
  }

  package func terraformState(_ key: TerraformStateKey) throws(KubeStatus) -> TerraformState? {
    try rows { (rows) throws(StoreFailure) in try rows.state(key) }
  }

  package func terraformVersions(of key: TerraformStateKey) throws(KubeStatus) -> [TerraformStateVersion] {
    try rows { (rows) throws(StoreFailure) in try rows.versions(of: key) }
  }

  package func terraformContent(of key: TerraformStateKey, version: Int64) throws(KubeStatus) -> [UInt8]? {
    try rows { (rows) throws(StoreFailure) in try rows.content(of: key, version: version) }
  }

  @discardableResult package func changeTerraformState(
    _ key: TerraformStateKey, _ decide: (TerraformState?) throws(KubeStatus) -> TerraformStateChange
  ) throws(KubeStatus) -> TerraformState? {
    try alone { (connection) throws(StoreFailure) -> TerraformState? in
      let rows = TerraformStateRows(connection: connection)
      let state = try rows.state(key)
      let change: TerraformStateChange
      do throws(KubeStatus) { change = try decide(state) } catch { throw .refused(error) }
      if case .nothing = change { return state }
      try rows.apply(change, to: key)
      return try rows.state(key)
    }
  }

  package func forgetTerraformVersions(endedBefore time: Instant) throws(KubeStatus) {
    try alone { (connection) throws(StoreFailure) in try TerraformStateRows(connection: connection).forget(endedBefore: time) }
  }

  /// Runs `body` in a transaction that waits for the disk, while nobody else writes.
  private func alone<Value: Sendable>(_ body: (Connection) throws(StoreFailure) -> Value) throws(KubeStatus) -> Value {
    do throws(StoreFailure) {
      return try writer.withLock { (writer) throws(StoreFailure) in
        guard let writer else { throw .refused(KubeStatus(.serviceUnavailable, "\(file) is closed: the server is stopping")) }
        let connection = try writer.begin()
        do throws(StoreFailure) {
          let value = try body(connection)
          try connection.run(.commit)
          return value
        } catch {
          if connection.isInTransaction { try? connection.run(.rollback) }
          throw error
        }
      }
    } catch {
      throw error.status(file: file)
    }
  }
}
