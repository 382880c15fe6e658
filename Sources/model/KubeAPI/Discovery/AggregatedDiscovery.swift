package import JSONValue
internal import KubeModel

/// All of a server's groups, versions and resources in one document (`APIGroupDiscoveryList`): what `kubectl` since 1.27 asks for at `/api` and `/apis`.
package enum AggregatedDiscovery {
  /// The versions of `apidiscovery.k8s.io`; they differ in name only.
  package enum Form: String, Sendable, CaseIterable {
    case v2
    case v2beta1
    /// The media type of the document, with the parameters that clients look for.
    package var contentType: String { "application/json;g=apidiscovery.k8s.io;v=\(rawValue);as=APIGroupDiscoveryList" }
  }

  /// `isCore`: the document at `/api`, else that at `/apis`.
  package static func document(_ form: Form, isCore: Bool, of catalog: any KindCatalog) -> JSON {
    let groups = Discovery.groupNames(of: catalog).filter { $0.isEmpty == isCore }
    return [
      "kind": "APIGroupDiscoveryList", "apiVersion": .string("apidiscovery.k8s.io/\(form.rawValue)"), "metadata": [:],
      "items": .array(groups.map { group($0, catalog) }),
    ]
  }

  private static func group(_ name: String, _ catalog: any KindCatalog) -> JSON {
    let versions = Discovery.versions(of: name, catalog).map { version -> JSON in
      [
        "version": .string(version),
        "resources": .array(Discovery.kinds(of: name, version, catalog).map(resource)),
        "freshness": "Current",
      ]
    }
    return [
      "metadata": name.isEmpty ? ["creationTimestamp": nil] : ["name": .string(name), "creationTimestamp": nil],
      "versions": .array(versions),
    ]
  }

  private static func resource(_ kind: APIKind) -> JSON {
    var result: JSONObject = [
      "resource": .string(kind.kind.plural), "responseKind": gvk(kind.kind.group, kind.kind.version, kind.kind.kind),
      "scope": kind.kind.isNamespaced ? "Namespaced" : "Cluster", "singularResource": .string(kind.singular),
      "verbs": Discovery.strings(kind.verbs),
    ]
    if !kind.shortNames.isEmpty { result["shortNames"] = Discovery.strings(kind.shortNames) }
    if !kind.categories.isEmpty { result["categories"] = Discovery.strings(kind.categories) }
    if !kind.subresources.isEmpty {
      result["subresources"] = .array(
        kind.subresources.map { sub in
          [
            "subresource": .string(sub.name), "responseKind": gvk(sub.group ?? kind.kind.group, sub.version ?? kind.kind.version, sub.kind),
            "verbs": Discovery.strings(sub.verbs),
          ]
        })
    }
    return .object(result)
  }

  private static func gvk(_ group: String, _ version: String, _ kind: String) -> JSON {
    ["group": .string(group), "version": .string(version), "kind": .string(kind)]
  }
}
