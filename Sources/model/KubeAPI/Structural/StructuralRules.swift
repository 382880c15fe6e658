package import JSONValue
internal import RegularExpressions

/// Checks that a schema is structural: every place has a type, and what stands in combinations only restricts what stands outside them.
enum StructuralRules {
  private static let maximumDepth = 64
  private static let types: [JSON] = ["array", "boolean", "integer", "number", "object", "string"]

  static func problems(of schema: JSON, at path: String) -> [FieldProblem] {
    var result: [FieldProblem] = []
    if schema["type"]?.string != "object" { result.append(.invalid("\(path).type", schema["type"] ?? "", "must be object at the root")) }
    check(schema, path, depth: 0, &result)
    return Array(result.prefix(100))
  }

  private static func check(_ schema: JSON, _ path: String, depth: Int, _ result: inout [FieldProblem]) {
    guard depth < maximumDepth else {
      result.append(.forbidden(path, "the schema is nested deeper than \(maximumDepth) levels"))
      return
    }
    guard schema.object != nil, result.count < 100 else { return }
    checkType(schema, path, &result)
    for keyword in ["$ref", "definitions", "dependencies", "patternProperties", "additionalItems"] where schema[keyword] != nil {
      result.append(.forbidden("\(path).\(keyword)", "\(keyword) is not supported"))
    }
    if schema["uniqueItems"]?.bool == true {
      result.append(
        .forbidden("\(path).uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic"))
    }
    if let pattern = schema["pattern"]?.string {
      do throws(RegexError) { _ = try LinearRegex(pattern) } catch {
        result.append(.invalid("\(path).pattern", .string(pattern), "must be a valid regular expression, but isn't: \(error.message)"))
      }
    }
    let properties = schema["properties"]?.object ?? [:]
    if !properties.isEmpty, schema["additionalProperties"]?.object != nil || schema["additionalProperties"] == true {
      result.append(.forbidden("\(path).additionalProperties", "additionalProperties and properties are mutual exclusive"))
    }
    for (name, member) in properties { check(member, "\(path).properties[\(name)]", depth: depth + 1, &result) }
    if let member = schema["additionalProperties"], member.object != nil {
      check(member, "\(path).additionalProperties", depth: depth + 1, &result)
    }
    checkItems(schema, path, depth: depth, &result)
    for keyword in ["allOf", "anyOf", "oneOf"] {
      for (index, inner) in (schema[keyword]?.array ?? []).enumerated() {
        checkRestriction(inner, schema, "\(path).\(keyword)[\(index)]", depth: depth + 1, &result)
      }
    }
    if let inner = schema["not"] { checkRestriction(inner, schema, "\(path).not", depth: depth + 1, &result) }
    checkDefault(schema, path, &result)
  }

  private static func checkType(_ schema: JSON, _ path: String, _ result: inout [FieldProblem]) {
    let isIntOrString = schema["x-kubernetes-int-or-string"]?.bool == true
    let preserves = schema["x-kubernetes-preserve-unknown-fields"]?.bool == true
    switch schema["type"]?.string {
    case nil, ""?:
      if !isIntOrString, !preserves { result.append(.required("\(path).type", "must not be empty for specified object fields")) }
    case let type?:
      if isIntOrString { result.append(.invalid("\(path).type", .string(type), "must be empty if x-kubernetes-int-or-string is true")) }
      if !types.contains(.string(type)) { result.append(.notSupported("\(path).type", .string(type), types)) }
      if schema["x-kubernetes-embedded-resource"]?.bool == true, type != "object" {
        result.append(.invalid("\(path).type", .string(type), "must be object if x-kubernetes-embedded-resource is true"))
      }
    }
  }

  private static func checkItems(_ schema: JSON, _ path: String, depth: Int, _ result: inout [FieldProblem]) {
    if schema["type"]?.string == "array" {
      switch schema["items"] {
      case .object?: check(schema["items"] ?? .null, "\(path).items", depth: depth + 1, &result)
      case .array?: result.append(.forbidden("\(path).items", "items must be a schema object and not an array"))
      default: result.append(.required("\(path).items", "must be specified"))
      }
    }
    let listType = schema["x-kubernetes-list-type"]
    if let listType {
      if schema["type"]?.string != "array" {
        result.append(.invalid("\(path).type", schema["type"] ?? "", "must be array if x-kubernetes-list-type is specified"))
      }
      if !["atomic", "set", "map"].contains(listType) {
        result.append(.notSupported("\(path).x-kubernetes-list-type", listType, ["atomic", "set", "map"]))
      }
    }
    let keys = (schema["x-kubernetes-list-map-keys"]?.array ?? []).compactMap(\.string)
    guard listType == "map" else {
      if !keys.isEmpty {
        result.append(
          .invalid("\(path).x-kubernetes-list-type", listType ?? .null, "must be map if x-kubernetes-list-map-keys is non-empty"))
      }
      return
    }
    if keys.isEmpty {
      result.append(.required("\(path).x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map"))
    }
    let items = schema["items"]
    for (index, key) in keys.enumerated() {
      let place = "\(path).x-kubernetes-list-map-keys[\(index)]"
      guard let property = items?.at("properties", key) else {
        result.append(.invalid(place, .string(key), "entries must all be names of item properties"))
        continue
      }
      if ["array", "object"].contains(property["type"]?.string) {
        result.append(
          .invalid(
            "\(path).items.properties[\(key)].type", property["type"] ?? "",
            "must be a scalar type if parent array's x-kubernetes-list-type is map"))
      }
      let isRequired = (items?["required"]?.array ?? []).contains(.string(key))
      if !isRequired, property["default"] == nil {
        result.append(
          .required(
            "\(path).items.properties[\(key)].default",
            "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"))
      }
    }
  }

