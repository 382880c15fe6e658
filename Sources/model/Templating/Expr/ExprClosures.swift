/// The builtins that take a closure.
enum ExprClosures {
  static func call(_ name: String, _ arguments: [ExprNode], _ evaluator: inout ExprEvaluator) throws(ExpressionError) -> ExprValue {
    let elements = try list(try evaluator.evaluate(arguments[0]), evaluator)
    let body = arguments.count > 1 ? arguments[1] : nil
    let count = elements.count
    func value(_ index: Int) throws(ExpressionError) -> ExprValue {
      guard let body else { return elements[index] }
      return try evaluator.call(body, elements[index], index: index, count: count)
    }
    func test(_ index: Int) throws(ExpressionError) -> Bool { try evaluator.bool(try value(index)) }
    switch name {
    case "all":
      for index in elements.indices where !(try test(index)) { return .bool(false) }
      return .bool(true)
    case "any", "none":
      for index in elements.indices where try test(index) { return .bool(name == "any") }
      return .bool(name == "none")
    case "one", "count":
      var found: Int64 = 0
      for index in elements.indices where try test(index) { found += 1 }
      return name == "one" ? .bool(found == 1) : .int(found)
    case "filter":
      var result: [ExprValue] = []
      for index in elements.indices where try test(index) { result.append(elements[index]) }
      return .array(result)
    case "map":
      var result: [ExprValue] = []
      for index in elements.indices { result.append(try value(index)) }
      try evaluator.charge(result.count)
      return .array(result)
    case "find", "findIndex":
      for index in elements.indices where try test(index) { return name == "find" ? elements[index] : .int(Int64(index)) }
      return name == "find" ? .nil : .int(-1)
    case "findLast", "findLastIndex":
      for index in elements.indices.reversed() where try test(index) { return name == "findLast" ? elements[index] : .int(Int64(index)) }
      return name == "findLast" ? .nil : .int(-1)
    case "sum":
      var total = ExprValue.int(0)
      for index in elements.indices { total = try ExprOperators.apply("+", total, try value(index), 0) }
      return total
    case "groupBy":
      var groups: [String: ExprValue] = [:]
      for index in elements.indices {
        let key = GoNumber.text(try value(index))
        if case .array(var group)? = groups.removeValue(forKey: key) {
          group.append(elements[index])
          groups[key] = .array(group)
        } else {
          groups[key] = .array([elements[index]])
        }
      }
      return .map(groups)
    case "sortBy":
      var keyed: [(key: ExprValue, item: ExprValue)] = []
      for index in elements.indices { keyed.append((try value(index), elements[index])) }
      let order = arguments.count > 2 ? try evaluator.evaluate(arguments[2]) : .string("asc")
      return .array(try sorted(keyed, order))
    case "reduce":
      guard let body else { return .nil }
      var accumulator: ExprValue
      var start = 0
      if arguments.count > 2 {
        accumulator = try evaluator.evaluate(arguments[2])
      } else {
        guard let first = elements.first else { throw evaluator.failure("reduce of empty array with no initial value") }
        accumulator = first
        start = 1
      }
      for index in start..<max(start, count) {
        accumulator = try evaluator.call(body, elements[index], index: index, accumulator: accumulator, count: count)
      }
      return accumulator
    default: throw evaluator.failure("function \(name) is not supported")
    }
  }

  private static func list(_ value: ExprValue, _ evaluator: ExprEvaluator) throws(ExpressionError) -> [ExprValue] {
    switch value {
    case .array(let elements): return elements
    default: throw evaluator.failure("builtin function needs an array, got \(value.typeName)")
    }
  }

  /// A stable sort by key; `order` is `asc` or `desc`.
  static func sorted(_ keyed: [(key: ExprValue, item: ExprValue)], _ order: ExprValue) throws(ExpressionError) -> [ExprValue] {
    guard case .string(let name) = order, name == "asc" || name == "desc" else {
      throw ExpressionError(message: "invalid order \(GoNumber.text(order)), expected asc or desc", offset: 0)
    }
    for pair in zip(keyed, keyed.dropFirst()) where ExprOperators.less(pair.0.key, pair.1.key) == nil {
      throw ExpressionError(message: "invalid operation: \(pair.0.key.typeName) < \(pair.1.key.typeName)", offset: 0)
    }
    let isDescending = name == "desc"
    return keyed.enumerated().sorted { left, right in
      let (first, second) = isDescending ? (right, left) : (left, right)
      if ExprOperators.less(first.element.key, second.element.key) ?? false { return true }
      if ExprOperators.less(second.element.key, first.element.key) ?? false { return false }
      return left.offset < right.offset
    }.map(\.element.item)
  }
}
