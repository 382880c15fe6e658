/// The commands that a README tells its reader to type.
enum Readme {
  /// The first `sh` block; commands that start servers (they end with `&`) are left out, the test has started them.
  static func commands(_ path: String) throws -> String {
    try block("sh", of: path).split(separator: "\n").filter { !$0.hasSuffix("&") }.joined(separator: "\n")
  }

  /// The first block of a language.
  static func block(_ language: String, of path: String) throws -> String {
    let text = Files.text(path)
    guard let start = text.firstRange(of: "```\(language)\n"), let end = text[start.upperBound...].firstRange(of: "```") else {
      throw KitError("no \(language) in \(path)")
    }
    return String(text[start.upperBound..<end.lowerBound])
  }
}

extension String {
  func replacing(all part: String, with other: String) -> String {
    var result = ""
    var rest = self[...]
    while let range = rest.firstRange(of: part) {
      result += rest[..<range.lowerBound] + other
      rest = rest[range.upperBound...]
    }
    return result + rest
  }
}

/// Base64 as Secrets hold their values.
func base64(_ text: String) -> String {
  let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
  let bytes = Array(text.utf8)
  var result = ""
  for start in stride(from: 0, to: bytes.count, by: 3) {
    let group = bytes[start..<min(start + 3, bytes.count)]
    let bits = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
    for index in 0..<4 { result.append(index <= group.count ? alphabet[(bits >> (18 - 6 * index)) & 63] : "=") }
  }
  return result
}
