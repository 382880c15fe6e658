import JSONValue
import Testing

@testable import WorkflowCore

@Suite struct GoJSONSyntaxTests {
  static let broken: [(text: String, problem: String)] = [
    ("not json", "'o' in literal null (expecting 'u')"), ("foo", "'o' in literal false (expecting 'a')"),
    ("tru3", "'3' in literal true (expecting 'e')"), ("nulL", "'L' in literal null (expecting 'l')"),
    ("hello", "'h' looking for beginning of value"), ("[a, b]", "'a' looking for beginning of value"),
    ("]", "']' looking for beginning of value"), (#"["a",]"#, "']' looking for beginning of value"),
    ("'a'", #"'\'' looking for beginning of value"#), (#"\"#, #"'\\' looking for beginning of value"#),
    ("\u{B}", #"'\v' looking for beginning of value"#), ("\u{1}", #"'\x01' looking for beginning of value"#),
    ("\u{7F}", #"'\x7f' looking for beginning of value"#), ("é", "'Ã' looking for beginning of value"),
    (" \u{2028}", "'â' looking for beginning of value"), ("\u{FEFF}[]", "'ï' looking for beginning of value"),
    ("2024-01-01", "'-' after top-level value"), ("1 2", "'2' after top-level value"), ("01", "'1' after top-level value"),
    ("-01", "'1' after top-level value"), ("[] []", "'[' after top-level value"), ("\"a\"b", "'b' after top-level value"),
    ("1.5.2", "'.' after top-level value"), ("true\u{A0}", "'Â' after top-level value"), ("1e5e", "'e' after top-level value"),
    (#"["a" "b"]"#, "'\"' after array element"), ("[1}", "'}' after array element"), ("[[1] 2]", "'2' after array element"),
    ("[1:2]", "':' after array element"), ("{a: 1}", "'a' looking for beginning of object key string"),
    (#"{"a":1,}"#, "'}' looking for beginning of object key string"), ("{,}", "',' looking for beginning of object key string"),
    (#"{"a" 1}"#, "'1' after object key"), (#"{"a"}"#, "'}' after object key"),
    (#"{"a":1 "b":2}"#, "'\"' after object key:value pair"), (#"{"a":{}]"#, "']' after object key:value pair"),
    (#"{"a":}"#, "'}' looking for beginning of value"), ("-a", "'a' in numeric literal"), ("[--1]", "'-' in numeric literal"),
    ("1.a", "'a' after decimal point in numeric literal"), ("[0.]", "']' after decimal point in numeric literal"),
    ("1e", "' ' in exponent of numeric literal"), ("1E+x", "'x' in exponent of numeric literal"), ("-", "' ' in numeric literal"),
    ("1.", "' ' after decimal point in numeric literal"), ("nul", "' ' in literal null (expecting 'l')"),
    ("\"a\nb\"", #"'\n' in string literal"#), ("\"\t", #"'\t' in string literal"#), (#""\x""#, "'x' in string escape code"),
    (#""\u12g4""#, #"'g' in \u hexadecimal character escape"#), (#""\"#, "' ' in string escape code"),
    (String(repeating: "[", count: 10_001), "'[' exceeded max depth"),
  ]

  @Test("the first error in a text is that of Go's scanner", arguments: broken) func problem(_ text: String, _ problem: String) {
    #expect(GoJSONSyntax.error(in: text) == "invalid character \(problem)")
    #expect(goParseError(text) == "invalid character \(problem)")
  }

  @Test(
    "a text that is cut short is said to end",
    arguments: ["", " \n", "[", "[1", "[1,", "[1, ", "{", #"{"a"#, #"{"a""#, #"{"a":"#, #"{"a":1"#, #"{"a":1,"#, "\"a", #""\\"#, "[[]"])
  func end(_ text: String) { #expect(GoJSONSyntax.error(in: text) == "unexpected end of JSON input") }

  @Test(
    "what is JSON has no error",
    arguments: [
      "[]", " [ ] \r\n", "{}", "{ }", "0", "-0", "-10.50e+3", "1E5", "12", "true", "false", " null ", #""aé\"\\\/\b\u00eF""#,
      #"[1,[2,{"a":[{}],"b":"c"}],null]"#, #"{"a" : {"b" : 0.5 } , "c":[ ]}"#,
    ])
  func sound(_ text: String) throws {
    #expect(GoJSONSyntax.error(in: text) == nil)
    _ = try JSON.parse(text)
  }

  @Test("a text is JSON for this scanner when the parser reads it, however it was changed") func agreement() {
    let texts = [#"[1.5e3,{"a":"b\u00e9\n"},-0,true]"#, #"{"k":[null,false,""],"l":{}}"#]
    for text in texts.map({ Array($0.utf8) }) {
      for place in text.indices {
        for byte in #"[]{}:,"\0-.e1tu "#.utf8 {
          var (replaced, inserted) = (text, text)
          replaced[place] = byte
          inserted.insert(byte, at: place)
          for bytes in [replaced, inserted, Array(text[..<place])] {
            let changed = String(decoding: bytes, as: UTF8.self)
            #expect((GoJSONSyntax.error(in: changed) == nil) == ((try? JSON.parse(changed)) != nil), "\(changed)")
          }
        }
      }
    }
  }

  @Test("what Go reads and this program does not is told in this program's words") func unread() {
    #expect(goParseError("[1e999]") == "invalid JSON at byte 1: number out of range")
    #expect(goParseError(String(repeating: "[", count: 600) + String(repeating: "]", count: 600)).contains("nested deeper than"))
  }
}
