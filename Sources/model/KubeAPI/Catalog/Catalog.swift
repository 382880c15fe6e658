internal import JSONValue
package import KubeModel

/// A snapshot of the kinds that are served: the built-in ones and all served versions of the CustomResourceDefinitions that are established.
///
/// Where a definition asks for names that a built-in kind has (Argo's own definitions, say), the built-in kind stays.
package struct Catalog: KindCatalog {
  package let kinds: [APIKind]
  package let fingerprint: String
  private let byPlural: [Name: Int]
  private let byKind: [Name: Int]
  private let customTypes: [String: TypeSchema]

  private struct Name: Hashable {
    var group: String
    var version: String
    var name: String
  }

  /// - Parameters:
  ///   - builtIn: what is served without definitions.
  ///   - crds: CustomResourceDefinitions in any state; those that are not (yet) established are left out.
  package init(builtIn: [APIKind] = BuiltInCatalog.kinds, crds: [Resource] = []) {
    var kinds = builtIn
    var types: [String: TypeSchema] = [:]
    var plurals: [Name: Int] = [:]
    var names: [Name: Int] = [:]
    for (index, kind) in builtIn.enumerated() {
      plurals[Name(group: kind.kind.group, version: kind.kind.version, name: kind.kind.plural)] = index
      names[Name(group: kind.kind.group, version: kind.kind.version, name: kind.kind.kind)] = index
    }
    let taken = Set(builtIn.map { $0.kind.qualifiedPlural })
    var sources: [String] = []
    for crd in crds where CustomKinds.isEstablished(crd) {
      sources.append("\(crd.name)@\(crd.uid):\(crd.json.at("metadata", "generation")?.int ?? 0)")
      for (kind, schema) in CustomKinds.kinds(of: crd) where !taken.contains(kind.kind.qualifiedPlural) {
        let plural = Name(group: kind.kind.group, version: kind.kind.version, name: kind.kind.plural)
        let name = Name(group: kind.kind.group, version: kind.kind.version, name: kind.kind.kind)
        guard plurals[plural] == nil, names[name] == nil else { continue }
        plurals[plural] = kinds.count
        names[name] = kinds.count
        kinds.append(kind)
        types[kind.typeName] = schema
      }
    }
    self.kinds = kinds
    fingerprint = sources.joined(separator: ",")
    byPlural = plurals
    byKind = names
    customTypes = types
  }

  package func kind(group: String, version: String, plural: String) -> APIKind? {
    byPlural[Name(group: group, version: version, name: plural)].map { kinds[$0] }
  }

  package func kind(apiVersion: String, kind: String) -> APIKind? {
    let parts = apiVersion.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let (group, version) = parts.count == 2 ? (parts[0], parts[1]) : ("", apiVersion)
    return byKind[Name(group: group, version: version, name: kind)].map { kinds[$0] }
  }

  package func schema(of kind: APIKind) -> TypeSchema? { type(kind.typeName) }

  package func type(_ name: String) -> TypeSchema? { BuiltInTypes.all[name] ?? customTypes[name] }
}
