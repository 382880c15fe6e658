import JSONValue

/// What the commands that look after a server's data cannot do themselves: the app gives it. What these throw is printed; the command fails.
package struct Operations: Sendable {
  /// Copies a data directory. Gives what to print.
  package var backup: @Sendable (BackupOptions) async throws -> String
  /// Checks a backup. Gives what to print.
  package var verifyBackup: @Sendable (_ source: String) async throws -> String
  /// Makes a data directory of a backup. Gives what to print.
  package var restore: @Sendable (RestoreOptions) async throws -> String
  /// Gives records of the audit log, as documents.
  package var audit: @Sendable (AuditOptions, _ body: @escaping @Sendable (JSON) -> Void) async throws -> Void
  /// Checks the chain of the audit log.
  package var verifyAudit: @Sendable (_ data: String?, _ expecting: String?) async throws -> AuditOutcome

  package init(
    backup: @escaping @Sendable (BackupOptions) async throws -> String = { _ in "" },
    verifyBackup: @escaping @Sendable (_ source: String) async throws -> String = { _ in "" },
    restore: @escaping @Sendable (RestoreOptions) async throws -> String = { _ in "" },
    audit: @escaping @Sendable (AuditOptions, _ body: @escaping @Sendable (JSON) -> Void) async throws -> Void = { _, _ in },
    verifyAudit: @escaping @Sendable (_ data: String?, _ expecting: String?) async throws -> AuditOutcome = { _, _ in
      AuditOutcome(text: "", isWhole: true)
    }
  ) {
    self.audit = audit
    self.verifyAudit = verifyAudit
    self.backup = backup
    self.verifyBackup = verifyBackup
    self.restore = restore
  }
}

extension Verb {
  /// Does the work and prints what it says, to standard error where standard output has other content.
  func operate(_ dependencies: CommandDependencies, toErrors: Bool = false, _ work: () async throws -> String) async -> Int32 {
    do {
      let text = try await work()
      (toErrors ? dependencies.errors : dependencies.output).write(text)
      return ConcludingStatus.succeeded.rawValue
    } catch {
      dependencies.errors.write("argosy: \(error)\n")
      return ConcludingStatus.failed.rawValue
    }
  }
}
