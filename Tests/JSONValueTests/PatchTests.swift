import JSONValue
import Testing

@Suite struct PatchTests {
  private static let pointers: [(String, String)] = [
    ("", "{\"foo\":[\"bar\",\"baz\"],\"\":0,\"a/b\":1,\"c%d\":2,\"e^f\":3,\"g|h\":4,\"i\\\\j\":5,\"k\\\"l\":6,\" \":7,\"m~n\":8}"),
    ("/foo", "[\"bar\",\"baz\"]"),
    ("/foo/0", "\"bar\""), ("/", "0"), ("/a~1b", "1"), ("/c%d", "2"), ("/e^f", "3"), ("/g|h", "4"), ("/i\\j", "5"), ("/k\"l", "6"),
    ("/ ", "7"), ("/m~0n", "8"),
  ]

  @Test("RFC 6901 section 5", arguments: pointers)
  func pointer(text: String, expected: String) throws {
    let document = try JSON.parse(Self.pointers[0].1)
    let pointer = try #require(JSONPointer(text))
    #expect(document.at(pointer) == (try JSON.parse(expected)))
    #expect(pointer.description == text)
  }

  @Test("what is no pointer is refused", arguments: ["a", "/~", "/~2", "/a~", "foo/bar"])
  func noPointer(text: String) {
    #expect(JSONPointer(text) == nil)
  }

  @Test(
    "array indices have no sign and no leading zero",
    arguments: ["/foo/00", "/foo/+1", "/foo/-1", "/foo/2", "/foo/-", "/foo/", "/foo/99999999999999999999"])
  func indices(text: String) throws {
    #expect(try JSON.parse(Self.pointers[0].1).at(try #require(JSONPointer(text))) == nil)
  }

