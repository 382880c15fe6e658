/// Percent encoding.
enum URLText {
  private static let digits = Array("0123456789ABCDEF".utf8)

  /// RFC 3986: everything but unreserved characters, and `/` if so asked, becomes `%XX`.
  static func encoded(_ text: String, keepsSlash: Bool = false) -> String {
    var out: [UInt8] = []
    for byte in text.utf8 {
      if isUnreserved(byte) || keepsSlash && byte == UInt8(ascii: "/") {
        out.append(byte)
      } else {
        out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  /// As in forms: a space becomes `+`.
  static func formEncoded(_ text: String) -> String {
    text.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
      .map { encoded(String(decoding: $0, as: UTF8.self)) }.joined(separator: "+")
  }

  /// The body of a form.
  static func form(_ parameters: [(name: String, value: String)]) -> String {
    parameters.map { formEncoded($0.name) + "=" + formEncoded($0.value) }.joined(separator: "&")
  }

  /// `name=value&…` in the given order, encoded by RFC 3986.
  static func query(_ parameters: [(name: String, value: String)]) -> String {
    parameters.map { encoded($0.name) + "=" + encoded($0.value) }.joined(separator: "&")
  }

  /// The text behind percent encoding; what is no valid escape stays.
  static func decoded(_ text: some StringProtocol, plusIsSpace: Bool = false) -> String {
    var out: [UInt8] = []
    var rest = Array(text.utf8)[...]
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "%"), rest.count >= 2, let code = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) {
        out.append(code)
        rest = rest.dropFirst(2)
      } else {
        out.append(plusIsSpace && byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
      }
    }
    return String(decoding: out, as: UTF8.self)
  }

  private static func isUnreserved(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
      UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
      true
    default: false
    }
  }
}

/// The parts of an absolute `http` or `https` URL.
struct URLParts: Hashable {
  var scheme: String
  /// Host, with the port where there is one.
  var authority: String
  /// Empty or with a slash in front; as it was written.
  var path: String
  /// Without the question mark.
  var query: String

  /// nil for anything else, and for a URL with a user in it.
  init?(_ text: String) {
    guard let mark = text.firstRange(of: "://") else { return nil }
    scheme = text[..<mark.lowerBound].lowercased()
    guard scheme == "http" || scheme == "https" else { return nil }
    let rest = text[mark.upperBound...].prefix { $0 != "#" }
    authority = String(rest.prefix { $0 != "/" && $0 != "?" })
    guard !authority.isEmpty, !authority.contains("@"), authority.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
    let tail = rest.dropFirst(authority.count)
    path = String(tail.prefix { $0 != "?" })
    query = String(tail.dropFirst(path.count).dropFirst())
  }

  /// The host without a port.
  var host: String {
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") { return String(authority[...end]) }
    return String(authority.prefix { $0 != ":" })
  }
}
