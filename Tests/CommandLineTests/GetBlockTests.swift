import Basics
import JSONValue
import Testing

@testable import CommandLine

@Suite("The block of argo get") struct GetBlockTests {
  @Test("A whole block")
  func whole() {
    var workflow = Fixture.workflow("hello", nodes: [node("hello", "Pod", template: "main", end: 9)])
    workflow["spec"]?["arguments"] = [
      "parameters": [["name": "message", "value": "hi there"], ["name": "n", "value": 3], ["name": "none"]]
    ]
    workflow["status"]?["message"] = "all well"
    workflow["status"]?["conditions"] = [["type": "PodRunning", "status": "False"], ["type": "SpecWarning", "message": "old field"]]
    workflow["status"]?["resourcesDuration"] = ["cpu": 9]
    workflow["status"]?["outputs"] = [
      "parameters": [["name": "out", "value": "x"]], "artifacts": [["name": "log", "s3": ["bucket": "b", "key": "k/log"]]],
    ]
    let expected = """
      Name:                hello
      Namespace:           default
      ServiceAccount:      unset (will run with the default ServiceAccount)
      Status:              Succeeded
      Message:             all well
      Conditions:          ~
       PodRunning          False
      ⚠ SpecWarning        old field
      Created:             Sat Nov 21 02:44:13 +0000 (1 minute ago)
      Started:             Sat Nov 21 02:44:13 +0000 (1 minute ago)
      Finished:            Sat Nov 21 02:44:22 +0000 (1 minute ago)
      Duration:            9 seconds
      Progress:            1/1
      ResourcesDuration:   9s*(1 cpu)
      Parameters:          ~
        message:           hi there
        n:                 3
      Output Parameters:   ~
        out:               x
      Output Artifacts:    ~
        log:               s3 b/k/log

      STEP      TEMPLATE  PODNAME  DURATION  MESSAGE
       ✔ hello  main      hello    9s          ~

      """
    let text = String(WorkflowText.get(workflow, context: Fixture.context()))
    #expect(text == expected.split(separator: "~", omittingEmptySubsequences: false).joined())
  }

  @Test("A workflow that has not begun is pending and has no tree")
  func pending() {
    let workflow: JSON = [
      "metadata": ["name": "later", "namespace": "argo", "creationTimestamp": .string(Fixture.origin.rfc3339)],
      "spec": ["workflowTemplateRef": ["name": "t"]],
    ]
    let expected = """
      Name:                later
      Namespace:           argo
      ServiceAccount:      unset
      Status:              Pending
      Created:             Sat Nov 21 02:44:13 +0000 (now)
      Progress:            ~

      """
    let text = WorkflowText.get(workflow, context: Fixture.context(after: 0))
    #expect(text == expected.split(separator: "~", omittingEmptySubsequences: false).joined())
  }

  @Test("A running workflow tells its estimate; a stopped one that it was terminated")
  func states() {
    var workflow = Fixture.workflow("w", phase: "Running", status: ["estimatedDuration": 65], nodes: [])
    let running = WorkflowText.get(workflow, context: Fixture.context())
    #expect(running.contains("EstimatedDuration:   1 minute 5 seconds\n") && running.contains("Duration:            1 minute 9 seconds\n"))
    #expect(!running.contains("STEP"))
    workflow["status"]?["phase"] = "Failed"
    workflow["spec"]?["shutdown"] = "Stop"
    #expect(WorkflowText.status(workflow) == "Failed (Terminated)")
  }

  @Test("A value cannot smuggle control sequences to the terminal")
  func control() {
    var workflow = Fixture.workflow("w", nodes: [])
    workflow["spec"]?["arguments"] = ["parameters": [["name": "p", "value": "a\nb\u{1B}[2J"]]]
    #expect(WorkflowText.get(workflow, context: Fixture.context()).contains("  p:                 a\nb?[2J\n"))
  }
}
