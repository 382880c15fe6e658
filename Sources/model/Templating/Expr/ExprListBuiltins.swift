/// The builtins on lists and maps.
enum ExprListBuiltins {
  /// The result, or nil when the name is none of these.
  static func call(_ name: String, _ arguments: [ExprValue]) throws(ExpressionError) -> ExprValue? {
    let first = arguments.first ?? .nil
    func bad() -> ExpressionError { ExprBuiltins.failure("invalid argument for \(name) (type \(first.typeName))") }
    func list() throws(ExpressionError) -> [ExprValue] {
      guard case .array(let elements) = first else { throw bad() }
      return elements
    }
    func members() throws(ExpressionError) -> [(key: String, value: ExprValue)] {
      guard case .map(let members) = first else { throw ExprBuiltins.failure("cannot get \(name) from \(first.typeName)") }
      return members.sortedByKeyBytes()
    }
    switch name {
    case "len":
      switch first {
      case .array(let elements): return .int(Int64(elements.count))
      case .map(let members): return .int(Int64(members.count))
      case .string(let text): return .int(Int64(text.unicodeScalars.count))
      default: throw bad()
      }
    case "first", "last":
      guard case .array(let elements) = first else { return .nil }
      return (name == "first" ? elements.first : elements.last) ?? .nil
    case "get":
      switch first {
      case .nil: return .nil
      case .map(let members): return members[GoNumber.text(arguments[1])] ?? .nil
      case .array(let elements):
        let number = try ExprBuiltins.integer(arguments[1], name)
        let index = number < 0 ? number &+ Int64(elements.count) : number
        return index >= 0 && index < Int64(elements.count) ? elements[Int(index)] : .nil
      default: return .nil
      }
    case "take":
      let count = try ExprBuiltins.integer(arguments[1], name)
      guard count >= 0 else { throw ExprBuiltins.failure("cannot take negative number of elements") }
      return .array(Array(try list().prefix(Int(clamping: count))))
    case "keys": return .array(try members().map { .string($0.key) })
    case "values": return .array(try members().map(\.value))
    case "toPairs": return .array(try members().map { .array([.string($0.key), $0.value]) })
    case "fromPairs":
      var result: [String: ExprValue] = [:]
      for pair in try list() {
        guard case .array(let parts) = pair, parts.count == 2 else { throw ExprBuiltins.failure("invalid pair \(GoNumber.text(pair))") }
        result[GoNumber.text(parts[0])] = parts[1]
      }
      return .map(result)
    case "reverse": return .array(try list().reversed())
    case "uniq": return .array(unique(try list()))
    case "concat":
      var result: [ExprValue] = []
      for argument in arguments {
        guard case .array(let elements) = argument else { throw ExprBuiltins.failure("cannot concat \(argument.typeName)") }
        result += elements
      }
      return .array(result)
    case "flatten": return .array(flatten(try list()))
    case "join":
      var parts: [String] = []
      for element in try list() {
        guard case .string(let text) = element else { throw ExprBuiltins.failure("invalid argument for join (type \(element.typeName))") }
        parts.append(text)
      }
      if arguments.count > 1 {
        guard case .string(let glue) = arguments[1] else { throw ExprBuiltins.failure("invalid argument for join") }
        return .string(parts.joined(separator: glue))
      }
      return .string(parts.joined())
    case "sort":
      let order = arguments.count > 1 ? arguments[1] : .string("asc")
      return .array(try ExprClosures.sorted(try list().map { (key: $0, item: $0) }, order))
    case "max", "min": return try extreme(arguments, name)
    case "mean", "median": return try average(arguments, name)
    default: return nil
    }
  }

  static func unique(_ elements: [ExprValue]) -> [ExprValue] {
    var seen: Set<ExprValue> = []
    return elements.filter { element in
      if case .double(let value) = element, let whole = Int64(exactly: value) { return seen.insert(.int(whole)).inserted }
      return seen.insert(element).inserted
    }
  }

  private static func flatten(_ elements: [ExprValue], depth: Int = 0) -> [ExprValue] {
    guard depth < 500 else { return elements }
    return elements.flatMap { element -> [ExprValue] in
      if case .array(let inner) = element { flatten(inner, depth: depth + 1) } else { [element] }
    }
  }

  private static func extreme(_ arguments: [ExprValue], _ name: String) throws(ExpressionError) -> ExprValue {
    var best = ExprValue.nil
    for value in flatten(arguments) {
      guard ExprOperators.number(value) != nil else { throw ExprBuiltins.failure("invalid argument for \(name) (type \(value.typeName))") }
      if best.isNil {
        best = value
      } else if name == "max" ? ExprOperators.less(best, value) ?? false : ExprOperators.less(value, best) ?? false {
        best = value
      }
    }
    return best
  }

  private static func average(_ arguments: [ExprValue], _ name: String) throws(ExpressionError) -> ExprValue {
    var numbers: [Double] = []
    for value in flatten(arguments) {
      guard let number = ExprOperators.number(value) else {
        throw ExprBuiltins.failure("invalid argument for \(name) (type \(value.typeName))")
      }
      numbers.append(number)
    }
    guard !numbers.isEmpty else { return .double(0) }
    if name == "mean" { return .double(numbers.reduce(0, +) / Double(numbers.count)) }
    numbers.sort()
    let middle = numbers.count / 2
    return .double(numbers.count % 2 == 1 ? numbers[middle] : (numbers[middle - 1] + numbers[middle]) / 2)
  }
}
