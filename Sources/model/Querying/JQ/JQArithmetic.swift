import Glibc

/// jq's operators on values.
enum JQArithmetic {
  /// The longest text that an operation may make, in bytes.
  static let maximumText = 64 << 20

  static func apply(_ operation: JQOperator, _ left: JQValue, _ right: JQValue) throws(JQFailure) -> JQValue {
    switch operation {
    case .add: try add(left, right)
    case .subtract: try subtract(left, right)
    case .multiply: try multiply(left, right)
    case .divide: try divide(left, right)
    case .modulo: try modulo(left, right)
    case .equal: .bool(JQValue.compare(left, right) == 0)
    case .notEqual: .bool(JQValue.compare(left, right) != 0)
    case .less: .bool(JQValue.compare(left, right) < 0)
    case .lessOrEqual: .bool(JQValue.compare(left, right) <= 0)
    case .greater: .bool(JQValue.compare(left, right) > 0)
    case .greaterOrEqual: .bool(JQValue.compare(left, right) >= 0)
    case .alternative: left.isTruthy ? left : right
    }
  }

  private static func mismatch(_ verb: String, _ left: JQValue, _ right: JQValue) -> JQFailure {
    .message("cannot \(verb): \(left.described) and \(right.described)")
  }

  /// The number negated; nil when the value is no number.
  static func negated(_ value: JQValue) -> JQValue? {
    switch value {
    case .int(let number): number == .min ? .big(BigInteger(number).negated) : .int(-number)
    case .double(let number): .double(-number)
    case .big(let number): shortened(number.negated)
    case .literal(let text): .literal(text.hasPrefix("-") ? String(text.dropFirst()) : "-" + text)
    default: nil
    }
  }

  /// A long integer stays one: gojq does not shorten results either, and both print alike.
  private static func shortened(_ value: BigInteger) -> JQValue { .big(value) }

  /// Two numbers as long integers, when both are integers and one of them is long.
  private static func bigs(_ left: JQValue, _ right: JQValue) -> (BigInteger, BigInteger)? {
    switch (left, right) {
    case (.int(let a), .big(let b)): (BigInteger(a), b)
    case (.big(let a), .int(let b)): (a, BigInteger(b))
    case (.big(let a), .big(let b)): (a, b)
    case (.int(let a), .int(let b)): (BigInteger(a), BigInteger(b))
    default: nil
    }
  }

  static func add(_ left: JQValue, _ right: JQValue) throws(JQFailure) -> JQValue {
    let (left, right) = (left.computed, right.computed)
    switch (left, right) {
    case (.null, _): return right
    case (_, .null): return left
    case (.int(let a), .int(let b)):
      let (sum, overflow) = a.addingReportingOverflow(b)
      return overflow ? .big(.sum(BigInteger(a), BigInteger(b))) : .int(sum)
    case (.string(let a), .string(let b)):
      guard a.utf8.count + b.utf8.count <= maximumText else { throw .limit("a string grows too long") }
      return .string(a + b)
    case (.array(let a), .array(let b)):
      if a.elements.isEmpty { return right }
      return b.elements.isEmpty ? left : try .makeArray(a.elements + b.elements)
    case (.object(let a), .object(let b)):
      if a.members.isEmpty { return right }
      return b.members.isEmpty ? left : try .makeObject(a.members + b.members)
    default:
      if let (a, b) = bigs(left, right) { return .big(.sum(a, b)) }
      if let a = left.double, let b = right.double { return .double(a + b) }
      throw mismatch("add", left, right)
    }
  }

  static func subtract(_ left: JQValue, _ right: JQValue) throws(JQFailure) -> JQValue {
    let (left, right) = (left.computed, right.computed)
    switch (left, right) {
    case (.int(let a), .int(let b)):
      let (difference, overflow) = a.subtractingReportingOverflow(b)
      return overflow ? .big(.sum(BigInteger(a), BigInteger(b).negated)) : .int(difference)
    case (.array(let a), .array(let b)):
      return try .makeArray(a.elements.filter { element in !b.elements.contains { JQValue.compare(element, $0) == 0 } })
    default:
      if let (a, b) = bigs(left, right) { return .big(.sum(a, b.negated)) }
      if let a = left.double, let b = right.double { return .double(a - b) }
      throw mismatch("subtract", left, right)
    }
  }

