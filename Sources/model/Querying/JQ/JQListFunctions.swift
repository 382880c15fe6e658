/// jq's functions on arrays and objects.
enum JQListFunctions {
  /// The result, or nil when the name is none of these.
  static func call(_ name: String, _ value: JQValue, _ arguments: [JQValue]) throws(JQFailure) -> JQValue? {
    switch name {
    case "keys":
      switch value {
      case .array(let array): return try .makeArray(array.elements.indices.map { .int(Int64($0)) })
      case .object(let object): return try .makeArray(object.members.map { .string($0.key) })
      default: throw .cannotApply(name, value)
      }
    case "has": return .bool(try has(value, arguments[0]))
    case "add": return try sum(try values(name, value))
    case "reverse":
      guard let elements = value.array else { throw .cannotApply(name, value) }
      return try .makeArray(elements.reversed())
    case "contains": return .bool(try contains(value, arguments[0]))
    case "inside": return .bool(try contains(arguments[0], value))
    case "indices", "index", "rindex": return try indices(name, value, arguments[0])
    case "join": return try join(value, arguments[0])
    case "flatten": return try flatten(value, arguments.first)
    case "min", "max":
      guard let elements = value.array else { throw .cannotApply(name, value) }
      return extreme(elements, by: elements, isMinimum: name == "min")
    case "_min_by", "_max_by":
      let (elements, keys) = try keyed(name, value, arguments[0])
      return extreme(elements, by: keys, isMinimum: name == "_min_by")
    case "sort", "unique":
      guard let elements = value.array else { throw .cannotApply(name, value) }
      let groups = grouped(elements, by: elements)
      return try .makeArray(name == "sort" ? groups.flatMap { $0 } : groups.compactMap(\.first))
    case "_sort_by", "_group_by", "_unique_by":
      let (elements, keys) = try keyed(name, value, arguments[0])
      let groups = grouped(elements, by: keys)
      switch name {
      case "_sort_by": return try .makeArray(groups.flatMap { $0 })
      case "_unique_by": return try .makeArray(groups.compactMap(\.first))
      default:
        var lists: [JQValue] = []
        for group in groups { lists.append(try .makeArray(group)) }
        return try .makeArray(lists)
      }
    case "transpose": return try transpose(value)
    case "bsearch":
      guard let elements = value.array else { throw .cannotApply(name, value, arguments[0]) }
      return .int(Int64(search(elements, arguments[0])))
    default: return nil
    }
  }

  private static func values(_ name: String, _ value: JQValue) throws(JQFailure) -> [JQValue] {
    switch value {
    case .array(let array): return array.elements
    case .object(let object): return object.members.map(\.value)
    default: throw .cannotApply(name, value)
    }
  }

  private static func has(_ value: JQValue, _ key: JQValue) throws(JQFailure) -> Bool {
    switch (value, key) {
    case (.null, _): return false
    case (.object(let object), .string(let name)): return object[name] != nil
    case (.array(let array), _):
      if let index = key.integer { return array.elements.indices.contains(index) }
    default: break
    }
    throw .cannotApply("has", value, key)
  }

  /// All values added; strings and lists are put together in one go.
  static func sum(_ values: [JQValue]) throws(JQFailure) -> JQValue {
    var text: String?
    var list: [JQValue]?
    var members: [JQObject.Member]?
    var total = JQValue.null
    func settled() throws(JQFailure) -> JQValue {
      if let text { return .string(text) }
      if let list { return try .makeArray(list) }
      if let members { return try .makeObject(members) }
      return total
    }
    for value in values {
      switch value {
      case .null: continue
      case .string(let next) where text != nil || list == nil && members == nil && total.isNull:
        text = (text ?? "") + next
        guard (text?.utf8.count ?? 0) <= JQArithmetic.maximumText else { throw .limit("a string grows too long") }
      case .array(let next) where list != nil || text == nil && members == nil && total.isNull: list = (list ?? []) + next.elements
      case .object(let next) where members != nil || text == nil && list == nil && total.isNull:
        members = (members ?? []) + next.members
      default:
        total = try JQArithmetic.add(try settled(), value)
        (text, list, members) = (nil, nil, nil)
      }
    }
    return try settled()
  }

  static func contains(_ whole: JQValue, _ part: JQValue) throws(JQFailure) -> Bool {
    switch (whole, part) {
    case (.string(let text), .string(let piece)): return JQText.contains(text, piece)
    case (.array(let array), .array(let wanted)):
      for element in wanted.elements {
        var isThere = false
        for candidate in array.elements where !isThere { isThere = holds(candidate, element) }
        if !isThere { return false }
      }
      return true
    case (.object(let object), .object(let wanted)):
      return wanted.members.allSatisfy { member in object[member.key].map { holds($0, member.value) } ?? false }
    case (.null, .null): return true
    case (.bool(let a), .bool(let b)) where a == b: return true
    default:
      if whole.isNumber, part.isNumber { return JQValue.compare(whole, part) == 0 }
      throw .cannotApply("contains", whole, part)
    }
  }

