/// What can be told of a value before anything runs.
package indirect enum ForeseenValue {
  /// Anything, nil too.
  case unknown
  /// This value and no other.
  case value(ExprValue)
  /// Some value of the kind of this one.
  case like(ExprValue)
  /// A map, by what is known of its members.
  case members((String) -> ForeseenValue)

  package static var text: ForeseenValue { .like(.string("a")) }
  package static var number: ForeseenValue { .like(.int(1)) }
  package static var truth: ForeseenValue { .like(.bool(true)) }

  /// A value of the same kind; nil where the kind is not known.
  fileprivate var example: ExprValue? {
    switch self {
    case .unknown: nil
    case .value(let value), .like(let value): value
    case .members: .map([:])
    }
  }

  fileprivate var exact: ExprValue? { if case .value(let value) = self { value } else { nil } }
}

/// What can be told of an expression's value before anything runs.
package struct ExpressionForecast {
  package var value: ForeseenValue
  /// Why every evaluation fails.
  package var failure: Failure?

  package struct Failure: Error {
    package var error: ExpressionError
    /// The path of the variable that is nil where it must not be, if that is the reason.
    package var missing: [String]?
  }

  /// The texts that a tag with the expression may stand for; nil where they are not known.
  package var texts: [String]? {
    if let value = value.exact { return (try? value.insertedText()).map { [$0] } }
    return switch value.example {
    case .bool?: ["true", "false"]
    case .int?: ["0", "1", "5"]
    default: nil
    }
  }

  /// Whether every evaluation gives what is no condition: neither a truth value nor, in Argo, a text.
  package func isNoCondition(allowsText: Bool) -> Bool {
    switch value.example {
    case nil, .bool?: false
    case .string?: !allowsText
    default: true
    }
  }
}

extension Expression {
  /// Goes through the expression without values. `root` is what is known of a variable; nil: there is none of this name, which is an error.
  package func forecast(_ root: @escaping (String) -> ForeseenValue?) -> ExpressionForecast {
    var forecaster = Forecaster(roots: root)
    do throws(ExpressionForecast.Failure) {
      return ExpressionForecast(value: try forecaster.evaluate(self.root))
    } catch {
      var failure = error
      failure.error.message += " (\(Expression.place(of: failure.error.offset, in: source)))"
      return ExpressionForecast(value: .unknown, failure: failure)
    }
  }
}

/// Evaluates with what is known. What it throws, every evaluation throws; what is only come to under a condition that is not known throws nothing.
private struct Forecaster {
  typealias Failure = ExpressionForecast.Failure
  let roots: (String) -> ForeseenValue?
  private var locals: [(name: String, value: ForeseenValue)] = []
  private var depth = 0

  init(roots: @escaping (String) -> ForeseenValue?) { self.roots = roots }

  mutating func evaluate(_ node: ExprNode) throws(Failure) -> ForeseenValue { try link(node) ?? .value(.nil) }

  /// The value of a part that may never be come to.
  private mutating func maybe(_ node: ExprNode) -> ForeseenValue { (try? evaluate(node)) ?? .unknown }

  /// The value; nil when a `?.` on the way met nil.
  private mutating func link(_ node: ExprNode) throws(Failure) -> ForeseenValue? {
    depth += 1
    defer { depth -= 1 }
    guard depth <= ExprEvaluator.maximumDepth else { return .unknown }
    switch node {
    case .literal(let value): return .value(value)
    case .name(let name, let offset): return try variable(name, offset)
    case .pointer: return .unknown
    case .predicate(let inner): return maybe(inner)
    case .unary(let name, let inner, let offset): return try unary(name, try evaluate(inner), offset)
    case .binary(let name, let left, let right, let offset): return try binary(name, left, right, offset)
    case .conditional(let test, let first, let second):
      if let isTrue = try bool(try evaluate(test)) { return try evaluate(isTrue ? first : second) }
      _ = maybe(first)
      _ = maybe(second)
      return .unknown
    case .chain(let inner): return try link(inner) ?? .value(.nil)
    case .member(let base, let property, let isOptional, let offset):
      guard let value = try link(base) else { return nil }
      if isOptional, value.exact == .nil { return nil }
      return try member(value, try evaluate(property), of: base, offset)
    case .slice(let base, let from, let to, _):
      for case let part? in [base, from, to] { _ = try evaluate(part) }
      return .unknown
    case .call(let name, let arguments, let offset): return try call(name, arguments, offset)
    case .callMember(.member(.name("sprig", _), _, _, _), let arguments, _):
      for argument in arguments { _ = try evaluate(argument) }
      return .unknown
    case .callMember(let callee, let arguments, _):
      if case .member(let base, _, _, _) = callee { _ = try evaluate(base) }
      for argument in arguments { _ = maybe(argument) }
      return .unknown
    case .array(let elements):
      for element in elements { _ = try evaluate(element) }
      return .like(.array([]))
    case .map(let pairs):
      for pair in pairs {
        _ = try evaluate(pair.key)
        _ = try evaluate(pair.value)
      }
      return .like(.map([:]))
    case .variable(let name, let value, let body):
      locals.append((name, try evaluate(value)))
      defer { locals.removeLast() }
      return try evaluate(body)
    case .sequence(let nodes):
      var last = ForeseenValue.value(.nil)
      for node in nodes { last = try evaluate(node) }
      return last
    }
  }

