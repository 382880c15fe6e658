internal import Basics
internal import Glibc
internal import JSONValue
internal import RegularExpressions

/// The keywords of JSON Schema that go beyond a value's shape: bounds, lengths, patterns, formats, and the combinations `allOf`, `anyOf`, `oneOf`, `not`.
struct SchemaKeywords {
  let catalog: any KindCatalog
  private static let maximumDepth = 32
  private var depth = 0

  init(catalog: any KindCatalog) { self.catalog = catalog }

  mutating func problems(of value: JSON, _ schema: TypeSchema, _ trail: FieldTrail) -> [FieldProblem] {
    let path = trail.text(isDotted: true)
    let place = path.isEmpty ? "" : path + " "
    var result: [FieldProblem] = []
    let keywords = schema.constraints
    switch value {
    case .string(let text): result = stringProblems(text, schema, path, place)
    case .int, .double, .number: result = numberProblems(value, keywords, path, place)
    case .array(let elements):
      if let limit = keywords["maxItems"]?.int, elements.count > limit {
        result.append(.tooMany(path, count: elements.count, limit: limit))
      }
      if let limit = keywords["minItems"]?.int, elements.count < limit {
        result.append(.invalid(path, .int(Int64(elements.count)), "\(place)in body should have at least \(limit) items"))
      }
      if keywords["uniqueItems"]?.bool == true, Set(elements).count < elements.count {
        result.append(.invalid(path, .array(elements), "\(place)in body shouldn't contain duplicates"))
      }
    case .object(let members):
      if let limit = keywords["maxProperties"]?.int, members.count > limit {
        result.append(.tooMany(path, count: members.count, limit: limit))
      }
      if let limit = keywords["minProperties"]?.int, members.count < limit {
        result.append(.invalid(path, .int(Int64(members.count)), "\(place)in body should have at least \(limit) properties"))
      }
    default: break
    }
    return result + combinationProblems(value, keywords, trail, path)
  }

  private func stringProblems(_ text: String, _ schema: TypeSchema, _ path: String, _ place: String) -> [FieldProblem] {
    var result: [FieldProblem] = []
    let keywords = schema.constraints
    let length = text.unicodeScalars.count
    if let limit = keywords["maxLength"]?.int, length > limit { result.append(.tooLong(path, limit: limit)) }
    if let limit = keywords["minLength"]?.int, length < limit {
      result.append(.invalid(path, .string(text), "\(place)in body should be at least \(limit) chars long"))
    }
    if let pattern = keywords["pattern"]?.string, let regex = try? LinearRegex(pattern), (try? regex.matches(text)) != true {
      result.append(.invalid(path, .string(text), "\(place)in body should match '\(pattern)'"))
    }
    if !schema.format.isEmpty, !TextFormats.matches(text, schema.format) {
      let quoted = GoQuote.quoted(text)
      result.append(.invalid(path, .string(text), "\(place)in body must be of type \(schema.format): \(quoted)"))
    }
    return result
  }

  private func numberProblems(_ value: JSON, _ keywords: JSONObject, _ path: String, _ place: String) -> [FieldProblem] {
    guard let number = value.double else { return [] }
    var result: [FieldProblem] = []
    if let limit = keywords["maximum"], let bound = limit.double {
      let isExclusive = keywords["exclusiveMaximum"]?.bool == true
      if isExclusive ? number >= bound : number > bound {
        result.append(.invalid(path, value, "\(place)in body should be less than \(isExclusive ? "" : "or equal to ")\(limit.text())"))
      }
    }
    if let limit = keywords["minimum"], let bound = limit.double {
      let isExclusive = keywords["exclusiveMinimum"]?.bool == true
      if isExclusive ? number <= bound : number < bound {
        result.append(.invalid(path, value, "\(place)in body should be greater than \(isExclusive ? "" : "or equal to ")\(limit.text())"))
      }
    }
    if let factor = keywords["multipleOf"], let unit = factor.double, unit > 0 {
      let quotient = number / unit
      if abs(quotient - quotient.rounded()) > 1e-9 {
        result.append(.invalid(path, value, "\(place)in body should be a multiple of \(factor.text())"))
      }
    }
    return result
  }

  // MARK: Combinations

  private mutating func combinationProblems(
    _ value: JSON, _ keywords: JSONObject, _ trail: FieldTrail, _ path: String
  ) -> [FieldProblem] {
    guard depth < Self.maximumDepth else { return [] }
    depth += 1
    defer { depth -= 1 }
    var result: [FieldProblem] = []
    let name = GoQuote.quoted(path.isEmpty ? "<nil>" : path)
    func refuse(_ message: String) { result.append(.invalid(path.isEmpty ? "<nil>" : path, "", "\(name) \(message)")) }
    if let schemas = keywords["anyOf"]?.array, !schemas.isEmpty, !schemas.contains(where: { failures(value, $0, trail).isEmpty }) {
      refuse("must validate at least one schema (anyOf)")
    }
    if let schemas = keywords["oneOf"]?.array, !schemas.isEmpty {
      let count = schemas.filter { failures(value, $0, trail).isEmpty }.count
      if count == 0 { refuse("must validate one and only one schema (oneOf). Found none valid") }
      if count > 1 { refuse("must validate one and only one schema (oneOf). Found \(count) valid alternatives") }
    }
    for schema in keywords["allOf"]?.array ?? [] {
      let found = failures(value, schema, trail)
      if !found.isEmpty {
        refuse("must validate all the schemas (allOf)")
        result += found
      }
    }
    if let schema = keywords["not"], failures(value, schema, trail).isEmpty { refuse("must not validate the schema (not)") }
    return result
  }

  /// What of a value breaks a schema that stands in a combination: it may name members, but has no types of its own.
  private func failures(_ value: JSON, _ json: JSON, _ trail: FieldTrail) -> [FieldProblem] {
    var nested = self
    nested.depth += 1
    guard nested.depth < Self.maximumDepth else { return [] }
    return nested.partialProblems(value, json, trail)
  }

  private mutating func partialProblems(_ value: JSON, _ json: JSON, _ trail: FieldTrail) -> [FieldProblem] {
    var result: [FieldProblem] = []
    let path = trail.text(isDotted: true)
    if let type = json["type"]?.string, type != "" {
      let found = CustomValidation.typeName(value)
      guard found == type || type == "number" && found == "integer" else {
        return [
          .wrongType(path, .string(found), "\(path.isEmpty ? "" : path + " ")in body must be of type \(type): \"\(found)\"")
        ]
      }
    }
    if let choices = json["enum"]?.array, !choices.isEmpty, !choices.contains(value) { result.append(.notSupported(path, value, choices)) }
    if case .object(let members) = value {
      for name in (json["required"]?.array ?? []).compactMap(\.string) where members[name] == nil {
        result.append(.required(trail.text(name, isDotted: true)))
      }
      for (name, schema) in json["properties"]?.object ?? [:] {
        guard let member = members[name] else { continue }
        var inner = trail
        inner.append(.field(name))
        result += failures(member, schema, inner)
      }
      if let element = json["additionalProperties"], element.object != nil {
        for (name, member) in members where json["properties"]?[name] == nil {
          var inner = trail
          inner.append(.key(name))
          result += failures(member, element, inner)
        }
      }
    }
    if case .array(let elements) = value, let element = json["items"] {
      for (index, member) in elements.enumerated() {
        var inner = trail
        inner.append(.index(index))
        result += failures(member, element, inner)
      }
    }
    var schema = TypeSchema(.any)
    schema.format = json["format"]?.string ?? ""
    schema.constraints = json.object ?? [:]
    return result + problems(of: value, schema, trail)
  }
}
