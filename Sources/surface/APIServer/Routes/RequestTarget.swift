internal import KubeModel

/// Path and query of a request, taken apart.
struct RequestTarget: Sendable, Hashable {
  /// As it was sent, without the query.
  var path: String
  /// The decoded parts of the path; `/` has none. None is empty, `.` or `..`, and none has a slash or a control character.
  var segments: [String]
  /// Decoded, in the order in which they were sent.
  var query: [(name: String, value: String)]

  static func == (first: RequestTarget, second: RequestTarget) -> Bool {
    first.path == second.path && first.query.elementsEqual(second.query, by: ==)
  }

  func hash(into hasher: inout Hasher) { hasher.combine(path) }

  /// The value of a query parameter; of several the first, as Go takes it.
  subscript(name: String) -> String? { query.first { $0.name == name }?.value }

  /// A parameter that is a switch: given without a value, or with one of Go's words for true.
  func flag(_ name: String) throws(KubeStatus) -> Bool? {
    guard let value = self[name] else { return nil }
    switch value {
    case "", "1", "t", "T", "true", "TRUE", "True": return true
    case "0", "f", "F", "false", "FALSE", "False": return false
    default: throw KubeStatus(.badRequest, "strconv.ParseBool: parsing \"\(value)\": invalid syntax")
    }
  }

  /// Throws `badRequest` for what is no proper path: wrong escapes, dot segments, empty segments, control characters.
  init(_ text: String) throws(KubeStatus) {
    // An absolute form (`GET http://host/path`) is for proxies, which this is not.
    guard text.utf8.first == UInt8(ascii: "/") else { throw KubeStatus(.badRequest, "the request's target must be a path") }
    let parts = text.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
    path = String(parts[0])
    var segments: [String] = []
    let raw = parts[0].dropFirst().split(separator: "/", omittingEmptySubsequences: false)
    for (index, segment) in raw.enumerated() {
      if segment.isEmpty {
        // A slash at the end changes nothing.
        if index == raw.count - 1 { break }
        throw KubeStatus(.badRequest, "the request's path has an empty segment")
      }
      guard let decoded = Self.decoded(segment, plusIsSpace: false) else {
        throw KubeStatus(.badRequest, "the request's path has an invalid escape")
      }
      let hasControl = decoded.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
      guard decoded != ".", decoded != "..", !decoded.utf8.contains(UInt8(ascii: "/")), !hasControl else {
        throw KubeStatus(.badRequest, "the request's path has a segment that is no name")
      }
      segments.append(decoded)
    }
    self.segments = segments
    query = []
    guard parts.count > 1 else { return }
    for term in parts[1].split(separator: "&") {
      guard query.count < 256 else { throw KubeStatus(.badRequest, "the request has too many query parameters") }
      let pair = term.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.decoded(pair[0], plusIsSpace: true), let value = Self.decoded(pair.count > 1 ? pair[1] : "", plusIsSpace: true)
      else {
        throw KubeStatus(.badRequest, "the request's query has an invalid escape")
      }
      query.append((name, value))
    }
  }

  /// nil for wrong escapes and for what is not UTF-8.
  private static func decoded(_ text: Substring, plusIsSpace: Bool) -> String? {
    var bytes: [UInt8] = []
    var source = text.utf8.makeIterator()
    while let byte = source.next() {
      switch byte {
      case UInt8(ascii: "%"):
        guard let high = source.next().flatMap(digit), let low = source.next().flatMap(digit) else { return nil }
        bytes.append(high << 4 | low)
      case UInt8(ascii: "+") where plusIsSpace: bytes.append(0x20)
      default: bytes.append(byte)
      }
    }
    return String(validating: bytes, as: UTF8.self)
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 0x30...0x39: byte - 0x30
    case 0x41...0x46: byte - 0x37
    case 0x61...0x66: byte - 0x57
    default: nil
    }
  }
}
