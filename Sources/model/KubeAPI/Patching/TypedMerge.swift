internal import JSONValue

extension FieldType {
  /// A value with an applied one merged into it: what the applied one has wins, maps and lists whose parts have owners of their own are merged
  /// part by part. Nil where both are nothing, or nothing is left.
  func merged(_ live: JSON?, _ applied: JSON?) -> JSON? {
    guard live != nil || applied != nil else { return nil }
    let form = self.form(of: applied ?? live)
    // A value of another form gives way.
    let leaf = applied ?? live
    switch form {
    case .scalar: return leaf
    case .list:
      let (left, right) = (live?.array ?? [], applied?.array ?? [])
      guard let list, !(left.isEmpty && right.isEmpty) else { return leaf }
      if case .whole = list.form { return leaf }
      let elements = Self.merged(ElementIndex(left, of: list), ElementIndex(right, of: list), list.element)
      return elements.isEmpty ? nil : .array(elements)
    case .map:
      let (left, right) = (live?.object ?? [:], applied?.object ?? [:])
      guard let map, !map.isWhole, !(left.isEmpty && right.isEmpty) else { return leaf }
      var members: [(String, JSON)] = []
      for (name, member) in left {
        if let value = map.type(of: name).merged(member, right[name]) { members.append((name, value)) }
      }
      for (name, member) in right where left[name] == nil {
        if let value = map.type(of: name).merged(nil, member) { members.append((name, value)) }
      }
      return members.isEmpty ? nil : .object(JSONObject(members))
    }
  }

  /// Merged elements in structured-merge-diff's order: applied elements in their own order; the others stay between those of the live list's
  /// elements that the applied one has too and that both have in the same order.
  private static func merged(_ live: ElementIndex, _ applied: ElementIndex, _ type: FieldType) -> [JSON] {
    var result: [JSON] = []
    var done: Set<PathElement> = []
    func take(_ element: PathElement) {
      // An element that the live list has twice is replaced.
      let before = live.values[element]
      let old: JSON? = before.map { $0.count == 1 ? $0[0] : .null }
      if let value = type.merged(old, applied.values[element]?.first) { result.append(value) }
      done.insert(element)
    }
    var shared = applied.order.filter { live.values[$0] != nil }[...]
    var (left, right) = (live.all[...], applied.order[...])
    while !left.isEmpty || !right.isEmpty {
      if let here = left.first, let wanted = right.first {
        if here.path == wanted {
          take(wanted)
          left.removeFirst()
          right.removeFirst()
          shared = shared.dropFirst()
          continue
        }
        if applied.values[here.path] != nil, let next = shared.first, next != here.path {
          left.removeFirst()
          continue
        }
      }
      if let here = left.first {
        if applied.values[here.path] == nil {
          if let value = type.merged(here.value, nil) { result.append(value) }
          left.removeFirst()
          continue
        }
        if done.contains(here.path) { left.removeFirst() }
      }
      if let wanted = right.popFirst() {
        take(wanted)
        if shared.first == wanted { shared = shared.dropFirst() }
      }
    }
    return result
  }

  /// A value without the places of a set. Of lists and maps that go as a whole nothing is left when something in them is to go, nor of those
  /// that lose all their members; `leavingNull`: null stands for that, as in structured-merge-diff, to whom it is not gone then.
  func removing(_ set: FieldSet, from value: JSON, leavingNull: Bool) -> JSON? {
    guard !set.children.isEmpty else { return value }
    let nothing: JSON? = leavingNull ? .null : nil
    switch form(of: value) {
    case .scalar: return value
    case .list:
      guard let list, let elements = value.array, !elements.isEmpty else { return nothing }
      if case .whole = list.form { return nothing }
      var kept: [JSON] = []
      var isEmptied = true
      for element in elements {
        guard let path = try? list.pathElement(of: element), let inner = set.children[path] else {
          kept.append(element)
          continue
        }
        if inner.isMember { continue }
        isEmptied = false
        if let left = list.element.removing(inner, from: element, leavingNull: leavingNull) { kept.append(left) }
      }
      return kept.isEmpty && isEmptied ? nothing : .array(kept)
    case .map:
      guard let map, !map.isWhole, let members = value.object, !members.isEmpty else { return nothing }
      var kept: [(String, JSON)] = []
      var isEmptied = true
      for (name, member) in members {
        guard let inner = set.children[.field(name)] else {
          kept.append((name, member))
          continue
        }
        if inner.isMember { continue }
        isEmptied = false
        if let left = map.type(of: name).removing(inner, from: member, leavingNull: leavingNull) { kept.append((name, left)) }
      }
      return kept.isEmpty && isEmptied ? nothing : .object(JSONObject(kept))
    }
  }
}
