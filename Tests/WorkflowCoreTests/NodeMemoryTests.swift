import ArgoModel
import Basics
import JSONValue
import Testing

@testable import WorkflowCore

/// How a run keeps its nodes: what a run of very many nodes takes depends on it.
@Suite struct NodeMemoryTests {
  @Test("a node has room for what all nodes have, and one word for what few have")
  func layout() {
    #expect(MemoryLayout<KeptValue>.size == 8)
    #expect(MemoryLayout<NodeNumbers>.size == 8)
    #expect(MemoryLayout<Node>.stride <= 224)
  }

  @Test("numbers keep their order, however many there are", arguments: [0, 1, 2, 5])
  func numbers(_ count: Int) {
    let list = NodeNumbers((0..<count).map { $0 * 7 })
    #expect(Array(list) == (0..<count).map { $0 * 7 })
    #expect(list.count == count && list.last == (count == 0 ? nil : (count - 1) * 7))
    #expect(Array(list.reversed()) == (0..<count).reversed().map { $0 * 7 })
  }

  @Test("a short value is kept as text, once for all that have the same, and says the same; a long one stays")
  func kept() {
    var recent = RecentTexts()
    let value: JSON = ["exitCode": "0", "parameters": [["name": "n", "value": "a \"b\" \u{2028}"]]]
    let first = KeptValue(value).packed(&recent)
    let second = KeptValue(value).packed(&recent)
    guard case .text(let left) = first, case .text(let right) = second else {
      Issue.record("not kept as text")
      return
    }
    #expect(first.json == value)
    #expect(left.withUnsafeBufferPointer { left in right.withUnsafeBufferPointer { left.baseAddress == $0.baseAddress } })
    let long = KeptValue(["result": .string(String(repeating: "x", count: KeptValue.longestText))]).packed(&recent)
    if case .tree = long {} else { Issue.record("a long value was made text") }
    #expect(KeptValue(nil).packed(&recent).json == nil)
  }

  @Test("every origin is unpacked as it was packed, and read as it was written")
  func origins() throws {
    let origins: [Origin] = [
      .root, .group(3), .step(2, item: nil), .step(2, item: 0), .step(0, item: 70_000), .task(4), .item(5), .attempt(6), .hook(0), .exit,
      .workflowHook(1), .workflowExit, .container("main"),
    ]
    for origin in origins {
      let (kind, number, item) = origin.packed
      if case .container = origin {
        #expect(Origin(kind, number, item) == nil)
      } else {
        #expect(Origin(kind, number, item) == origin)
      }
      var text = TextBuffer(capacity: 16)
      origin.write(to: &text)
      #expect(Origin(json: try JSON.parse(text.bytes)) == origin)
    }
  }

  @Test("nodes that have ended keep their inputs as text and no more than that")
  func rest() throws {
    let run = workflow(
      steps([[call("a", "echo", ["m": "hi"])], [call("b", "echo", ["m": "ho"])]]), echo(inputs: ["m"]))
    run.finish()
    let ended = try #require(run.state.nodes.first { $0.name == "wf[0].a" })
    #expect(!ended.hasDetails && ended.inputs?.text() == #"{"parameters":[{"name":"m","value":"hi"}]}"#)
    if case .text = ended.keptInputs {} else { Issue.record("the inputs are no text") }
    #expect(run.state.node(named: "wf[0].a") == ended.index && run.state.node(named: "wf[0].c") == nil)
    #expect(run.state.node(ofPod: try #require(ended.podName)) == ended.index && run.state.node(ofPod: "wf-echo-1") == nil)
  }
}
