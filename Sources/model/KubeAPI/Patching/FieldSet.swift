package import JSONValue

/// A set of places in an object: who owns what (structured-merge-diff's `fieldpath.Set`), as a tree of path elements. A parent may belong to
/// the set without its children, and the other way round.
package struct FieldSet: Sendable, Hashable {
  /// Whether the place at the root of this tree belongs to the set; without meaning for a whole object, which nobody owns.
  package private(set) var isMember = false
  package private(set) var children: [PathElement: FieldSet] = [:]

  package init() {}
  init(isMember: Bool, children: [PathElement: FieldSet] = [:]) {
    self.isMember = isMember
    self.children = children.filter { !$0.value.isEmpty }
  }
  /// The places at these paths.
  package init(_ paths: [PathElement]...) { for path in paths { insert(path) } }

  package static let member = FieldSet(isMember: true)

  package var isEmpty: Bool { !isMember && children.isEmpty }
  /// The number of places.
  package var count: Int { children.values.reduce(isMember ? 1 : 0) { $0 + $1.count } }

  package func contains(_ path: [PathElement]) -> Bool {
    var set = self
    for element in path {
      guard let next = set.children[element] else { return false }
      set = next
    }
    return set.isMember
  }

  package mutating func insert(_ path: [PathElement]) {
    guard let first = path.first else { return isMember = true }
    children[first, default: FieldSet()].insert(Array(path.dropFirst()))
  }

  /// Puts a tree at a child's place, in addition to what is there.
  mutating func add(_ set: FieldSet, at element: PathElement) {
    guard !set.isEmpty else { return }
    children[element] = children[element]?.union(set) ?? set
  }
  mutating func becomeMember() { isMember = true }

  package func union(_ other: FieldSet) -> FieldSet {
    var result = self
    result.isMember = isMember || other.isMember
    result.children.merge(other.children) { $0.union($1) }
    return result
  }

  package func intersection(_ other: FieldSet) -> FieldSet {
    var result = FieldSet(isMember: isMember && other.isMember)
    for (element, set) in children {
      guard let others = other.children[element] else { continue }
      let both = set.intersection(others)
      if !both.isEmpty { result.children[element] = both }
    }
    return result
  }

  /// The places that are not in the other set; a child stays although its parent is taken away.
  package func subtracting(_ other: FieldSet) -> FieldSet {
    var result = FieldSet(isMember: isMember && !other.isMember)
    for (element, set) in children {
      let left = other.children[element].map { set.subtracting($0) } ?? set
      if !left.isEmpty { result.children[element] = left }
    }
    return result
  }

  /// The places that are not in the other set nor inside a place of it.
  package func subtractingAll(in other: FieldSet) -> FieldSet {
    var result = FieldSet(isMember: isMember && !other.isMember)
    for (element, set) in children {
      guard let others = other.children[element] else {
        result.children[element] = set
        continue
      }
      if others.isMember { continue }
      let left = set.subtractingAll(in: others)
      if !left.isEmpty { result.children[element] = left }
    }
    return result
  }

  /// What lies at and in one member of the object.
  func only(_ element: PathElement) -> FieldSet {
    var result = FieldSet()
    result.children[element] = children[element]
    return result
  }

  /// All places in order: at each level first those that belong to the set, then what is inside them.
  package var paths: [[PathElement]] {
    var result: [[PathElement]] = []
    collect([], &result)
    return result
  }

  private func collect(_ prefix: [PathElement], _ result: inout [[PathElement]]) {
    let sorted = children.sorted { $0.key < $1.key }
    for (element, set) in sorted where set.isMember { result.append(prefix + [element]) }
    for (element, set) in sorted { set.collect(prefix + [element], &result) }
  }
}

// MARK: - FieldsV1

extension FieldSet {
  /// The set as `metadata.managedFields[].fieldsV1` has it.
  package var json: JSON { .object(contents(includesSelf: false)) }

  private func contents(includesSelf: Bool) -> JSONObject {
    var members: [(String, JSON)] = []
    if includesSelf && isMember && !children.isEmpty { members.append((".", [:])) }
    for (element, set) in children.sorted(by: { $0.key < $1.key }) {
      members.append((element.fieldsText, .object(set.contents(includesSelf: true))))
    }
    return JSONObject(members)
  }

  /// Reads FieldsV1. What has no children and is no `.` belongs to the set itself; elements of unknown kinds are left out.
  package init(_ document: JSON) throws(FieldsError) {
    self = try Self.read(document)
    isMember = false
  }

  private static func read(_ document: JSON) throws(FieldsError) -> FieldSet {
    guard let object = document.object else { throw FieldsError("FieldsV1 must consist of objects, not \(document.typeName)") }
    var result = FieldSet()
    for (key, value) in object {
      if key == "." {
        result.isMember = true
        continue
      }
      switch PathElement.read(key) {
      case .unknown: continue
      case .invalid(let why): throw FieldsError("parsing key as path element: \(why)")
      case .element(let element): result.add(try read(value), at: element)
      }
    }
    if result.children.isEmpty { result.isMember = true }
    return result
  }
}

/// Why FieldsV1 cannot be read.
package struct FieldsError: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String
  init(_ description: String) { self.description = description }
}
