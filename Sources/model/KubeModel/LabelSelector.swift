/// A Kubernetes label selector: all requirements must hold (`a=b,c!=d,e in (x,y),f notin (z),g,!h`).
package struct LabelSelector: Sendable, Hashable {
  package enum Requirement: Sendable, Hashable {
    case equals(String, String)
    case notEquals(String, String)
    case isIn(String, [String])
    case notIn(String, [String])
    case exists(String)
    case doesNotExist(String)
    /// The label is an integer above this one.
    case greaterThan(String, Int64)
    /// The label is an integer below this one.
    case lessThan(String, Int64)

    /// The label's key.
    package var key: String {
      switch self {
      case .equals(let key, _), .notEquals(let key, _), .isIn(let key, _), .notIn(let key, _), .exists(let key), .doesNotExist(let key),
        .greaterThan(let key, _), .lessThan(let key, _):
        key
      }
    }

    /// Whether the requirement holds for a label's value; nil for a label that is not there.
    package func holds(for value: String?) -> Bool {
      switch self {
      case .equals(_, let wanted): value == wanted
      case .notEquals(_, let wanted): value != wanted
      case .isIn(_, let values): value.map(values.contains) ?? false
      case .notIn(_, let values): !(value.map(values.contains) ?? false)
      case .exists: value != nil
      case .doesNotExist: value == nil
      case .greaterThan(_, let bound): value.flatMap { Int64($0) }.map { $0 > bound } ?? false
      case .lessThan(_, let bound): value.flatMap { Int64($0) }.map { $0 < bound } ?? false
      }
    }
  }

  package var requirements: [Requirement]
  package init(_ requirements: [Requirement] = []) { self.requirements = requirements }

  /// The selector that matches everything.
  package static let everything = LabelSelector()

  package func matches(_ labels: [String: String]) -> Bool {
    requirements.allSatisfy { $0.holds(for: labels[$0.key]) }
  }
}
