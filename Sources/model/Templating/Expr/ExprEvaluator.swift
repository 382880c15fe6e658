import Basics

/// Runs the tree of an expression, with limits on steps, depth and size.
struct ExprEvaluator {
  static let maximumDepth = 500
  static let maximumSteps = 2_000_000
  /// The most bytes and elements that all results together may have.
  static let memoryBudget = 64 << 20

  let scope: any ExpressionScope
  var steps = 0
  var spent = 0
  private var depth = 0
  private var variables: [(name: String, value: ExprValue)] = []
  private var frames: [Frame] = []

  struct Frame {
    var item: ExprValue
    var index: Int
    var accumulator: ExprValue
    var count: Int
  }

  init(scope: any ExpressionScope) { self.scope = scope }

  func failure(_ message: String, at offset: Int = 0) -> ExpressionError { ExpressionError(message: message, offset: offset) }

  mutating func charge(_ size: Int) throws(ExpressionError) {
    spent += size
    guard spent < ExprEvaluator.memoryBudget, size >= 0 else { throw failure("memory budget exceeded") }
  }

  /// Charges a result with everything inside it, however often shared: what is written out later cannot be larger. Refuses deep nesting.
  mutating func charge(_ value: ExprValue) throws(ExpressionError) {
    try charge(value.weight(limit: ExprEvaluator.memoryBudget - spent, depth: 0) ?? ExprEvaluator.memoryBudget)
  }

  /// Evaluates a closure for one element.
  mutating func call(_ body: ExprNode, _ item: ExprValue, index: Int, accumulator: ExprValue = .nil, count: Int) throws(ExpressionError)
    -> ExprValue
  {
    frames.append(Frame(item: item, index: index, accumulator: accumulator, count: count))
    let result: Result<ExprValue, ExpressionError>
    do throws(ExpressionError) { result = .success(try evaluate(body)) } catch { result = .failure(error) }
    frames.removeLast()
    return try result.get()
  }

  mutating func evaluate(_ node: ExprNode) throws(ExpressionError) -> ExprValue { try link(node) ?? .nil }

  /// The value; nil when a `?.` on the way met nil.
  private mutating func link(_ node: ExprNode) throws(ExpressionError) -> ExprValue? {
    steps += 1
    guard steps <= ExprEvaluator.maximumSteps else { throw failure("the expression takes too many steps") }
    depth += 1
    defer { depth -= 1 }
    guard depth <= ExprEvaluator.maximumDepth else { throw failure("the expression is nested too deeply") }
    switch node {
    case .literal(let value): return value
    case .name(let name, let offset): return try variable(name, offset)
    case .pointer(let name, let offset): return try pointer(name, offset)
    case .unary(let name, let inner, let offset): return try unary(name, try evaluate(inner), offset)
    case .binary(let name, let left, let right, let offset): return try binary(name, left, right, offset)
    case .conditional(let test, let first, let second): return try evaluate(try bool(try evaluate(test)) ? first : second)
    case .chain(let inner): return try link(inner) ?? .nil
    case .predicate(let inner): return try evaluate(inner)
    case .member(let base, let property, let isOptional, let offset):
      guard let value = try link(base) else { return nil }
      if isOptional, value.isNil { return nil }
      return try ExprOperators.member(value, try evaluate(property), offset)
    case .slice(let base, let from, let to, let offset): return try slice(base, from, to, offset)
    case .call(let name, let arguments, let offset): return try call(name, arguments, offset)
    case .callMember(let callee, let arguments, let offset): return try callMember(callee, arguments, offset)
    case .array(let elements):
      var result: [ExprValue] = []
      for element in elements { result.append(try evaluate(element)) }
      try charge(.array(result))
      return .array(result)
    case .map(let pairs):
      var result: [String: ExprValue] = [:]
      for pair in pairs { result[GoNumber.text(try evaluate(pair.key))] = try evaluate(pair.value) }
      try charge(.map(result))
      return .map(result)
    case .variable(let name, let value, let body): return try bind(name, value, body)
    case .sequence(let nodes):
      var last = ExprValue.nil
      for node in nodes { last = try evaluate(node) }
      return last
    }
  }

  private mutating func bind(_ name: String, _ value: ExprNode, _ body: ExprNode) throws(ExpressionError) -> ExprValue {
    variables.append((name, try evaluate(value)))
    let result: Result<ExprValue, ExpressionError>
    do throws(ExpressionError) { result = .success(try evaluate(body)) } catch { result = .failure(error) }
    variables.removeLast()
    return try result.get()
  }

  private func variable(_ name: String, _ offset: Int) throws(ExpressionError) -> ExprValue {
    if let local = variables.last(where: { $0.name == name }) { return local.value }
    if name == "$env" { throw failure("$env is not supported", at: offset) }
    if let value = scope.root(name) { return value }
    if ExprBuiltins.names.contains(name) || ExprParser.predicates[name] != nil { return .function(name) }
    throw failure("unknown name \(name)", at: offset)
  }

  private func pointer(_ name: String, _ offset: Int) throws(ExpressionError) -> ExprValue {
    guard let frame = frames.last else { throw failure("cannot use pointer accessor outside predicate", at: offset) }
    switch name {
    case "": return frame.item
    case "index": return .int(Int64(frame.index))
    case "acc": return frame.accumulator
    default: throw failure("unknown pointer #\(name)", at: offset)
    }
  }

