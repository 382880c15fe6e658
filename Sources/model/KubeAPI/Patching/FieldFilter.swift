/// Which places a writer can own: what a strategy sets back is nobody's (Kubernetes' `GetResetFields`).
package struct FieldFilter: Sendable {
  private enum Rule: Sendable {
    case all
    case without(FieldSet)
    case only(PathElement)
  }
  private let rule: Rule

  /// - Parameter subresource: empty for the object itself: with a status of its own, that is left out. `status` of a custom kind owns nothing
  ///   else; of a built-in kind it leaves out the spec and what the object's own writes decide.
  package init(kind: APIKind, subresource: String) {
    switch subresource {
    case "" where kind.subresources.contains { $0.name == "status" }: rule = .without(FieldSet([.field("status")]))
    case "status" where kind.isCustom: rule = .only(.field("status"))
    case "status":
      rule = .without(
        FieldSet(
          [.field("spec")], [.field("metadata"), .field("deletionTimestamp")], [.field("metadata"), .field("ownerReferences")]))
    default: rule = .all
    }
  }

  func filter(_ set: FieldSet) -> FieldSet {
    switch rule {
    case .all: set
    case .without(let excluded): set.subtractingAll(in: excluded)
    case .only(let element): set.only(element)
    }
  }
}
