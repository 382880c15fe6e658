/// An element of an XML document: as much of XML as object stores answer with. Attributes, comments and processing instructions are skipped;
/// namespaces stay in no name.
struct XMLElement {
  var name: String
  /// The text directly inside, without that of its children.
  var text = ""
  var children: [XMLElement] = []

  func first(_ name: String) -> XMLElement? { children.first { $0.name == name } }
  func all(_ name: String) -> [XMLElement] { children.filter { $0.name == name } }
  /// The text of the first child of a name; empty when there is none.
  func text(_ name: String) -> String { first(name)?.text ?? "" }

  /// The root element; nil when the text is no XML or nested deeper than any reply is.
  static func parse(_ bytes: some Sequence<UInt8>) -> XMLElement? {
    var reader = XMLReader(bytes: Array(bytes))
    return reader.document()
  }

  /// The text of the first element of a name anywhere in a document that may be cut off.
  static func text(of name: String, in document: String) -> String? {
    guard let open = document.firstRange(of: "<\(name)>"),
      let close = document[open.upperBound...].firstRange(of: "</\(name)>")
    else { return nil }
    return XMLReader.unescaped(document[open.upperBound..<close.lowerBound].utf8)
  }

  /// Text as it stands inside of an element.
  static func escaped(_ text: String) -> String {
    var out = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": out += "&amp;"
      case "<": out += "&lt;"
      case ">": out += "&gt;"
      case "\r": out += "&#13;"
      default: out.unicodeScalars.append(scalar)
      }
    }
    return out
  }
}

private struct XMLReader {
  private static let deepest = 64
  let bytes: [UInt8]
  private var position = 0

  init(bytes: [UInt8]) { self.bytes = bytes }

  mutating func document() -> XMLElement? {
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { position = 3 }
    var stack: [XMLElement] = []
    while position < bytes.count {
      guard bytes[position] == UInt8(ascii: "<") else {
        let start = position
        position = bytes[position...].firstIndex(of: UInt8(ascii: "<")) ?? bytes.count
        if !stack.isEmpty { stack[stack.count - 1].text += Self.unescaped(bytes[start..<position]) }
        continue
      }
      if skip("<!--", until: "-->") || skip("<?", until: "?>") { continue }
      if let data = take("<![CDATA[", until: "]]>") {
        if !stack.isEmpty { stack[stack.count - 1].text += String(decoding: data, as: UTF8.self) }
        continue
      }
      if skip("<!", until: ">") { continue }
      guard var tag = take("<", until: ">") else { return nil }
      if tag.first == UInt8(ascii: "/") {
        guard let done = stack.popLast(), done.name == Self.name(tag.dropFirst()) else { return nil }
        if stack.isEmpty { return done }
        stack[stack.count - 1].children.append(done)
        continue
      }
      let isEmpty = tag.last == UInt8(ascii: "/")
      if isEmpty { tag = tag.dropLast() }
      let element = XMLElement(name: Self.name(tag))
      if !isEmpty {
        guard stack.count < Self.deepest else { return nil }
        stack.append(element)
      } else if stack.isEmpty {
        return element
      } else {
        stack[stack.count - 1].children.append(element)
      }
    }
    return nil
  }

  private mutating func skip(_ open: StaticString, until close: StaticString) -> Bool { take(open, until: close) != nil }

  private mutating func take(_ open: StaticString, until close: StaticString) -> ArraySlice<UInt8>? {
    let open = Array("\(open)".utf8)
    let close = Array("\(close)".utf8)
    guard bytes[position...].starts(with: open) else { return nil }
    let start = position + open.count
    var end = start
    while end + close.count <= bytes.count {
      if bytes[end] == close[0], bytes[end...].starts(with: close) {
        position = end + close.count
        return bytes[start..<end]
      }
      end += 1
    }
    return nil
  }

  /// Without prefix and attributes.
  private static func name(_ tag: ArraySlice<UInt8>) -> String {
    let name = tag.prefix { $0 > 0x20 }
    let local = name.lastIndex(of: UInt8(ascii: ":")).map { name[($0 + 1)...] } ?? name
    return String(decoding: local, as: UTF8.self)
  }

  static func unescaped(_ text: some Collection<UInt8>) -> String {
    var out: [UInt8] = []
    var rest = Array(text)[...]
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "&"), let end = rest.prefix(12).firstIndex(of: UInt8(ascii: ";")) else {
        out.append(byte)
        continue
      }
      let entity = String(decoding: rest[..<end], as: UTF8.self)
      rest = rest[(end + 1)...]
      switch entity {
      case "amp": out.append(UInt8(ascii: "&"))
      case "lt": out.append(UInt8(ascii: "<"))
      case "gt": out.append(UInt8(ascii: ">"))
      case "quot": out.append(UInt8(ascii: "\""))
      case "apos": out.append(UInt8(ascii: "'"))
      default:
        let number =
          entity.hasPrefix("#x") ? UInt32(entity.dropFirst(2), radix: 16) : entity.hasPrefix("#") ? UInt32(entity.dropFirst()) : nil
        if let scalar = number.flatMap({ Unicode.Scalar($0) }) { out += Array(String(scalar).utf8) }
      }
    }
    return String(decoding: out, as: UTF8.self)
  }
}
