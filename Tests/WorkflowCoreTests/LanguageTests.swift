import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

/// The languages where they meet the engine (spec sections 2.3, 2.8, 2.9, 3.1).
@Suite struct LanguageTests {
  /// The names of the nodes and the arguments of a loop that echoes a text.
  private func loop(_ text: String, _ extra: JSONObject) -> (names: [String], texts: [String]) {
    let run = workflow(
      steps([[call("a", "show", ["x": text], extra: extra)]]), echo("show", inputs: ["x"], args: ["{{inputs.parameters.x}}"]))
    run.finish()
    let names = run.pods.map(\.resource.nodeName)
    return (names, names.map { run.argument($0) ?? "" })
  }

  @Test(
    "items are named and inserted as Argo prints them",
    arguments: [
      (
        ["name": "a", "spec": ["z": 1, "b": ["x", true]]] as JSON, #"wf[0].a(0:name:a,spec:{"b":["x",true],"z":1})"#,
        #"{"name":"a","spec":{"b":["x",true],"z":1}}"#
      ),
      (["a", 1, ["k": "v (x)"]], #"wf[0].a(0:[a 1 {"k":"v x"}])"#, #"["a",1,{"k":"v (x)"}]"#),
      (#"say "hi" (now)"#, #"wf[0].a(0:say \"hi\" now)"#, #"say "hi" (now)"#),
      ("a\nb<c>", #"wf[0].a(0:a\nb<c>)"#, "a\nb<c>"),
      (["t": "<&>"], "wf[0].a(0:t:<&>)", #"{"t":"\u003c\u0026\u003e"}"#),
      (true, "wf[0].a(0:true)", "true"),
      (1.5, "wf[0].a(0:1.5)", "1.5"),
      (1e21, "wf[0].a(0:1e+21)", "1e+21"),
      (nil, "wf[0].a(0:[])", "null"),
    ] as [(JSON, String, String)])
  func items(item: JSON, name: String, text: String) {
    let found = loop("{{item}}", ["withItems": [item]])
    #expect(found.names == [name])
    #expect(found.texts == [text])
  }

  @Test(
    "members of items are JSON, strings without their quotes",
    arguments: [
      (#"[{"k":{"z":1,"b":"<"}}]"#, #"{"z":1,"b":"<"}"#), (#"[{"k":["a",null]}]"#, #"["a",null]"#), (#"[{"k":"plain"}]"#, "plain"),
      (#"[{"k":"a\"b\nc<d>"}]"#, #"a\"b\nc<d>"#), (#"[{"k":null}]"#, "null"), (#"[{"k":false}]"#, "false"), (#"[{"k":2}]"#, "2"),
    ])
  func members(list: String, text: String) {
    #expect(loop("{{item.k}}", ["withParam": .string(list)]).texts == [text])
    #expect(loop("{{=item.k}}", ["withParam": .string(list)]).texts == [text])
  }

  @Test("EXPRESSION_TEMPLATES=false leaves expression tags as they are") func noExpressions() {
    let run = workflow(echo("main", args: ["{{=1 + 1}} {{workflow.name}}"]))
    run.limits.evaluatesExpressionTags = false
    run.finish()
    #expect(run.argument("wf") == "{{=1 + 1}} wf")
  }

  @Test(
    "OnTransientError tries again what Argo or TRANSIENT_ERROR_PATTERN take for passing trouble",
    arguments: [
      ("dial tcp 10.0.0.1:80: i/o timeout", nil, 2), ("etcdserver: leader changed", nil, 2), ("exit code 1", nil, 1),
      ("exit code 75", "exit code (75|76)", 2), ("exit code 74", "exit code (75|76)", 1), ("exit code 1", "(", 1), ("exit code 1", "", 1),
    ] as [(String, String?, Int)])
  func transient(message: String, pattern: String?, attempts: Int) {
    let run = workflow(echo("main", extra: ["retryStrategy": ["limit": 1, "retryPolicy": "OnTransientError"]]))
    run.limits.transientErrorPattern = pattern
    run.script = { driver, _ in driver.pods.count == 1 ? Ending(exitCode: 1, message: message) : .success }
    run.finish()
    #expect(run.pods.count == attempts)
  }
}