  func bool(_ value: ExprValue) throws(ExpressionError) -> Bool {
    if case .bool(let value) = value { return value }
    if value.isNil { throw failure("interface conversion: interface {} is nil, not bool") }
    throw failure("interface conversion: interface {} is \(value.typeName), not bool")
  }

  private func unary(_ name: String, _ value: ExprValue, _ offset: Int) throws(ExpressionError) -> ExprValue {
    switch (name, value) {
    case ("not", _): return .bool(!(try bool(value)))
    case ("-", .int(let number)): return .int(0 &- number)
    case ("-", .double(let number)): return .double(-number)
    case ("-", .duration(let number)): return .duration(0 &- number)
    case ("+", .int), ("+", .double): return value
    default: throw failure("invalid operation: \(name) \(value.typeName)", at: offset)
    }
  }

  private mutating func binary(_ name: String, _ left: ExprNode, _ right: ExprNode, _ offset: Int) throws(ExpressionError) -> ExprValue {
    let first = try evaluate(left)
    switch name {
    case "and", "&&": return try bool(first) ? .bool(try bool(try evaluate(right))) : .bool(false)
    case "or", "||": return try bool(first) ? .bool(true) : .bool(try bool(try evaluate(right)))
    case "??": return first.isNil ? try evaluate(right) : first
    default:
      let result = try ExprOperators.apply(name, first, try evaluate(right), offset)
      switch result {
      case .string(let text): try charge(text.utf8.count)
      case .array(let elements): try charge(elements.count * 24)
      default: break
      }
      return result
    }
  }

  private mutating func slice(_ base: ExprNode, _ from: ExprNode?, _ to: ExprNode?, _ offset: Int) throws(ExpressionError) -> ExprValue {
    let value = try evaluate(base)
    let length: Int
    switch value {
    case .array(let elements): length = elements.count
    case .string(let text): length = text.utf8.count
    default: throw failure("cannot slice \(value.typeName)", at: offset)
    }
    func bound(_ value: ExprValue) throws(ExpressionError) -> Int {
      guard case .int(let number) = value else { throw failure("invalid operation: slice index \(value.typeName)", at: offset) }
      let index = number < 0 ? number + Int64(length) : number
      return Int(max(0, min(index, Int64(length))))
    }
    var start = 0
    var end = length
    if let to { end = try bound(try evaluate(to)) }
    if let from { start = try bound(try evaluate(from)) }
    start = min(start, end)
    try charge(end - start)
    switch value {
    case .array(let elements): return .array(Array(elements[start..<end]))
    case .string(let text): return .string(String(decoding: Array(text.utf8)[start..<end], as: UTF8.self))
    default: return .nil
    }
  }

  private mutating func callMember(_ callee: ExprNode, _ arguments: [ExprNode], _ offset: Int) throws(ExpressionError) -> ExprValue? {
    guard case .member(let base, let property, let isOptional, _) = callee else { throw failure("cannot call this", at: offset) }
    if case .name("sprig", _) = base, scope.root("sprig") == nil, case .literal(.string(let name)) = property {
      let given = try values(arguments)
      return try Sprig.call(name, given, &self, offset)
    }
    guard let value = try link(base) else { return nil }
    if isOptional, value.isNil { return nil }
    guard case .string(let name) = try evaluate(property) else { throw failure("cannot call this", at: offset) }
    return try ExprMethods.call(name, on: value, try values(arguments), offset)
  }

  mutating func values(_ nodes: [ExprNode]) throws(ExpressionError) -> [ExprValue] {
    var result: [ExprValue] = []
    for node in nodes { result.append(try evaluate(node)) }
    return result
  }

  private mutating func call(_ name: String, _ arguments: [ExprNode], _ offset: Int) throws(ExpressionError) -> ExprValue {
    do throws(ExpressionError) {
      if ExprParser.predicates[name] != nil {
        let result = try ExprClosures.call(name, arguments, &self)
        try charge(result)
        return result
      }
      if ExprBuiltins.names.contains(name) {
        let given = try values(arguments)
        let result = try ExprBuiltins.call(name, given, &self)
        try charge(result)
        return result
      }
    } catch {
      throw ExpressionError(message: error.message, offset: error.offset == 0 ? offset : error.offset)
    }
    guard let value = scope.root(name) ?? variables.last(where: { $0.name == name })?.value else {
      throw failure("unknown name \(name)", at: offset)
    }
    throw failure("\(value.typeName) is not callable", at: offset)
  }
}

extension ExprValue {
  /// The bytes that the value would fill written out, about; nil above the limit or when nested too deeply.
  func weight(limit: Int, depth: Int) -> Int? {
    guard depth <= 600 else { return nil }
    var total = 8
    switch self {
    case .string(let text): total += text.utf8.count
    case .array(let elements):
      for element in elements {
        guard total <= limit, let inner = element.weight(limit: limit - total, depth: depth + 1) else { return nil }
        total += inner
      }
    case .map(let members):
      for (key, value) in members {
        guard total <= limit, let inner = value.weight(limit: limit - total, depth: depth + 1) else { return nil }
        total += inner + key.utf8.count
      }
    default: break
    }
    return total <= limit ? total : nil
  }
}
