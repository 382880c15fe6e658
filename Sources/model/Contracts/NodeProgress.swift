/// How far a step says it is: `done/total` (spec section 2.20).
package struct NodeProgress: Sendable, Hashable, CustomStringConvertible {
  package var done: Int64
  package var total: Int64
  /// What a step that says nothing has.
  package static let unknown = NodeProgress(done: 0, total: 1)

  package init(done: Int64, total: Int64) {
    self.done = done
    self.total = total
  }

  /// Reads `N/M` with 0 ≤ N ≤ M and M > 0; a part that is no number is 0, as for Argo.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2 else { return nil }
    (done, total) = (Int64(parts[0]) ?? 0, Int64(parts[1]) ?? 0)
    guard done >= 0, done <= total, total > 0 else { return nil }
  }

  package var description: String {
    // What nearly every node has, in each of its rows.
    if total == 1, done == 0 || done == 1 { return done == 0 ? "0/1" : "1/1" }
    return "\(done)/\(total)"
  }
}
