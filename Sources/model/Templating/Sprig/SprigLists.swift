import JSONValue

/// sprig's lists, defaults and type questions.
enum SprigLists {
  static func isEmpty(_ value: ExprValue) -> Bool {
    switch value {
    case .nil: true
    case .bool(let value): !value
    case .int(let value), .duration(let value): value == 0
    case .double(let value): value == 0
    case .string(let text): text.isEmpty
    case .array(let elements): elements.isEmpty
    case .map(let members): members.isEmpty
    case .time, .zone, .function: false
    }
  }

  static func call(_ call: Sprig.Call) throws(ExpressionError) -> ExprValue? {
    switch call.name {
    case "default":
      let given = call.arguments.dropFirst().first ?? .nil
      return isEmpty(given) ? try call.value(0) : given
    case "empty": return .bool(isEmpty(try call.value(0)))
    case "coalesce": return call.arguments.first { !isEmpty($0) } ?? .nil
    case "all": return .bool(!call.arguments.contains(where: isEmpty))
    case "any": return .bool(call.arguments.contains { !isEmpty($0) })
    case "ternary":
      guard case .bool(let test) = try call.value(2) else { throw call.failure("the third argument must be a bool") }
      return test ? try call.value(0) : try call.value(1)
    case "fail": throw ExpressionError(message: try call.string(0), offset: 0)
    case "deepCopy": return try call.value(0)
    case "deepEqual": return .bool(try call.value(0) == call.value(1))
    case "typeOf": return .string(try call.value(0).typeName)
    case "typeIs": return .bool(try call.string(0) == call.value(1).typeName)
    case "typeIsLike": return .bool(try GoText.removingPrefix(call.string(0), "*") == call.value(1).typeName)
    case "kindOf": return .string(kind(try call.value(0)))
    case "kindIs": return .bool(try call.string(0) == kind(call.value(1)))
    case "list", "tuple": return .array(call.arguments)
    case "first": return try call.list(0).first ?? .nil
    case "last": return try call.list(0).last ?? .nil
    case "rest": return .array(Array(try call.list(0).dropFirst()))
    case "initial": return .array(Array(try call.list(0).dropLast()))
    case "append", "push": return .array(try call.list(0) + [try call.value(1)])
    case "prepend": return .array([try call.value(1)] + (try call.list(0)))
    case "reverse": return .array(try call.list(0).reversed())
    case "uniq": return .array(ExprListBuiltins.unique(try call.list(0)))
    case "compact": return .array(try call.list(0).filter { !isEmpty($0) })
    case "without":
      let removed = call.arguments.dropFirst()
      return .array(try call.list(0).filter { !removed.contains($0) })
    case "has":
      if try call.value(1).isNil { return .bool(false) }
      let wanted = try call.value(0)
      return .bool(try call.list(1).contains(wanted))
    case "concat":
      var result: [ExprValue] = []
      for index in call.arguments.indices { result += try call.list(index) }
      return .array(result)
    case "slice":
      let elements = try call.list(0)
      let start = call.count > 1 ? try call.integer(1) : 0
      let end = call.count > 2 ? try call.integer(2) : Int64(elements.count)
      guard start >= 0, start <= end, end <= Int64(elements.count) else { throw call.failure("slice bounds out of range") }
      return .array(Array(elements[Int(start)..<Int(end)]))
    case "chunk":
      let (size, elements) = (Int(clamping: try call.integer(0)), try call.list(1))
      guard size > 0 else { throw call.failure("the size must be positive") }
      return .array(stride(from: 0, to: elements.count, by: size).map { .array(Array(elements[$0..<min($0 + size, elements.count)])) })
    case "sortAlpha":
      let sorted = SprigText.strings(try call.value(0)).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
      return .array(sorted.map { .string($0) })
    default: return nil
    }
  }

  private static func kind(_ value: ExprValue) -> String {
    switch value {
    case .nil: "invalid"
    case .bool: "bool"
    case .int: "int"
    case .double: "float64"
    case .string: "string"
    case .array: "slice"
    case .map: "map"
    case .time: "struct"
    case .duration: "int64"
    case .zone: "ptr"
    case .function: "func"
    }
  }
}

/// sprig's dictionaries. `set`, `unset` and `merge` return the changed dictionary; values here never change in place.
enum SprigMaps {
  static func call(_ call: Sprig.Call) throws(ExpressionError) -> ExprValue? {
    switch call.name {
    case "dict":
      var result: [String: ExprValue] = [:]
      for index in stride(from: 0, to: call.count, by: 2) {
        result[GoNumber.text(call.arguments[index])] = index + 1 < call.count ? call.arguments[index + 1] : .string("")
      }
      return .map(result)
    case "get": return try call.map(0)[try call.string(1)] ?? .string("")
    case "set":
      var members = try call.map(0)
      members[try call.string(1)] = try call.value(2)
      return .map(members)
    case "unset":
      var members = try call.map(0)
      members[try call.string(1)] = nil
      return .map(members)
    case "hasKey": return .bool(try call.map(0)[try call.string(1)] != nil)
    case "pluck":
      let key = try call.string(0)
      var result: [ExprValue] = []
      for index in call.arguments.indices.dropFirst() { if let value = try call.map(index)[key] { result.append(value) } }
      return .array(result)
    case "keys":
      var result: [ExprValue] = []
      for index in call.arguments.indices { result += try call.map(index).sortedByKeyBytes().map { .string($0.key) } }
      return .array(result)
    case "values": return .array(try call.map(0).sortedByKeyBytes().map(\.value))
    case "pick", "omit":
      var names: Set<String> = []
      for index in call.arguments.indices.dropFirst() { names.insert(try call.string(index)) }
      let isPick = call.name == "pick"
      return .map(try call.map(0).filter { names.contains($0.key) == isPick })
    case "merge", "mergeOverwrite":
      var result = try call.map(0)
      for index in call.arguments.indices.dropFirst() {
        merge(try call.map(index), into: &result, overwrites: call.name == "mergeOverwrite", depth: 0)
      }
      return .map(result)
    case "dig":
      guard call.count >= 3 else { throw call.failure("dig needs at least three arguments") }
      var value = try call.value(call.count - 1)
      for index in 0..<call.count - 2 {
        guard case .map(let members) = value, let next = members[try call.string(index)] else { return try call.value(call.count - 2) }
        value = next
      }
      return value
    default: return nil
    }
  }

  private static func merge(_ source: [String: ExprValue], into target: inout [String: ExprValue], overwrites: Bool, depth: Int) {
    for (key, value) in source {
      if case .map(var inner)? = target[key], case .map(let other) = value, depth < 500 {
        merge(other, into: &inner, overwrites: overwrites, depth: depth + 1)
        target[key] = .map(inner)
      } else if overwrites ? !SprigLists.isEmpty(value) || target[key] == nil : SprigLists.isEmpty(target[key] ?? .nil) {
        target[key] = value
      }
    }
  }
}
