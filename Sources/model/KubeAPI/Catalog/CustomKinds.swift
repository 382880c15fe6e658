internal import JSONValue
package import KubeModel

/// What a CustomResourceDefinition makes of kinds.
package enum CustomKinds {
  /// Its condition says so.
  package static func isEstablished(_ crd: Resource) -> Bool {
    (crd.json.at("status", "conditions")?.array ?? []).contains { $0["type"]?.string == "Established" && $0["status"]?.string == "True" }
  }

  /// The kind of each served version, with the schema of its objects.
  static func kinds(of crd: Resource) -> [(kind: APIKind, schema: TypeSchema)] {
    let spec = crd.spec
    let names = spec["names"] ?? [:]
    let versions = spec["versions"]?.array ?? []
    guard let group = spec["group"]?.string, let plural = names["plural"]?.string, let kindName = names["kind"]?.string else { return [] }
    func strings(_ value: JSON?) -> [String] { (value?.array ?? []).compactMap(\.string) }
    return versions.compactMap { version in
      guard version["served"]?.bool == true, let versionName = version["name"]?.string else { return nil }
      let kind = ResourceKind(
        group: group, version: versionName, kind: kindName, plural: plural, isNamespaced: spec["scope"]?.string != "Cluster")
      var result = APIKind(
        kind, singular: names["singular"]?.string ?? kindName.lowercased(), typeName: typeName(group, versionName, kindName))
      result.listKind = names["listKind"]?.string ?? kindName + "List"
      result.shortNames = strings(names["shortNames"])
      result.categories = strings(names["categories"])
      result.verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
      if version.at("subresources", "status") != nil {
        result.subresources = [APIKind.Subresource("status", kind: kindName, verbs: ["get", "patch", "update"])]
      }
      result.columns = columns(version)
      result.selectableFields = (version["selectableFields"]?.array ?? []).compactMap { field in
        field["jsonPath"]?.string.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 }
      }
      result.isPreferredVersion = version["storage"]?.bool == true
      result.isCustom = true
      if version["deprecated"]?.bool == true {
        result.warning = version["deprecationWarning"]?.string ?? "\(kind.apiVersion) \(kindName) is deprecated"
      }
      let schema = version.at("schema", "openAPIV3Schema") ?? ["type": "object", "x-kubernetes-preserve-unknown-fields": true]
      return (result, StructuralSchema.objectSchema(schema))
    }
  }

  /// `com.example.v1.Database` of the group `example.com`.
  private static func typeName(_ group: String, _ version: String, _ kind: String) -> String {
    (group.split(separator: ".").reversed().map(String.init) + [version, kind]).joined(separator: ".")
  }

  private static func columns(_ version: JSON) -> [PrinterColumn] {
    let defined = version["additionalPrinterColumns"]?.array ?? []
    guard !defined.isEmpty else { return [BuiltInColumns.name, BuiltInColumns.age] }
    return [BuiltInColumns.name]
      + defined.compactMap { column in
        guard let name = column["name"]?.string, let path = column["jsonPath"]?.string else { return nil }
        var result = PrinterColumn(
          name, type: column["type"]?.string ?? "string", format: column["format"]?.string ?? "",
          priority: Int(clamping: column["priority"]?.int ?? 0), path: path)
        result.description = column["description"]?.string ?? ""
        return result
      }
  }
}
