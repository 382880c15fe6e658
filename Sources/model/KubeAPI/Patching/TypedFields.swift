internal import JSONValue

extension FieldType {
  /// All places of a value that somebody who applies it owns: its leaves, the elements of lists that are told apart, members of maps.
  /// Elements that cannot be told apart are left out.
  func fields(of value: JSON) -> FieldSet {
    var result = FieldSet()
    switch form(of: value) {
    case .scalar: result.becomeMember()
    case .list:
      guard let list else { break }
      if case .whole = list.form {
        result.becomeMember()
        break
      }
      let elements = ElementIndex(value.array ?? [], of: list)
      for element in elements.order {
        let values = elements.values[element] ?? []
        // Of elements that are there twice only the place is owned.
        var set = values.count == 1 ? list.element.fields(of: values[0]) : FieldSet()
        set.becomeMember()
        result.add(set, at: element)
      }
    case .map:
      guard let map else { break }
      if map.isWhole {
        result.becomeMember()
        break
      }
      for (name, member) in value.object ?? [:] {
        var set = map.type(of: name).fields(of: member)
        if member.isNull || member.object?.isEmpty == true || !map.declares(name) { set.becomeMember() }
        result.add(set, at: .field(name))
      }
    }
    return result
  }

  /// The set with the fields that the schema names and that only have something of the set inside.
  func withNamedParents(_ set: FieldSet) -> FieldSet {
    var result = FieldSet(isMember: set.isMember)
    let (map, list) = (self.map, self.list)
    for (element, inner) in set.children {
      var deeper = inner
      if case .field(let name) = element, let map {
        if !inner.children.isEmpty { deeper = map.type(of: name).withNamedParents(inner) }
        if map.declares(name) { deeper.becomeMember() }
      } else if case .key = element, let list, !inner.children.isEmpty {
        deeper = list.element.withNamedParents(inner)
      }
      result.add(deeper, at: element)
    }
    return result
  }

  /// A stored set as the present schema would have it: of what goes as a whole now, only the place itself is owned.
  func reconciled(_ set: FieldSet) -> FieldSet {
    guard !isDeduced, !set.children.isEmpty else { return set }
    if let list, case .whole = list.form { return .member }
    if let map, map.isWhole { return .member }
    var result = FieldSet(isMember: set.isMember)
    let (map, list) = (self.map, self.list)
    for (element, inner) in set.children {
      if case .field(let name) = element, let map {
        result.add(map.accepts(name) ? map.type(of: name).reconciled(inner) : inner, at: element)
      } else if let list {
        result.add(list.element.reconciled(inner), at: element)
      } else {
        result.add(inner, at: element)
      }
    }
    return result
  }
}

/// The elements of a set or a keyed list by what tells them apart.
struct ElementIndex {
  /// Each once, in the list's order.
  private(set) var order: [PathElement] = []
  /// More than one for elements that cannot be told from each other.
  private(set) var values: [PathElement: [JSON]] = [:]
  /// For each element of the list, in its order; elements without a path element are left out.
  private(set) var all: [(path: PathElement, value: JSON)] = []

  init(_ elements: [JSON], of list: FieldType.List) {
    for element in elements {
      guard let path = try? list.pathElement(of: element) else { continue }
      if values[path] == nil { order.append(path) }
      values[path, default: []].append(element)
      all.append((path, element))
    }
  }
}

/// How two versions of an object differ.
struct FieldDifference {
  var added = FieldSet()
  var removed = FieldSet()
  var modified = FieldSet()

  var changed: FieldSet { added.union(modified) }

  fileprivate mutating func add(_ inner: FieldDifference, at element: PathElement) {
    added.add(inner.added, at: element)
    removed.add(inner.removed, at: element)
    modified.add(inner.modified, at: element)
  }
  fileprivate mutating func merge(_ other: FieldDifference) {
    added = added.union(other.added)
    removed = removed.union(other.removed)
    modified = modified.union(other.modified)
  }

