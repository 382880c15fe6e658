package import JSONValue
internal import KubeModel

/// The documents by which clients learn what is served: `/api`, `/apis` and what is below them, `/version`.
package enum Discovery {
  /// The level of Kubernetes' API that is served.
  package static let kubernetesMinor = 33

  /// `/api`. `address`: host and port as the client reaches them.
  package static func coreVersions(address: String) -> JSON {
    [
      "kind": "APIVersions", "versions": ["v1"],
      "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": .string(address)]],
    ]
  }

  /// `/apis`.
  package static func groups(of catalog: any KindCatalog) -> JSON {
    let groups = groupNames(of: catalog).filter { !$0.isEmpty }.map { JSON.object(groupObject($0, catalog)) }
    return ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(groups)]
  }

  /// `/apis/<group>`; nil when there is no such group.
  package static func group(_ name: String, of catalog: any KindCatalog) -> JSON? {
    guard !name.isEmpty, !versions(of: name, catalog).isEmpty else { return nil }
    var result: JSONObject = ["kind": "APIGroup", "apiVersion": "v1"]
    for (key, value) in groupObject(name, catalog) { result[key] = value }
    return .object(result)
  }

  private static func groupObject(_ name: String, _ catalog: any KindCatalog) -> JSONObject {
    let versions = versions(of: name, catalog).map { JSON.object(["groupVersion": .string("\(name)/\($0)"), "version": .string($0)]) }
    return ["name": .string(name), "versions": .array(versions), "preferredVersion": versions.first ?? .null]
  }

  /// `/api/v1` and `/apis/<group>/<version>`; nil when there is no such version.
  package static func resources(group: String, version: String, of catalog: any KindCatalog) -> JSON? {
    let kinds = kinds(of: group, version, catalog)
    guard !kinds.isEmpty else { return nil }
    var resources: [JSON] = []
    for kind in kinds {
      var entry: JSONObject = [
        "name": .string(kind.kind.plural), "singularName": .string(kind.singular), "namespaced": .bool(kind.kind.isNamespaced),
        "kind": .string(kind.kind.kind), "verbs": strings(kind.verbs),
      ]
      if !kind.shortNames.isEmpty { entry["shortNames"] = strings(kind.shortNames) }
      if !kind.categories.isEmpty { entry["categories"] = strings(kind.categories) }
      resources.append(.object(entry))
      for sub in kind.subresources {
        var entry: JSONObject = [
          "name": .string("\(kind.kind.plural)/\(sub.name)"), "singularName": "", "namespaced": .bool(kind.kind.isNamespaced),
        ]
        if let group = sub.group, let version = sub.version {
          entry["group"] = .string(group)
          entry["version"] = .string(version)
        }
        entry["kind"] = .string(sub.kind)
        entry["verbs"] = strings(sub.verbs)
        resources.append(.object(entry))
      }
    }
    return [
      "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": .string(group.isEmpty ? version : "\(group)/\(version)"),
      "resources": .array(resources),
    ]
  }

  /// `/version`. `program`: this program's own version; `platform`: `linux/amd64`.
  package static func version(program: String, platform: String) -> JSON {
    [
      "major": "1", "minor": .string(String(kubernetesMinor)), "gitVersion": .string("v1.\(kubernetesMinor).0+argosy-\(program)"),
      "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "none", "compiler": "swift",
      "platform": .string(platform),
    ]
  }

  // MARK: Groups and versions in order

  /// The groups in the order in which the catalogue has them; that of Kubernetes' core is empty.
  package static func groupNames(of catalog: any KindCatalog) -> [String] {
    var seen: Set<String> = []
    return catalog.kinds.compactMap { seen.insert($0.kind.group).inserted ? $0.kind.group : nil }
  }

  /// A group's versions, the one that clients prefer first; empty when there is no such group.
  package static func versions(of group: String, _ catalog: any KindCatalog) -> [String] {
    Set(catalog.kinds.lazy.filter { $0.kind.group == group }.map(\.kind.version)).sorted(by: APIVersionOrder.precedes)
  }

  /// The kinds of a version in the order of their plurals.
  static func kinds(of group: String, _ version: String, _ catalog: any KindCatalog) -> [APIKind] {
    catalog.kinds.filter { $0.kind.group == group && $0.kind.version == version }.sorted { $0.kind.plural < $1.kind.plural }
  }

  static func strings(_ texts: [String]) -> JSON { .array(texts.map { .string($0) }) }
}

/// Kubernetes' order of versions (`apimachinery/pkg/version.CompareKubeAwareVersionStrings`): stable before beta before alpha, higher numbers first, other
/// names last in the order of the alphabet.
package enum APIVersionOrder {
  package static func precedes(_ left: String, _ right: String) -> Bool {
    switch (parsed(left), parsed(right)) {
    case (let a?, let b?): a != b && (b.lexicographicallyPrecedes(a))
    case (_?, nil): true
    case (nil, _?): false
    default: left < right
    }
  }

  /// Stability, major and minor number; nil for other names.
  private static func parsed(_ version: String) -> [Int]? {
    var rest = Array(version.utf8)[...]
    guard rest.popFirst() == UInt8(ascii: "v"), let major = number(&rest) else { return nil }
    if rest.isEmpty { return [2, major, 0] }
    for (stability, word) in [(1, "beta"), (0, "alpha")] where rest.starts(with: word.utf8) {
      rest = rest.dropFirst(word.utf8.count)
      guard let minor = number(&rest), rest.isEmpty else { return nil }
      return [stability, major, minor]
    }
    return nil
  }

  private static func number(_ bytes: inout ArraySlice<UInt8>) -> Int? {
    let digits = bytes.prefix { (0x30...0x39).contains($0) }
    bytes = bytes.dropFirst(digits.count)
    return digits.count <= 9 ? Int(String(decoding: digits, as: UTF8.self)) : nil
  }
}
