import Basics

/// Which start of the machine last had the database open: one that was not closed may have lost what had not reached the disk.
extension MachineStart {
  static func stored(_ connection: Connection) throws(StoreFailure) -> String {
    let statement = try Statement(connection, "SELECT boot FROM revision", isKept: false)
    defer { statement.finalize() }
    return try statement.step() ? statement.string(0) : ""
  }

  static func store(_ boot: String, _ connection: Connection) throws(StoreFailure) {
    let statement = try Statement(connection, "UPDATE revision SET boot = ?1", isKept: false)
    defer { statement.finalize() }
    try statement.bind(1, boot)
    _ = try statement.step()
  }
}
