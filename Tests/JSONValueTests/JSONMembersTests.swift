import JSONValue
import Testing

@Suite("Objects described member by member") struct JSONMembersTests {
  private static let keys: [StaticString] = ["0", "1", "2", "3", "4", "5", "6", "7", "8"]
  private static let prefixed: [StaticString] = ["p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8"]

  private func describe(_ members: inout some JSONMembers & ~Copyable) {
    members.append("text", string: "quote \" slash \\ line\nfeed\ttab \u{1} é \u{2028}")
    members.append("empty", string: "")
    members.append("long", string: String(repeating: "x", count: 300) + "\"" + String(repeating: "y", count: 300))
    members.append("number", int: .min)
    members.append("nothing", string: nil)
    members.append("no number", int: nil)
    members.append("no value", nil)
    members.append("text of a value", text: Array(#"{"a":[1,"b"]}"#.utf8))
    Array("plain-1".utf8).withUnsafeBufferPointer { members.append("plain", plain: $0) }
    for (place, number) in ([0, 7, 10, 99, 100, 12345, .max, -1, .min] as [Int64]).enumerated() {
      members.append(Self.keys[place], int: number)
      members.append(Self.prefixed[place], plain: Array("plain-".utf8), number: number)
    }
    members.append("whole", tailOf: "quote \" é", after: 0)
    members.append("tail", tailOf: "é quote \" behind a long beginning", after: 3)
    members.append("no tail", tailOf: "abc", after: 3)
    members.append(members: ["m": 1, "n": "x"], text: Array(#""m":1,"n":"x""#.utf8))
    members.append(members: [:], text: [])
    members.append("value", ["list": [1, 2.5, nil, true, "{"], "object": [:]])
  }

  @Test("the text is that of the value") func text() throws {
    var object = JSONObject()
    describe(&object)
    var text = JSONText(capacity: 8)
    describe(&text)
    let bytes = text.finish()
    #expect(bytes == JSON.object(object).bytes())
    #expect(try JSON.parse(bytes) == .object(object))
  }

  @Test("objects and lists of numbers nest") func nested() throws {
    var text = JSONText(capacity: 8)
    text.append("none") { _ in }
    text.append("inner") {
      $0.append("ints", ints: [3, -4])
      $0.append("no ints", ints: [])
    }
    text.appendText("written") { $0.append("[true]" as StaticString) }
    text.append("last", string: "{")
    text.append("behind", int: 1)
    #expect(
      try JSON.parse(text.finish())
        == ["none": [:], "inner": ["ints": [3, -4], "no ints": []], "written": [true], "last": "{", "behind": 1])
  }

  @Test("of keys that are repeated in a literal the last value counts, at the place of the first") func repeated() {
    let object = JSONObject([("a", 1), ("b", 2), ("a", 3)])
    #expect(object.keys == ["a", "b"] && object["a"] == 3)
  }
}
