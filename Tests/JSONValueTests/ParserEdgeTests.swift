import JSONValue
import Testing

@Suite struct ParserEdgeTests {
  @Test(
    "numbers keep their kind and their digits",
    arguments: [
      ("0", .int(0)), ("-0", .int(0)), ("-1", .int(-1)), ("9223372036854775807", .int(.max)), ("-9223372036854775808", .int(.min)),
      ("9223372036854775808", .number("9223372036854775808")), ("-9223372036854775809", .number("-9223372036854775809")),
      ("123456789012345678901234567890", .number("123456789012345678901234567890")), ("999999999999999999", .int(999_999_999_999_999_999)),
      ("1000000000000000000", .int(1_000_000_000_000_000_000)), ("1.0", .double(1)), ("1e2", .double(100)), ("-1.5E-3", .double(-0.0015)),
      ("0.1e+1", .double(1)),
      ("1e-400", .double(0)),
    ] as [(String, JSON)])
  func numbers(text: String, value: JSON) throws {
    #expect(try JSON.parse(text) == value)
    #expect(try JSON.parse("[\(text)]") == [value])
  }

  @Test(
    "strings are unescaped, unpaired surrogates replaced",
    arguments: [
      (#""""#, ""), (#""\"\\\/\b\f\n\r\t""#, "\"\\/\u{8}\u{C}\n\r\t"), (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\ud83d\ude00""#, "😀"),
      (#""\ud83d""#, "\u{FFFD}"),
      (#""\ude00x""#, "\u{FFFD}x"), (#""\ud83d\u0041""#, "\u{FFFD}A"), (#""\ud83d\ud83d\ude00""#, "\u{FFFD}😀"), (#""\u0000""#, "\u{0}"),
      (#""é😀""#, "é😀"),
      (#""a\u00e9b\n""#, "aéb\n"), (#""\u0065\u0301""#, "e\u{301}"),
    ])
  func strings(text: String, value: String) throws {
    #expect(try Array(JSON.parse(text).string?.utf8 ?? "?".utf8) == Array(value.utf8))
  }

  @Test(
    "what is no JSON is refused",
    arguments: [
      "", " ", "nul", "tru", "True", "01", "-", "-a", "+1", "1.", ".5", "1e", "1e+", "0x1", "1 2", "[1,]", "[,1]", "[1 2]", "{\"a\"}",
      "{\"a\":}", "{a:1}", "{\"a\":1,}",
      "{,}", "'a'", "\"a", "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", "\"\\ud83d\\u\"", "\"\u{1}\"", "\"\n\"", "[", "{", "]", "}", "[}", "NaN",
      "Infinity", "1e999", "-1e999", "\u{FEFF}1",
      "// x\n1", "[1]]", "\"a\"b",
    ])
  func refused(text: String) {
    #expect(throws: JSONParseError.self) { try JSON.parse(text) }
  }

  @Test(
    "bytes that are no UTF-8 are refused",
    arguments: [[0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0x5C, 0x6E, 0xC0, 0x80, 0x22]] as [[UInt8]])
  func encoding(bytes: [UInt8]) {
    #expect(throws: JSONParseError.self) { try JSON.parse(bytes) }
  }

  @Test("of a repeated key the last value wins, at the first's place")
  func duplicates() throws {
    let value = try JSON.parse(#"{"a":1,"b":2,"a":3,"\u0062":4}"#)
    #expect(value.text() == #"{"a":3,"b":4}"#)
    let many = "{" + (0..<60).map { "\"k\($0 % 40)\":\($0)" }.joined(separator: ",") + "}"
    #expect(try JSON.parse(many).object?.count == 40)
    #expect(try JSON.parse(many)["k5"] == 45)
  }

  @Test("512 levels are read and written, one more is refused", arguments: [("[", "]"), ("{\"a\":", "}")])
  func depth(open: String, close: String) throws {
    func text(_ levels: Int) -> String { String(repeating: open, count: levels) + "1" + String(repeating: close, count: levels) }
    #expect(try JSON.parse(text(512)).text() == text(512))
    #expect(throws: JSONParseError.self) { try JSON.parse(text(513)) }
    #expect(throws: JSONParseError.self) { try JSON.parse(String(repeating: open, count: 1_000_000)) }
  }

  @Test("no proper prefix of a document is a document, and no changed byte is fatal")
  func prefixes() throws {
    let text = Array(#" {"a":[1,-2.5e+3,true,false,null,"é\u00e9\ud83d\ude00\n"],"b":{"c":{}},"d":[]}"#.utf8)
    _ = try JSON.parse(text)
    for count in 0..<text.count { #expect(throws: JSONParseError.self) { try JSON.parse(Array(text.prefix(count))) } }
    for index in text.indices {
      for byte in [0x00, 0x22, 0x2C, 0x2D, 0x30, 0x39, 0x5B, 0x5C, 0x5D, 0x65, 0x75, 0x7B, 0x7D, 0x80, 0xFF] as [UInt8] {
        var changed = text
        changed[index] = byte
        if let value = try? JSON.parse(changed) { #expect(try JSON.parse(value.bytes()).bytes() == value.bytes()) }
      }
    }
  }

  @Test("what is written is read back")
  func roundTrip() throws {
    let value: JSON = [
      "ints": [0, .int(.min), .int(.max)], "doubles": [0.1, 1e21, -1.5e-9, 123456.75], "text": "\u{0}\u{1F}\"\\/\u{2028}<>&é😀",
      "empty": [[], [:], "", nil], "big": .number("98765432109876543210"),
    ]
    for style in [JSONStyle.compact, .pretty, .go, .canonical] { #expect(try JSON.parse(value.text(style)) == value) }
    #expect(JSON.string("<\u{2028}>").text(.go) == "\"\\u003c\\u2028\\u003e\"")
  }
}

@Suite struct LayoutTests {
  /// A larger value would make every array and object of a document larger: change the number only knowingly.
  @Test("a value takes 17 bytes")
  func size() {
    #expect(MemoryLayout<JSON>.size == 17)
    #expect(MemoryLayout<JSONObject>.size == 16)
  }

  /// The buffer's address changes when an edit copies the array that holds the elements.
  @Test("a deep edit copies nothing")
  func inPlace() {
    var value: JSON = ["a": ["b": ["c": .array((0..<64).map { .int($0) })]]]
    func address() -> UInt? {
      guard case .array(let elements)? = value.at("a", "b", "c") else { return nil }
      return elements.withUnsafeBufferPointer { $0.baseAddress.map { UInt(bitPattern: $0) } }
    }
    let before = address()
    value["a"]?["b"]?["d"] = 1
    value["a"]?["b"]?["d"] = nil
    value["a"]?["b"]?["c"]?.modifyArray { $0[7] = "x" }
    #expect(value.at("a", "b", "c")?[7] == "x")
    #expect(address() == before)
  }

  @Test("a copy is not changed by edits of its original")
  func copies() {
    var value: JSON = ["a": ["b": [1, 2]]]
    let copy = value
    value["a"]?["b"] = nil
    value["x"] = 1
    #expect(copy == ["a": ["b": [1, 2]]])
    #expect(value == ["a": [:], "x": 1])
  }
}
