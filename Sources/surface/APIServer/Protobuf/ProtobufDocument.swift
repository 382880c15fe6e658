import Basics
internal import JSONValue
internal import KubeModel

/// Reads an object that a client sends in Kubernetes' protobuf form: four bytes `k8s\0`, then a message that names the kind and holds the object.
enum ProtobufDocument {
  static let mediaType = "application/vnd.kubernetes.protobuf"
  private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0]
  /// Messages within messages.
  private static let maximumDepth = 64

  /// The object as JSON. Throws `badRequest` for what is no such message, `unsupportedMediaType` for kinds whose messages are not known here.
  static func parse(_ body: [UInt8]) throws(KubeStatus) -> JSON {
    guard body.starts(with: magic) else {
      throw KubeStatus(.badRequest, "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]")
    }
    do throws(ProtobufError) {
      return try document(body[magic.count...])
    } catch {
      if error == unknownKind {
        throw KubeStatus(.unsupportedMediaType, "objects of this kind are not taken in protobuf; send application/json")
      }
      throw KubeStatus(.badRequest, "the object cannot be read as protobuf: \(error.message)")
    }
  }

  private static let unknownKind = ProtobufError(message: "unknown kind")

  private static func document(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) -> JSON {
    var apiVersion = ""
    var kind = ""
    var raw: ArraySlice<UInt8> = []
    var envelope = ProtobufReader(bytes)
    while let (number, value) = try envelope.next() {
      guard case .bytes(let content) = value else { continue }
      switch number {
      case 1:
        var type = ProtobufReader(content)
        while let (number, value) = try type.next() {
          guard case .bytes(let text) = value else { continue }
          if number == 1 { apiVersion = try string(text) }
          if number == 2 { kind = try string(text) }
        }
      case 2: raw = content
      case 3: if !content.isEmpty { throw ProtobufError(message: "the object is encoded once more") }
      default: break
      }
    }
    guard ProtobufTypes.messages[kind] != nil else { throw unknownKind }
    var object: JSONObject = ["apiVersion": .string(apiVersion), "kind": .string(kind)]
    try read(raw, kind, into: &object, depth: 0)
    return .object(object)
  }

  private static func read(_ bytes: ArraySlice<UInt8>, _ type: String, into object: inout JSONObject, depth: Int) throws(ProtobufError) {
    guard depth < maximumDepth else { throw ProtobufError(message: "messages are nested too deep") }
    let fields = ProtobufTypes.messages[type] ?? [:]
    var reader = ProtobufReader(bytes)
    // Lists and maps are gathered first: to append to a member of an object would copy it each time.
    var lists: [Int: [JSON]] = [:]
    var maps: [Int: JSONObject] = [:]
    while let (number, value) = try reader.next() {
      guard let field = fields[number] else { continue }
      switch field.form {
      case .inline:
        guard case .bytes(let content) = value else { throw ProtobufError(message: "\(type).\(field.name) is no message") }
        try read(content, field.type, into: &object, depth: depth + 1)
      case .list: lists[number, default: []].append(try json(value, field, depth) ?? .null)
      case .map:
        guard case .bytes(let content) = value else { throw ProtobufError(message: "\(type).\(field.name) is no map") }
        let (key, entry) = try entry(content, field, depth)
        maps[number, default: [:]][key] = entry
      case .plain, .optional:
        guard let json = try json(value, field, depth) else { continue }
        if field.form == .plain, isZero(json) { continue }
        object[field.name] = json
      }
    }
    for (number, list) in lists { if let field = fields[number] { object[field.name] = .array(list) } }
    for (number, map) in maps { if let field = fields[number] { object[field.name] = .object(map) } }
  }

  private static func entry(_ bytes: ArraySlice<UInt8>, _ field: ProtobufTypes.Field, _ depth: Int) throws(ProtobufError) -> (String, JSON)
  {
    var key = ""
    var result: JSON?
    var reader = ProtobufReader(bytes)
    while let (number, value) = try reader.next() {
      if number == 1, case .bytes(let text) = value { key = try string(text) }
      if number == 2 { result = try json(value, field, depth) }
    }
    // Of an entry whose value is zero there may be nothing.
    if let result { return (key, result) }
    return (key, field.type == "i" ? 0 : field.type == "b" ? false : .string(""))
  }

  /// What a value is in JSON; nil: nothing (a time that is not set).
  private static func json(_ value: ProtobufReader.Value, _ field: ProtobufTypes.Field, _ depth: Int) throws(ProtobufError) -> JSON? {
    switch (field.type, value) {
    case ("s", .bytes(let bytes)): return .string(try string(bytes))
    case ("y", .bytes(let bytes)): return .string(Base64.encode(bytes))
    case ("i", .number(let number)): return .int(Int64(bitPattern: number))
    case ("b", .number(let number)): return .bool(number != 0)
    case ("d", .number(let number)): return .double(Double(bitPattern: number))
    case ("Quantity", .bytes(let bytes)): return try quantity(bytes)
    case ("Time", .bytes(let bytes)), ("MicroTime", .bytes(let bytes)): return try time(bytes, isMicro: field.type == "MicroTime")
    case ("IntOrString", .bytes(let bytes)): return try intOrString(bytes)
    case ("FieldsV1", .bytes(let bytes)), ("RawExtension", .bytes(let bytes)):
      var reader = ProtobufReader(bytes)
      while let (number, value) = try reader.next() {
        if number == 1, case .bytes(let raw) = value {
          guard let json = try? JSON.parse(Array(raw)) else { throw ProtobufError(message: "\(field.name) holds no JSON") }
          return json
        }
      }
      return nil
    case ("ExtraValue", .bytes(let bytes)), ("Verbs", .bytes(let bytes)):
      var items: [JSON] = []
      var reader = ProtobufReader(bytes)
      while let (number, value) = try reader.next() {
        if number == 1, case .bytes(let text) = value { items.append(.string(try string(text))) }
      }
      return .array(items)
    case (let type, .bytes(let bytes)):
      var object: JSONObject = [:]
      try read(bytes, type, into: &object, depth: depth + 1)
      return .object(object)
    default: throw ProtobufError(message: "\(field.name) has the wrong wire type")
    }
  }

  private static func quantity(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) -> JSON {
    var reader = ProtobufReader(bytes)
    while let (number, value) = try reader.next() {
      if number == 1, case .bytes(let text) = value { return .string(try string(text)) }
    }
    return .string("0")
  }

  private static func time(_ bytes: ArraySlice<UInt8>, isMicro: Bool) throws(ProtobufError) -> JSON? {
    var seconds: Int64?
    var nanoseconds: Int64 = 0
    var reader = ProtobufReader(bytes)
    while let (number, value) = try reader.next() {
      guard case .number(let count) = value else { continue }
      if number == 1 { seconds = Int64(bitPattern: count) }
      if number == 2 { nanoseconds = Int64(bitPattern: count) }
    }
    // Year 1 to 9999: what has a text in RFC 3339.
    guard let seconds, (-62_135_596_800..<253_402_300_800).contains(seconds), (0..<1_000_000_000).contains(nanoseconds) else { return nil }
    let text = Instant(seconds: seconds).rfc3339
    guard isMicro else { return .string(text) }
    let micro = String(nanoseconds / 1000)
    return .string(text.dropLast() + "." + String(repeating: "0", count: 6 - micro.count) + micro + "Z")
  }

  private static func intOrString(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) -> JSON {
    var isText = false
    var number: Int64 = 0
    var text = ""
    var reader = ProtobufReader(bytes)
    while let (field, value) = try reader.next() {
      switch (field, value) {
      case (1, .number(let kind)): isText = kind == 1
      case (2, .number(let value)): number = Int64(Int32(truncatingIfNeeded: value))
      case (3, .bytes(let value)): text = try string(value)
      default: break
      }
    }
    return isText ? .string(text) : .int(number)
  }

  private static func string(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) -> String {
    guard let text = String(validating: bytes, as: UTF8.self) else { throw ProtobufError(message: "a text is not UTF-8") }
    return text
  }

  /// Go's writers send what is not set as zero.
  private static func isZero(_ json: JSON) -> Bool {
    switch json {
    case .string(let text): text.isEmpty
    case .int(let number): number == 0
    case .bool(let flag): !flag
    case .double(let number): number == 0
    case .object(let object): object.isEmpty
    default: false
    }
  }
}
