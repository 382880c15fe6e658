/// What is wrong with an option's value. The description is the whole message for the user.
package struct SubmitFailure: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}