  /// What remains after the filter.
  func filtered(_ filter: FieldFilter) -> FieldDifference {
    FieldDifference(added: filter.filter(added), removed: filter.filter(removed), modified: filter.filter(modified))
  }
}

extension FieldType {
  /// What is new, gone and changed from one value to another; nil is no value.
  func difference(from old: JSON?, to new: JSON?) -> FieldDifference {
    guard old != nil || new != nil else { return FieldDifference() }
    let (oldForm, newForm) = (form(of: old), form(of: new))
    var result: FieldDifference
    var isLeaf: Bool
    if new == nil {
      (result, isLeaf) = difference(from: old, to: new, as: oldForm)
    } else {
      (result, isLeaf) = difference(from: old, to: new, as: newForm)
      if old != nil, oldForm != newForm { result.merge(difference(from: old, to: new, as: oldForm).0) }
    }
    if !isLeaf {
      if old == nil { result.added.becomeMember() } else if new == nil { result.removed.becomeMember() }
    }
    return result
  }

  private func difference(from old: JSON?, to new: JSON?, as form: Form) -> (FieldDifference, isLeaf: Bool) {
    var result = FieldDifference()
    switch form {
    case .scalar: return (Self.leaf(old, new), true)
    case .list:
      let (before, after) = (old?.array ?? [], new?.array ?? [])
      guard let list, !(before.isEmpty && after.isEmpty) else { return (Self.leaf(old, new), true) }
      if case .whole = list.form { return (Self.leaf(old, new), true) }
      let (left, right) = (ElementIndex(before, of: list), ElementIndex(after, of: list))
      for element in left.order + right.order.filter({ left.values[$0] == nil }) {
        result.add(Self.difference(left.values[element] ?? [], right.values[element] ?? [], list.element), at: element)
      }
    case .map:
      let (before, after) = (old?.object ?? [:], new?.object ?? [:])
      guard let map, !map.isWhole, !(before.isEmpty && after.isEmpty) else { return (Self.leaf(old, new), true) }
      func type(_ name: String, _ other: JSON?) -> (type: FieldType, other: JSON?) {
        let type = map.type(of: name)
        // Unless the whole around it is new or gone.
        let unwritten = other == nil && old != nil && new != nil ? map.unwritten(name) : nil
        return (type, other ?? unwritten)
      }
      for (name, member) in before {
        if member == after[name] { continue }
        let (type, other) = type(name, after[name])
        result.add(type.difference(from: member, to: other), at: .field(name))
      }
      for (name, member) in after where before[name] == nil {
        let (type, other) = type(name, nil)
        result.add(type.difference(from: other, to: member), at: .field(name))
      }
    }
    return (result, false)
  }

  /// Elements that are there more than once go as a whole.
  private static func difference(_ old: [JSON], _ new: [JSON], _ type: FieldType) -> FieldDifference {
    if old.count <= 1 && new.count <= 1 { return type.difference(from: old.first, to: new.first) }
    if old.count > 1 && new.count > 1 {
      let isSame = old.count == new.count && zip(old, new).allSatisfy { $0.isSame(as: $1) }
      return isSame ? FieldDifference() : FieldDifference(modified: .member)
    }
    if old.count > 1 {
      var result = new.first.map { type.difference(from: nil, to: $0) } ?? FieldDifference()
      result.removed.becomeMember()
      return result
    }
    var result = old.first.map { type.difference(from: $0, to: nil) } ?? FieldDifference()
    result.added.becomeMember()
    return result
  }

  private static func leaf(_ old: JSON?, _ new: JSON?) -> FieldDifference {
    switch (old, new) {
    case (nil, nil): FieldDifference()
    case (nil, _): FieldDifference(added: .member)
    case (_, nil): FieldDifference(removed: .member)
    case (let old?, let new?): old.isSame(as: new) ? FieldDifference() : FieldDifference(modified: .member)
    }
  }
}
