import Glibc

/// sprig's arithmetic and conversions.
enum SprigNumbers {
  static func call(_ call: Sprig.Call) throws(ExpressionError) -> ExprValue? {
    func int(_ index: Int) throws(ExpressionError) -> Int64 { Sprig.Call.int64(try call.value(index)) }
    func double(_ index: Int) throws(ExpressionError) -> Double { Sprig.Call.float64(try call.value(index)) }
    switch call.name {
    case "atoi": return .int(Int64(try call.string(0)) ?? 0)
    case "int", "int64": return .int(try int(0))
    case "float64": return .double(try double(0))
    case "toDecimal": return .int(Int64(GoNumber.text(try call.value(0)), radix: 8) ?? 0)
    case "toStrings": return .array(SprigText.strings(try call.value(0)).map { .string($0) })
    case "add1": return .int(try int(0) &+ 1)
    case "add": return .int(call.arguments.reduce(0) { $0 &+ Sprig.Call.int64($1) })
    case "sub": return .int(try int(0) &- int(1))
    case "mul": return .int(call.arguments.dropFirst().reduce(try int(0)) { $0 &* Sprig.Call.int64($1) })
    case "div", "mod":
      let (left, right) = (try int(0), try int(1))
      guard right != 0 else { throw call.failure("integer divide by zero") }
      if right == -1 { return .int(call.name == "div" ? 0 &- left : 0) }
      return .int(call.name == "div" ? left / right : left % right)
    case "add1f": return .double(try double(0) + 1)
    case "addf": return .double(call.arguments.reduce(0) { $0 + Sprig.Call.float64($1) })
    case "subf": return .double(call.arguments.dropFirst().reduce(try double(0)) { $0 - Sprig.Call.float64($1) })
    case "mulf": return .double(call.arguments.dropFirst().reduce(try double(0)) { $0 * Sprig.Call.float64($1) })
    case "divf":
      var result = try double(0)
      for argument in call.arguments.dropFirst() {
        let divisor = Sprig.Call.float64(argument)
        guard divisor != 0 else { throw call.failure("decimal division by 0") }
        result /= divisor
      }
      return .double(result)
    case "max", "biggest": return .int(call.arguments.dropFirst().reduce(try int(0)) { max($0, Sprig.Call.int64($1)) })
    case "min": return .int(call.arguments.dropFirst().reduce(try int(0)) { min($0, Sprig.Call.int64($1)) })
    case "maxf": return .double(call.arguments.dropFirst().reduce(try double(0)) { max($0, Sprig.Call.float64($1)) })
    case "minf": return .double(call.arguments.dropFirst().reduce(try double(0)) { min($0, Sprig.Call.float64($1)) })
    case "ceil": return .double(try double(0).rounded(.up))
    case "floor": return .double(try double(0).rounded(.down))
    case "round":
      let scale = pow(10, Double(try call.integer(1)))
      var edge = 0.5
      if call.count > 2 { edge = try double(2) }
      let digits = scale * (try double(0))
      let fraction = digits - digits.rounded(.towardZero)
      let rounded = fraction >= edge ? digits.rounded(.up) : digits.rounded(.down)
      return .double(rounded / scale)
    case "until":
      let end = try call.integer(0)
      return .array(try steps(call, 0, end, end < 0 ? -1 : 1))
    case "untilStep": return .array(try steps(call, try call.integer(0), try call.integer(1), try call.integer(2)))
    case "seq": return try sequence(call)
    default: return nil
    }
  }

  private static func steps(_ call: Sprig.Call, _ start: Int64, _ end: Int64, _ step: Int64) throws(ExpressionError) -> [ExprValue] {
    guard step != 0, start < end ? step > 0 : step < 0 else { return [] }
    guard (Double(end) - Double(start)) / Double(step) <= 1_000_000 else { throw call.failure("the result is too large") }
    return stride(from: start, to: end, by: Int64.Stride(step)).map { .int($0) }
  }

  private static func sequence(_ call: Sprig.Call) throws(ExpressionError) -> ExprValue {
    var numbers: [Int64] = []
    for index in call.arguments.indices { numbers.append(try call.integer(index)) }
    let start = numbers.count > 1 ? numbers[0] : 1
    guard (1...3).contains(numbers.count), let end = numbers.last else { return .string("") }
    var step: Int64 = end < start ? -1 : 1
    if numbers.count == 3 {
      step = numbers[1]
      if step == 0 || (end < start) == (step > 0) { return .string("") }
    }
    guard abs(end) < 1 << 40, abs(start) < 1 << 40, abs(step) < 1 << 40 else { throw call.failure("the result is too large") }
    return .string(try steps(call, start, end + (step > 0 ? 1 : -1), step).map { GoNumber.text($0) }.joined(separator: " "))
  }
}