  /// As ``contains(_:_:)``, but what cannot be compared is not contained.
  private static func holds(_ whole: JQValue, _ part: JQValue) -> Bool {
    do throws(JQFailure) { return try contains(whole, part) } catch { return false }
  }

  private static func indices(_ name: String, _ value: JQValue, _ part: JQValue) throws(JQFailure) -> JQValue {
    let found: [Int]
    switch (value, part) {
    case (.null, _): return .null
    case (.array(let array), .array(let wanted)): found = JQPaths.positions(array.elements, wanted.elements)
    case (.array(let array), _): found = JQPaths.positions(array.elements, [part])
    case (.string(let text), .string(let wanted)):
      func codes(_ text: String) -> [JQValue] { text.unicodeScalars.map { .int(Int64($0.value)) } }
      found = JQPaths.positions(codes(text), codes(wanted))
    default: throw .cannotApply(name, value, part)
    }
    switch name {
    case "indices": return try .makeArray(found.map { .int(Int64($0)) })
    case "index": return found.first.map { .int(Int64($0)) } ?? .null
    default: return found.last.map { .int(Int64($0)) } ?? .null
    }
  }

  private static func join(_ value: JQValue, _ separator: JQValue) throws(JQFailure) -> JQValue {
    let list: [JQValue]
    switch value {
    case .array(let array): list = array.elements
    case .object(let object): list = object.members.map(\.value)
    default: throw .cannotApply("join", value, separator)
    }
    if list.isEmpty { return .string("") }
    var parts: [JQValue] = []
    for (index, element) in list.enumerated() {
      parts.append(index == 0 ? .string("") : separator)
      switch element {
      case .bool, .int, .double, .big, .literal: parts.append(.string(element.text))
      default: parts.append(element)
      }
    }
    return try sum(parts)
  }

  private static func flatten(_ value: JQValue, _ depth: JQValue?) throws(JQFailure) -> JQValue {
    let list = try values("flatten", value)
    var limit = -1.0
    if let depth {
      guard let number = depth.double else { throw .cannotApply("flatten", depth) }
      if number < 0 || number.isNaN { throw .message("flatten depth should not be negative: \(JQValue.double(number).preview)") }
      limit = number
    }
    var result: [JQValue] = []
    flatten(list, limit, into: &result)
    return try .makeArray(result)
  }

  private static func flatten(_ list: [JQValue], _ depth: Double, into result: inout [JQValue]) {
    for element in list {
      if case .array(let inner) = element, depth != 0 { flatten(inner.elements, depth - 1, into: &result) } else { result.append(element) }
    }
  }

  private static func keyed(_ name: String, _ value: JQValue, _ keys: JQValue) throws(JQFailure) -> ([JQValue], [JQValue]) {
    let shown = String(name.dropFirst())
    guard let elements = value.array, let keyList = keys.array else { throw .cannotApply(shown, value, keys) }
    guard elements.count == keyList.count else { throw .failed(shown, value, keys, "length mismatch") }
    return (elements, keyList)
  }

  /// Of equal ones the first is the minimum and the last the maximum.
  private static func extreme(_ elements: [JQValue], by keys: [JQValue], isMinimum: Bool) -> JQValue {
    guard var key = keys.first else { return .null }
    var best = 0
    for index in keys.indices.dropFirst() where (JQValue.compare(key, keys[index]) > 0) == isMinimum {
      key = keys[index]
      best = index
    }
    return elements[best]
  }

  /// The elements in the order of their keys, those of equal keys together.
  private static func grouped(_ elements: [JQValue], by keys: [JQValue]) -> [[JQValue]] {
    let order = keys.indices.sorted { first, second in
      let order = JQValue.compare(keys[first], keys[second])
      return order == 0 ? first < second : order < 0
    }
    var groups: [[JQValue]] = []
    var last: JQValue?
    for index in order {
      if let last, JQValue.compare(last, keys[index]) == 0 {
        groups[groups.count - 1].append(elements[index])
      } else {
        groups.append([elements[index]])
        last = keys[index]
      }
    }
    return groups
  }

  private static func transpose(_ value: JQValue) throws(JQFailure) -> JQValue {
    guard let rows = value.array else { throw .cannotApply("transpose", value) }
    var width = 0
    for row in rows {
      guard let cells = row.array else { throw .cannotApply("transpose", value) }
      width = max(width, cells.count)
    }
    var columns: [JQValue] = []
    for index in 0..<width {
      columns.append(
        try .makeArray(rows.map { row in row.array.flatMap { $0.indices.contains(index) ? $0[index] : nil } ?? .null }))
    }
    return try .makeArray(columns)
  }

  /// The index of a value in a sorted list, or minus one minus the index where it would stand.
  private static func search(_ elements: [JQValue], _ wanted: JQValue) -> Int {
    var low = 0
    var high = elements.count
    while low < high {
      let middle = (low + high) / 2
      if JQValue.compare(elements[middle], wanted) >= 0 { high = middle } else { low = middle + 1 }
    }
    return low < elements.count && JQValue.compare(elements[low], wanted) == 0 ? low : -low - 1
  }
}
