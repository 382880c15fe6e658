/// A Kubernetes label selector: all requirements must hold (`a=b,c!=d,e in (x,y),f notin (z),g,!h`).
package struct LabelSelector: Sendable, Hashable {
  package enum Requirement: Sendable, Hashable {
    case equals(String, String)
    case notEquals(String, String)
    case isIn(String, [String])
    case notIn(String, [String])
    case exists(String)
    case doesNotExist(String)
  }

  package var requirements: [Requirement]
  package init(_ requirements: [Requirement] = []) { self.requirements = requirements }

  /// The selector that matches everything.
  package static let everything = LabelSelector()

  package func matches(_ labels: [String: String]) -> Bool {
    requirements.allSatisfy { requirement in
      switch requirement {
      case .equals(let key, let value): labels[key] == value
      case .notEquals(let key, let value): labels[key] != value
      case .isIn(let key, let values): labels[key].map(values.contains) ?? false
      case .notIn(let key, let values): !(labels[key].map(values.contains) ?? false)
      case .exists(let key): labels[key] != nil
      case .doesNotExist(let key): labels[key] == nil
      }
    }
  }
}
