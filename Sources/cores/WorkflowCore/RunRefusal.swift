/// Why something that a user asks of a run cannot be done, in Argo's words where Argo has the same refusal.
package struct RunRefusal: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  package init(_ message: String) { self.message = message }
  package var description: String { message }
}
