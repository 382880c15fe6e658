import Basics
import JSONValue

/// The builtins without closures, and Argo's `asInt`, `asFloat`, `toJson` and `jsonpath`.
enum ExprBuiltins {
  static let names: Set<String> = [
    "len", "type", "abs", "ceil", "floor", "round", "int", "float", "string", "trim", "trimPrefix", "trimSuffix", "upper", "lower",
    "split", "splitAfter", "replace", "repeat", "join", "indexOf", "lastIndexOf", "hasPrefix", "hasSuffix", "max", "min", "mean",
    "median", "toJSON", "fromJSON", "toBase64", "fromBase64", "now", "duration", "date", "timezone", "first", "last", "get", "take",
    "keys", "values", "toPairs", "fromPairs", "reverse", "uniq", "concat", "flatten", "sort", "bitand", "bitor", "bitxor", "bitnand",
    "bitshl", "bitshr", "bitushr", "bitnot", "asInt", "asFloat", "toJson", "jsonpath",
  ]

  static func failure(_ message: String) -> ExpressionError { ExpressionError(message: message, offset: 0) }

  static func call(_ name: String, _ arguments: [ExprValue], _ evaluator: inout ExprEvaluator) throws(ExpressionError) -> ExprValue {
    let variadic: Set<String> = ["max", "min", "mean", "median", "concat"]
    let counts: [String: ClosedRange<Int>] = [
      "trim": 1...2, "trimPrefix": 1...2, "trimSuffix": 1...2, "split": 2...3, "splitAfter": 2...3, "replace": 3...4, "repeat": 2...2,
      "join": 1...2, "indexOf": 2...2, "lastIndexOf": 2...2, "hasPrefix": 2...2, "hasSuffix": 2...2, "now": 0...0, "date": 1...3,
      "get": 2...2, "take": 2...2, "sort": 1...2, "bitand": 2...2, "bitor": 2...2, "bitxor": 2...2, "bitnand": 2...2, "bitshl": 2...2,
      "bitshr": 2...2, "bitushr": 2...2, "jsonpath": 2...2,
    ]
    let range = counts[name] ?? 1...1
    if variadic.contains(name) {
      if arguments.isEmpty { throw failure("not enough arguments to call \(name)") }
    } else if !range.contains(arguments.count) {
      if arguments.count < range.lowerBound { throw failure("not enough arguments to call \(name)") }
      throw failure("too many arguments to call \(name)")
    }
    if let result = try ExprTextBuiltins.call(name, arguments, &evaluator) { return result }
    if let result = try ExprListBuiltins.call(name, arguments) { return result }
    return try numbersAndTimes(name, arguments, evaluator)
  }

  private static func numbersAndTimes(
    _ name: String, _ arguments: [ExprValue], _ evaluator: ExprEvaluator
  ) throws(ExpressionError) -> ExprValue {
    let first = arguments.first ?? .nil
    switch name {
    case "type": return .string(typeName(first))
    case "string": return .string(GoNumber.text(first))
    case "int", "asInt": return .int(try int(first))
    case "float", "asFloat": return .double(try float(first))
    case "abs":
      if case .int(let value) = first { return .int(value < 0 ? 0 &- value : value) }
      if case .double(let value) = first { return .double(value.magnitude) }
    case "ceil", "floor", "round":
      guard let value = ExprOperators.number(first) else { break }
      return .double(value.rounded(name == "ceil" ? .up : name == "floor" ? .down : .toNearestOrAwayFromZero))
    case "bitnot": return .int(~(try integer(first, name)))
    case "bitand": return .int(try integer(first, name) & integer(arguments[1], name))
    case "bitor": return .int(try integer(first, name) | integer(arguments[1], name))
    case "bitxor": return .int(try integer(first, name) ^ integer(arguments[1], name))
    case "bitnand": return .int(try integer(first, name) & ~integer(arguments[1], name))
    case "bitshl", "bitshr", "bitushr":
      let (value, shift) = (try integer(first, name), try integer(arguments[1], name))
      guard shift >= 0 else { throw failure("invalid operation: negative shift count \(shift) (type int)") }
      if name == "bitshl" { return .int(value << shift) }
      return name == "bitshr" ? .int(value >> shift) : .int(Int64(bitPattern: UInt64(bitPattern: value) >> UInt64(shift)))
    case "now":
      guard let now = evaluator.scope.now else { throw failure("function now is not available here") }
      if case .zone(let zone) = first { return .time(now, zone) }
      return .time(now)
    case "duration":
      guard case .string(let text) = first else { break }
      do throws(DurationError) { return .duration(try GoDuration(parsing: text).nanoseconds) } catch { throw failure(error.description) }
    case "date": return try date(arguments)
    case "timezone":
      guard case .string(let name) = first else { break }
      return .zone(try zone(name))
    default: break
    }
    throw failure("invalid argument for \(name) (type \(first.typeName))")
  }

  static func integer(_ value: ExprValue, _ name: String) throws(ExpressionError) -> Int64 {
    guard case .int(let number) = value else { throw failure("cannot use \(value.typeName) as argument (type int) to call \(name)") }
    return number
  }

  static func typeName(_ value: ExprValue) -> String {
    switch value {
    case .nil: "nil"
    case .bool: "bool"
    case .int: "int"
    case .double: "float"
    case .string: "string"
    case .array: "array"
    case .map: "map"
    case .time: "time.Time"
    case .duration: "time.Duration"
    case .zone: "*time.Location"
    case .function: "func"
    }
  }

