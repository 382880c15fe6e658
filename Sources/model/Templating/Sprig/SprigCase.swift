/// sprig's functions on letters, and its random strings.
enum SprigCase {
  static func call(_ call: Sprig.Call) throws(ExpressionError) -> ExprValue? {
    switch call.name {
    case "upper": return .string(try call.string(0).uppercased())
    case "lower": return .string(try call.string(0).lowercased())
    case "title": return .string(words(try call.string(0)) { $0.properties.titlecaseMapping })
    case "untitle": return .string(words(try call.string(0)) { $0.properties.lowercaseMapping })
    case "initials":
      let parts = try call.string(0).unicodeScalars.split { $0.properties.isWhitespace }
      return .string(parts.compactMap { $0.first.map { String($0) } }.joined())
    case "swapcase": return .string(swapCase(try call.string(0)))
    case "snakecase": return .string(joined(try call.string(0), "_"))
    case "kebabcase": return .string(joined(try call.string(0), "-"))
    case "camelcase": return .string(pascal(try call.string(0)))
    case "shuffle":
      var scalars = Array(try call.string(0).unicodeScalars)
      for index in scalars.indices.reversed() where index > 0 {
        scalars.swapAt(index, Int(try call.random() % UInt64(index + 1)))
      }
      return .string(scalars.map { String($0) }.joined())
    case "randAlphaNum": return try random(call, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
    case "randAlpha": return try random(call, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
    case "randNumeric": return try random(call, "0123456789")
    case "randAscii": return try random(call, (32...126).map { String(Unicode.Scalar(UInt8($0))) }.joined())
    case "randInt":
      let (low, high) = (try call.integer(0), try call.integer(1))
      let (width, overflow) = high.subtractingReportingOverflow(low)
      guard !overflow, width > 0 else { throw call.failure("invalid argument to Intn") }
      return .int(low + Int64(try call.random() % UInt64(width)))
    case "randBytes":
      let count = try call.integer(0)
      guard (0...1_000_000).contains(count) else { throw call.failure("invalid count") }
      var bytes: [UInt8] = []
      for _ in 0..<count { bytes.append(UInt8(truncatingIfNeeded: try call.random() >> 24)) }
      return .string(BaseCoding.encode64(bytes))
    case "uuidv4":
      let (high, low) = (try call.random() & ~0xF000 | 0x4000, try call.random() & (1 << 62 - 1) | 1 << 63)
      func hex(_ value: UInt64, _ width: Int) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
      }
      return .string(
        [hex(high >> 32, 8), hex(high >> 16 & 0xFFFF, 4), hex(high & 0xFFFF, 4), hex(low >> 48, 4), hex(low & 0xFFFF_FFFF_FFFF, 12)]
          .joined(separator: "-"))
    default: return nil
    }
  }

  private static func random(_ call: Sprig.Call, _ alphabet: String) throws(ExpressionError) -> ExprValue {
    let letters = Array(alphabet.utf8)
    let count = try call.integer(0)
    guard (0...1_000_000).contains(count) else { throw call.failure("invalid count") }
    var output: [UInt8] = []
    for _ in 0..<count { output.append(letters[Int(try call.random() % UInt64(letters.count))]) }
    return .string(String(decoding: output, as: UTF8.self))
  }

  /// The first letter of each word mapped.
  private static func words(_ text: String, _ map: (Unicode.Scalar) -> String) -> String {
    var output = ""
    var isStart = true
    for scalar in text.unicodeScalars {
      if isStart { output += map(scalar) } else { output.unicodeScalars.append(scalar) }
      let isWord = scalar.properties.isAlphabetic || scalar.properties.numericType != nil || scalar == "_" || scalar == "'"
      isStart = !isWord
    }
    return output
  }

  private static func swapCase(_ text: String) -> String {
    var output = ""
    var isStart = true
    for scalar in text.unicodeScalars {
      if scalar.properties.isUppercase {
        output += scalar.properties.lowercaseMapping
      } else if scalar.properties.isLowercase {
        output += isStart ? scalar.properties.titlecaseMapping : scalar.properties.uppercaseMapping
      } else {
        output.unicodeScalars.append(scalar)
      }
      isStart = scalar.properties.isWhitespace
    }
    return output
  }

  /// Words in lower case with a connector: at `_`, `-`, spaces, and where a capital begins a word. A digit joins the word before it.
  private static func joined(_ text: String, _ connector: String) -> String {
    let scalars = Array(text.unicodeScalars)
    var output = ""
    func isUpper(_ index: Int) -> Bool { scalars.indices.contains(index) && scalars[index].properties.isUppercase }
    func isLower(_ index: Int) -> Bool { scalars.indices.contains(index) && scalars[index].properties.isLowercase }
    func isDigit(_ index: Int) -> Bool { scalars.indices.contains(index) && scalars[index].properties.numericType != nil }
    for index in scalars.indices {
      let scalar = scalars[index]
      if scalar == "_" || scalar == "-" || scalar.properties.isWhitespace {
        output += connector
        continue
      }
      if isUpper(index), index > 0, isLower(index - 1) || isDigit(index - 1) || (isUpper(index - 1) && isLower(index + 1)) {
        output += connector
      } else if isDigit(index), index > 0, isLower(index - 1) || isUpper(index - 1), isUpper(index + 1) || isDigit(index + 1) {
        output += connector
      }
      output += scalar.properties.lowercaseMapping
    }
    return output
  }

  private static func pascal(_ text: String) -> String {
    var output = ""
    var isStart = true
    var hasWord = false
    for scalar in text.unicodeScalars {
      if scalar == "_" || scalar == "-" || scalar.properties.isWhitespace {
        if !hasWord { output.unicodeScalars.append(scalar) }
        isStart = true
        continue
      }
      output += isStart ? scalar.properties.titlecaseMapping : String(scalar)
      isStart = false
      hasWord = true
    }
    return output
  }
}
