package import JSONValue

/// OpenAPI 2 documents in protobuf, as gnostic's messages (`openapiv2/OpenAPIv2.proto`) have them: the only form in which `kubectl` reads `/openapi/v2`.
package enum OpenAPIProtobuf {
  package static let contentType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
  /// The names that clients ask by.
  package static let mediaTypes: Set<String> = [contentType, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"]

  /// Encodes a document of ``OpenAPI/version2(of:program:)``.
  package static func encode(_ document: JSON) -> [UInt8] {
    var message = ProtobufWriter()
    message.text(1, document["swagger"])
    message.message(2) { info in
      info.text(1, document.at("info", "title"))
      info.text(2, document.at("info", "version"))
    }
    message.message(8) { paths in
      for (path, item) in document["paths"]?.object ?? [:] {
        paths.named(2, path) { pathItem(item, &$0) }
      }
    }
    message.message(9) { definitions in
      for (name, definition) in document["definitions"]?.object ?? [:] {
        definitions.named(1, name) { schema(definition, &$0) }
      }
    }
    return message.bytes
  }

  // MARK: Paths

  private static func pathItem(_ item: JSON, _ message: inout ProtobufWriter) {
    for (number, method) in [(2, "get"), (3, "put"), (4, "post"), (5, "delete"), (8, "patch")] {
      if let found = item[method] { message.message(number) { operation(found, &$0) } }
    }
    for parameter in item["parameters"]?.array ?? [] { message.message(9) { Self.parameter(parameter, &$0) } }
  }

  private static func operation(_ operation: JSON, _ message: inout ProtobufWriter) {
    message.text(3, operation["description"])
    message.text(5, operation["operationId"])
    message.texts(6, operation["produces"])
    message.texts(7, operation["consumes"])
    for parameter in operation["parameters"]?.array ?? [] { message.message(8) { Self.parameter(parameter, &$0) } }
    message.message(9) { responses in
      for (code, response) in operation["responses"]?.object ?? [:] {
        responses.named(1, code) { value in
          value.message(1) { message in
            message.text(1, response["description"])
            if let schema = response["schema"] { message.message(2) { $0.message(1) { Self.schema(schema, &$0) } } }
          }
        }
      }
    }
    extensions(13, operation, &message)
  }

  /// A `ParametersItem` around a `Parameter`.
  private static func parameter(_ parameter: JSON, _ message: inout ProtobufWriter) {
    message.message(1) { choice in
      if parameter["in"] == "body" {
        choice.message(1) { body in
          body.text(1, parameter["description"])
          body.text(2, parameter["name"])
          body.text(3, parameter["in"])
          body.flag(4, parameter["required"])
          if let schema = parameter["schema"] { body.message(5) { Self.schema(schema, &$0) } }
        }
        return
      }
      let isQuery = parameter["in"] == "query"
      choice.message(2) { plain in
        plain.message(isQuery ? 3 : 4) { field in
          field.flag(1, parameter["required"])
          field.text(2, parameter["in"])
          field.text(3, parameter["description"])
          field.text(4, parameter["name"])
          // The query's message has a member more before these.
          field.text(isQuery ? 6 : 5, parameter["type"])
          field.text(isQuery ? 7 : 6, parameter["format"])
          field.flag(isQuery ? 20 : 19, parameter["uniqueItems"])
        }
      }
    }
  }

  // MARK: Schemas

  private static func schema(_ schema: JSON, _ message: inout ProtobufWriter) {
    message.text(1, schema["$ref"])
    message.text(2, schema["format"])
    message.text(3, schema["title"])
    message.text(4, schema["description"])
    if let value = schema["default"] { message.any(5, value) }
    for (number, keyword) in [(6, "multipleOf"), (7, "maximum"), (9, "minimum")] { message.number(number, schema[keyword]) }
    message.flag(8, schema["exclusiveMaximum"])
    message.flag(10, schema["exclusiveMinimum"])
    for (number, keyword) in [
      (11, "maxLength"), (12, "minLength"), (14, "maxItems"), (15, "minItems"), (17, "maxProperties"), (18, "minProperties"),
    ] {
      message.integer(number, schema[keyword])
    }
    message.text(13, schema["pattern"])
    message.flag(16, schema["uniqueItems"])
    message.texts(19, schema["required"])
    for choice in schema["enum"]?.array ?? [] { message.any(20, choice) }
    switch schema["additionalProperties"] {
    case .bool(let isAllowed)?: message.message(21) { $0.flag(2, .bool(isAllowed)) }
    case let member?: message.message(21) { $0.message(1) { Self.schema(member, &$0) } }
    case nil: break
    }
    if let type = schema["type"] { message.message(22) { $0.texts(1, [type]) } }
    if let items = schema["items"] { message.message(23) { $0.message(1) { Self.schema(items, &$0) } } }
    if let properties = schema["properties"]?.object {
      message.message(25) { list in
        for (name, property) in properties { list.named(1, name) { Self.schema(property, &$0) } }
      }
    }
    extensions(31, schema, &message)
  }

  private static func extensions(_ number: Int, _ object: JSON, _ message: inout ProtobufWriter) {
    for (name, value) in object.object ?? [:] where name.hasPrefix("x-") {
      message.message(number) { pair in
        pair.text(1, .string(name))
        pair.any(2, value)
      }
    }
  }
}

/// Writes messages of protocol buffers; members with default values are left out.
struct ProtobufWriter {
  private(set) var bytes: [UInt8] = []

  private mutating func varint(_ value: UInt64) {
    var rest = value
    while rest > 0x7F {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  private mutating func tag(_ number: Int, wire: Int) { varint(UInt64(number << 3 | wire)) }

  private mutating func block(_ number: Int, _ content: some Collection<UInt8>) {
    tag(number, wire: 2)
    varint(UInt64(content.count))
    bytes.append(contentsOf: content)
  }

  mutating func text(_ number: Int, _ value: JSON?) {
    if case .string(let text)? = value, !text.isEmpty { block(number, text.utf8) }
  }

  mutating func texts(_ number: Int, _ values: JSON?) {
    for case .string(let text) in values?.array ?? [] { block(number, text.utf8) }
  }

  mutating func flag(_ number: Int, _ value: JSON?) {
    guard value?.bool == true else { return }
    tag(number, wire: 0)
    varint(1)
  }

  mutating func integer(_ number: Int, _ value: JSON?) {
    guard let value = value?.int, value != 0 else { return }
    tag(number, wire: 0)
    varint(UInt64(bitPattern: value))
  }

  mutating func number(_ number: Int, _ value: JSON?) {
    guard let value = value?.double, value != 0 else { return }
    tag(number, wire: 1)
    withUnsafeBytes(of: value.bitPattern.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func message(_ number: Int, _ body: (inout ProtobufWriter) -> Void) {
    var inner = ProtobufWriter()
    body(&inner)
    block(number, inner.bytes)
  }

  /// A pair of a name and a message.
  mutating func named(_ number: Int, _ name: String, _ body: (inout ProtobufWriter) -> Void) {
    message(number) { pair in
      pair.text(1, .string(name))
      pair.message(2, body)
    }
  }

  /// Free JSON, as text in YAML.
  mutating func any(_ number: Int, _ value: JSON) {
    message(number) { $0.text(2, .string(value.text())) }
  }
}
