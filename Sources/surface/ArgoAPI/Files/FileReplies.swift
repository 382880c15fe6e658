internal import Contracts
internal import KubeModel

/// Answers that show what users' programs wrote. Nothing of it may run in the reader's browser with the rights that the reader has here: the browser is told to run no script,
/// to load nothing from elsewhere, and to let no other site frame it.
enum FileReplies {
  /// Argo's headers of artifacts (spec 5.3). That a browser does not guess another content type is said in every answer of the server.
  static let securityHeaders: [(name: String, value: String)] = [
    (
      "content-security-policy",
      "sandbox allow-same-origin; base-uri 'none'; default-src 'none'; img-src 'self'; style-src 'self' 'unsafe-inline'"
    ), ("x-frame-options", "SAMEORIGIN"),
  ]

  /// A file, or the part of it that the request wants.
  static func file(_ file: ArtifactFile, name: String, _ fields: HeaderFields) -> ServedReply {
    var headers: [(name: String, value: String)] = [
      ("content-disposition", "filename=\"\(quotable(name))\""), ("content-type", ContentTypes.type(of: name)), ("accept-ranges", "bytes"),
    ]
    headers += securityHeaders
    switch ByteRange(fields, size: file.size) {
    case .whole: return ServedReply(headers: headers, body: .file(path: file.path, range: nil, isTemporary: file.isTemporary))
    case .part(let range):
      headers.append(("content-range", "bytes \(range.lowerBound)-\(range.upperBound - 1)/\(file.size)"))
      return ServedReply(206, headers: headers, body: .file(path: file.path, range: range, isTemporary: file.isTemporary))
    case .outside:
      headers.append(("content-range", "bytes */\(file.size)"))
      return ServedReply(416, headers: headers, body: .file(path: file.path, range: 0..<0, isTemporary: file.isTemporary))
    }
  }

  /// The page of a directory.
  static func listing(_ names: [String]) -> ServedReply {
    var page = "<html><body><ul>\n<li><a href=\"..\">..</a></li>\n"
    for name in names { page += "<li><a href=\"./\(address(name))\">\(escaped(name))</a></li>\n" }
    page += "</ul></body></html>"
    return ServedReply(headers: [("content-type", "text/html; charset=utf-8")] + securityHeaders, body: .bytes(Array(page.utf8)))
  }

  /// The request is to be sent again, to another address of this server.
  static func redirect(to path: String) -> ServedReply { ServedReply(307, headers: [("location", path)], body: .bytes([])) }

  /// Without what would end the quotes or the line.
  private static func quotable(_ name: String) -> String {
    String(String.UnicodeScalarView(name.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F || $0 == "\"" || $0 == "\\" ? "_" : $0 }))
  }

  private static func escaped(_ text: String) -> String {
    var result = ""
    for character in text.unicodeScalars {
      switch character {
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "&": result += "&amp;"
      case "\"": result += "&#34;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  /// A relative address: all but letters, digits, `-._~` and the slash of directories is escaped.
  private static func address(_ name: String) -> String {
    let digits = Array("0123456789ABCDEF".utf8)
    let bytes = name.utf8.flatMap { byte -> [UInt8] in
      switch byte {
      case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x2F, 0x5F, 0x7E: [byte]
      default: [0x25, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}

/// The part of a file that a request wants (RFC 9110, 14). Several parts at once are not given: the whole is.
enum ByteRange: Hashable {
  case whole
  case part(Range<Int64>)
  /// There is no such part.
  case outside

  init(_ fields: HeaderFields, size: Int64) {
    guard let text = fields["range"], fields["if-range"] == nil, text.hasPrefix("bytes=") else {
      self = .whole
      return
    }
    let ends = text.dropFirst(6).split(separator: "-", omittingEmptySubsequences: false).map { $0.trimmed }
    guard ends.count == 2, ends.allSatisfy({ $0.isEmpty || Int64($0) != nil }), !(ends[0].isEmpty && ends[1].isEmpty) else {
      self = .whole
      return
    }
    let (first, last) = (Int64(ends[0]), Int64(ends[1]))
    switch (first, last) {
    case (nil, let count?): self = count > 0 && size > 0 ? .part(max(0, size - min(count, size))..<size) : .outside
    case (let first?, let last):
      let end = last.map { min($0, size - 1) } ?? size - 1
      if let last, last < first { self = .whole } else { self = first <= end ? .part(first..<end + 1) : .outside }
    case (nil, nil): self = .whole
    }
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = self
    while text.first == " " { text.removeFirst() }
    while text.last == " " { text.removeLast() }
    return text
  }
}
