/// What `argosy service` was asked to do.
package struct ServiceOptions: Sendable, Hashable {
  package enum Verb: String, Sendable, Hashable { case install, uninstall, status }

  /// Whose manager runs the service.
  package enum Scope: String, Sendable, Hashable {
    /// That of the machine, as root; the service starts with it.
    case system
    /// That of the user who calls; the service ends with their last session unless they linger.
    case user
  }

  package var verb: Verb
  /// Nil: the machine's for root, else the user's.
  package var scope: Scope?
  /// Of the unit, without `.service`.
  package var name = "argosy"
  /// The data directory; nil: `/var/lib/argosy` of the machine's service, the usual one of a user's.
  package var data: String?
  /// The account that the machine's service runs as; nil: root.
  package var account: String?
  /// Further arguments of `argosy server`.
  package var arguments: [String] = []
  /// Print the unit, and change nothing.
  package var isDryRun = false

  package init(_ verb: Verb) { self.verb = verb }
}

/// What `argosy service` has to say.
package struct ServiceOutcome: Sendable, Hashable {
  /// For standard output.
  package var text: String
  /// Remarks for standard error, one a line.
  package var remarks: [String]
  package var exitStatus: Int32

  package init(text: String, remarks: [String] = [], exitStatus: Int32 = 0) {
    self.text = text
    self.remarks = remarks
    self.exitStatus = exitStatus
  }
}
