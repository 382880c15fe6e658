internal import Basics
internal import JSONValue

/// Reads a document by the schema of its kind as a Kubernetes server decodes it: fields that the kind does not have are left out and named.
struct FieldReading {
  let catalog: any KindCatalog
  /// The kind is decoded into a type of the server, which refuses wrong types and drops null; else wrong types are for the validation.
  let isTyped: Bool
  /// Paths of unknown fields.
  private(set) var unknown: [String] = []
  /// The first value that cannot be decoded.
  private(set) var failure: String?
  private static let maximumUnknown = 100

  init(catalog: any KindCatalog, isTyped: Bool) {
    self.catalog = catalog
    self.isTyped = isTyped
  }

  mutating func read(_ document: inout JSON, _ schema: TypeSchema) {
    var trail = FieldTrail()
    read(&document, schema, &trail, owner: "")
  }

  /// `owner`: the type whose field the value is, as Go names it.
  private mutating func read(_ value: inout JSON, _ schema: TypeSchema, _ trail: inout FieldTrail, owner: String) {
    guard failure == nil, let resolved = catalog.resolved(schema) else { return }
    if value.isNull { return }
    switch (resolved.shape, value) {
    case (.any, _): break
    case (.object(let shape), .object(var members)):
      let name = Self.goName(schema)
      value = .null
      for key in members.keys {
        guard let property = shape.property(key) else {
          if !shape.preservesUnknown, !Self.isOwnPlace(key, trail) {
            if unknown.count < Self.maximumUnknown { unknown.append(trail.text(key, isDotted: true)) }
            members.removeValue(forKey: key)
          }
          continue
        }
        guard var member = members[key] else { continue }
        if member.isNull {
          if isTyped { members.removeValue(forKey: key) }
          continue
        }
        members[key] = .null
        trail.within(.field(key)) { read(&member, property.schema, &$0, owner: name) }
        members[key] = member
      }
      value = .object(members)
    case (.map(let element), .object(var members)):
      value = .null
      for key in members.keys {
        guard var member = members[key] else { continue }
        members[key] = .null
        trail.within(.key(key)) { read(&member, element, &$0, owner: owner) }
        members[key] = member
      }
      value = .object(members)
    case (.list(let element, _), .array(var elements)):
      value = .null
      for index in elements.indices {
        var member = elements[index]
        elements[index] = .null
        trail.within(.index(index)) { read(&member, element, &$0, owner: owner) }
        elements[index] = member
      }
      value = .array(elements)
    default: readPlain(&value, schema, resolved, trail, owner)
    }
  }

  /// Where this program's own repository keeps an artifact of a run: the original's types do not know it, and who sends back what he was given is not to be
  /// refused for it.
  private static func isOwnPlace(_ key: String, _ trail: FieldTrail) -> Bool {
    guard key == "local" else { return false }
    let path = trail.text(key, isDotted: true)
    return (path.hasPrefix("status.") || path.hasPrefix("outputs.")) && path.contains(".artifacts[")
  }

  private mutating func readPlain(
    _ value: inout JSON, _ schema: TypeSchema, _ resolved: TypeSchema, _ trail: FieldTrail, _ owner: String
  ) {
    if resolved.format == "quantity" {
      switch value {
      case .int, .double, .number: value = .string(value.text())
      case .string(let text) where Quantity(text) == nil && isTyped:
        failure = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
      case .string: break
      default: if isTyped { mismatch(value, schema, resolved, trail, owner) }
      }
      return
    }
    guard isTyped else { return }
    switch (resolved.shape, value) {
    case (.string, .string(let text)):
      if resolved.format == "byte", let bad = Self.invalidBase64(text) { failure = "illegal base64 data at input byte \(bad)" }
      if resolved.format == "date-time", Instant(rfc3339: text) == nil {
        failure =
          "parsing time \(GoQuote.quoted(text)) as \"2006-01-02T15:04:05Z07:00\": cannot parse \(GoQuote.quoted(text)) as \"2006\""
      }
    case (.integer, .int), (.number, .int), (.number, .double), (.number, .number), (.boolean, .bool), (.intOrString, .int),
      (.intOrString, .string):
      break
    default: mismatch(value, schema, resolved, trail, owner)
    }
  }

  private mutating func mismatch(_ value: JSON, _ schema: TypeSchema, _ resolved: TypeSchema, _ trail: FieldTrail, _ owner: String) {
    var path = trail
    path.dropIndices()
    let field = path.text(isDotted: true)
    let found =
      switch value {
      case .bool: "bool"
      case .int, .double, .number: "number"
      default: value.typeName
      }
    failure = "json: cannot unmarshal \(found) into Go struct field \(owner).\(field) of type \(Self.goType(schema, resolved))"
  }

  /// The place of the first byte that cannot stand in base64, or the length of a text that ends too early; nil for good text.
  private static func invalidBase64(_ text: String) -> Int? {
    if Base64.decode(text) != nil { return nil }
    let bytes = Array(text.utf8)
    let bad = bytes.firstIndex { byte in
      !((0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2B || byte == 0x2F)
    }
    return bad ?? bytes.count / 4 * 4
  }

  /// `PodSpec` of a reference to a type.
  private static func goName(_ schema: TypeSchema) -> String {
    guard case .reference(let name) = schema.shape else { return "" }
    return name.split(separator: ".").last.map(String.init) ?? name
  }

  private static func goType(_ schema: TypeSchema, _ resolved: TypeSchema) -> String {
    switch resolved.shape {
    case .string: return resolved.format == "date-time" ? "v1.Time" : resolved.format == "byte" ? "[]uint8" : "string"
    case .integer: return resolved.format.isEmpty ? "int64" : resolved.format
    case .number: return "float64"
    case .boolean: return "bool"
    case .intOrString: return "intstr.IntOrString"
    case .list(let element, _): return "[]" + goType(element, element)
    case .map(let element): return "map[string]" + goType(element, element)
    case .object: return "v1." + goName(schema)
    case .reference(let name): return "v1." + (name.split(separator: ".").last.map(String.init) ?? name)
    case .any: return "interface {}"
    }
  }
}

extension FieldTrail {
  /// Go's decoder names fields without the places in lists.
  fileprivate mutating func dropIndices() {
    var result = FieldTrail()
    for step in steps {
      if case .index = step { continue }
      result.append(step)
    }
    self = result
  }
}
