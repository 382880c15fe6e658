import Basics
import CommandLine
import Glibc
import KubeModel
import ResourceDB

/// The commands that look after a server's data.
enum OperationSessions {
  static func all(_ interrupts: Interrupts) -> Operations {
    Operations(
      backup: { options in try await onThread(interrupts) { try BackupSession(options: options, isCancelled: $0).run() } },
      verifyBackup: { source in try await onThread(interrupts) { try BackupCheck(source: source, isCancelled: $0).run() } },
      restore: { options in try await onThread(interrupts) { try RestoreSession(options: options, isCancelled: $0).run() } },
      audit: { options, body in
        try await onThread(interrupts) { isCancelled in try AuditSession.read(options, isCancelled: isCancelled, body: body) }
      },
      verifyAudit: { data, expecting in
        try await onThread(interrupts) { _ in try AuditSession.verify(data: data, expecting: expecting) }
      })
  }

  /// Runs what blocks; a signal makes it end at the next opportunity, so that nothing half-done stays.
  private static func onThread<Value: Sendable>(
    _ interrupts: Interrupts, _ body: @escaping @Sendable (_ isCancelled: @escaping @Sendable () -> Bool) throws -> Value
  ) async throws -> Value {
    interrupts.observe { _ in }
    return try await Main.onThread { Result { try body { interrupts.count > 0 } } }.get()
  }

  /// The data of a server, or of kept runs: the directory that was named, or the usual one. Throws when there are none.
  static func data(_ named: String?) throws -> StateDirectory {
    guard let name = named ?? DataDirectory.usual({ Terminal.environment($0) }) else {
      throw SubmitFailure("there is no home directory to look for the server's data in: name it with --data DIR")
    }
    guard LocalFiles.exists(name + "/" + StateDirectory.databaseName) else {
      throw SubmitFailure("there is no server's data in \(name): name its directory with --data DIR")
    }
    return try StateDirectory(named: name)
  }
}

/// A directory for a while, its owner's alone.
struct TemporaryDirectory {
  let path: String

  /// Throws `FileError`.
  init(in directory: String) throws {
    var template = Array("\(directory)/.argosy-tmp-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw FileError("make a directory in", directory) }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// As the system has them: `$TMPDIR`, else `/tmp`.
  static func usual() throws -> TemporaryDirectory {
    try TemporaryDirectory(in: Terminal.environment("TMPDIR").flatMap { $0.isEmpty ? nil : $0 } ?? "/tmp")
  }

  func remove() { LocalFiles.removeTree(path) }
}