  static func int(_ value: ExprValue) throws(ExpressionError) -> Int64 {
    switch value {
    case .int(let number), .duration(let number): return number
    case .double(let number): return GoNumber.truncated(number)
    case .string(let text):
      guard let number = GoNumber.integer(text) else { throw failure("invalid operation: int(\(text))") }
      return number
    default: throw failure("invalid operation: int(\(value.typeName))")
    }
  }

  static func float(_ value: ExprValue) throws(ExpressionError) -> Double {
    switch value {
    case .int(let number): return Double(number)
    case .double(let number): return number
    case .string(let text):
      guard let number = GoNumber.double(text) else { throw failure("invalid operation: float(\(text))") }
      return number
    default: throw failure("invalid operation: float(\(value.typeName))")
    }
  }

  /// A zone by its IANA name; the machine's own counts as UTC.
  private static func zone(_ name: String) throws(ExpressionError) -> TimeZoneRules {
    if name.isEmpty || name == "UTC" || name == "Local" { return .utc }
    guard let zone = SystemTimeZones.named(name) else { throw failure("unknown time zone \(name)") }
    return zone
  }

  /// `date([zone,] text [, layout [, zone's name]])`. A zone in the text wins.
  private static func date(_ arguments: [ExprValue]) throws(ExpressionError) -> ExprValue {
    var arguments = arguments[...]
    var place = TimeZoneRules.utc
    if case .zone(let zone)? = arguments.first {
      place = zone
      arguments = arguments.dropFirst()
    }
    guard case .string(let text)? = arguments.first else {
      throw failure("cannot use \((arguments.first ?? .nil).typeName) as argument (type string) to call date")
    }
    arguments = arguments.dropFirst()
    if case .string(let layout)? = arguments.first {
      if arguments.count > 1, case .string(let name)? = arguments.last { place = try zone(name) }
      guard let time = GoTime.parse(text, layout, in: place) else {
        throw failure("parsing time \(GoQuote.quoted(text)) as \(GoQuote.quoted(layout)): cannot parse")
      }
      return .time(time.instant, time.zone)
    }
    let layouts = [
      "2006-01-02", "15:04:05", "2006-01-02 15:04:05", GoTime.rfc3339, "02 Jan 06 15:04 MST", "Monday, 02-Jan-06 15:04:05 MST",
      "Mon, 02 Jan 2006 15:04:05 MST",
    ]
    for layout in layouts { if let time = GoTime.parse(text, layout, in: place) { return .time(time.instant, time.zone) } }
    throw failure("invalid date \(text)")
  }
}

/// The methods of times and durations that expressions may call.
enum ExprMethods {
  static func call(_ name: String, on value: ExprValue, _ arguments: [ExprValue], _ offset: Int) throws(ExpressionError) -> ExprValue {
    let first = arguments.first ?? .nil
    switch value {
    case .time(let instant, let zone):
      let civil = CivilTime(instant + TimeSpan(seconds: Int64(zone.offset(at: instant))))
      switch (name, first) {
      case ("Unix", _): return .int(instant.seconds)
      case ("UnixMilli", _): return .int(instant.milliseconds)
      case ("UnixNano", _): return .int(instant.milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue)
      case ("Year", _): return .int(civil.year)
      case ("Month", _): return .int(Int64(civil.month))
      case ("Day", _): return .int(Int64(civil.day))
      case ("Hour", _): return .int(Int64(civil.hour))
      case ("Minute", _): return .int(Int64(civil.minute))
      case ("Second", _): return .int(Int64(civil.second))
      case ("Weekday", _): return .int(Int64(civil.weekday))
      case ("YearDay", _): return .int(Int64(GoTime.yearDay(civil)))
      case ("UTC", _), ("Local", _): return .time(instant)
      case ("In", .zone(let other)): return .time(instant, other)
      case ("Location", _): return .zone(zone)
      case ("String", _): return .string(GoNumber.text(value))
      case ("Format", .string(let layout)): return .string(GoTime.format(instant, layout, in: zone))
      case ("Add", .duration(let span)): return .time(instant + TimeSpan(milliseconds: span / 1_000_000), zone)
      case ("Sub", .time(let other, _)):
        return .duration((instant - other).milliseconds.multipliedReportingOverflow(by: 1_000_000).partialValue)
      case ("Before", .time(let other, _)): return .bool(instant < other)
      case ("After", .time(let other, _)): return .bool(instant > other)
      case ("Equal", .time(let other, _)): return .bool(instant == other)
      default: break
      }
    case .zone(let zone): if name == "String" { return .string(zone.name) }
    case .duration(let nanoseconds):
      switch name {
      case "Seconds": return .double(Double(nanoseconds) / 1e9)
      case "Minutes": return .double(Double(nanoseconds) / 6e10)
      case "Hours": return .double(Double(nanoseconds) / 3.6e12)
      case "Milliseconds": return .int(nanoseconds / 1_000_000)
      case "Nanoseconds": return .int(nanoseconds)
      case "String": return .string(GoDuration(nanoseconds: nanoseconds).description)
      default: break
      }
    default: break
    }
    throw ExpressionError(message: "cannot fetch \(name) from \(value.typeName)", offset: offset)
  }
}
