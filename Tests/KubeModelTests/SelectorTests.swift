import KubeModel
import Testing

@Suite struct SelectorTests {
  @Test(
    "label selectors are read as Kubernetes reads them",
    arguments: [
      ("", []), ("a", [.exists("a")]), ("!a", [.doesNotExist("a")]), ("a=b", [.equals("a", "b")]), ("a==b", [.equals("a", "b")]),
      ("a != b", [.notEquals("a", "b")]), ("a=", [.equals("a", "")]), ("a in (x)", [.isIn("a", ["x"])]),
      ("a notin(y, x,y)", [.notIn("a", ["x", "y"])]),
      ("a in (,x)", [.isIn("a", ["", "x"])]), ("in=in", [.equals("in", "in")]), ("notin in (in)", [.isIn("notin", ["in"])]),
      (
        "workflows.argoproj.io/phase in (Failed,Error),!h,a",
        [.isIn("workflows.argoproj.io/phase", ["Error", "Failed"]), .doesNotExist("h"), .exists("a")]
      ),
      (" a = b , c ", [.equals("a", "b"), .exists("c")]), ("a=,b", [.equals("a", ""), .exists("b")]),
    ] as [(String, [LabelSelector.Requirement])])
  func labels(text: String, requirements: [LabelSelector.Requirement]) throws {
    #expect(try LabelSelector.parse(text).requirements == requirements)
  }

  @Test(
    "wrong label selectors are refused in Kubernetes' words",
    arguments: [
      ("a=b=c", "found '=', expected: ',' or 'end of string'"), ("a,,b", "found ',', expected: identifier after ','"),
      (",a", "found ',', expected: !, identifier, or 'end of string'"), ("=a", "found '=', expected: !, identifier, or 'end of string'"),
      ("a=b,", "found '', expected: identifier after ','"), ("a in x", "unable to parse requirement: found 'x' expected: '('"),
      ("a in (x", "unable to parse requirement: found '', expected: ',' or ')'"),
      ("a in (x y)", "unable to parse requirement: found 'y', expected: ',' or ')'"),
      ("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt"),
      ("a=!b", "unable to parse requirement: found '!', expected: identifier"),
      ("!a=b", "found '=', expected: ',' or 'end of string'"), ("!!a", "unable to parse requirement: found '!', expected: identifier"),
      ("a in ()", "unable to parse requirement: values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty"),
      ("/b=c", "unable to parse requirement: key: Invalid value: \"/b\": prefix part must be non-empty"),
    ])
  func wrongLabels(text: String, message: String) {
    #expect(throws: SelectorError(message)) { try LabelSelector.parse(text) }
  }

  @Test(
    "wrong keys and values are refused",
    arguments: ["-a=b", "a=b_", "a/b/c=d", "A.b/x=1", "a=ü", "a in (x,-y)", "a/=b", "a>x", String(repeating: "a", count: 64)])
  func wrongWords(text: String) {
    #expect(throws: SelectorError.self) { try LabelSelector.parse(text) }
  }

  @Test(
    "field selectors are read as Kubernetes reads them",
    arguments: [
      ("", []), ("a=b", [.init("a", .equals, "b")]), ("a==b,c!=d", [.init("a", .equals, "b"), .init("c", .notEquals, "d")]),
      ("metadata.name=x,", [.init("metadata.name", .equals, "x")]), ("a=", [.init("a", .equals, "")]),
      ("a=b\\,c\\=d\\\\", [.init("a", .equals, "b,c=d\\")]),
    ] as [(String, [FieldSelector.Requirement])])
  func fields(text: String, requirements: [FieldSelector.Requirement]) throws {
    #expect(try FieldSelector.parse(text).requirements == requirements)
  }

  @Test(
    "wrong field selectors are refused",
    arguments: [
      ("a", "invalid selector: 'a'; can't understand 'a'"), ("a=b,c", "invalid selector: 'a=b,c'; can't understand 'c'"),
      ("a=b=c", "invalid field selector: unescaped character in value: ="),
      ("a=\\b", "invalid field selector: invalid escape sequence: \\b"),
      ("a=\\", "invalid field selector: invalid escape sequence: \\"),
    ])
  func wrongFields(text: String, message: String) {
    #expect(throws: SelectorError(message)) { try FieldSelector.parse(text) }
  }

  @Test("a selector matches when all its requirements hold; a missing field is empty")
  func matching() throws {
    let fields = try FieldSelector.parse("a=1,b!=2,c=")
    #expect(fields.matches { ["a": "1", "b": "3"][$0] })
    #expect(!fields.matches { ["a": "1", "b": "2"][$0] })
    #expect(!fields.matches { ["a": "1", "c": "x"][$0] })
    let labels = try LabelSelector.parse("a in (1,2),b notin (3),!c")
    #expect(labels.matches(["a": "2"]))
    #expect(!labels.matches(["a": "2", "b": "3"]))
    #expect(!labels.matches(["a": "2", "c": ""]))
  }
}
