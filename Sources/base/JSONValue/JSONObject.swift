/// The members of a JSON object, in the order in which they were written. Look-up is linear for small objects and by hash above
/// ``indexThreshold`` members.
package struct JSONObject: Sendable {
  package typealias Element = (key: String, value: JSON)

  package static let indexThreshold = 16

  private var entries: [Element]
  /// Positions by key; nil while the object is small.
  private var index: [String: Int]?

  package init() {
    entries = []
    index = nil
  }

  /// An object of these members; of a repeated key the last value wins, at the place of the first.
  package init(_ members: [(String, JSON)]) {
    self.init()
    entries.reserveCapacity(members.count)
    for (key, value) in members { self[key] = value }
  }

  /// An empty object with room for members.
  init(capacity: Int) {
    self.init()
    entries.reserveCapacity(capacity)
  }

  package var count: Int { entries.count }
  package var isEmpty: Bool { entries.isEmpty }
  package var keys: [String] { entries.map(\.key) }
  package var values: [JSON] { entries.map(\.value) }

  private func position(of key: String) -> Int? {
    if let index { return index[key] }
    return entries.firstIndex { $0.key == key }
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

  private mutating func append(_ key: String, _ value: JSON) {
    entries.append((key, value))
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
  package subscript(position: Int) -> Element { entries[position] }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, JSON)...) { self.init(elements) }
}

/// Equality ignores the order of keys, as JSON does.
extension JSONObject: Hashable {
  package static func == (left: JSONObject, right: JSONObject) -> Bool {
    guard left.count == right.count else { return false }
    for (position, entry) in left.entries.enumerated() {
      let other = right.entries[position]
      if other.key == entry.key {
        if other.value != entry.value { return false }
      } else if right[entry.key] != entry.value {
        return false
      }
    }
    return true
  }

  package func hash(into hasher: inout Hasher) {
    hasher.combine(count)
    var sum = 0
    for (key, value) in entries {
      var member = Hasher()
      member.combine(key)
      member.combine(value)
      sum ^= member.finalize()
    }
    hasher.combine(sum)
  }
}
