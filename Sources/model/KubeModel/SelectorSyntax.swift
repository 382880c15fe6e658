/// Why a label or field selector cannot be read, in Kubernetes' words.
package struct SelectorError: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String
  package init(_ description: String) { self.description = description }
}

/// A label selector's text cut into tokens: `( ) , ! = == !=`, words, and the end.
struct SelectorTokens {
  enum Token: Hashable {
    case open, close, comma, not, equals, doubleEquals, notEquals, greater, less, end
    case word(String)
  }

  private var rest: Substring.UTF8View
  private var ahead: (token: Token, text: String)?

  init(_ text: String) { rest = text[...].utf8 }

  mutating func peek() -> (token: Token, text: String) {
    if let ahead { return ahead }
    let next = scan()
    ahead = next
    return next
  }

  mutating func take() -> (token: Token, text: String) {
    let next = peek()
    ahead = nil
    return next
  }

  private mutating func scan() -> (token: Token, text: String) {
    rest = rest.drop { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x0A }
    guard let first = rest.first else { return (.end, "") }
    if let symbol = Self.symbol(first) {
      rest = rest.dropFirst()
      let isFollowedByEquals = rest.first == UInt8(ascii: "=")
      if symbol == .not, isFollowedByEquals {
        rest = rest.dropFirst()
        return (.notEquals, "!=")
      }
      if symbol == .equals, isFollowedByEquals {
        rest = rest.dropFirst()
        return (.doubleEquals, "==")
      }
      return (symbol, String(Unicode.Scalar(first)))
    }
    let word = rest.prefix { Self.symbol($0) == nil && $0 != 0x20 && $0 != 0x09 && $0 != 0x0D && $0 != 0x0A }
    rest = rest.dropFirst(word.count)
    let text = String(Substring(word))
    return (.word(text), text)
  }

  private static func symbol(_ byte: UInt8) -> Token? {
    switch byte {
    case UInt8(ascii: "("): .open
    case UInt8(ascii: ")"): .close
    case UInt8(ascii: ","): .comma
    case UInt8(ascii: "!"): .not
    case UInt8(ascii: "="): .equals
    case UInt8(ascii: ">"): .greater
    case UInt8(ascii: "<"): .less
    default: nil
    }
  }
}
