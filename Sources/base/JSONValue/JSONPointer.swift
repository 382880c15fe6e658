/// A JSON Pointer (RFC 6901): the unescaped reference tokens of a path such as `/spec/templates/0/name`.
package struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
  package var tokens: [String]
  package init(tokens: [String]) { self.tokens = tokens }

  /// Reads a pointer; nil unless it is empty or starts with `/`, or when `~` stands without 0 or 1 after it.
  package init?(_ text: String) {
    if text.isEmpty {
      tokens = []
      return
    }
    guard text.utf8.first == UInt8(ascii: "/") else { return nil }
    tokens = []
    for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
      var token: [UInt8] = []
      var rest = part
      while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "~") else {
          token.append(byte)
          continue
        }
        switch rest.popFirst() {
        case UInt8(ascii: "0"): token.append(UInt8(ascii: "~"))
        case UInt8(ascii: "1"): token.append(UInt8(ascii: "/"))
        default: return nil
        }
      }
      tokens.append(String(decoding: token, as: UTF8.self))
    }
  }

  package var description: String {
    var text: [UInt8] = []
    for token in tokens {
      text.append(UInt8(ascii: "/"))
      for byte in token.utf8 {
        switch byte {
        case UInt8(ascii: "~"): text += "~0".utf8
        case UInt8(ascii: "/"): text += "~1".utf8
        default: text.append(byte)
        }
      }
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// An array index without sign or leading zeros; nil for anything else.
  static func index(_ token: String) -> Int? {
    guard token == "0" || (token.utf8.first ?? 0x30) != 0x30, token.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
    return Int(token)
  }
}

extension JSON {
  /// The value at a pointer, or nil when a step is missing.
  package func at(_ pointer: JSONPointer) -> JSON? {
    var value = self
    for token in pointer.tokens {
      switch value {
      case .object(let object):
        guard let next = object[token] else { return nil }
        value = next
      case .array(let elements):
        guard let index = JSONPointer.index(token), index < elements.count else { return nil }
        value = elements[index]
      default: return nil
      }
    }
    return value
  }
}
