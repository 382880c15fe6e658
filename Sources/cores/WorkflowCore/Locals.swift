/// Names that are known by themselves, with their values: few, so that they are looked through.
struct Locals: Sendable {
  private var entries: [(name: String, text: String)] = []

  init() {}

  private func place(of name: String) -> Int? {
    let length = name.utf8.count
    for place in entries.indices where entries[place].name.utf8.count == length && entries[place].name == name { return place }
    return nil
  }

  subscript(name: String) -> String? {
    get { place(of: name).map { entries[$0].text } }
    set {
      if let place = place(of: name) {
        if let newValue { entries[place].text = newValue } else { entries.remove(at: place) }
      } else if let newValue {
        entries.append((name, newValue))
      }
    }
  }

  /// Takes over what it does not know itself.
  mutating func add(_ others: Locals) {
    for (name, text) in others.entries where place(of: name) == nil { entries.append((name, text)) }
  }
}

extension Locals: Sequence {
  func makeIterator() -> IndexingIterator<[(name: String, text: String)]> { entries.makeIterator() }
}

extension Locals: ExpressibleByDictionaryLiteral {
  init(dictionaryLiteral elements: (String, String)...) {
    entries.reserveCapacity(elements.count + 2)
    for (name, text) in elements { self[name] = text }
  }
}