  static func multiply(_ left: JQValue, _ right: JQValue) throws(JQFailure) -> JQValue {
    let (left, right) = (left.computed, right.computed)
    if case (.int(let a), .int(let b)) = (left, right), case let (product, overflow) = a.multipliedReportingOverflow(by: b), !overflow {
      return .int(product)
    }
    if let (a, b) = bigs(left, right) {
      guard let product = BigInteger.product(a, b) else { throw .limit("a number grows too long") }
      return .big(product)
    }
    switch (left, right) {
    case (.object(let a), .object(let b)): return try merged(a, b)
    case (.string(let text), _):
      if let count = right.double { return try repeated(text, count) }
    case (_, .string(let text)):
      if let count = left.double { return try repeated(text, count) }
    default:
      if let a = left.double, let b = right.double { return .double(a * b) }
    }
    throw mismatch("multiply", left, right)
  }

  /// Objects laid over each other, at every level.
  private static func merged(_ left: JQObject, _ right: JQObject) throws(JQFailure) -> JQValue {
    var members = left.members
    for member in right.members {
      if case .object(let inner) = member.value, case .object(let under)? = left[member.key] {
        members.append((member.key, try merged(under, inner)))
      } else {
        members.append(member)
      }
    }
    return try .makeObject(members)
  }

  private static func repeated(_ text: String, _ count: Double) throws(JQFailure) -> JQValue {
    if count < 0 || count.isNaN { return .null }
    let times = min(count, 2_147_483_647)
    guard Double(text.utf8.count) * times < Double(maximumText) else {
      throw .message("repeat string result too large: \(JQValue.string(text).preview) * \(JQValue.double(count).preview)")
    }
    return .string(String(repeating: text, count: Int(times)))
  }

  static func divide(_ left: JQValue, _ right: JQValue) throws(JQFailure) -> JQValue {
    let (left, right) = (left.computed, right.computed)
    func byZero() -> JQFailure { .message("cannot divide \(left.described) by: \(right.described)") }
    if case (.int(let a), .int(let b)) = (left, right) {
      if b == 0 { throw byZero() }
      if b == -1 { return negated(left) ?? .null }
      return a % b == 0 ? .int(a / b) : .double(Double(a) / Double(b))
    }
    if let (a, b) = bigs(left, right) {
      guard let (quotient, remainder) = BigInteger.divided(a, b) else { throw byZero() }
      return remainder.isZero ? .big(quotient) : .double(a.double / b.double)
    }
    if case (.string(let text), .string(let separator)) = (left, right) {
      return text.isEmpty ? .array(.empty) : try .makeArray(JQText.split(text, separator).map { .string($0) })
    }
    guard let a = left.double, let b = right.double else { throw mismatch("divide", left, right) }
    if b == 0 { throw byZero() }
    return .double(a / b)
  }

  static func modulo(_ left: JQValue, _ right: JQValue) throws(JQFailure) -> JQValue {
    let (left, right) = (left.computed, right.computed)
    func byZero() -> JQFailure { .message("cannot modulo \(left.described) by: \(right.described)") }
    if case (.int(let a), .int(let b)) = (left, right) {
      if b == 0 { throw byZero() }
      return b == -1 ? .int(0) : .int(a % b)
    }
    if let (a, b) = bigs(left, right) {
      guard let (_, remainder) = BigInteger.divided(a, b) else { throw byZero() }
      return .big(remainder)
    }
    guard let a = left.double, let b = right.double else { throw mismatch("modulo", left, right) }
    if a.isNaN || b.isNaN { return .double(.nan) }
    let divisor = JQValue.clamped(b)
    if divisor == 0 { throw byZero() }
    return divisor == -1 ? .int(0) : .int(Int64(JQValue.clamped(a) % divisor))
  }
}
