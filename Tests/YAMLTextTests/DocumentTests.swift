import JSONValue
import Testing
import YAMLText

@Suite struct DocumentTests {
  private func value(_ text: String) throws -> JSON? { try YAMLText.documents(text).first?.value }

  @Test("a stream gives its documents without the empty ones")
  func stream() throws {
    let documents = try YAMLText.documents("# nothing\n---\n---\na: 1\n---\n~\n---\n# more\nb: [1, {c: d}]\n...\n---\n")
    #expect(documents.map(\.value) == [["a": 1], ["b": [1, ["c": "d"]]]])
  }

  @Test("keys keep their order")
  func order() throws {
    #expect(try value("z: 1\na: 2\nm: 3")?.object?.keys == ["z", "a", "m"])
  }

  @Test("anchors, aliases and merge keys are expanded, explicit keys first")
  func merge() throws {
    let text = """
      base: &base {a: 1, b: 2}
      other: &other {b: 3, c: 4}
      one: {<<: *base, b: 9}
      two:
        b: 9
        <<: [*base, *other]
      three: [*base, *base]
      four: {"<<": 1}
      &k five: *k
      """
    let expected: JSON = [
      "base": ["a": 1, "b": 2], "other": ["b": 3, "c": 4], "one": ["a": 1, "b": 9], "two": ["a": 1, "b": 9, "c": 4],
      "three": [["a": 1, "b": 2], ["a": 1, "b": 2]], "four": ["<<": 1], "five": "five",
    ]
    #expect(try value(text) == expected)
  }

  @Test("block scalars keep and fold their lines")
  func blocks() throws {
    #expect(try value("a: |\n  x\n   y\n\nb: >-\n  x\n  y\nc: |2\n   z\n") == ["a": "x\n y\n", "b": "x y", "c": " z\n"])
  }

  @Test("positions of keys and values count from one, in characters; a missing path falls back to its ancestor")
  func positions() throws {
    let text = "# c\nspec:\n  é: {ü: x, w: 2}\n  list:\n  - a: 1\n    b: |\n      t\n  -   last\n"
    let positions = try #require(try YAMLText.documents(text).first).positions
    func at(_ position: SourcePosition) -> [Int] { [position.line, position.column] }
    #expect(at(positions.key(at: [])) == [2, 1])
    #expect(at(positions.key(at: [.key("spec")])) == [2, 1])
    #expect(at(positions.value(at: [.key("spec")])) == [3, 3])
    #expect(at(positions.key(at: [.key("spec"), .key("é"), .key("w")])) == [3, 13])
    #expect(at(positions.value(at: [.key("spec"), .key("é"), .key("w")])) == [3, 16])
    #expect(at(positions.value(at: [.key("spec"), .key("list"), .index(0), .key("b")])) == [6, 8])
    #expect(at(positions.value(at: [.key("spec"), .key("list"), .index(1)])) == [8, 7])
    #expect(at(positions.key(at: [.key("spec"), .key("list"), .index(1)])) == [8, 7])
    #expect(at(positions.key(at: [.key("spec"), .key("list"), .index(9), .key("b")])) == [4, 3])
    #expect(at(positions.value(at: [.key("spec"), .key("list"), .key("b")])) == [5, 3])
    #expect(!positions.contains([.key("spec"), .key("none")]))
    #expect(positions.contains([.key("spec"), .key("list"), .index(1)]))
  }

  @Test("JSON text is YAML, with positions")
  func json() throws {
    let document = try #require(try YAMLText.documents("{\n\t\"a\":[1,2.5,\"x\\/y\"],\n\t\"b\":\"\\u00e9\"}").first)
    #expect(document.value == ["a": [1, 2.5, "x/y"], "b": "é"])
    #expect(document.positions.value(at: [.key("b")]) == SourcePosition(line: 3, column: 6))
    #expect(try value("{\"a\":\"\\ud83d\\ude00\"}") == ["a": "😀"])
    #expect(try value("{\"" + String(repeating: "k", count: 2000) + "\": 1}")?.object?.count == 1)
  }

  @Test("a byte order mark and Windows line ends are read")
  func marks() throws {
    #expect(try YAMLText.documents([0xEF, 0xBB, 0xBF] + Array("a: 1\r\nb: |\r\n  x\r\n".utf8)).first?.value == ["a": 1, "b": "x\n"])
  }

  @Test("positions of large objects are found by name")
  func large() throws {
    let text = (0..<100).map { "k\($0): \($0)\n" }.joined()
    let positions = try #require(try YAMLText.documents(text).first).positions
    #expect(positions.value(at: [.key("k77")]) == SourcePosition(line: 78, column: 6))
  }
}
