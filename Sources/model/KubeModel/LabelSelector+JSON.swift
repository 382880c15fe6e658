package import JSONValue

extension LabelSelector {
  /// Reads Kubernetes' `LabelSelector` object (`matchLabels`, `matchExpressions`). No object, or an empty one, matches everything; an expression
  /// with an unknown operator matches nothing, as the API would have refused it.
  package init(json: JSON?) {
    var requirements: [Requirement] = []
    for (key, value) in json?["matchLabels"]?.object ?? [:] { requirements.append(.equals(key, value.string ?? "")) }
    for expression in json?["matchExpressions"]?.array ?? [] {
      let key = expression["key"]?.string ?? ""
      let values = (expression["values"]?.array ?? []).compactMap(\.string)
      switch expression["operator"]?.string {
      case "In": requirements.append(.isIn(key, values))
      case "NotIn": requirements.append(.notIn(key, values))
      case "Exists": requirements.append(.exists(key))
      case "DoesNotExist": requirements.append(.doesNotExist(key))
      default: requirements.append(.isIn(key, []))
      }
    }
    self.init(requirements)
  }
}
