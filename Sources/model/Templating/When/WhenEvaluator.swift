import Glibc
import RegularExpressions

/// govaluate's operators with their type checks.
enum WhenEvaluator {
  static func evaluate(_ node: WhenNode) throws(WhenError) -> WhenValue {
    switch node {
    case .value(let value): return value
    case .unknownParameter(let name): throw WhenError(message: "No parameter '\(name)' found.")
    case .prefix(let name, let inner): return try prefix(name, try evaluate(inner))
    case .binary(let name, let left, let right): return try binary(name, left, right)
    }
  }

  /// govaluate's texts: they speak of numbers even where lists or texts are wanted.
  private static func mismatch(_ value: WhenValue, _ role: String, _ name: String) -> WhenError {
    let expected =
      switch role {
      case "prefix": ""
      case "logical operator", "ternary operator": ", it is not a bool"
      default: ", it is not a number"
      }
    return WhenError(message: "Value '\(value.shown)' cannot be used with the \(role) '\(name)'\(expected)")
  }

  private static func prefix(_ name: String, _ value: WhenValue) throws(WhenError) -> WhenValue {
    switch (name, value) {
    case ("!", .bool(let value)): return .bool(!value)
    case ("-", .number(let value)): return .number(-value)
    case ("~", .number(let value)): return .number(Double(~GoNumber.truncated(value)))
    default: throw mismatch(value, "prefix", name)
    }
  }

  private static func binary(_ name: String, _ left: WhenNode?, _ right: WhenNode?) throws(WhenError) -> WhenValue {
    let first = if let left { try evaluate(left) } else { WhenValue.nothing }
    switch (name, first) {
    case ("&&", .bool(false)): return .bool(false)
    case ("||", .bool(true)): return .bool(true)
    case ("?", .bool(false)): return .nothing
    case ("??", _) where first != .nothing, (":", _) where first != .nothing: return first
    default: break
    }
    let second = if let right { try evaluate(right) } else { WhenValue.nothing }
    switch name {
    case "&&", "||":
      guard case .bool = first else { throw mismatch(first, "logical operator", name) }
      guard case .bool(let value) = second else { throw mismatch(second, "logical operator", name) }
      return .bool(value)
    case "?":
      guard case .bool = first else { throw mismatch(first, "ternary operator", name) }
      return second
    case ":", "??": return second
    case ",":
      // Only an unparenthesised list grows; govaluate cannot tell them apart either.
      if case .array(let elements) = first { return .array(elements + [second]) }
      return .array([first, second])
    case "==": return .bool(first == second)
    case "!=": return .bool(first != second)
    case "<", ">", "<=", ">=": return .bool(try order(name, first, second))
    case "in":
      guard case .array(let elements) = second else { throw mismatch(second, "comparator", name) }
      return .bool(elements.contains(first))
    case "=~", "!~":
      guard case .string(let text) = first else { throw mismatch(first, "comparator", name) }
      guard case .string(let pattern) = second else { throw mismatch(second, "comparator", name) }
      do throws(RegexError) {
        return .bool(try LinearRegex(pattern).matches(text) == (name == "=~"))
      } catch {
        throw WhenError(message: "Unable to compile regexp pattern '\(pattern)': \(error.message)")
      }
    default: return try arithmetic(name, first, second)
    }
  }

  private static func order(_ name: String, _ first: WhenValue, _ second: WhenValue) throws(WhenError) -> Bool {
    switch (first, second) {
    case (.number(let a), .number(let b)):
      return name == "<" ? a < b : name == ">" ? a > b : name == "<=" ? a <= b : a >= b
    case (.string(let a), .string(let b)):
      let isLess = a.utf8.lexicographicallyPrecedes(b.utf8)
      let isGreater = b.utf8.lexicographicallyPrecedes(a.utf8)
      return name == "<" ? isLess : name == ">" ? isGreater : name == "<=" ? !isGreater : !isLess
    default: throw mismatch(first, "comparator", name)
    }
  }

  private static func arithmetic(_ name: String, _ first: WhenValue, _ second: WhenValue) throws(WhenError) -> WhenValue {
    if name == "+" {
      switch (first, second) {
      case (.string, _), (_, .string): return .string(first.shown + second.shown)
      case (.number, .number): break
      default: throw mismatch(first, "modifier", name)
      }
    }
    guard case .number(let a) = first else { throw mismatch(first, "modifier", name) }
    guard case .number(let b) = second else { throw mismatch(second, "modifier", name) }
    func bits(_ value: Double) -> Int64 { GoNumber.truncated(value) }
    func shift(_ value: Double) -> Int { Int(max(0, min(64, bits(value)))) }
    switch name {
    case "+": return .number(a + b)
    case "-": return .number(a - b)
    case "*": return .number(a * b)
    case "/": return .number(a / b)
    case "%": return .number(fmod(a, b))
    case "**": return .number(pow(a, b))
    case "&": return .number(Double(bits(a) & bits(b)))
    case "|": return .number(Double(bits(a) | bits(b)))
    case "^": return .number(Double(bits(a) ^ bits(b)))
    case ">>": return .number(Double(UInt64(bitPattern: bits(a)) >> shift(b)))
    case "<<": return .number(Double(UInt64(bitPattern: bits(a)) << shift(b)))
    default: throw WhenError(message: "unknown operator '\(name)'")
    }
  }
}
