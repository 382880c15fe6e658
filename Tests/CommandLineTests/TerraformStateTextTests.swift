import Basics
import JSONValue
import Testing

@testable import CommandLine

@Suite("Texts of argosy tfstate") struct TerraformStateTextTests {
  private static let now = Instant(seconds: 1_800_000_000)
  private static let context = DisplayContext(style: DisplayStyle(hasColor: false, hasGlyphs: true), now: now)
  private static let created = JSON.string((now + TimeSpan(seconds: -90)).rfc3339)

  private static let state: JSON = [
    "namespace": "argo", "key": "demo/network",
    "current": [
      "version": 3, "serial": 7, "lineage": "l-1", "terraformVersion": "1.11.4", "bytes": 3481, "created": created, "user": "robot",
      "restoredFrom": 1,
    ],
    "lock": [
      "id": "i-1", "created": created, "user": "robot",
      "info": ["ID": "i-1", "Who": "root@build\u{1B}[2J", "Operation": "OperationTypeApply"],
    ],
    "versions": [
      ["version": 3, "serial": 7, "bytes": 3481, "created": created, "user": "robot", "restoredFrom": 1],
      ["version": 2, "bytes": 900, "created": created, "user": "robot"],
    ],
  ]

  @Test("a list has a line for each state, and what comes from outside cannot move the cursor")
  func list() {
    let free: JSON = ["namespace": "argo", "key": "x", "current": .null, "lock": .null]
    let text = TerraformStateText.list([Self.state, free], hasNamespace: true, context: Self.context)
    let lines = text.split(separator: "\n").map { $0.split(separator: " ", omittingEmptySubsequences: true).joined(separator: " ") }
    #expect(
      lines == [
        "NAMESPACE KEY VERSION SERIAL SIZE UPDATED LOCKED BY", "argo demo/network 3 7 3.3 KiB 1 minute ago root@build?[2J", "argo x",
      ])
    #expect(TerraformStateText.list([], hasNamespace: false, context: Self.context) == "No Terraform states found\n")
  }

  @Test("a state is shown with its lock and the addresses of its resources, without any value")
  func show() throws {
    let content = try JSON.parse(
      #"""
      {"outputs": {"a": {"value": "secret"}}, "resources": [
        {"mode": "managed", "type": "aws_vpc", "name": "this", "instances": [{"attributes": {"id": "secret"}}]},
        {"module": "module.m", "mode": "data", "type": "t", "name": "n", "instances": [{"index_key": "k"}, {"index_key": 1}]}]}
      """#)
    let text = TerraformStateText.show(Self.state, content: content, context: Self.context)
    for part in [
      "3 (restored from version 1)", "i-1", "OperationTypeApply", "aws_vpc.this", #"module.m.data.t.n["k"]"#, "module.m.data.t.n[1]",
    ] {
      #expect(text.contains(part), "\(part) in \(text)")
    }
    #expect(!text.contains("secret"))
    let nothing = TerraformStateText.show(
      ["key": "k", "namespace": "n", "current": .null, "lock": .null], content: nil, context: Self.context)
    #expect(nothing.contains("none") && nothing.contains("nobody"))
  }

  @Test("a history has the newest first, and says which is the current one and where it comes from")
  func history() {
    let lines = TerraformStateText.history(Self.state, context: Self.context).split(separator: "\n")
    #expect(lines.count == 3 && lines[1].contains("current, restored from 1") && lines[2].contains("900 B"), "\(lines)")
  }
}
