import JSONValue

/// One rule of a Role or ClusterRole (`rbac/v1` PolicyRule).
package struct PolicyRule: Sendable, Hashable {
  package var verbs: [String]
  package var apiGroups: [String]
  /// Plurals, with `/subresource` where one is meant; `*` for all.
  package var resources: [String]
  /// Empty: all objects.
  package var resourceNames: [String]
  package var nonResourceURLs: [String]

  /// A rule about resources.
  package init(_ verbs: [String], of resources: [String], in apiGroups: [String], named resourceNames: [String] = []) {
    self.verbs = verbs
    self.apiGroups = apiGroups
    self.resources = resources
    self.resourceNames = resourceNames
    nonResourceURLs = []
  }

  /// A rule about paths that are no resources.
  package init(_ verbs: [String], paths: [String]) {
    self.verbs = verbs
    apiGroups = []
    resources = []
    resourceNames = []
    nonResourceURLs = paths
  }

  /// What a rule's document says; what is not a list of strings counts as empty.
  package init(json: JSON) {
    func strings(_ field: String) -> [String] { (json[field]?.array ?? []).compactMap(\.string) }
    verbs = strings("verbs")
    apiGroups = strings("apiGroups")
    resources = strings("resources")
    resourceNames = strings("resourceNames")
    nonResourceURLs = strings("nonResourceURLs")
  }

  /// The rule's document, without what is empty (but always with verbs), in the order in which Kubernetes writes it.
  package var json: JSON {
    var members = JSONObject()
    func put(_ field: String, _ values: [String], always: Bool = false) {
      if always || !values.isEmpty { members[field] = .array(values.map { .string($0) }) }
    }
    put("verbs", verbs, always: true)
    put("apiGroups", apiGroups)
    put("resources", resources)
    put("resourceNames", resourceNames)
    put("nonResourceURLs", nonResourceURLs)
    return .object(members)
  }

  /// The rules of a Role's or ClusterRole's document.
  package static func rules(of role: JSON) -> [PolicyRule] { (role["rules"]?.array ?? []).map(PolicyRule.init(json:)) }

  /// The rule in one line, as messages of Kubernetes show it (`rbac/v1` CompactString).
  package var description: String {
    func part(_ title: String, _ values: [String]) -> String? {
      values.isEmpty ? nil : "\(title):[\(values.map { GoText.quoted($0) }.joined(separator: " "))]"
    }
    let parts = [
      part("APIGroups", apiGroups), part("Resources", resources), part("NonResourceURLs", nonResourceURLs),
      part("ResourceNames", resourceNames), part("Verbs", verbs),
    ]
    return "{" + parts.compactMap { $0 }.joined(separator: ", ") + "}"
  }
}
