/// An absolute `http` or `https` URL in parts, checked and resolved as Go's `net/url` does.
struct WebAddress: Sendable, Hashable {
  /// Why a text is no such URL, in Go's words.
  struct Problem: Error, Hashable { var message: String }

  var scheme: String
  /// `user:password`, encoded.
  var user: String?
  /// Host and port.
  var authority: String
  var path: String
  var query: String?

  /// The URL without user and password, to be called.
  var text: String { "\(scheme)://\(authority)\(path.isEmpty ? "/" : path)\(query.map { "?" + $0 } ?? "")" }

  /// The URL as it was written, without user and password.
  var withoutUser: String { "\(scheme)://\(authority)\(path)\(query.map { "?" + $0 } ?? "")" }

  /// The URL as Go's messages print it: without the password.
  var shownText: String {
    guard let user else { return withoutUser }
    let name = user.prefix { $0 != ":" }
    return "\(scheme)://\(name)\(user.contains(":") ? ":***" : "")@\(authority)\(path)\(query.map { "?" + $0 } ?? "")"
  }

  /// The host without its port, in lower case.
  var host: String {
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return authority[...end].lowercased() }
    return authority.prefix { $0 != ":" }.lowercased()
  }

  /// `:port` as it was written; empty when there is none.
  var port: String {
    let rest = authority.hasPrefix("[") ? authority.drop { $0 != "]" }.dropFirst() : authority.drop { $0 != ":" }
    return String(rest)
  }

  init(parsing text: String) throws(Problem) {
    func refuse(_ why: String) -> Problem { Problem(message: "parse \(Self.quoted(text)): \(why)") }
    if text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) { throw refuse("net/url: invalid control character in URL") }
    var rest = text.prefix { $0 != "#" }
    if rest.first == ":" { throw refuse("missing protocol scheme") }
    var scheme = ""
    if let colon = rest.firstIndex(of: ":"), Self.isScheme(rest[..<colon]) {
      scheme = rest[..<colon].lowercased()
      rest = rest[rest.index(after: colon)...]
    }
    guard scheme == "http" || scheme == "https" else { throw Problem(message: "unsupported protocol scheme \(Self.quoted(scheme))") }
    guard rest.hasPrefix("//") else { throw Problem(message: "http: no Host in request URL") }
    rest = rest.dropFirst(2)
    let end = rest.firstIndex { $0 == "/" || $0 == "?" } ?? rest.endIndex
    var authority = rest[..<end]
    var user: String?
    if let at = authority.lastIndex(of: "@") {
      user = String(authority[..<at])
      authority = authority[authority.index(after: at)...]
    }
    if let bad = authority.first(where: { " \"<>\\^`{}|".contains($0) }) {
      throw refuse("invalid character \(Self.quoted(String(bad))) in host name")
    }
    let port = authority.hasPrefix("[") ? authority.drop { $0 != "]" }.dropFirst() : authority.drop { $0 != ":" }
    if !port.isEmpty, port.first != ":" || !port.dropFirst().allSatisfy({ $0.isASCII && $0.isNumber }) {
      throw refuse("invalid port \(Self.quoted(String(port))) after host")
    }
    if authority.isEmpty || authority.hasPrefix(":") { throw Problem(message: "http: no Host in request URL") }
    let path = rest[end...].prefix { $0 != "?" }
    try Self.checkEscapes(path, refuse)
    self.scheme = scheme
    self.user = user
    self.authority = String(authority)
    self.path = Self.encoded(path)
    query = rest[end...].dropFirst(path.count).isEmpty ? nil : Self.encoded(rest[end...].dropFirst(path.count + 1))
  }

  private init(scheme: String, authority: String, path: String, query: String?) {
    self.scheme = scheme
    self.authority = authority
    self.path = path
    self.query = query
  }

  /// What a `Location` means here (RFC 3986, section 5).
  func resolving(_ location: String) throws(Problem) -> WebAddress {
    var reference = location.prefix { $0 != "#" }
    if let colon = reference.firstIndex(of: ":"), Self.isScheme(reference[..<colon]) { return try WebAddress(parsing: location) }
    if reference.hasPrefix("//") { return try WebAddress(parsing: scheme + ":" + reference) }
    if location.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) {
      throw Problem(message: "parse \(Self.quoted(location)): net/url: invalid control character in URL")
    }
    var newQuery: String?
    if let mark = reference.firstIndex(of: "?") {
      newQuery = Self.encoded(reference[reference.index(after: mark)...])
      reference = reference[..<mark]
    }
    try Self.checkEscapes(reference) { Problem(message: "parse \(Self.quoted(location)): \($0)") }
    if reference.isEmpty { return WebAddress(scheme: scheme, authority: authority, path: path, query: newQuery ?? query) }
    var target = Self.encoded(reference)
    if !target.hasPrefix("/") { target = (path.lastIndex(of: "/").map { String(path[...$0]) } ?? "/") + target }
    return WebAddress(scheme: scheme, authority: authority, path: Self.withoutDots(target), query: newQuery)
  }

  private static func isScheme(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, isLetter(first) else { return false }
    return text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || [0x2B, 0x2D, 0x2E].contains($0) }
  }

  private static func isLetter(_ byte: UInt8) -> Bool { (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) }

  private static func checkEscapes(_ text: Substring, _ refuse: (String) -> Problem) throws(Problem) {
    let bytes = Array(text.utf8)
    for (place, byte) in bytes.enumerated() where byte == UInt8(ascii: "%") {
      let digits = bytes[(place + 1)...].prefix(2)
      if digits.count == 2, digits.allSatisfy({ Self.isHexadecimal($0) }) { continue }
      throw refuse("invalid URL escape \(quoted(String(decoding: bytes[place...].prefix(3), as: UTF8.self)))")
    }
  }

  private static func isHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x46).contains(byte) || (0x61...0x66).contains(byte)
  }

  /// Bytes that no URL may hold become `%XX`; what is encoded stays.
  private static func encoded(_ text: Substring) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    var result: [UInt8] = []
    for byte in text.utf8 {
      if byte > 0x20, byte < 0x7F, !"\"<>\\^`{}|".utf8.contains(byte) {
        result.append(byte)
      } else {
        result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: result, as: UTF8.self)
  }

  private static func withoutDots(_ path: String) -> String {
    var kept: [Substring] = []
    let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
    for (place, part) in parts.enumerated() {
      let isLast = place == parts.count - 1
      switch part {
      case ".": if isLast { kept.append("") }
      case "..":
        _ = kept.popLast()
        if isLast { kept.append("") }
      default: kept.append(part)
      }
    }
    return "/" + kept.joined(separator: "/")
  }

  static func quoted(_ text: String) -> String {
    "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
  }
}
