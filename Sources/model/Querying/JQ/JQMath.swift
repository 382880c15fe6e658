import Glibc

/// jq's functions on numbers.
enum JQMath {
  static let unary = [
    "sin", "cos", "tan", "asin", "acos", "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "floor", "round", "nearbyint", "rint",
    "ceil", "trunc", "significand", "fabs", "sqrt", "cbrt", "exp", "exp10", "exp2", "expm1", "log", "log10", "log1p", "log2", "logb",
    "gamma", "tgamma", "lgamma", "erf", "erfc", "j0", "j1", "y0", "y1",
  ]
  static let binary = [
    "atan2", "copysign", "drem", "fdim", "fmax", "fmin", "fmod", "hypot", "jn", "nextafter", "nexttoward", "remainder", "ldexp", "scalb",
    "scalbln", "yn", "pow",
  ]

  /// The result, or nil when the name is none of these.
  static func call(_ name: String, _ value: JQValue, _ arguments: [JQValue]) throws(JQFailure) -> JQValue? {
    if arguments.isEmpty, unary.contains(name) { return .double(unary(name, try number(name, value))) }
    if arguments.count == 2, binary.contains(name) {
      return .double(binary(name, try number(name, arguments[0]), try number(name, arguments[1])))
    }
    switch name {
    case "fma":
      let (x, y) = (try number(name, arguments[0]), try number(name, arguments[1]))
      return .double(Glibc.fma(x, y, try number(name, arguments[2])))
    case "abs":
      guard value.isNumber else { throw .cannotApply(name, value) }
      return magnitude(value)
    case "infinite": return .double(.infinity)
    case "nan": return .double(.nan)
    case "isinfinite": return .bool(value.double?.isInfinite ?? false)
    case "isfinite": return .bool(value.double.map { !$0.isInfinite } ?? false)
    case "isnormal": return .bool(value.double?.isNormal ?? false)
    case "isnan":
      if value.isNull { return .bool(false) }
      return .bool(try number(name, value).isNaN)
    case "frexp":
      let number = try number(name, value)
      guard number.isFinite, number != 0 else { return try .makeArray([.double(number), .int(0)]) }
      let parts = Glibc.frexp(number)
      return try .makeArray([.double(parts.0), .int(Int64(parts.1))])
    case "modf":
      let number = try number(name, value)
      if number.isInfinite { return try .makeArray([.double(number < 0 ? -0.0 : 0), .double(number)]) }
      let whole = number.rounded(.towardZero)
      return try .makeArray([.double(number - whole), .double(whole)])
    default: return nil
    }
  }

  private static func number(_ name: String, _ value: JQValue) throws(JQFailure) -> Double {
    guard let number = value.double else { throw .cannotApply(name, value) }
    return number
  }

  /// A number without its sign.
  static func magnitude(_ value: JQValue) -> JQValue {
    switch value {
    case .int(let number): number < 0 ? JQArithmetic.negated(value) ?? value : value
    case .double(let number): .double(Swift.abs(number))
    case .big(let number): .big(number.magnitude)
    case .literal(let text): text.hasPrefix("-") ? .literal(String(text.dropFirst())) : value
    default: value
    }
  }

  private static func unary(_ name: String, _ x: Double) -> Double {
    switch name {
    case "sin": Glibc.sin(x)
    case "cos": Glibc.cos(x)
    case "tan": Glibc.tan(x)
    case "asin": Glibc.asin(x)
    case "acos": Glibc.acos(x)
    case "atan": Glibc.atan(x)
    case "sinh": Glibc.sinh(x)
    case "cosh": Glibc.cosh(x)
    case "tanh": Glibc.tanh(x)
    case "asinh": Glibc.asinh(x)
    case "acosh": Glibc.acosh(x)
    case "atanh": Glibc.atanh(x)
    case "floor": x.rounded(.down)
    case "round": x.rounded(.toNearestOrAwayFromZero)
    case "nearbyint", "rint": x.rounded(.toNearestOrEven)
    case "ceil": x.rounded(.up)
    case "trunc": x.rounded(.towardZero)
    case "significand": x.isFinite && x != 0 ? Glibc.frexp(x).0 * 2 : x
    case "fabs": Swift.abs(x)
    case "sqrt": x.squareRoot()
    case "cbrt": Glibc.cbrt(x)
    case "exp": Glibc.exp(x)
    case "exp10": Glibc.pow(10, x)
    case "exp2": Glibc.exp2(x)
    case "expm1": Glibc.expm1(x)
    case "log": Glibc.log(x)
    case "log10": Glibc.log10(x)
    case "log1p": Glibc.log1p(x)
    case "log2": Glibc.log2(x)
    case "logb": Glibc.logb(x)
    case "gamma", "tgamma": Glibc.tgamma(x)
    case "lgamma": Glibc.lgamma(x)
    case "erf": Glibc.erf(x)
    case "erfc": Glibc.erfc(x)
    case "j0": Glibc.j0(x)
    case "j1": Glibc.j1(x)
    case "y0": Glibc.y0(x)
    default: Glibc.y1(x)
    }
  }

  private static func binary(_ name: String, _ x: Double, _ y: Double) -> Double {
    /// An integer argument of C's functions.
    func whole(_ value: Double) -> Int { min(max(JQValue.clamped(value.isNaN ? 0 : value), -100_000), 100_000) }
    switch name {
    case "atan2": return Glibc.atan2(x, y)
    case "copysign": return Glibc.copysign(x, y)
    case "drem":
      let result = Glibc.remainder(x, y)
      return result == 0 ? Glibc.copysign(result, x) : result
    case "fdim": return Glibc.fdim(x, y)
    case "fmax": return Glibc.fmax(x, y)
    case "fmin": return Glibc.fmin(x, y)
    case "fmod": return Glibc.fmod(x, y)
    case "hypot": return Glibc.hypot(x, y)
    case "jn": return Glibc.jn(Int32(whole(x)), y)
    case "yn": return Glibc.yn(Int32(whole(x)), y)
    case "nextafter", "nexttoward": return Glibc.nextafter(x, y)
    case "remainder": return Glibc.remainder(x, y)
    case "ldexp", "scalb", "scalbln": return Glibc.scalbn(x, whole(y))
    default: return Glibc.pow(x, y)
    }
  }
}