  private func variable(_ name: String, _ offset: Int) throws(Failure) -> ForeseenValue {
    if let local = locals.last(where: { $0.name == name }) { return local.value }
    if let value = roots(name) { return value }
    if name == "$env" || name == "sprig" || Expression.functions.contains(name) { return .unknown }
    throw Failure(error: ExpressionError(message: "unknown name \(name)", offset: offset), missing: [name])
  }

  private func unary(_ name: String, _ value: ForeseenValue, _ offset: Int) throws(Failure) -> ForeseenValue {
    if name == "not" || name == "!" { return try bool(value).map { .value(.bool(!$0)) } ?? .truth }
    switch value.example {
    case .bool?, .string?, .nil?, .array?, .map?:
      throw Failure(error: ExpressionError(message: "invalid operation: \(name) \(value.example?.typeName ?? "")", offset: offset))
    default: return value.exact == nil ? value : .unknown
    }
  }

  /// The truth value, where it is known.
  private func bool(_ value: ForeseenValue) throws(Failure) -> Bool? {
    switch value.example {
    case nil: return nil
    case .bool(let isTrue)?: return value.exact == nil ? nil : isTrue
    case let other?:
      let kind = other.isNil ? "nil" : other.typeName
      throw Failure(error: ExpressionError(message: "interface conversion: interface {} is \(kind), not bool", offset: 0))
    }
  }

  private mutating func binary(_ name: String, _ left: ExprNode, _ right: ExprNode, _ offset: Int) throws(Failure) -> ForeseenValue {
    let first = try evaluate(left)
    switch name {
    case "and", "&&", "or", "||":
      let decides = name == "or" || name == "||"
      guard let isTrue = try bool(first) else {
        _ = maybe(right)
        return .truth
      }
      if isTrue == decides { return .value(.bool(decides)) }
      return try bool(try evaluate(right)).map { .value(.bool($0)) } ?? .truth
    case "??":
      if first.exact == .nil { return try evaluate(right) }
      let second = maybe(right)
      if first.example != nil { return first }
      _ = second
      return .unknown
    default: break
    }
    let second = try evaluate(right)
    if let a = first.example, let b = second.example {
      do throws(ExpressionError) {
        let result = try ExprOperators.apply(name, a, b, offset)
        if first.exact != nil, second.exact != nil { return .value(result) }
        return result.isNil ? .unknown : .like(result)
      } catch {
        throw Failure(error: error)
      }
    }
    return ["==", "!=", "<", ">", "<=", ">=", "in", "contains", "startsWith", "endsWith", "matches"].contains(name) ? .truth : .unknown
  }

  private func member(_ base: ForeseenValue, _ key: ForeseenValue, of node: ExprNode, _ offset: Int) throws(Failure) -> ForeseenValue {
    switch (base, key.exact) {
    case (.members(let members), .string(let name)?): return members(name)
    case (.members, _), (.unknown, _), (.like(.map), _), (.like(.array), .int?), (.like(.string), .int?), (.like(.time), _): return .unknown
    case (.value(let value), let key?), (.like(let value), let key?):
      do throws(ExpressionError) {
        return .value(try ExprOperators.member(value, key, offset))
      } catch {
        throw Failure(error: error, missing: value.isNil ? ExprReferences.path(node)?.path : nil)
      }
    default: return .unknown
    }
  }

  private mutating func call(_ name: String, _ arguments: [ExprNode], _ offset: Int) throws(Failure) -> ForeseenValue {
    var given: [ForeseenValue] = []
    for (place, argument) in arguments.enumerated() {
      if case .predicate(let body) = argument {
        _ = maybe(body)
      } else {
        given.append(place == 0 || ExprParser.predicates[name] == nil ? try evaluate(argument) : maybe(argument))
      }
    }
    guard ["asInt", "asFloat", "int", "float"].contains(name) else {
      return ["string", "lower", "upper", "trim", "toJSON", "toJson"].contains(name) ? .text : .unknown
    }
    if given.count == 1, let value = given[0].exact {
      var evaluator = ExprEvaluator(scope: EmptyScope())
      do throws(ExpressionError) {
        return .value(try ExprBuiltins.call(name, [value], &evaluator))
      } catch {
        throw Failure(
          error: ExpressionError(message: error.message, offset: error.offset == 0 ? offset : error.offset),
          missing: value.isNil ? arguments.first.flatMap { ExprReferences.path($0)?.path } : nil)
      }
    }
    return name == "asFloat" || name == "float" ? .like(.double(1)) : .number
  }
}
