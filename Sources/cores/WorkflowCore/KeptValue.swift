import Basics
import JSONValue

/// A JSON value of a node. A node that has ended keeps a short one as its text: less than half of the memory, of one block, and ready for the node's row.
enum KeptValue: Sendable {
  case none
  indirect case tree(JSON)
  case text([UInt8])

  /// Longer texts stay values: nothing is gained with them, and reading them again would cost.
  static let longestText = 512

  init(_ json: JSON?) { self = json.map { .tree($0) } ?? .none }

  var json: JSON? {
    switch self {
    case .none: nil
    case .tree(let json): json
    case .text(let text): try? JSON.parse(text)
    }
  }

  var isNone: Bool { if case .none = self { true } else { false } }

  /// The same value as text, if that is short.
  func packed(_ recent: inout RecentTexts) -> KeptValue {
    guard case .tree(let json) = self else { return self }
    let text = json.bytes()
    return text.count <= Self.longestText ? .text(recent.shared(text)) : self
  }
}

/// Texts that were kept lately. What many nodes have in common (`{"exitCode":"0"}`) is so held once.
struct RecentTexts: Sendable {
  private var slots: [[UInt8]] = Array(repeating: [], count: 64)

  mutating func shared(_ text: [UInt8]) -> [UInt8] {
    let slot = Int(fnv1a32(text) >> 26)
    if slots[slot] == text { return slots[slot] }
    slots[slot] = text
    return text
  }
}

extension JSONMembers where Self: ~Copyable {
  mutating func append(_ key: StaticString, _ value: KeptValue) {
    switch value {
    case .none: break
    case .tree(let json): append(key, json)
    case .text(let text): append(key, text: text)
    }
  }
}
