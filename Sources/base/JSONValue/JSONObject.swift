/// The members of a JSON object, in the order in which they were written. Look-up is linear for small objects and by hash above
/// ``indexThreshold`` members.
package struct JSONObject: Sendable {
  package typealias Element = (key: String, value: JSON)

  package static let indexThreshold = 16

  /// No tuple: those are copied and destroyed by a function of the runtime that looks up how for each part.
  private struct Member: Sendable {
    var key: String
    var value: JSON
  }
  private var entries: [Member]
  /// Positions by key; nil while the object is small.
  private var index: [String: Int]?

  package init() {
    entries = []
    index = nil
  }

  /// An object of these members; of a repeated key the last value wins, at the place of the first.
  package init(_ members: [(String, JSON)]) {
    self.init()
    if members.count <= Self.indexThreshold, Self.areDistinct(members) {
      entries = members.map { Member(key: $0.0, value: $0.1) }
      return
    }
    entries.reserveCapacity(members.count)
    for (key, value) in members { self[key] = value }
  }

  private static func areDistinct(_ members: [(String, JSON)]) -> Bool {
    for position in members.indices.dropFirst() {
      for earlier in 0..<position where isEqual(members[earlier].0, members[position].0) { return false }
    }
    return true
  }

  /// Most keys differ in their length already.
  private static func isEqual(_ left: String, _ right: String) -> Bool { left.utf8.count == right.utf8.count && left == right }

  /// An empty object with room for members.
  package init(capacity: Int) {
    self.init()
    entries.reserveCapacity(capacity)
  }

  package var count: Int { entries.count }
  package var isEmpty: Bool { entries.isEmpty }
  package var keys: [String] { entries.map(\.key) }
  package var values: [JSON] { entries.map(\.value) }

  private func position(of key: String) -> Int? {
    if let index { return index[key] }
    for position in entries.indices where Self.isEqual(entries[position].key, key) { return position }
    return nil
  }

  package subscript(key: String) -> JSON? {
    get { position(of: key).map { entries[$0].value } }
    set {
      if let position = position(of: key) {
        if let newValue { entries[position].value = newValue } else { remove(at: position) }
      } else if let newValue {
        append(key, newValue)
      }
    }
    _modify {
      let position = position(of: key)
      var value: JSON?
      if let position {
        value = entries[position].value
        entries[position].value = .null
      }
      defer {
        switch (position, value) {
        case (let position?, let value?): entries[position].value = value
        case (let position?, nil): remove(at: position)
        case (nil, let value?): append(key, value)
        case (nil, nil): break
        }
      }
      yield &value
    }
  }

  /// Adds a member of which the caller knows that the object has none of its key.
  package mutating func append(_ key: String, _ value: JSON) {
    entries.append(Member(key: key, value: value))
    if index != nil {
      index?[key] = entries.count - 1
    } else if entries.count > Self.indexThreshold {
      rebuildIndex()
    }
  }

  private mutating func remove(at position: Int) {
    entries.remove(at: position)
    if index != nil { rebuildIndex() }
  }

  private mutating func rebuildIndex() {
    index = Dictionary(entries.indices.map { (entries[$0].key, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// Removes the member and returns its value.
  @discardableResult package mutating func removeValue(forKey key: String) -> JSON? {
    guard let position = position(of: key) else { return nil }
    let value = entries[position].value
    remove(at: position)
    return value
  }

  /// The same members with keys in ascending order of their UTF-8 bytes (what Go's `encoding/json` writes for maps).
  package func sortedByKey() -> JSONObject {
    var copy = self
    copy.entries.sort { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }
    if copy.index != nil { copy.rebuildIndex() }
    return copy
  }
}

extension JSONObject: RandomAccessCollection {
  package var startIndex: Int { 0 }
  package var endIndex: Int { entries.count }
  package subscript(position: Int) -> Element { (key: entries[position].key, value: entries[position].value) }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}

/// Equality ignores the order of keys, as JSON does.
extension JSONObject: Hashable {
  package static func == (left: JSONObject, right: JSONObject) -> Bool {
    guard left.count == right.count else { return false }
    for (position, member) in left.entries.enumerated() {
      let other = right.entries[position]
      if other.key == member.key {
        if other.value != member.value { return false }
      } else if right[member.key] != member.value {
        return false
      }
    }
    return true
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    var sum = 0
    for (key, value) in self {
      var member = Hasher()
      member.combine(key)
      member.combine(value)
      sum ^= member.finalize()
    }
    hasher.combine(sum)
  }
}
