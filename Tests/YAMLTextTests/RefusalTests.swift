import JSONValue
import Testing
import YAMLText

@Suite struct RefusalTests {
  private func failure(_ bytes: [UInt8], limits: YAMLLimits = .default) -> String? {
    do {
      _ = try YAMLText.documents(bytes, limits: limits)
      return nil
    } catch {
      return error.description
    }
  }

  @Test(
    "what is no acceptable YAML is refused with its place and reason",
    arguments: [
      ("a: 1\nb: 2\na: 3", "3:1: key \"a\" is repeated; it is first at 1:1"),
      ("a: {x: 1, x: 2}", "1:11: key \"x\" is repeated; it is first at 1:5"),
      ("{\"a\": 1, \"a\": 2}", "1:10: key \"a\" is repeated; it is first at 1:2"),
      ("1: a\n\"1\": b", "2:1: key \"1\" is repeated; it is first at 1:1"),
      ("a:\n\tb: 1", "2:1: a tab must not indent YAML or start a value; use spaces"),
      ("a: .inf", "1:4: .inf has no form in JSON"), ("a: [.NaN]", "1:5: .NaN has no form in JSON"),
      ("a: *x", "1:4: unknown anchor 'x' referenced"), ("a: &x [*x]", "1:8: anchor 'x' contains itself"),
      ("a: &x 1\n---\nb: *x", "3:4: unknown anchor 'x' referenced"),
      ("? [a]\n: b", "1:3: a key must be a scalar, not a mapping or a list"), ("~: a", "1:1: a key must not be null"),
      ("a: {<<: 1}", "1:5: a merge key (<<) needs a mapping or a list of mappings"),
      ("a: !!int x", "1:4: cannot read `x` as !!int"), ("a: !!binary '?'", "1:4: !!binary value is no base64"),
      ("a: 1\n b: 2", "2:3: mapping values are not allowed in this context"),
      ("a: [1, 2\nb: 3", "2:2: did not find expected ',' or ']' while parsing a flow sequence that starts in line 1"),
      ("a: \"x", "1:6: found unexpected end of stream while scanning a quoted scalar"),
      ("a: 1\n\u{1}b: 2", "2:1: control characters are not allowed (U+0001)"),
      ("a: @x", "1:4: found character that cannot start any token while scanning for the next token"),
    ])
  func refused(text: String, message: String) {
    #expect(failure(Array(text.utf8)) == message)
  }

  @Test("binary data and other encodings are refused")
  func binary() {
    #expect(failure([0x61, 0x3A, 0x20, 0x00]) == "1:4: binary data is no YAML: the text has a NUL byte")
    #expect(failure([0x61, 0x0A, 0x62, 0xC3, 0xA9, 0xFF]) == "2:3: invalid UTF-8: the text is binary or in another encoding")
  }

  @Test("a text above the size limit is refused")
  func size() {
    var limits = YAMLLimits()
    limits.bytes = 3
    #expect(failure(Array("a: 1".utf8), limits: limits) == "1:1: the text has 4 bytes, more than the limit of 3")
    #expect(failure(Array("a:1".utf8), limits: limits) == nil)
  }

  @Test(
    "aliases that multiply are refused",
    arguments: ["[*a,*a,*a,*a,*a,*a,*a,*a,*a]", "{<<: [*a,*a,*a,*a,*a,*a,*a,*a,*a], x: *a, y: *a, z: *a}"])
  func laughs(pattern: String) {
    var text = "a: &a {k: [lol,lol,lol,lol,lol,lol,lol,lol,lol]}\n"
    var previous = "a"
    for name in ["b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"] {
      text += "\(name): &\(name) " + pattern.replacing("*a", with: "*" + previous) + "\n"
      previous = name
    }
    #expect(failure(Array(text.utf8))?.contains("aliases expand to more than 1000000 values") ?? false || !pattern.hasPrefix("["))
    if !pattern.hasPrefix("[") { #expect(failure(Array(text.utf8)) != nil) }
  }

  @Test("nesting is bounded, through aliases too")
  func depth() {
    let deep = String(repeating: "[", count: 512) + String(repeating: "]", count: 512)
    #expect(failure(Array(deep.utf8)) == nil)
    #expect(failure(Array(("[" + deep + "]").utf8)) == "1:513: nested deeper than 512 levels")
    #expect(failure(Array(String(repeating: "- ", count: 100_000).utf8)) == "1:1025: nested deeper than 512 levels")
    let half = String(repeating: "[", count: 300) + String(repeating: "]", count: 300)
    let aliased = "a: &a \(half)\nb: " + String(repeating: "[", count: 300) + "*a" + String(repeating: "]", count: 300)
    #expect(failure(Array(aliased.utf8)) == "2:304: nested deeper than 512 levels")
  }

  @Test("every prefix of a document is read or refused, never fatal")
  func prefixes() {
    let text = Array("%YAML 1.1\n---\na: &x [1, \"é\\u0041\", 'b', {c: *x}]\n? d\n: |2-\n    z\n<<: {e: !!str 1}\n...\n".utf8)
    for count in 0...text.count { _ = failure(Array(text.prefix(count))) }
    for index in text.indices {
      for byte in [0x00, 0x09, 0x0A, 0x20, 0x22, 0x26, 0x2A, 0x2D, 0x3A, 0x5B, 0x7B, 0x7C, 0x80, 0xFF] as [UInt8] {
        var changed = text
        changed[index] = byte
        _ = failure(changed)
      }
    }
  }
}
