/// Reading, writing and deleting at paths.
enum JQPaths {
  /// `.[key]`.
  static func index(_ value: JQValue, _ key: JQValue) throws(JQFailure) -> JQValue {
    switch key {
    case .string(let name):
      switch value {
      case .null: return .null
      case .object(let object): return object[name] ?? .null
      default: throw .message("expected an object but got: \(value.described)")
      }
    case .int, .double, .big, .literal:
      let wanted = key.integer ?? 0
      switch value {
      case .null: return .null
      case .array(let array):
        let index = clamp(wanted, -1, array.elements.count)
        return array.elements.indices.contains(index) ? array.elements[index] : .null
      case .string(let text):
        let scalars = Array(text.unicodeScalars)
        let index = clamp(wanted, -1, scalars.count)
        return scalars.indices.contains(index) ? .string(String(Character(scalars[index]))) : .null
      default: throw .message("expected an array but got: \(value.described)")
      }
    case .array(let part):
      switch value {
      case .null: return .null
      case .array(let array): return try .makeArray(positions(array.elements, part.elements).map { .int(Int64($0)) })
      default: throw .message("expected an array but got: \(value.described)")
      }
    case .object(let object):
      if value.isNull { return .null }
      guard let start = object["start"], let end = object["end"] else {
        throw .message("expected \"start\" and \"end\" for slicing but got: \(key.described)")
      }
      return try slice(value, start, end)
    case .null, .bool:
      switch value {
      case .array: throw .message("expected a number for indexing an array but got: \(key.described)")
      case .string: throw .message("expected a number for indexing a string but got: \(key.described)")
      default: throw .message("expected a string for object key but got: \(key.described)")
      }
    }
  }

  /// Where a part stands in a list; nowhere when it is empty.
  static func positions(_ list: [JQValue], _ part: [JQValue]) -> [Int] {
    guard !part.isEmpty, part.count <= list.count else { return [] }
    return (0...(list.count - part.count)).filter { start in
      part.indices.allSatisfy { JQValue.compare(list[start + $0], part[$0]) == 0 }
    }
  }

  /// An index counted from the end when negative, and kept within bounds.
  static func clamp(_ index: Int, _ minimum: Int, _ count: Int) -> Int { min(max(index < 0 ? index + count : index, minimum), count) }

  static func slice(_ value: JQValue, _ start: JQValue, _ end: JQValue) throws(JQFailure) -> JQValue {
    switch value {
    case .null: return .null
    case .array(let array):
      let range = try bounds(start, end, array.elements.count, "an array")
      return range.count == array.elements.count ? value : try .makeArray(Array(array.elements[range]))
    case .string(let text):
      let scalars = Array(text.unicodeScalars)
      return .string(String(String.UnicodeScalarView(scalars[try bounds(start, end, scalars.count, "a string")])))
    default: throw .message("expected an array but got: \(value.described)")
    }
  }

  static func bounds(_ start: JQValue, _ end: JQValue, _ count: Int, _ what: String) throws(JQFailure) -> Range<Int> {
    func number(_ value: JQValue, _ wanted: Int?) throws(JQFailure) -> Int {
      guard let wanted else { throw .message("expected a number for indexing \(what) but got: \(value.described)") }
      return wanted
    }
    let from = start.isNull ? 0 : clamp(try number(start, start.integer), 0, count)
    let to = end.isNull ? count : max(from, clamp(try number(end, end.integerRoundedUp), from, count))
    return from..<to
  }

  static func get(_ value: JQValue, _ path: [JQValue]) throws(JQFailure) -> JQValue {
    var current = value
    for step in path {
      switch current {
      case .null, .array, .object:
        do throws(JQFailure) {
          current = try index(current, step)
        } catch {
          throw .failed("getpath", value, try .makeArray(path), error.reason)
        }
      default: throw .cannotApply("getpath", value, try .makeArray(path))
      }
    }
    return current
  }

  static func set(_ value: JQValue, _ path: JQValue, _ new: JQValue) throws(JQFailure) -> JQValue {
    guard let steps = path.array else { throw .cannotApply("setpath", value, path) }
    do throws(JQFailure) {
      return try update(value, steps[...], to: new)
    } catch {
      if case .limit = error { throw error }
      throw .message("setpath(\(path.preview); \(new.preview)) cannot be applied to \(value.preview): \(error.reason)")
    }
  }