  /// A schema in a combination says nothing of its own: no types, defaults, descriptions, nor fields that are not outside.
  private static func checkRestriction(_ inner: JSON, _ outer: JSON, _ path: String, depth: Int, _ result: inout [FieldProblem]) {
    guard depth < maximumDepth, inner.object != nil else { return }
    let isIntOrString = outer["x-kubernetes-int-or-string"]?.bool == true
    for keyword in ["type", "default", "additionalProperties", "nullable", "title", "description"] {
      guard let value = inner[keyword] else { continue }
      if keyword == "type", isIntOrString { continue }
      result.append(
        .forbidden(
          "\(path).\(keyword)", "must be \(keyword == "nullable" ? "false" : value.object == nil ? "empty" : "undefined") to be structural")
      )
    }
    for (name, member) in inner["properties"]?.object ?? [:] {
      let place = "\(path).properties[\(name)]"
      let target = outer.at("properties", name) ?? outer["additionalProperties"]
      if let target, target.object != nil {
        checkRestriction(member, target, place, depth: depth + 1, &result)
      } else if outer["x-kubernetes-preserve-unknown-fields"]?.bool != true {
        result.append(.required("\(outerPath(path)).properties[\(name)]", "because it is defined in \(place)"))
      }
    }
    if let items = inner["items"] { checkRestriction(items, outer["items"] ?? [:], "\(path).items", depth: depth + 1, &result) }
    for keyword in ["allOf", "anyOf", "oneOf"] {
      for (index, member) in (inner[keyword]?.array ?? []).enumerated() {
        checkRestriction(member, outer, "\(path).\(keyword)[\(index)]", depth: depth + 1, &result)
      }
    }
    if let member = inner["not"] { checkRestriction(member, outer, "\(path).not", depth: depth + 1, &result) }
  }

  /// The place that a combination stands in.
  private static func outerPath(_ path: String) -> String {
    let ends = [".allOf[", ".anyOf[", ".oneOf[", ".not"].compactMap { path.firstRange(of: $0)?.lowerBound }
    return ends.min().map { String(path[..<$0]) } ?? path
  }

  /// A default fits its own schema.
  private static func checkDefault(_ schema: JSON, _ path: String, _ result: inout [FieldProblem]) {
    guard let value = schema["default"] else { return }
    let type = StructuralSchema.schema(schema)
    for problem in CustomValidation.problems(of: value, type, in: Catalog(builtIn: [])) {
      result.append(.invalid("\(path).default\(problem.path.isEmpty ? "" : "." + problem.path)", value, problem.body))
    }
  }
}

/// Whether a definition's schemas have rules in CEL, which this server does not evaluate.
package enum DefinitionWarnings {
  package static func warnings(of definition: JSON) -> [String] {
    var result: [String] = []
    for version in definition.at("spec", "versions")?.array ?? [] {
      guard let schema = version.at("schema", "openAPIV3Schema") else { continue }
      let name = version["name"]?.string ?? ""
      if holds("x-kubernetes-validations", schema, depth: 0) {
        result.append("spec.versions[\(name)]: x-kubernetes-validations (CEL) is kept, but its rules are not evaluated")
      }
      if version.at("subresources", "scale") != nil { result.append("spec.versions[\(name)]: the subresource scale is not served") }
    }
    return result
  }

  private static func holds(_ keyword: String, _ schema: JSON, depth: Int) -> Bool {
    guard depth < 64, let members = schema.object else { return false }
    if members[keyword] != nil { return true }
    let inner =
      (members["properties"]?.object?.values ?? []) + [members["items"], members["additionalProperties"], members["not"]].compactMap { $0 }
      + ["allOf", "anyOf", "oneOf"].flatMap { members[$0]?.array ?? [] }
    return inner.contains { holds(keyword, $0, depth: depth + 1) }
  }
}
