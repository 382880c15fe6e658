/// A string of a manifest cut into literal text and `{{…}}` tags (spec 3.1). Compiling never fails: an opening `{{` without its `}}` is
/// literal text. A string without tags holds nothing but itself, so passing it through costs one scan of its bytes.
package struct TagTemplate: Sendable, Hashable {
  /// One piece of the string.
  package enum Part: Sendable, Hashable {
    case text(String)
    case tag(Tag)
  }

  /// A simple or an expression tag.
  package enum Tag: Sendable, Hashable {
    /// `{{name}}`: the name without surrounding white space, and the text between the braces as written.
    case simple(name: String, raw: String)
    /// `{{=expression}}`: the text after `=`.
    case expression(String)
    /// A simple tag whose name contains tags: `{{inputs.parameters.{{inputs.parameters.which}}}}`.
    indirect case nested([Part])

    /// The tag as it stands in the manifest, braces included.
    package var source: String {
      switch self {
      case .simple(_, let raw): "{{\(raw)}}"
      case .expression(let text): "{{=\(text)}}"
      case .nested(let parts): "{{\(parts.map(\.source).joined())}}"
      }
    }
  }

  /// Tags nested deeper than this are literal text.
  package static let maximumNesting = 16

  package let source: String
  /// Empty when the string has no tag.
  package let parts: [Part]

  package var hasTags: Bool { !parts.isEmpty }

  package init(compiling source: String) {
    self.source = source
    guard TagTemplate.containsOpening(source) else {
      parts = []
      return
    }
    var scanner = TagScanner(bytes: Array(source.utf8))
    let found = scanner.template()
    parts = found.contains { if case .tag = $0 { true } else { false } } ? found : []
  }

  /// The tag when the string is exactly one tag (white space around it counts as other text); else nil.
  package var onlyTag: Tag? {
    if parts.count == 1, case .tag(let tag) = parts[0] { tag } else { nil }
  }

  /// Every tag in order; a nested tag precedes the tag that contains it.
  package var tags: [Tag] { TagTemplate.tags(of: parts) }

  private static func tags(of parts: [Part]) -> [Tag] {
    var result: [Tag] = []
    for case .tag(let tag) in parts {
      if case .nested(let inner) = tag { result += tags(of: inner) }
      result.append(tag)
    }
    return result
  }

  /// Whether the text has a `{{` at all.
  private static func containsOpening(_ text: String) -> Bool {
    var previous: UInt8 = 0
    for byte in text.utf8 {
      if byte == 0x7B, previous == 0x7B { return true }
      previous = byte
    }
    return false
  }
}

extension TagTemplate.Part {
  /// The part as it stands in the manifest.
  package var source: String {
    switch self {
    case .text(let text): text
    case .tag(let tag): tag.source
    }
  }
}

/// Whether a value is one string that is exactly one tag (spec 3.5: such an argument may be absent).
package func valueIsExactlyOneTag(_ text: String) -> Bool { TagTemplate(compiling: text).onlyTag != nil }

private struct TagScanner {
  let bytes: [UInt8]
  var position = 0
  /// From here on there is no `}}`: nothing opens any more, so that a long row of `{{` costs linear time.
  var lastClosing: Int

  init(bytes: [UInt8]) {
    self.bytes = bytes
    lastClosing = -1
    var index = bytes.count - 2
    while index >= 0 {
      if bytes[index] == 0x7D, bytes[index + 1] == 0x7D {
        lastClosing = index
        break
      }
      index -= 1
    }
  }

  func isDouble(_ byte: UInt8, at index: Int) -> Bool { index + 1 < bytes.count && bytes[index] == byte && bytes[index + 1] == byte }

  func text(_ range: Range<Int>) -> String { String(decoding: bytes[range], as: UTF8.self) }

  mutating func template() -> [TagTemplate.Part] {
    var parts: [TagTemplate.Part] = []
    var start = 0
    while position < bytes.count {
      if isDouble(0x7B, at: position), position < lastClosing {
        let open = position
        if let tag = tag(depth: 0) {
          if start < open { parts.append(.text(text(start..<open))) }
          parts.append(.tag(tag))
          start = position
          continue
        }
        position = open + 2
        continue
      }
      position += 1
    }
    if start < bytes.count { parts.append(.text(text(start..<bytes.count))) }
    return parts
  }

  /// The tag that opens at `position`, leaving `position` behind it; nil when it is not closed.
  mutating func tag(depth: Int) -> TagTemplate.Tag? {
    guard depth < TagTemplate.maximumNesting else { return nil }
    position += 2
    let begin = position
    if position < bytes.count, bytes[position] == UInt8(ascii: "=") {
      while position < bytes.count {
        if isDouble(0x7D, at: position) {
          let expression = text(begin + 1..<position)
          position += 2
          return .expression(expression)
        }
        position += 1
      }
      return nil
    }
    var parts: [TagTemplate.Part] = []
    var start = begin
    while position <= lastClosing {
      if isDouble(0x7D, at: position) {
        let close = position
        position += 2
        if parts.isEmpty {
          let raw = text(begin..<close)
          return .simple(name: raw.trimmingTagSpace(), raw: raw)
        }
        if start < close { parts.append(.text(text(start..<close))) }
        return .nested(parts)
      }
      if isDouble(0x7B, at: position) {
        let open = position
        guard let inner = tag(depth: depth + 1) else { return nil }
        if start < open { parts.append(.text(text(start..<open))) }
        parts.append(.tag(inner))
        start = position
        continue
      }
      position += 1
    }
    return nil
  }
}

extension String {
  /// The text without white space at both ends.
  func trimmingTagSpace() -> String {
    let scalars = unicodeScalars
    guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
      let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
    else { return "" }
    return String(scalars[first...last])
  }
}
