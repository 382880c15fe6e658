import Contracts
import JSONValue
import Testing

@testable import WorkflowCore

/// Compares a restored run with the one in memory, member by member, so that a member that is not stored is found whoever adds it.
enum Restored {
  /// What is counted anew; items that the template has, so that only the others are stored, as the rows show; and of the progress what is shown.
  private static let derived: Set<String> = ["countsBox", "detailsBox", "children", "loops", "progress"]
  /// Runs beyond this size are compared by their rows only.
  private static let mostNodes = 40

  static func differences(_ restored: RunState, _ state: RunState) -> [String] {
    var found = members(restored.header, state.header, "header")
    guard state.nodes.count == restored.nodes.count, state.nodes.count <= mostNodes else { return found }
    for (left, right) in zip(restored.nodes, state.nodes) {
      found += members(left, right, right.name)
      found += members(left.details, right.details, right.name)
      if Set(left.children) != Set(right.children) { found.append("\(right.name): children") }
    }
    return found
  }

  private static func members<Value>(_ left: Value, _ right: Value, _ owner: String) -> [String] {
    zip(Mirror(reflecting: left).children, Mirror(reflecting: right).children).compactMap { left, right in
      let label = right.label ?? ""
      guard !derived.contains(label), text(left.value) != text(right.value) else { return nil }
      return "\(owner): \(label) is \(text(left.value)) restored, \(text(right.value)) in memory"
    }
  }

  private static func text(_ value: Any) -> String {
    switch value {
    case let source as NodeSource: "\(source.template?.key ?? "") \(source.scope) \(source.label)"
    case let kept as KeptValue: kept.json?.text() ?? ""
    case let numbers as Set<Int>: "\(numbers.sorted())"
    case let texts as [String: String]: "\(texts.sorted { $0.key < $1.key })"
    default: "\(value)"
    }
  }
}

@Suite struct RestoringTests {
  /// A run of two levels whose second step fans out, as its rows are when it runs.
  private func rows() throws -> (run: RunRow, nodes: [NodeRow]) {
    let run = workflow(
      steps([[call("a")], [call("b", extra: ["withItems": [1, 2], "hooks": ["running": ["template": "echo", "expression": "true"]]])]]),
      echo())
    run.send(.submitted)
    run.end("wf[0].a", .success)
    return (run.state.row, run.state.nodeRows)
  }

  @Test(
    "rows that do not fit the template are refused, and stop nothing",
    arguments: [
      ["origin": ["group", 7]], ["origin": ["step", 9]], ["origin": ["step", -1]], ["outbound": [99]], ["parents": [99]],
      ["firedHooks": [5]], ["owner": 99], ["boundary": -1],
    ] as [JSON])
  func misfits(_ change: JSON) throws {
    let (run, nodes) = try rows()
    _ = try RunState(restoring: run, nodes: nodes)
    var refused = 0
    for place in nodes.indices {
      var changed = nodes
      var record = changed[place].record.json
      for (key, value) in change.object ?? [:] { record["engine"]?[key] = value }
      changed[place].record = NodeRecord(record)
      do throws(RunRestoreError) { _ = try RunState(restoring: run, nodes: changed) } catch { refused += 1 }
    }
    #expect(refused > 0)
  }
}
