internal import Basics
internal import JSONValue
internal import KubeModel
internal import Querying
internal import RegularExpressions
internal import Templating

/// Names that expressions and tags find.
private struct SomeScope: ExpressionScope {
  func root(_ name: String) -> ExprValue? {
    switch name {
    case "inputs": ExprValue(sample)
    case "item": ExprValue(["a": 1, "b": [1, 2, 3], "c": "text"])
    default: nil
    }
  }
  var now: Instant? { Instant(seconds: 1_700_000_000) }
  func random() -> UInt64? { 7 }
}

private let sample: JSON = [
  "parameters": ["x": "1", "list": "[1,2,{\"k\":\"v\"}]", "text": "héllo"], "status": ["phase": "Running", "counts": [1, 2.5, nil, true]],
]

extension FuzzSubject {
  /// Languages of manifests.
  static let languages: [FuzzSubject] = [
    FuzzSubject(
      text: "tags",
      seeds: [
        "a {{inputs.parameters.x}} b {{=inputs.parameters.x + '1'}}", "{{steps.a.outputs.{{item.c}}}}", "{{{{a}}}}", "{{=", "}}{{ }}",
        "{\"a\": \"{{inputs.parameters.text}}\"}",
      ]
    ) { text in
      let template = TagTemplate(compiling: text)
      var substitution = Substitution(scope: SomeScope()) { $0.hasSuffix("x") ? .text("\"}}{{=1}}\n") : $0.isEmpty ? .absent : .unknown }
      _ = try? substitution.apply(to: template)
      substitution.strictPrefixes = [""]
      _ = try? substitution.apply(to: template)
      if template.tags.isEmpty { try check((try? substitution.apply(to: template)) == text, "a text without tags was changed: \(text)") }
    },
    FuzzSubject(
      text: "expression",
      seeds: [
        "inputs.parameters.x == '1' ? [1, 2.5, nil] : {a: item.b[0]}", "filter(item.b, {# > 1}) | map(# * 2) | sum()",
        "sprig.trim(' a ') + toJson(item)",
        "let v = 1..5; len(v) + asInt('3') ?? 0", "item?.c?.d ?? \"x\"", "'a' matches '^a+$' and not ('b' in ['c']) || -1 ** 2 > 0x1F",
        "jsonpath(inputs.parameters.list, '$[2].k')",
        "now().Year() > 2000 && date('2023-01-01') < now()", "sprig.regexReplaceAll('a(x*)b', '-ab-axxb-', '${1}W')",
        "split('a,b', ',')[0] | upper()",
      ]
    ) { text in
      guard text.utf8.count < 4096, let expression = try? Expression(compiling: text) else { return }
      _ = try? expression.evaluate(in: SomeScope())
    },
    FuzzSubject(
      text: "when",
      seeds: [
        "1 == 1 && (a != b || 'x y' =~ \"^x\")", "{{x}} in (a, b)", "!(3 >= 2.5)", "true ? a : b == a", "'\\'' == \"\\\"\"",
        "1 << 3 | 7 ^ ~2 ** 2",
      ]
    ) { text in
      guard text.utf8.count < 4096 else { return }
      _ = try? WhenCondition.evaluate(text)
      _ = try? WhenCondition.evaluate(text, barewordsAreStrings: false)
    },
    FuzzSubject(text: "depends", seeds: ["a && (b.Failed || !c.Succeeded)", "a-b.AnySucceeded", "((a))", "a.Skipped && b.Daemoned"]) {
      text in
      guard let depends = try? DependsExpression.parse(text) else { return }
      _ = depends.evaluate { _ in true }
      _ = depends.evaluate { _ in false }
    },
    FuzzSubject(
      text: "kubectl-jsonpath",
      seeds: [
        "{.status.phase}", "{range .status.counts[*]}{@}{\"\\n\"}{end}", "{.parameters['x','list']}", "{..x}", "{.status.counts[?(@>1)]}",
        "{.status.counts[-1:0:-1]}",
      ]
    ) { text in
      guard text.utf8.count < 4096, let path = try? KubectlJSONPath(text) else { return }
      _ = try? path.text(on: sample)
      _ = path.firstValue(on: sample)
    },
    FuzzSubject(
      text: "jq",
      seeds: [
        ".status.counts | map(select(. != null)) | add", "[limit(3; repeat(1))]", "to_entries[] | \"\\(.key)=\\(.value)\"",
        "def f(x): x * 2; f(.a // 3)",
        "try error(\"x\") catch .", "reduce .[] as [$a, $b] (0; . + $a)", ".. |= (.? // 1)", "@base64 \"x\\(.)\" | @json",
        "input_line_number, $__loc__, (now | todate)",
        "test(\"a+\"; \"gi\"), sub(\"(?<x>a)\"; \"\\(.x)b\")", "path(..), getpath([\"a\",0])?",
        "label $out | foreach .[] as $i (0; .+1; if . > 2 then ., break $out else . end)",
      ]
    ) { text in
      guard text.utf8.count < 4096, let filter = try? JQ(compiling: text) else { return }
      _ = try? filter.run(on: sample, steps: 50_000)
    },
    FuzzSubject(
      text: "gjson", seeds: ["status.counts.#(>1)#", "parameters.@keys", "status.counts.1", "a.b|@reverse", "{\"x\":parameters.x}"]
    ) { text in
      guard text.utf8.count < 4096 else { return }
      _ = GJSONPath(text).value(in: sample)
    },
    FuzzSubject(
      text: "regular-expression",
      seeds: ["^a(b|c)*d+?$", "(?i)[a-z\\d_]{2,5}\\.x", "\\p{L}+\\b", "(?P<n>x)|(y)", "[^[:alpha:]]", "a{0,100}{0,100}"]
    ) { text in
      guard text.utf8.count < 256, let expression = try? LinearRegex(text) else { return }
      _ = try? expression.matches("aabccd ABC_12.x héllo")
      _ = try? expression.replacingAll("aabccd ABC_12.x", with: "${1}$n")
    },
  ]
}
