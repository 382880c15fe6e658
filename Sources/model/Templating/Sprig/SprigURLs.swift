import Basics

/// sprig's `urlParse` and `urlJoin`.
enum SprigURLs {
  static func call(_ call: Sprig.Call) throws(ExpressionError) -> ExprValue? {
    switch call.name {
    case "urlParse": return .map(try parse(call).mapValues { .string($0) })
    case "urlJoin": return .string(try join(call))
    default: return nil
    }
  }

  /// The parts of an address, as Go's `net/url` finds them.
  private static func parse(_ call: Sprig.Call) throws(ExpressionError) -> [String: String] {
    let source = try call.string(0)
    func failure(_ why: String) -> ExpressionError { call.failure("unable to parse url: parse \(GoQuote.quoted(source)): \(why)") }
    var parts = ["scheme": "", "host": "", "hostname": "", "path": "", "query": "", "opaque": "", "fragment": "", "userinfo": ""]
    var rest = Array(source.utf8)[...]
    if rest.contains(where: { $0 < 0x20 || $0 == 0x7F }) { throw failure("net/url: invalid control character in URL") }
    if let mark = rest.firstIndex(of: UInt8(ascii: "#")) {
      parts["fragment"] = try decoded(rest[(mark + 1)...], failure)
      rest = rest[..<mark]
    }
    if let (scheme, behind) = try scheme(rest, failure) {
      parts["scheme"] = scheme
      rest = behind
    }
    if let mark = rest.firstIndex(of: UInt8(ascii: "?")) {
      parts["query"] = String(decoding: rest[(mark + 1)...], as: UTF8.self)
      rest = rest[..<mark]
    }
    if rest.first != UInt8(ascii: "/"), parts["scheme"] != "" {
      parts["opaque"] = String(decoding: rest, as: UTF8.self)
      return parts
    }
    if rest.starts(with: "//".utf8), parts["scheme"] != "" || !rest.starts(with: "///".utf8) {
      rest = rest.dropFirst(2)
      let authority = rest.prefix { $0 != UInt8(ascii: "/") }
      rest = rest.dropFirst(authority.count)
      var host = authority
      if let at = authority.lastIndex(of: UInt8(ascii: "@")) {
        parts["userinfo"] = String(decoding: authority[..<at], as: UTF8.self)
        host = authority[(at + 1)...]
      }
      let text = try decoded(host, failure)
      parts["host"] = text
      parts["hostname"] = try hostname(text, failure)
    }
    parts["path"] = try decoded(rest, failure)
    return parts
  }

  /// The scheme in lower case and what follows its colon; nil without a scheme.
  private static func scheme(
    _ bytes: ArraySlice<UInt8>, _ failure: (String) -> ExpressionError
  ) throws(ExpressionError) -> (String, ArraySlice<UInt8>)? {
    for (offset, byte) in bytes.enumerated() {
      switch byte {
      case 0x41...0x5A, 0x61...0x7A: continue
      case 0x30...0x39, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
        if offset == 0 { return nil }
      case UInt8(ascii: ":"):
        if offset == 0 { throw failure("missing protocol scheme") }
        return (String(decoding: bytes.prefix(offset), as: UTF8.self).lowercased(), bytes.dropFirst(offset + 1))
      default: return nil
      }
    }
    return nil
  }

  /// The host without its port and the brackets of IPv6.
  private static func hostname(_ host: String, _ failure: (String) -> ExpressionError) throws(ExpressionError) -> String {
    if host.hasPrefix("["), let end = host.firstIndex(of: "]") { return String(host[host.index(after: host.startIndex)..<end]) }
    guard let colon = host.lastIndex(of: ":") else { return host }
    let port = host[host.index(after: colon)...]
    guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw failure("invalid port \(GoQuote.quoted(":" + port)) after host")
    }
    return String(host[..<colon])
  }

  private static func decoded(_ bytes: ArraySlice<UInt8>, _ failure: (String) -> ExpressionError) throws(ExpressionError) -> String {
    var output: [UInt8] = []
    var rest = bytes
    while let byte = rest.popFirst() {
      guard byte == UInt8(ascii: "%") else {
        output.append(byte)
        continue
      }
      let digits = rest.prefix(2)
      guard digits.count == 2, let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16) else {
        throw failure("invalid URL escape \(GoQuote.quoted("%" + String(decoding: digits, as: UTF8.self)))")
      }
      output.append(value)
      rest = rest.dropFirst(2)
    }
    return String(decoding: output, as: UTF8.self)
  }

  /// The address of a dictionary with such parts.
  private static func join(_ call: Sprig.Call) throws(ExpressionError) -> String {
    let members = try call.map(0)
    func part(_ name: String) throws(ExpressionError) -> String {
      switch members[name] {
      case nil: return ""
      case .string(let text)?: return text
      case let other?: throw call.failure("unable to parse \(name) key, must be of type string, but \(other.typeName) found")
      }
    }
    let (scheme, host, path, opaque) = (try part("scheme"), try part("host"), try part("path"), try part("opaque"))
    let (query, fragment, userinfo) = (try part("query"), try part("fragment"), try part("userinfo"))
    var text = scheme.isEmpty ? "" : scheme + ":"
    if !opaque.isEmpty {
      text += opaque
    } else {
      if !scheme.isEmpty || !host.isEmpty || !userinfo.isEmpty {
        if !host.isEmpty || !path.isEmpty || !userinfo.isEmpty { text += host.isEmpty && userinfo.isEmpty ? "" : "//" }
        if scheme == "file", host.isEmpty, userinfo.isEmpty, path.hasPrefix("/") { text += "//" }
        if !userinfo.isEmpty { text += userinfo + "@" }
        text += host
      }
      let escaped = escape(path, kept: "$&+,/:;=@")
      if !escaped.isEmpty, !escaped.hasPrefix("/"), !host.isEmpty { text += "/" }
      text += escaped
    }
    if !query.isEmpty { text += "?" + query }
    if !fragment.isEmpty { text += "#" + escape(fragment, kept: "$&+,/:;=?@!()*'") }
    return text
  }

  private static func escape(_ text: String, kept: String) -> String {
    var output: [UInt8] = []
    for byte in text.utf8 {
      let isPlain =
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"): true
        default: kept.utf8.contains(byte)
        }
      if isPlain {
        output.append(byte)
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        output += Array(("%" + (digits.utf8.count < 2 ? "0" : "") + digits).utf8)
      }
    }
    return String(decoding: output, as: UTF8.self)
  }
}
