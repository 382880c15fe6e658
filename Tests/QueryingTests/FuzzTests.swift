import JSONValue
import KubeModel
import Querying
import Testing

/// Texts from outside never end the program: pieces of the languages in random order are read and run, whatever comes of it.
@Suite struct FuzzTests {
  private struct Dice {
    var state: UInt64
    mutating func roll(_ sides: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % sides
    }
  }

  private static let document: JSON = [
    "a": [1, 2.5, "xä", nil, true, [["b": 3]]], "b": ["c": "2026-01-02T03:04:05Z", "d": -7], "": 9_223_372_036_854_775_807,
  ]

  private static func texts(_ pieces: [String], seed: UInt64, count: Int) -> [String] {
    var dice = Dice(state: seed)
    return (0..<count).map { _ in (0..<(1 + dice.roll(9))).map { _ in pieces[dice.roll(pieces.count)] }.joined() }
  }

  @Test("no jq filter traps", arguments: [1, 2, 3, 4] as [UInt64])
  func filters(seed: UInt64) {
    let pieces = [
      ".", "..", ".a", ".b", "[", "]", "{", "}", "(", ")", "|", ",", ":", "?", "//", "=", "|=", "+=", "+", "-", "*", "/", "%", "==", "<",
      "and",
      "or", " not ", "if ", " then ", " else ", " end ", "try ", " catch ", "reduce ", "foreach ", " as ", "$x", "def f: ", "; ", "f", "1",
      "-1",
      "1e400", "99999999999999999999", "0.5", "\"s\"", "\"\\(", "@base64", "@csv", "label $x | ", "break $x", "path(", "del(", "to_entries",
      "keys",
      "length", "sort_by(", "split(\"\")", "test(\"(a)*\")", "range(3)", "limit(2; ", "first(", "tojson", "fromjson", "implode", "explode",
      "mktime", "gmtime", "strftime(\"%V %j\")", "strptime(\"%Y\")", "todate", "getpath([\"a\"])", "setpath([0]; ", "infinite", "nan",
      "null",
      "[.[]?]", "flatten", "splits(\"a\")", "ltrimstr(\"x\")", "tostream", "walk(", "env", "input", "error", "halt", "-9223372036854775808",
      "add", "min", "transpose", "indices(1)", "@sh", "ldexp(1; ", "frexp", "pow(2; ", "abs", "tonumber", "recurse", "until(",
      "_range(0; 1; 0)",
    ]
    for text in Self.texts(pieces, seed: seed, count: 1500) {
      guard let filter = try? JQ(compiling: text) else { continue }
      _ = try? filter.text(on: Self.document, steps: 3000)
    }
  }

  @Test("no JSONPath, gjson path or condition traps", arguments: [5, 6] as [UInt64])
  func paths(seed: UInt64) {
    let pieces = [
      "{", "}", ".a", ".b", "[", "]", "[?(", ")]", "@", "$", "..", "*", "'", "\"", ":", ",", "-1", "0", "99999999999999999999", "range ",
      "end",
      " ", "\\", "==", "<", ">=", "!", "=~", "#", "#(", ")", "%", "~true", "@reverse", "@keys", "|", "?", "in (", "notin (", "ä", "\\n",
      "\\x4",
      "9223372036854775807", "-9223372036854775808",
    ]
    for text in Self.texts(pieces, seed: seed, count: 4000) {
      _ = try? KubectlJSONPath(text).text(on: Self.document)
      _ = try? KubectlJSONPath("{\(text)}").text(on: Self.document)
      _ = GJSONPath(text).value(in: Self.document).map(GJSONPath.text)
      _ = try? ResourceCondition(parsing: text).matches(Self.document)
    }
  }
}
