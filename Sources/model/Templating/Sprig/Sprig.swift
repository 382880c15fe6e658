import Basics

/// sprig 3.3's generic functions without `env` and `expandenv`, with the argument order of text templates. Functions that make keys or
/// certificates, `bcrypt`, AES and look-ups on the network are refused.
enum Sprig {
  /// The arguments of one call and what it may use.
  struct Call {
    let name: String
    let arguments: [ExprValue]
    let scope: any ExpressionScope

    var count: Int { arguments.count }

    func failure(_ message: String) -> ExpressionError { ExpressionError(message: "sprig.\(name): \(message)", offset: 0) }

    func value(_ index: Int) throws(ExpressionError) -> ExprValue {
      guard arguments.indices.contains(index) else { throw failure("not enough arguments") }
      return arguments[index]
    }

    func string(_ index: Int) throws(ExpressionError) -> String {
      guard case .string(let text) = try value(index) else {
        throw failure("cannot use \(try value(index).typeName) as argument (type string)")
      }
      return text
    }

    func integer(_ index: Int) throws(ExpressionError) -> Int64 {
      guard case .int(let number) = try value(index) else {
        throw failure("cannot use \(try value(index).typeName) as argument (type int)")
      }
      return number
    }

    func list(_ index: Int) throws(ExpressionError) -> [ExprValue] {
      guard case .array(let elements) = try value(index) else { throw failure("cannot find a list on type \(try value(index).typeName)") }
      return elements
    }

    func map(_ index: Int) throws(ExpressionError) -> [String: ExprValue] {
      guard case .map(let members) = try value(index) else {
        throw failure("cannot use \(try value(index).typeName) as argument (type map[string]interface {})")
      }
      return members
    }

    func random() throws(ExpressionError) -> UInt64 {
      guard let number = scope.random() else { throw failure("random numbers are not available here") }
      return number
    }

    func now() throws(ExpressionError) -> Instant {
      guard let now = scope.now else { throw failure("the time is not available here") }
      return now
    }

    /// Go's `cast.ToInt64`: 0 for what is no number.
    static func int64(_ value: ExprValue) -> Int64 {
      switch value {
      case .int(let number), .duration(let number): return number
      case .double(let number): return GoNumber.truncated(number)
      case .bool(let value): return value ? 1 : 0
      case .string(let text):
        if let number = Int64(text) { return number }
        if text.hasPrefix("0x"), let number = Int64(text.dropFirst(2), radix: 16) { return number }
        return GoNumber.double(text).map { GoNumber.truncated($0) } ?? 0
      default: return 0
      }
    }

    static func float64(_ value: ExprValue) -> Double {
      switch value {
      case .int(let number), .duration(let number): Double(number)
      case .double(let number): number
      case .bool(let value): value ? 1 : 0
      case .string(let text): GoNumber.double(text) ?? 0
      default: 0
      }
    }
  }

  /// Calls a function by its sprig name.
  static func call(_ name: String, _ arguments: [ExprValue], _ evaluator: inout ExprEvaluator, _ offset: Int) throws(ExpressionError)
    -> ExprValue
  {
    let call = Call(name: name.hasPrefix("must") ? plainName(name) : name, arguments: arguments, scope: evaluator.scope)
    do throws(ExpressionError) {
      if let result = try find(call) {
        try evaluator.charge(result)
        return result
      }
    } catch {
      throw ExpressionError(message: error.message, offset: offset)
    }
    throw ExpressionError(message: "function sprig.\(name) is not supported", offset: offset)
  }

  /// Whether there is a function of this name. One that is asked without arguments gives a value or complains; one that is not there does neither.
  static func has(_ name: String) -> Bool {
    do throws(ExpressionError) {
      return try find(Call(name: name.hasPrefix("must") ? plainName(name) : name, arguments: [], scope: EmptyScope())) != nil
    } catch {
      return true
    }
  }

  private static func find(_ call: Call) throws(ExpressionError) -> ExprValue? {
    if let result = try SprigText.call(call) { return result }
    if let result = try SprigCase.call(call) { return result }
    if let result = try SprigNumbers.call(call) { return result }
    if let result = try SprigLists.call(call) { return result }
    if let result = try SprigMaps.call(call) { return result }
    if let result = try SprigDates.call(call) { return result }
    if let result = try SprigCoding.call(call) { return result }
    if let result = try SprigURLs.call(call) { return result }
    return try SprigVersions.call(call)
  }

  /// `mustToDate` is `toDate` here: all of ours report errors.
  private static func plainName(_ name: String) -> String {
    let rest = name.dropFirst(name.hasPrefix("must_") ? 5 : 4)
    return rest.prefix(1).lowercased() + rest.dropFirst()
  }
}
