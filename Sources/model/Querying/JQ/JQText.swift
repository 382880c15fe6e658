import JSONValue

extension JQValue {
  /// The value as jq writes JSON: sorted keys, nothing escaped for HTML, DEL escaped, NaN as null, infinities as the largest numbers.
  var text: String {
    var output: [UInt8] = []
    write(into: &output, limit: .max)
    return String(decoding: output, as: UTF8.self)
  }

  /// At most about `limit` bytes of ``text``.
  private func write(into output: inout [UInt8], limit: Int) {
    if output.count > limit { return }
    switch self {
    case .null: output += Array("null".utf8)
    case .bool(let value): output += Array((value ? "true" : "false").utf8)
    case .int(let value): output += Array(String(value).utf8)
    case .double(let value): output += Array(JQValue.numberText(value).utf8)
    case .big(let value): output += Array(value.description.utf8)
    case .literal(let text): output += Array(text.utf8)
    case .string(let text): JQValue.quote(text, into: &output, limit: limit)
    case .array(let array):
      output.append(UInt8(ascii: "["))
      for (index, element) in array.elements.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        if output.count > limit { return }
        element.write(into: &output, limit: limit)
      }
      output.append(UInt8(ascii: "]"))
    case .object(let object):
      output.append(UInt8(ascii: "{"))
      for (index, member) in object.members.enumerated() {
        if index > 0 { output.append(UInt8(ascii: ",")) }
        if output.count > limit { return }
        JQValue.quote(member.key, into: &output, limit: limit)
        output.append(UInt8(ascii: ":"))
        member.value.write(into: &output, limit: limit)
      }
      output.append(UInt8(ascii: "}"))
    }
  }

  private static func numberText(_ value: Double) -> String {
    if value.isNaN { return "null" }
    return JSON.numberText(min(max(value, -.greatestFiniteMagnitude), .greatestFiniteMagnitude))
  }

  private static func quote(_ text: String, into output: inout [UInt8], limit: Int) {
    output.append(UInt8(ascii: "\""))
    for byte in text.utf8 {
      if output.count > limit { return }
      switch byte {
      case UInt8(ascii: "\""), UInt8(ascii: "\\"): output += [UInt8(ascii: "\\"), byte]
      case 0x08: output += Array("\\b".utf8)
      case 0x0C: output += Array("\\f".utf8)
      case 0x0A: output += Array("\\n".utf8)
      case 0x0D: output += Array("\\r".utf8)
      case 0x09: output += Array("\\t".utf8)
      case 0..<0x20, 0x7F:
        let digits = Array("0123456789abcdef".utf8)
        output += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      default: output.append(byte)
      }
    }
    output.append(UInt8(ascii: "\""))
  }

  /// The value as error messages show it: at most 30 bytes.
  var preview: String {
    var bytes: [UInt8] = []
    write(into: &bytes, limit: 40)
    bytes = Array(bytes.prefix(32))
    guard bytes.count > 30 else { return String(decoding: bytes, as: UTF8.self) }
    let trailing =
      switch self {
      case .string: " ...\""
      case .array: " ...]"
      case .object: " ...}"
      default: " ..."
      }
    let room = 30 - trailing.utf8.count
    while bytes.count > room { while let byte = bytes.popLast(), byte & 0xC0 == 0x80 {} }
    return String(decoding: bytes, as: UTF8.self) + trailing
  }

  /// The type with a preview, as error messages name a value.
  var described: String { isNull ? "null" : "\(typeName) (\(preview))" }
}
