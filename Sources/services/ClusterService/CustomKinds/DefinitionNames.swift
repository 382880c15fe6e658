import JSONValue
import KubeModel

/// Which of a CustomResourceDefinition's names it may have: those that no other definition of its group has (Kubernetes' naming controller).
struct DefinitionNames: Sendable {
  /// `status.acceptedNames`.
  var accepted: JSON
  /// What is in the way, of the last field that conflicts; nil: nothing.
  var conflict: (reason: String, message: String)?

  /// - Parameter others: the other definitions of the group.
  init(_ definition: Resource, others: [Resource]) {
    let wanted = Self.completed(definition.spec["names"] ?? .null)
    var resources: Set<String> = []
    var kinds: Set<String> = []
    for other in others {
      let names = other.status["acceptedNames"] ?? .null
      for field in ["plural", "singular"] { if let name = names[field]?.string, !name.isEmpty { resources.insert(name) } }
      for name in names["shortNames"]?.array ?? [] { if let name = name.string { resources.insert(name) } }
      for field in ["kind", "listKind"] { if let name = names[field]?.string, !name.isEmpty { kinds.insert(name) } }
    }
    var accepted = definition.status["acceptedNames"]?.object ?? [:]
    var conflict: (String, String)?
    func take(_ field: String, from taken: Set<String>, _ reason: String) {
      let name = wanted[field]?.string ?? ""
      if taken.contains(name) { conflict = (reason, "\"\(name)\" is already in use") } else { accepted[field] = .string(name) }
    }
    take("plural", from: resources, "PluralConflict")
    take("singular", from: resources, "SingularConflict")
    let shortNames = (wanted["shortNames"]?.array ?? []).compactMap(\.string)
    let used = shortNames.filter(resources.contains)
    if used.isEmpty {
      accepted["shortNames"] = shortNames.isEmpty ? nil : .array(shortNames.map { .string($0) })
    } else {
      conflict = ("ShortNamesConflict", used.map { "\"\($0)\" is already in use" }.joined(separator: ", "))
    }
    take("kind", from: kinds, "KindConflict")
    take("listKind", from: kinds, "ListKindConflict")
    accepted["categories"] = wanted["categories"]
    self.accepted = .object(accepted)
    self.conflict = conflict.map { (reason: $0.0, message: $0.1) }
  }

  /// The names with those that a definition may leave out.
  static func completed(_ names: JSON) -> JSON {
    var names = names
    let kind = names["kind"]?.string ?? ""
    if names["singular"]?.string?.isEmpty != false { names["singular"] = .string(kind.lowercased()) }
    if names["listKind"]?.string?.isEmpty != false { names["listKind"] = .string(kind + "List") }
    return names
  }
}
