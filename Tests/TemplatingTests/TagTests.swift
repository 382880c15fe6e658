import JSONValue
import Templating
import Testing

@Suite struct TagTests {
  private func substitution(_ values: [String: String], strict: [String] = []) -> Substitution {
    var result = Substitution { name in
      if name == "absent" { return .absent }
      return values[name].map { .text($0) } ?? .unknown
    }
    result.strictPrefixes = strict
    return result
  }

  @Test(
    "simple tags are replaced and unknown ones stay",
    arguments: [
      ("plain", "plain"), ("{{a}}", "1"), ("x{{ a }}y{{a}}", "x1y1"), ("{{nope}}", "{{nope}}"), ("{{ nope }}", "{{ nope }}"),
      ("{{a", "{{a"), ("a}}", "a}}"), ("{{{{a}}", "{{1"), ("{\"k\":{\"v\":{{a}}}}", "{\"k\":{\"v\":1}}"), ("{{}}", "{{}}"),
      ("{{p.{{which}}}}", "deep"), ("{{p.{{nope}}}}", "{{p.{{nope}}}}"), ("{{x {{a}}", "{{x 1"), ("é{{a}}é", "é1é"),
      ("{{braces}}", "{{a}}"),
      ("{{quote}}", "\"\n\\"),
    ])
  func simple(text: String, expected: String) throws {
    let values = ["a": "1", "which": "z", "p.z": "deep", "braces": "{{a}}", "quote": "\"\n\\"]
    #expect(try substitution(values).apply(to: text) == expected)
  }

  @Test func `a tree keeps its structure whatever the values hold`() throws {
    let tree: JSON = ["{{a}}": ["{{a}}", 1, true, nil], "n": ["x": "{{a}}"]]
    let value = "\"},{\"{{b}}"
    let members: [(String, JSON)] = [(value, [.string(value), 1, true, nil]), ("n", ["x": .string(value)])]
    let expected = JSON.object(JSONObject(members))
    #expect(try substitution(["a": value]).apply(to: tree).text() == expected.text())
  }

  @Test func `strict prefixes and absent outputs are errors`() {
    let strict = substitution([:], strict: ["steps."])
    #expect(throws: SubstitutionError(reason: .unresolved, tag: "{{steps.a.id}}", path: [.key("x"), .index(0)])) {
      try strict.apply(to: ["x": ["{{steps.a.id}}"]] as JSON)
    }
    #expect(throws: SubstitutionError(reason: .absent, tag: "{{absent}}", path: [])) { try strict.apply(to: "a {{absent}}") }
  }

  @Test func `all tags of a tree are found with their place`() {
    let tags = Substitution.tags(of: ["a": ["{{x}} {{=y}}"], "{{k}}": "{{p.{{q}}}}"])
    #expect(tags.map(\.tag.source) == ["{{x}}", "{{=y}}", "{{k}}", "{{q}}", "{{p.{{q}}}}"])
    #expect(tags.map(\.isInKey) == [false, false, true, false, false])
    #expect(tags[0].path == [.key("a"), .index(0)])
    #expect(valueIsExactlyOneTag("{{x}}"))
    #expect(!valueIsExactlyOneTag("{{x}} "))
    #expect(!valueIsExactlyOneTag("x"))
  }
}
