import Basics
import Glibc
import RegularExpressions

/// The operators on values, as expr-lang's run time defines them.
enum ExprOperators {
  static func failure(_ message: String, _ offset: Int) -> ExpressionError { ExpressionError(message: message, offset: offset) }

  static func equal(_ left: ExprValue, _ right: ExprValue) -> Bool {
    switch (left, right) {
    case (.int(let a), .double(let b)), (.double(let b), .int(let a)): Double(a) == b
    case (.array(let a), .array(let b)): a.count == b.count && zip(a, b).allSatisfy { equal($0, $1) }
    case (.map(let a), .map(let b)):
      a.count == b.count && a.allSatisfy { pair in b[pair.key].map { equal(pair.value, $0) } ?? false }
    case (.time(let a, _), .time(let b, _)): a == b
    default: left == right
    }
  }

  /// Whether `left` sorts before `right`; nil when they cannot be compared.
  static func less(_ left: ExprValue, _ right: ExprValue) -> Bool? {
    switch (left, right) {
    case (.int(let a), .int(let b)): a < b
    case (.string(let a), .string(let b)): a.utf8.lexicographicallyPrecedes(b.utf8)
    case (.time(let a, _), .time(let b, _)): a < b
    case (.duration(let a), .duration(let b)): a < b
    default:
      if let a = number(left), let b = number(right) { a < b } else { nil }
    }
  }

  static func number(_ value: ExprValue) -> Double? {
    switch value {
    case .int(let value): Double(value)
    case .double(let value): value
    default: nil
    }
  }

  static func apply(_ name: String, _ left: ExprValue, _ right: ExprValue, _ offset: Int) throws(ExpressionError) -> ExprValue {
    func mismatch() -> ExpressionError { failure("invalid operation: \(left.typeName) \(name) \(right.typeName)", offset) }
    switch name {
    case "==": return .bool(equal(left, right))
    case "!=": return .bool(!equal(left, right))
    case "<", ">", "<=", ">=":
      guard let isLess = less(left, right), let isGreater = less(right, left) else { throw mismatch() }
      let isUnordered = number(left)?.isNaN ?? false || number(right)?.isNaN ?? false
      switch name {
      case "<": return .bool(isLess)
      case ">": return .bool(isGreater)
      case "<=": return .bool(!isGreater && !isUnordered)
      default: return .bool(!isLess && !isUnordered)
      }
    case "in": return .bool(try contains(right, left, offset))
    case "contains", "startsWith", "endsWith", "matches":
      guard case .string(let text) = left, case .string(let part) = right else {
        let wrong = if case .string = left { right } else { left }
        if wrong.isNil { return .bool(false) }
        throw failure("interface conversion: interface {} is \(wrong.typeName), not string", offset)
      }
      switch name {
      case "contains": return .bool(GoText.contains(text, part))
      case "startsWith": return .bool(text.utf8.starts(with: part.utf8))
      case "endsWith": return .bool(text.utf8.reversed().starts(with: part.utf8.reversed()))
      default:
        do throws(RegexError) { return .bool(try LinearRegex(part).matches(text)) } catch { throw failure(error.message, offset) }
      }
    case "..":
      guard case .int(let low) = left, case .int(let high) = right else {
        throw failure("cannot use \((number(left) == nil ? left : right).typeName) as an integer in a range", offset)
      }
      if high < low { return .array([]) }
      let (size, overflow) = high.subtractingReportingOverflow(low)
      guard !overflow, size < 1_000_000 else { throw failure("memory budget exceeded", offset) }
      return .array((low...high).map { .int($0) })
    default: return try arithmetic(name, left, right, offset)
    }
  }

  private static func arithmetic(_ name: String, _ left: ExprValue, _ right: ExprValue, _ offset: Int) throws(ExpressionError) -> ExprValue
  {
    switch (name, left, right) {
    case ("+", .int(let a), .int(let b)): return .int(a &+ b)
    case ("-", .int(let a), .int(let b)): return .int(a &- b)
    case ("*", .int(let a), .int(let b)): return .int(a &* b)
    case ("%", .int(let a), .int(let b)):
      guard b != 0 else { throw failure("integer divide by zero", offset) }
      return .int(b == -1 ? 0 : a % b)
    case ("+", .string(let a), .string(let b)): return .string(a + b)
    case ("+", .time(let time, let zone), .duration(let span)), ("+", .duration(let span), .time(let time, let zone)):
      return .time(time + TimeSpan(milliseconds: span / 1_000_000), zone)
    case ("-", .time(let time, let zone), .duration(let span)): return .time(time + TimeSpan(milliseconds: -(span / 1_000_000)), zone)
    case ("-", .time(let a, _), .time(let b, _)):
      return .duration((a - b).milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue)
    case ("+", .duration(let a), .duration(let b)): return .duration(a &+ b)
    case ("-", .duration(let a), .duration(let b)): return .duration(a &- b)
    case ("*", .duration(let a), .int(let b)), ("*", .int(let b), .duration(let a)): return .duration(a &* b)
    default: break
    }
    guard let a = number(left), let b = number(right), name != "%" else {
      throw failure("invalid operation: \(left.typeName) \(name) \(right.typeName)", offset)
    }
    switch name {
    case "+": return .double(a + b)
    case "-": return .double(a - b)
    case "*": return .double(a * b)
    case "/": return .double(a / b)
    case "**", "^": return .double(pow(a, b))
    default: throw failure("unknown operator (\(name))", offset)
    }
  }

  static func contains(_ collection: ExprValue, _ item: ExprValue, _ offset: Int) throws(ExpressionError) -> Bool {
    switch collection {
    case .nil: return false
    case .array(let elements): return elements.contains { equal($0, item) }
    case .map(let members):
      if case .string(let key) = item { return members[key] != nil }
      if item.isNil { return false }
      throw failure("cannot use \(item.typeName) as type string in map key", offset)
    default: throw failure("operator \"in\" not defined on \(collection.typeName)", offset)
    }
  }

  /// `value.key` or `value[key]`.
  static func member(_ value: ExprValue, _ key: ExprValue, _ offset: Int) throws(ExpressionError) -> ExprValue {
    switch value {
    case .map(let members): return members[GoNumber.text(key)] ?? .nil
    case .array(let elements):
      guard case .int(let number) = key else { break }
      let index = number < 0 ? number &+ Int64(elements.count) : number
      guard index >= 0, index < Int64(elements.count) else {
        throw failure("index out of range: \(number) (array length is \(elements.count))", offset)
      }
      return elements[Int(index)]
    case .string(let text):
      guard case .int(let number) = key else { break }
      let bytes = Array(text.utf8)
      let index = number < 0 ? number &+ Int64(bytes.count) : number
      guard index >= 0, index < Int64(bytes.count) else {
        throw failure("index out of range: \(number) (array length is \(bytes.count))", offset)
      }
      return .int(Int64(bytes[Int(index)]))
    default: break
    }
    throw failure("cannot fetch \(GoNumber.text(key)) from \(value.typeName)", offset)
  }
}
