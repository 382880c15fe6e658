import JSONValue
import Testing

@testable import ArgoAPI

@Suite struct FieldFilterTests {
  private let workflow: JSON = [
    "metadata": ["name": "a", "uid": "1"], "spec": ["entrypoint": "main"], "status": ["phase": "Running", "nodes": ["a": ["id": "a"]]],
  ]

  @Test("paths pick what stays, and what typed clients need stays empty") func includes() {
    #expect(
      FieldFilter("metadata.name,status.phase").applied(to: workflow)
        == ["metadata": ["name": "a"], "status": ["phase": "Running"], "spec": [:]])
  }

  @Test("a minus leaves paths out") func excludes() {
    #expect(
      FieldFilter("-status.nodes,metadata.uid").applied(to: workflow)
        == ["metadata": ["name": "a"], "spec": ["entrypoint": "main"], "status": ["phase": "Running"]])
  }

  @Test("paths do not count places in lists") func lists() {
    let list: JSON = ["metadata": ["resourceVersion": "7"], "items": [workflow, workflow]]
    let short: JSON = ["metadata": ["name": "a"], "spec": [:]]
    #expect(FieldFilter("items.metadata.name").applied(to: list) == ["items": [short, short], "metadata": [:]])
  }

  @Test(
    "it is known before what is made in vain",
    arguments: [
      ("", false), ("-items.status.nodes", true), ("-items.status", true), ("-items.status.nodes.id", false), ("-items.spec", false),
      ("items.metadata", true), ("items.status.phase,metadata", true), ("items.status", false), ("items", false),
      ("items.status.nodes.id", false), ("items.status.nodesOther", true),
    ])
  func leavesOut(fields: String, isLeftOut: Bool) {
    #expect(FieldFilter(fields).leavesOut("items.status.nodes") == isLeftOut)
  }

  @Test(
    "it is known whether a summary is enough",
    arguments: [
      ("", false), ("items.metadata.name", true), ("metadata,items.metadata.name,items.status.phase", true), ("metadata", true),
      ("items.metadata", false), ("items", false), ("items.spec.templates", false), ("items.status.phase.x", true),
      ("-items.status.nodes", false), ("items.metadata.name,items.status.nodes", false),
    ])
  func wantsOnly(fields: String, isEnough: Bool) {
    #expect(FieldFilter(fields).wantsOnly(["metadata.name", "status.phase"], below: "items") == isEnough)
  }

  @Test("nothing asked for leaves all") func nothing() { #expect(FieldFilter("").applied(to: workflow) == workflow) }
}
