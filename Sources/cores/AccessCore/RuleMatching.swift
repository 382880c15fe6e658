import Contracts

extension PolicyRule {
  /// Whether the rule allows a request (`plugin/pkg/auth/authorizer/rbac.RuleAllows`).
  package func allows(_ request: AccessAttributes) -> Bool {
    guard Self.has(verbs, request.verb) else { return false }
    guard !request.resource.isEmpty else { return nonResourceURLs.contains { Self.covers(url: $0, request.path) } }
    return Self.has(apiGroups, request.group) && covers(resource: request.resource, subresource: request.subresource)
      && (resourceNames.isEmpty || resourceNames.contains(request.name))
  }

  private static func has(_ values: [String], _ value: String) -> Bool { values.contains { $0 == "*" || $0 == value } }

  /// `*` is everything, also subresources; `*/scale` is that subresource of everything; `pods/*` means nothing special.
  private func covers(resource: String, subresource: String) -> Bool {
    let wanted = subresource.isEmpty ? resource : "\(resource)/\(subresource)"
    return resources.contains { own in
      own == "*" || own == wanted || (!subresource.isEmpty && own == "*/" + subresource)
    }
  }

  /// Whether a rule's path means the requested one: equal, or with the beginning that stands before the trailing `*`.
  static func covers(url own: String, _ path: String) -> Bool {
    if own == "*" || own == path { return true }
    guard own.hasSuffix("*") else { return false }
    var prefix = Substring(own)
    while prefix.last == "*" { prefix.removeLast() }
    return path.hasPrefix(prefix)
  }
}