  /// RFC 6902 appendix A; nil where the patch must fail.
  @Test(
    "RFC 6902 appendix A",
    arguments: [
      (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux"}]"#, #"{"baz":"qux","foo":"bar"}"#),
      (#"{"foo":["bar","baz"]}"#, #"[{"op":"add","path":"/foo/1","value":"qux"}]"#, #"{"foo":["bar","qux","baz"]}"#),
      (#"{"baz":"qux","foo":"bar"}"#, #"[{"op":"remove","path":"/baz"}]"#, #"{"foo":"bar"}"#),
      (#"{"foo":["bar","qux","baz"]}"#, #"[{"op":"remove","path":"/foo/1"}]"#, #"{"foo":["bar","baz"]}"#),
      (#"{"baz":"qux","foo":"bar"}"#, #"[{"op":"replace","path":"/baz","value":"boo"}]"#, #"{"baz":"boo","foo":"bar"}"#),
      (
        #"{"foo":{"bar":"baz","waldo":"fred"},"qux":{"corge":"grault"}}"#, #"[{"op":"move","from":"/foo/waldo","path":"/qux/thud"}]"#,
        #"{"foo":{"bar":"baz"},"qux":{"corge":"grault","thud":"fred"}}"#
      ),
      (
        #"{"foo":["all","grass","cows","eat"]}"#, #"[{"op":"move","from":"/foo/1","path":"/foo/3"}]"#,
        #"{"foo":["all","cows","eat","grass"]}"#
      ),
      (
        #"{"baz":"qux","foo":["a",2,"c"]}"#, #"[{"op":"test","path":"/baz","value":"qux"},{"op":"test","path":"/foo/1","value":2}]"#,
        #"{"baz":"qux","foo":["a",2,"c"]}"#
      ),
      (#"{"baz":"qux"}"#, #"[{"op":"test","path":"/baz","value":"bar"}]"#, nil),
      (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/child","value":{"grandchild":{}}}]"#, #"{"foo":"bar","child":{"grandchild":{}}}"#),
      (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz","value":"qux","xyz":123}]"#, #"{"foo":"bar","baz":"qux"}"#),
      (#"{"foo":"bar"}"#, #"[{"op":"add","path":"/baz/bat","value":"qux"}]"#, nil),
      (#"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":10}]"#, #"{"/":9,"~1":10}"#),
      (#"{"/":9,"~1":10}"#, #"[{"op":"test","path":"/~01","value":"10"}]"#, nil),
      (#"{"foo":["bar"]}"#, #"[{"op":"add","path":"/foo/-","value":["abc","def"]}]"#, #"{"foo":["bar",["abc","def"]]}"#),
      (#"{"a":1}"#, #"[{"op":"copy","from":"/a","path":"/b"}]"#, #"{"a":1,"b":1}"#),
      (#"{"a":{}}"#, #"[{"op":"move","from":"/a","path":"/a/b"}]"#, nil),
      (#"[1]"#, #"[{"op":"add","path":"/2","value":1}]"#, nil), (#"[1]"#, #"[{"op":"replace","path":"/-","value":1}]"#, nil),
      (#"[1]"#, #"[{"op":"remove","path":"/1"}]"#, nil), (#"{}"#, #"[{"op":"remove","path":"/a"}]"#, nil),
      (#"1"#, #"[{"op":"replace","path":"","value":2}]"#, "2"),
      (#"1"#, #"[{"op":"add","path":"/a","value":2}]"#, nil), (#"{}"#, #"[{"op":"bad","path":""}]"#, nil), (#"{}"#, #"[{"path":""}]"#, nil),
      (#"{}"#, #"[{"op":"add","path":"/a"}]"#, nil), (#"{}"#, #"[{"op":"add","path":"a","value":1}]"#, nil), (#"{}"#, #"{}"#, nil),
      (#"{}"#, #"[{"op":"move","path":"/a"}]"#, nil), (#"{}"#, #"[1]"#, nil),
      (#"{"a":null}"#, #"[{"op":"test","path":"/a","value":null}]"#, #"{"a":null}"#),
    ] as [(String, String, String?)])
  func patch(document: String, patch: String, expected: String?) throws {
    let document = try JSON.parse(document)
    let operations = try JSON.parse(patch)
    let result = try? JSONPatch(operations).applied(to: document)
    #expect(result == (try expected.map { try JSON.parse($0) }))
  }

  @Test("a failing operation leaves the document and says which it was")
  func atomic() throws {
    let patch = try JSONPatch([["op": "add", "path": "/a", "value": 1], ["op": "remove", "path": "/x"]])
    #expect(throws: JSONPatchError("operation 1: nothing is at '/x'")) { try patch.applied(to: [:]) }
  }

  @Test("copies that double the document again and again are refused")
  func growth() throws {
    let patch = JSONPatch((0..<600).map { _ in .copy(from: JSONPointer(tokens: []), to: JSONPointer(tokens: ["a"])) })
    #expect(throws: JSONPatchError.self) { try patch.applied(to: ["b": 1]) }
    let doubling = JSONPatch((0..<100).map { .copy(from: JSONPointer(tokens: []), to: JSONPointer(tokens: ["k\($0)"])) })
    #expect(throws: JSONPatchError.self) { try doubling.applied(to: ["b": 1]) }
  }

  /// RFC 7386 appendix A.
  @Test(
    "RFC 7386 appendix A",
    arguments: [
      (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
      (#"{"a":"b"}"#, #"{"a":null}"#, #"{}"#),
      (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#), (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#),
      (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
      (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#), (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
      (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#), (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, "null", "null"),
      (#"{"a":"foo"}"#, #""bar""#, #""bar""#),
      (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#), ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
      ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    ])
  func mergePatch(document: String, patch: String, expected: String) throws {
    #expect(try JSON.parse(document).merged(with: try JSON.parse(patch)) == (try JSON.parse(expected)))
  }

  @Test("the patch between two values leads from one to the other")
  func difference() throws {
    let old: JSON = ["a": 1, "b": ["c": [1, 2], "d": "x"], "e": [:]]
    let new: JSON = ["b": ["c": [1], "d": "x", "f": true], "e": 2]
    #expect(old.mergePatch(to: new) == ["a": nil, "b": ["c": [1], "f": true], "e": 2])
    #expect(old.merged(with: old.mergePatch(to: new)) == new)
    #expect(old.mergePatch(to: old) == [:])
  }
}
