/// The exit statuses of `argosy`.
package enum ConcludingStatus: Int32, Sendable {
  /// All workflows Succeeded.
  case succeeded = 0
  /// Any workflow Failed or in Error, or not at its end.
  case failed = 1
  /// Bad usage, or a manifest that does not validate.
  case invalid = 2
  /// Ended by Ctrl-C.
  case interrupted = 130

  /// The status for the phases in which workflows ended.
  package static func of(phases: some Sequence<String>, isInterrupted: Bool = false) -> ConcludingStatus {
    if isInterrupted { return .interrupted }
    return phases.allSatisfy { $0 == "Succeeded" } ? .succeeded : .failed
  }
}