  /// Deletes what stands at the paths: holes are put there first, so that all indices are those of `value`, and swept out at the end.
  static func delete(_ value: JQValue, _ paths: JQValue) throws(JQFailure) -> JQValue {
    guard let list = paths.array else { throw .cannotApply("delpaths", value, paths) }
    var result = value
    for path in list {
      guard let steps = path.array else {
        throw .failed("delpaths", value, paths, "expected an array but got: \(path.described)")
      }
      do throws(JQFailure) {
        result = try update(result, steps[...], to: nil)
      } catch {
        if case .limit = error { throw error }
        throw .failed("delpaths", value, paths, error.reason)
      }
    }
    return try list.isEmpty ? value : swept(result)
  }

  private static let hole = JQArray.marker

  private static func isHole(_ value: JQValue) -> Bool { if case .array(let array) = value { array === hole } else { false } }

  private static func swept(_ value: JQValue) throws(JQFailure) -> JQValue {
    if isHole(value) { return .null }
    switch value {
    case .array(let array):
      var elements: [JQValue] = []
      for element in array.elements where !isHole(element) { elements.append(try swept(element)) }
      return try .makeArray(elements)
    case .object(let object):
      var members: [JQObject.Member] = []
      for member in object.members where !isHole(member.value) { members.append((member.key, try swept(member.value))) }
      return try .makeObject(sorted: members)
    default: return value
    }
  }

  /// The value with `new` at the path, or with a hole there for nil.
  private static func update(_ value: JQValue, _ path: ArraySlice<JQValue>, to new: JQValue?) throws(JQFailure) -> JQValue {
    guard let step = path.first else { return new ?? .array(hole) }
    if isHole(value) { return value }
    let rest = path.dropFirst()
    guard path.count <= JQValue.maximumDepth else { throw .limit("the path is too long") }
    switch step {
    case .string(let key):
      switch value {
      case .null where new == nil: return value
      case .null: return try updateMember(.empty, key, rest, to: new)
      case .object(let object): return try updateMember(object, key, rest, to: new)
      default: throw .message("expected an object but got: \(value.described)")
      }
    case .int, .double, .big, .literal:
      switch value {
      case .null where new == nil: return value
      case .null: return try updateElement([], step.integer ?? 0, rest, to: new)
      case .array(let array): return try updateElement(array.elements, step.integer ?? 0, rest, to: new)
      default: throw .message("expected an array but got: \(value.described)")
      }
    case .object(let range):
      switch value {
      case .null where new == nil: return value
      case .null: return try updateSlice([], range, rest, to: new)
      case .array(let array): return try updateSlice(array.elements, range, rest, to: new)
      default: throw .message("expected an array but got: \(value.described)")
      }
    default:
      if case .array = value { throw .message("expected a number for indexing an array but got: \(step.described)") }
      throw .message("expected a string for object key but got: \(step.described)")
    }
  }

  private static func updateMember(
    _ object: JQObject, _ key: String, _ rest: ArraySlice<JQValue>, to new: JQValue?
  ) throws(JQFailure) -> JQValue {
    let (index, isFound) = object.position(of: key)
    if !isFound, new == nil { return .object(object) }
    let inner = try update(isFound ? object.members[index].value : .null, rest, to: new)
    var members = object.members
    if isFound { members[index].value = inner } else { members.insert((key, inner), at: index) }
    return try .makeObject(sorted: members)
  }

  private static func updateElement(
    _ elements: [JQValue], _ wanted: Int, _ rest: ArraySlice<JQValue>, to new: JQValue?
  ) throws(JQFailure) -> JQValue {
    let index = wanted < 0 ? wanted + elements.count : wanted
    if !elements.indices.contains(index), new == nil { return try .makeArray(elements) }
    if index < 0 { throw .message("array index should not be negative: \(wanted)") }
    if index >= 0x2000_0000 { throw .message("array index too large: \(wanted)") }
    if index - elements.count > 1_000_000 { throw .limit("an array grows too long") }
    var result = elements
    let inner = try update(index < elements.count ? elements[index] : .null, rest, to: new)
    while result.count <= index { result.append(.null) }
    result[index] = inner
    return try .makeArray(result)
  }

  private static func updateSlice(
    _ elements: [JQValue], _ range: JQObject, _ rest: ArraySlice<JQValue>, to new: JQValue?
  ) throws(JQFailure) -> JQValue {
    guard let start = range["start"], let end = range["end"] else {
      throw .message("expected \"start\" and \"end\" for slicing but got: \(JQValue.object(range).described)")
    }
    let bounds = try bounds(start, end, elements.count, "an array")
    if bounds.isEmpty, new == nil { return try .makeArray(elements) }
    var result = elements
    let inner = try update(try .makeArray(Array(elements[bounds])), rest, to: new)
    if isHole(inner) {
      for index in bounds { result[index] = inner }
    } else {
      guard let replacement = inner.array else { throw .message("expected an array but got: \(inner.described)") }
      result.replaceSubrange(bounds, with: replacement)
    }
    return try .makeArray(result)
  }
}
