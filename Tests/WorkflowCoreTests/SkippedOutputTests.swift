import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

/// Outputs of producers that were skipped or omitted: the seven rules of spec 3.5.
@Suite struct SkippedOutputTests {
  private static let message = "output is an absent optional (skipped/omitted node with no default)"

  /// A producer that is skipped, in steps or a DAG, and a consumer.
  private func consumed(
    _ isDAG: Bool, by consumer: JSON, producerDefault: String? = nil, extra: JSONObject = [:], input: JSONObject = ["name": "x"]
  ) -> Driver {
    var valueFrom: JSONObject = ["path": "/v"]
    valueFrom["default"] = producerDefault.map { .string($0) }
    let producer = call("p", "make", extra: ["when": "false"])
    var consumer = consumer
    if isDAG { consumer["depends"] = "p" }
    let main = isDAG ? dag([producer, consumer], extra: extra) : steps([[producer], [consumer]], extra: extra)
    return workflow(
      main,
      echo(
        "make",
        extra: [
          "outputs": [
            "parameters": [["name": "v", "valueFrom": .object(valueFrom)]], "artifacts": [["name": "f", "path": "/f"]],
          ]
        ]),
      echo("show", args: ["{{inputs.parameters.x}}"], extra: ["inputs": ["parameters": [.object(input)]]]), echo()
    ).finish()
  }

  private func tag(_ isDAG: Bool) -> String { "{{\(isDAG ? "tasks" : "steps").p.outputs.parameters.v}}" }
  private func name(_ isDAG: Bool) -> String { isDAG ? "wf.c" : "wf[1].c" }

  @Test("1: the producer's default stands in everywhere", arguments: [true, false]) func producerDefault(_ isDAG: Bool) {
    let reference = tag(isDAG)
    let expression = "{{=\(isDAG ? "tasks" : "steps").p.outputs.parameters.v + '!'}}"
    for (value, expected) in [(reference, "d"), ("x-\(reference)", "x-d"), (expression, "d!")] {
      let run = consumed(
        isDAG, by: call("c", "show", ["x": value], extra: ["when": .string("\(reference) == d")]), producerDefault: "d",
        extra: ["outputs": ["parameters": [["name": "o", "valueFrom": ["parameter": .string(reference)]]]]])
      #expect(run.argument(name(isDAG)) == expected)
      #expect(run.parameter("o", "wf") == "d")
      #expect(run.state.phase == .succeeded)
    }
  }

  @Test("2 and 7: an argument that is only the reference counts as not supplied", arguments: [true, false])
  func onlyReference(_ isDAG: Bool) {
    let consumer = call("c", "show", ["x": tag(isDAG)])
    #expect(consumed(isDAG, by: consumer, input: ["name": "x", "default": "own"]).argument(name(isDAG)) == "own")
    #expect(consumed(isDAG, by: consumer, input: ["name": "x", "value": "own"]).argument(name(isDAG)) == "own")
    let failed = consumed(isDAG, by: consumer)
    #expect(failed.pods.isEmpty)
    #expect(failed.phase(name(isDAG)) == "Error")
    #expect(
      failed.message(name(isDAG)).hasSuffix(
        "inputs.parameters.x: argument references an absent optional (skipped/omitted node output with no default)"))
    #expect(failed.state.phase == (isDAG ? .error : .failed))
  }

  @Test("3 and 7: within a longer text it is an error", arguments: [true, false]) func composite(_ isDAG: Bool) {
    let failed = consumed(isDAG, by: call("c", "show", ["x": "x-\(tag(isDAG))"]), input: ["name": "x", "default": "own"])
    #expect(failed.pods.isEmpty)
    let place = isDAG ? name(isDAG) : "wf[1]"
    #expect(failed.phase(place) == "Error")
    #expect(failed.message(place).hasSuffix("unable to substitute \(tag(isDAG)): \(Self.message)"), "\(failed.message(place))")
    #expect(failed.state.phase == (isDAG ? .error : .failed))
  }

  @Test("4: an expression may fall back, one that yields nothing is an error", arguments: [true, false]) func expression(_ isDAG: Bool) {
    let path = "\(isDAG ? "tasks" : "steps").p.outputs.parameters.v"
    #expect(consumed(isDAG, by: call("c", "show", ["x": "{{=\(path) ?? 'else'}}"])).argument(name(isDAG)) == "else")
    let failed = consumed(isDAG, by: call("c", "show", ["x": "{{=\(path)}}"]))
    #expect(failed.pods.isEmpty)
    #expect(failed.message(isDAG ? name(isDAG) : "wf[1]").contains("failed to evaluate expression"))
    #expect(failed.state.phase == (isDAG ? .error : .failed))
  }

  @Test("5: the enclosing template's own default, else an error", arguments: [true, false]) func enclosing(_ isDAG: Bool) {
    let path = "\(isDAG ? "tasks" : "steps").p.outputs.parameters.v"
    for (field, value) in [("parameter", tag(isDAG)), ("parameter", path), ("expression", path)] {
      for fallback in ["own", nil] {
        var valueFrom: JSONObject = [field: .string(value)]
        valueFrom["default"] = fallback.map { .string($0) }
        let run = consumed(
          isDAG, by: call("c"), extra: ["outputs": ["parameters": [["name": "o", "valueFrom": .object(valueFrom)]]]])
        if fallback != nil {
          #expect(run.parameter("o", "wf") == "own")
          #expect(run.state.phase == .succeeded)
        } else {
          #expect(run.phase("wf") == "Error")
          #expect(
            run.message("wf").contains(field == "parameter" ? "is an absent optional" : "failed to evaluate expression"),
            "\(run.message("wf"))")
          #expect(run.state.phase == .error)
        }
      }
    }
  }

  @Test("6: a consumer that is not to run tolerates what is absent", arguments: [true, false]) func tolerant(_ isDAG: Bool) {
    let run = consumed(isDAG, by: call("c", "show", ["x": "x-\(tag(isDAG))"], extra: ["when": "1 == 2"]))
    #expect(run.phase(name(isDAG)) == "Skipped")
    #expect(run.state.phase == .succeeded)
  }

  @Test("7: an optional artifact of a skipped producer is left out, a required one is an error", arguments: [true, false])
  func artifacts(_ isDAG: Bool) {
    for isOptional in [true, false] {
      let from: JSON = .string("{{\(isDAG ? "tasks" : "steps").p.outputs.artifacts.f}}")
      let producer = call("p", "make", extra: ["when": "false"])
      var consumer = call(
        "c", "read", extra: ["arguments": ["artifacts": [["name": "f", "from": from, "optional": .bool(isOptional)]]]])
      if isDAG { consumer["depends"] = "p" }
      let run = workflow(
        isDAG ? dag([producer, consumer]) : steps([[producer], [consumer]]),
        echo("make", extra: ["outputs": ["artifacts": [["name": "f", "path": "/f"]]]]),
        echo("read", extra: ["inputs": ["artifacts": [["name": "f", "path": "/in", "optional": .bool(isOptional)]]]]))
      run.finish()
      if isOptional {
        #expect(run.phase(name(isDAG)) == "Succeeded")
        #expect(run.state.phase == .succeeded)
      } else {
        #expect(run.pods.isEmpty)
        #expect(run.state.phase == (isDAG ? .error : .failed))
        if !isDAG {
          #expect(run.message("wf[1].c") == "inputs.artifacts.f missing location information")
        } else {
          #expect(run.message("wf.c").contains("Unable to resolve: "))
        }
      }
    }
  }
}
