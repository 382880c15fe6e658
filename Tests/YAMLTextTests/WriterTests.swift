import JSONValue
import Testing
import YAMLText

@Suite struct WriterTests {
  /// Recorded from `kubectl patch --local -o yaml`.
  @Test(
    "strings are quoted as kubectl quotes them",
    arguments: [
      ("a", "a"), ("1", "\"1\""), ("true", "\"true\""), ("y", "\"y\""), ("on", "\"on\""), ("1:20", "\"1:20\""), ("- a", "'- a'"),
      ("a: b", "'a: b'"),
      ("a #b", "'a #b'"), ("", "\"\""), ("~", "\"~\""), ("*a", "'*a'"), ("&a", "'&a'"), ("%a", "'%a'"), ("@a", "'@a'"), (" a", "' a'"),
      ("a ", "'a '"),
      ("é", "é"), ("\u{1}", "\"\\x01\""), ("\ttab", "\"\\ttab\""), ("a\tb", "\"a\\tb\""), ("2001-01-01", "\"2001-01-01\""), ("0x", "0x"),
      ("1e3", "\"1e3\""), ("{{x}}", "'{{x}}'"), ("!a", "'!a'"), ("=", "="), ("<<", "<<"), (".", "."), ("'q'", "'''q'''"),
      ("😀", "\"\\U0001F600\""),
      ("a: ", "'a: '"), (":", "':'"), ("?", "'?'"), ("-", "'-'"), ("- ", "'- '"), ("1_000", "\"1_000\""), ("0o17", "\"0o17\""),
      ("Null", "\"Null\""),
      ("a\nb", "|-\n  a\n  b"), ("a\nb\n", "|\n  a\n  b"), ("  a\nb\n\n", "|2+\n    a\n  b\n"), ("a \nb", "\"a \\nb\""),
    ])
  func strings(value: String, text: String) {
    #expect(YAMLText.text(["k": .string(value)]) == "k: \(text)\n")
  }

  @Test("documents are laid out as kubectl lays them out")
  func layout() {
    let value: JSON = [
      "z10": 1, "z9": 1, "spec": ["a": [[1, 2], [["b": "c", "a": nil]]], "e": [:], "f": []], "1.5": true, "null": 5e-7, "true": 1e21,
      "long":
        "aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccccccccccc dddddddddddddddddddd eeeeeeeeeeeeeeeee",
    ]
    let expected = """
      "1.5": true
      long: aaaaaaaaaaaaaaaaaaaa bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb ccccccccccccccccccccccccccccccc
        dddddddddddddddddddd eeeeeeeeeeeeeeeee
      "null": 5e-07
      spec:
        a:
        - - 1
          - 2
        - - a: null
            b: c
        e: {}
        f: []
      "true": 1e+21
      z9: 1
      z10: 1

      """
    #expect(YAMLText.text(value) == expected)
  }

  @Test("keys stay in the value's order on request")
  func order() {
    #expect(YAMLText.text(["b": 1, "a": 2], sortsKeys: false) == "b: 1\na: 2\n")
  }

  @Test("what is written is read back")
  func roundTrip() throws {
    let texts = [
      "", " ", "\n", "\n\n", "a\n", "\na", " a\n b\n", "a\r\nb", "x\u{85}y", "\u{2028}", "\u{FEFF}", "tab\t\nx", "#", "# a\n", "--- a",
      "...", "{", "}", "[a", "a]",
      ",", "'", "\"", "\\", "a'b\"c", "|", ">", "null", "0b1", "1__0", "+1", "-.inf", "é\nü", "😀\n",
      String(repeating: "long words ", count: 40), "a: b\nc: d\n",
      "\u{7F}", "key:", "key: ", "- x\n- y", "%YAML", "`", "@", "1:20:30", "12e03", "0.1", "2001-1-1 2:3:4", "\u{0}\u{1F}",
    ]
    for text in texts {
      let value: JSON = ["k": .string(text), "list": [.string(text), .object(JSONObject([(text, 1)]))]]
      let written = YAMLText.text(value)
      guard !text.contains("\u{0}") else { continue }
      #expect(try YAMLText.documents(written).map(\.value) == [value], "\(written)")
    }
    let numbers: JSON = [
      .int(.max), .int(.min), 0.1, 1e300, .double(-.leastNonzeroMagnitude), 1e21, 123456.789, .number("18446744073709551615"), true, nil,
    ]
    #expect(try YAMLText.documents(YAMLText.text(numbers)).map(\.value) == [numbers])
  }
}
