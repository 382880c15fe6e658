import Basics
import JSONValue
import RegularExpressions
import Templating
import Testing

@Suite struct ExpressionTests {
  static let scope: ValueScope = {
    let tasks: JSON = ["A": ["outputs": ["result": "hi", "parameters": ["p-q": "7"]]], "gone": ["outputs": ["result": nil]]]
    return ValueScope(
      ["tasks": ExprValue(tasks), "n": .int(5), "s": .string("hello"), "xs": ExprValue([3, 1, 2]), "item": .string("{\"a\":[1,2]}")],
      now: Instant(rfc3339: "2024-02-29T13:04:05Z"), random: { 42 })
  }()

  static func text(_ source: String) throws -> String { try Expression(compiling: source).evaluate(in: scope).insertedText() }

  private static let store =
    #"{"max":10,"book":[{"k":"a","p":8},{"k":"b","p":12,"t":["x"]},{"k":"c","p":9.5,"t":[]}],"bike":{"p":20,"a-b":1},"s":"abc"}"#

  @Test(
    "jsonpath follows evilmonkeyinc/jsonpath",
    arguments: [
      ("$.max", "10"), ("$.bike['p']", "20"), ("$.bike.a-b", "1"), ("$['bike'][\"p\"]", "20"), ("$.book[0].k", "a"), ("$.book[-1].k", "c"),
      ("$.book[*].k", #"["a","b","c"]"#), ("$.book[0,2].k", #"["a","c"]"#), ("$.bike['p','a-b']", "[20,1]"), ("$.book[0:2].p", "[8,12]"),
      ("$.book[::-1].k", #"["c","b","a"]"#), ("$.book[1:].k", #"["b","c"]"#), ("$..p", "[20,8,12,9.5]"), ("$..k", #"["a","b","c"]"#),
      ("$.book.length", "3"), ("$.s.length", "3"), ("$.book[(@.length-1)].k", "c"), ("$.book[?(@.p < 10)].k", #"["a","c"]"#),
      ("$.book[?(@.p > $.max)].k", #"["b"]"#), ("$.book[?(@.k == 'b' || @.p == 8)].k", #"["a","b"]"#), ("$.book[?(@.t)].k", #"["b"]"#),
      ("$.book[?(!(@.p > 9))].k", #"["a"]"#), ("$.book[?(@.k =~ /[ab]/)].p", "[8,12]"), ("$.book[?(@.p > 1)][0].k", "a"),
      ("$.bike.*", "[1,20]"), ("$.book[?(@.p + 1 == 9)].k", #"["a"]"#),
    ])
  func jsonPath(path: String, expected: String) throws {
    let source = "jsonpath(\(JSON.string(Self.store).text()), \(JSON.string(path).text()))"
    #expect(try Self.text(source) == expected)
  }

  @Test("a path to nothing is an error", arguments: ["$.nope", "$.book[9]", "$.max.x", "max", "$.book[", "$.book[x]", "$.s[?(@)]", "$."])
  func jsonPathErrors(path: String) {
    let source = "jsonpath(\(JSON.string(Self.store).text()), \(JSON.string(path).text()))"
    #expect(throws: ExpressionError.self) { try Self.text(source) }
  }

  @Test(
    "the language follows expr-lang",
    arguments: [
      ("1 + 2", "3"), ("7 / 2", "3.5"), ("6 / 2", "3"), ("7 % 3", "1"), ("2 ** 3", "8"), ("2 ^ 0.5 > 1.4", "true"), ("-2 ** 2", "-4"),
      ("1.5 + 1", "2.5"), ("'a' + \"b\"", "ab"), ("0x1F + 0b11 + 0o7 + 1_000", "1041"), (".5 + 1e1", "10.5"), ("1 == 1.0", "true"),
      ("'1' == 1", "false"), ("1 < 2 <= 2", "true"), ("not true or true", "true"), ("!false && 1 != 2", "true"), ("1 in [1, 2]", "true"),
      ("'a' not in {a: 1}", "false"), ("s contains 'ell'", "true"), ("s startsWith 'he' and s endsWith 'lo'", "true"),
      ("s matches '^h.l+o$'", "true"), ("s not matches '^x'", "true"), ("1..4", "[1,2,3,4]"), ("true ? 'x' : 'y'", "x"),
      ("nil ?? 'd'", "d"), ("tasks?.nope?.outputs ?? 'd'", "d"), ("tasks['A'].outputs.result", "hi"),
      ("tasks.A.outputs.parameters['p-q']", "7"), ("let x = 2; x * n", "10"), ("xs | sort() | map(# * 2)", "[2,4,6]"),
      ("xs[0]", "3"), ("xs[-1]", "2"), ("xs[1:]", "[1,2]"), ("xs[:-1]", "[3,1]"), ("s[1:3]", "el"), ("filter(xs, {# > 1})", "[3,2]"),
      ("filter(xs, # > 1)", "[3,2]"), ("map([{f: 1}], .f)", "[1]"), ("map([{f: 1}], {#.f})", "[1]"),
      ("{b: 1, 'a': [true, nil]}", "{\"a\":[true,null],\"b\":1}"),
      ("all(xs, # > 0)", "true"), ("none(xs, # > 2)", "false"), ("any(xs, # > 2)", "true"), ("one(xs, # > 2)", "true"),
      ("count(xs, # > 1)", "2"), ("find(xs, # < 3)", "1"), ("findIndex(xs, # < 3)", "1"), ("findLast(xs, # < 3)", "2"),
      ("sum(xs)", "6"), ("mean(xs)", "2"), ("median([1,2,3,4])", "2.5"), ("min(xs)", "1"), ("max(1, 9, 3)", "9"),
      ("sortBy(xs, -#)", "[3,2,1]"), ("sort(xs, 'desc')", "[3,2,1]"),
      ("groupBy(xs, # > 1 ? 'big' : 'small')", "{\"big\":[3,2],\"small\":[1]}"),
      ("reduce(xs, #acc + #, 10)", "16"), ("reduce(1..3, #acc + #)", "6"), ("concat([1], [2])", "[1,2]"),
      ("flatten([1, [2, [3]]])", "[1,2,3]"),
      ("uniq([1, 1, 2])", "[1,2]"), ("first(xs)", "3"), ("last(xs)", "2"), ("take(xs, 2)", "[3,1]"),
      ("keys({b: 1, a: 2})", "[\"a\",\"b\"]"),
      ("values({b: 1, a: 2})", "[2,1]"), ("toPairs({a: 1})", "[[\"a\",1]]"), ("fromPairs([['a', 1]])", "{\"a\":1}"), ("len('héé')", "3"),
      ("trim('  x ')", "x"), ("trim('__x_', '_')", "x"), ("trimPrefix('abc', 'a')", "bc"), ("upper(s)", "HELLO"),
      ("split('a,b', ',')", "[\"a\",\"b\"]"),
      ("splitAfter('a,b', ',')", "[\"a,\",\"b\"]"), ("replace('aXa', 'X', '-')", "a-a"), ("repeat('ab', 2)", "abab"),
      ("join(['a', 'b'], '-')", "a-b"),
      ("indexOf('abc', 'c')", "2"), ("lastIndexOf('abab', 'ab')", "2"), ("hasPrefix('abc', 'ab')", "true"), ("abs(-3)", "3"),
      ("ceil(1.2)", "2"),
      ("round(2.5)", "3"), ("int('42') + 1", "43"), ("float('1.5')", "1.5"), ("string(1.5)", "1.5"), ("string([1, 'a'])", "[1 a]"),
      ("type(xs)", "array"), ("type(nil)", "nil"), ("toJSON({a: 1})", "{\n  \"a\": 1\n}"), ("fromJSON(item).a[1]", "2"),
      ("toBase64('hi')", "aGk="),
      ("fromBase64('aGk=')", "hi"), ("bitand(6, 3)", "2"), ("bitshl(1, 4)", "16"), ("asInt('3') * 2", "6"), ("asFloat('0.5')", "0.5"),
      ("jsonpath(item, '$.a[0]')", "1"), ("toJson({b: 1, a: '<'})", "{\"a\":\"\\u003c\",\"b\":1}"),
      ("now().Format('2006-01-02T15:04')", "2024-02-29T13:04"),
      ("date('2024-03-01').Sub(now()).Hours() < 12", "true"), ("string(duration('90s'))", "1m30s"),
      ("(now() + duration('24h')).Day()", "1"),
      ("if n > 3 { 'big' } else { 'small' }", "big"), ("'\\u00e9\\n'", "é\n"), ("`a\\b`", "a\\b"), ("1 /* c */ + 1 // d", "2"),
      ("tasks.gone.outputs.result ?? 'x'", "x"),
      ("string(1e21)", "1e+21"), ("string(0.00001)", "1e-05"), ("string(100000.0)", "100000"),
      ("string(1000000.0)", "1e+06"), ("string(-15000000000.0)", "-1.5e+10"), ("string(999999.5)", "999999.5"),
      ("string(1234567.25)", "1.23456725e+06"), ("string(0.0001)", "0.0001"), ("string(0.0)", "0"),
      ("string(2.0**53)", "9.007199254740992e+15"), ("string([1.5, 2e7])", "[1.5 2e+07]"), ("sprig.toString(1.5e10)", "1.5e+10"),
    ] as [(String, String)])
  func language(source: String, expected: String) throws {
    #expect(try ExpressionTests.text(source) == expected)
  }

  @Test(
    "errors say what is wrong",
    arguments: [
      ("1 +", "unexpected token EOF"), ("foo", "unknown name foo"), ("foo()", "unknown name foo"),
      ("tasks.nope.outputs", "cannot fetch outputs from <nil>"),
      ("'a' + 1", "invalid operation: string + int"), ("1 % 0", "integer divide by zero"), ("'a' < 1", "invalid operation: string < int"),
      ("xs[9]", "index out of range: 9 (array length is 3)"), ("int('x')", "invalid operation: int(x)"),
      ("1 and true", "interface conversion: interface {} is int, not bool"),
      ("fromJSON('{')", "invalid JSON"), ("s matches '('", "missing closing )"), ("\"a", "literal not terminated"),
      ("a ?? b + c", "cannot be mixed"),
      ("1..10000000", "memory budget exceeded"), ("sprig.genCA('x', 1)", "function sprig.genCA is not supported"),
      ("repeat('aaaa', 900000000)", "memory budget exceeded"),
      ("jsonpath('x', '$')", "invalid JSON"), ("§", "unrecognized character"), ("#", "unexpected token"),
    ] as [(String, String)])
  func failures(source: String, message: String) {
    let error = #expect(throws: ExpressionError.self) { try ExpressionTests.text(source) }
    #expect(error?.message.contains(message) == true, "\(error?.message ?? "")")
  }

  @Test(
    "results that would fill the memory are refused",
    arguments: [
      "reduce(1..60, [#acc, #acc], 1)", "reduce(1..60, #acc + #acc, 'ab')", "reduce(1..100000, [#acc], 1)",
      "reduce(1..60, ({a: #acc, b: #acc}), 1)", "reduce(1..60, sprig.list(#acc, #acc), 1)", "reduce(1..60, concat(#acc, #acc), [1])",
      "let s = repeat('a', 1000000); map(1..1000, s)",
    ])
  func bombs(source: String) {
    let error = #expect(throws: ExpressionError.self) { try ExpressionTests.text(source) }
    #expect(error?.message.contains("memory budget exceeded") == true, "\(error?.message ?? "")")
  }

  @Test func `referenced paths are known before evaluation`() throws {
    let source = "tasks['a-b'].outputs.result + (steps.x?.id ?? item) + map(xs, #.y)[0] + sprig.trim(workflow.name) + (let q = n; q.z)"
    let expression = try Expression(compiling: source)
    #expect(
      expression.references.map(\.path) == [
        ["tasks", "a-b", "outputs", "result"], ["steps", "x", "id"], ["item"], ["xs"], ["workflow", "name"], ["n"],
      ])
    #expect(expression.references.map(\.isGuarded) == [false, true, false, false, false, false])
  }

  @Test func `expression tags insert text, wait for late names and report missing outputs`() throws {
    var substitution = Substitution(scope: ValueScope(["n": .int(5), "steps": .map(["a": .nil])])) { _ in .unknown }
    #expect(try substitution.apply(to: "{{=n + 1}} {{=[n]}} {{='\"'}}") == "6 [5] \"")
    #expect(try substitution.apply(to: "{{=item.a}}{{=workflow.status}}") == "{{=item.a}}{{=workflow.status}}")
    #expect(throws: SubstitutionError.self) { try substitution.apply(to: "{{=nil}}") }
    substitution.strictPrefixes = ["steps."]
    #expect(throws: SubstitutionError(reason: .missing("steps.b.id"), tag: "{{=steps.b.id}}", path: [])) {
      try substitution.apply(to: "{{=steps.b.id}}")
    }
    #expect(try substitution.apply(to: "{{=steps.b?.id ?? 'x'}}") == "x")
    substitution.keepsFailedExpressions = true
    #expect(try substitution.apply(to: "{{=bad(}}") == "{{=bad(}}")
  }

  @Test func `flat variables nest at their dots and a parent with children is dropped`() throws {
    let scope = ValueScope(flat: [
      "workflow.parameters": .string("[]"), "workflow.parameters.x": .string("1"), "workflow.name": .string("w"),
    ])
    #expect(try Expression(compiling: "workflow.parameters.x + workflow.name").evaluate(in: scope) == .string("1w"))
  }

  @Test func `no text of any kind traps or runs for ever`() {
    var state: UInt64 = 88_172_645_463_325_252
    func next() -> UInt64 {
      state ^= state << 13
      state ^= state >> 7
      state ^= state << 17
      return state
    }
    let words = [
      "(", ")", "[", "]", "{", "}", "#", ".", "..", "?", "?.", "??", ":", "|", "let x =", ";", "map(xs,", "1", "99999999999", "-", "**",
      "'", "\"",
      "xs", "s", "tasks.A", "in", "not", "matches", "%", "sprig.", "repeat(", "len(", "split(", "\\", "é", "\u{0}", "{{", "}}", "{{=", " ",
      ",", "&&", "=~", "!", "0x",
    ]
    for _ in 0..<3000 {
      var text = ""
      for _ in 0..<(next() % 14) { text += words[Int(next() % UInt64(words.count))] }
      if let expression = try? Expression(compiling: text) { _ = try? expression.evaluate(in: ExpressionTests.scope) }
      _ = try? WhenCondition.evaluate(text)
      _ = try? DependsExpression.parse(text)
      _ = try? LinearRegex(text).matches("aab")
      _ = try? Substitution { _ in .text("v") }.apply(to: text)
    }
    for deep in ["(", "[", "!", "-", "{{", "a?b:", "{{{{=", "x.", "not ", "if "] {
      let text = String(repeating: deep, count: 5000)
      _ = try? Expression(compiling: text + "1").evaluate(in: ExpressionTests.scope)
      _ = try? WhenCondition.evaluate(text + "1")
      _ = try? DependsExpression.parse(text + "a")
      _ = try? LinearRegex(text)
      _ = TagTemplate(compiling: text + "}}")
    }
    _ = try? Expression(compiling: String(repeating: "1+", count: 5000) + "1").evaluate(in: ExpressionTests.scope)
  }
}
