import ArgoModel
import Basics
import JSONValue
import Templating
import WorkflowCore

/// Compares what a rehearsal came to with what a test expects.
struct Expectations {
  typealias Fail = (_ what: String, _ expected: String, _ actual: String) -> Void

  private let rehearsal: Rehearsal
  private let nodes: NodeViews

  init(_ rehearsal: Rehearsal, _ nodes: NodeViews) {
    self.rehearsal = rehearsal
    self.nodes = nodes
  }

  func check(_ expect: JSON, _ fail: Fail) {
    let state = rehearsal.state
    compare("phase", expect["phase"], state.phase.rawValue, fail)
    compare("message", expect["message"], state.message, fail)
    compareDuration("duration", expect["duration"], (rehearsal.now - rehearsal.start).milliseconds / 1000, fail)
    if let most = expect["parallelism"]?.int, Int(most) != rehearsal.peak {
      fail("parallelism", "\(most)", "\(rehearsal.peak) pods at once")
    }
    let outputs = outputs
    for (name, value) in expect["outputs"]?.object ?? [:] {
      guard let actual = outputs[name] else {
        fail("outputs.\(name)", text(value), "no such output\(Self.known(outputs.keys))")
        continue
      }
      compare("outputs.\(name)", value, actual, fail)
    }
    for (name, node) in expect["nodes"]?.object ?? [:] { check(name, node, fail) }
    for chain in expect["order"]?.array ?? [] { checkOrder(chain.array?.compactMap(\.string) ?? [], fail) }
    for group in expect["overlap"]?.array ?? [] { checkOverlap(group.array?.compactMap(\.string) ?? [], fail) }
    for expression in expect["that"]?.array?.compactMap(\.string) ?? [] { checkExpression(expression, fail) }
  }

  /// Of the workflow: the outputs of its entrypoint and global ones.
  private var outputs: [String: String] {
    var result = nodes.all.first { $0.path.isEmpty }?.outputs ?? [:]
    for parameter in rehearsal.state.summary().at("outputs", "parameters")?.array ?? [] {
      if let name = parameter["name"]?.string, let value = parameter["value"] { result[name] = text(value) }
    }
    return result
  }

  private func text(_ value: JSON) -> String { value.string ?? value.text(.go) }

  private static func known(_ names: some Collection<String>) -> String {
    names.isEmpty ? "" : " (there are: \(names.sorted().prefix(12).joined(separator: ", ")))"
  }

  private func compare(_ what: String, _ expected: JSON?, _ actual: String, _ fail: Fail) {
    guard let expected, !expected.isNull else { return }
    let wanted = text(expected)
    if wanted == actual || (wanted.contains("*") && Glob.matches(wanted, actual)) { return }
    fail(what, wanted, actual)
  }

  private func compareDuration(_ what: String, _ expected: JSON?, _ seconds: Int64, _ fail: Fail) {
    guard let expected, !expected.isNull else { return }
    guard let wanted = try? GoDuration(argo: text(expected)).timeSpan.milliseconds / 1000 else {
      fail(what, "a duration such as 90s", text(expected))
      return
    }
    if wanted != seconds { fail(what, text(expected), GoDuration(nanoseconds: seconds &* 1_000_000_000).description) }
  }

  private func check(_ name: String, _ expect: JSON, _ fail: Fail) {
    let found = nodes.matching(name)
    let what = "nodes.\(name)"
    if expect["phase"] == "Absent" {
      if let first = found.first { fail(what, "no such node", "\(first.path) \(first.phase)") }
      return
    }
    if found.isEmpty {
      if expect["count"]?.int == 0 { return }
      fail(what, "a node", "no such node\(Self.known(Set(nodes.all.filter { $0.type != "StepGroup" && !$0.path.isEmpty }.map(\.path))))")
      return
    }
    if let count = expect["count"]?.int {
      // Attempts of a node are the node.
      let items = found.count == 1 && found[0].type == "TaskGroup" ? found[0].children.compactMap { nodes[$0] } : found
      let units = items.filter { node in
        !(found.contains { $0.type == "Retry" && $0.children.contains(node.id) } || node.type == "TaskGroup")
      }
      if Int(count) != units.count { fail("\(what).count", "\(count)", "\(units.count): \(units.map(\.path).joined(separator: ", "))") }
    }
    let isPattern = name.contains("*") || found.count > 1
    for node in found {
      // Of a node with attempts, what is expected is about the node.
      if found.contains(where: { $0.type == "Retry" && $0.children.contains(node.id) }) { continue }
      let what = isPattern ? "nodes.\(node.path)" : what
      compare("\(what).phase", expect["phase"], node.phase, fail)
      compare("\(what).message", expect["message"], node.message, fail)
      if let attempts = expect["attempts"]?.int, Int(attempts) != nodes.attempts(of: node) {
        fail("\(what).attempts", "\(attempts)", "\(nodes.attempts(of: node))")
      }
      if let end = node.finishedAt { compareDuration("\(what).duration", expect["duration"], end - node.startedAt, fail) }
      for (field, values) in [("inputs", node.inputs), ("outputs", node.outputs)] {
        for (name, value) in expect[field]?.object ?? [:] {
          guard let actual = values[name] else {
            fail("\(what).\(field).\(name)", text(value), "none of this name\(Self.known(values.keys))")
            continue
          }
          compare("\(what).\(field).\(name)", value, actual, fail)
        }
      }
    }
  }

  private func span(_ name: String, _ what: String, _ fail: Fail) -> (start: Int64, end: Int64)? {
    let found = nodes.matching(name)
    guard let first = found.map(\.startedAt).min() else {
      fail(what, "a node '\(name)'", "no such node")
      return nil
    }
    return (first, found.map { $0.finishedAt ?? .max }.max() ?? .max)
  }

  private func checkOrder(_ names: [String], _ fail: Fail) {
    for (before, after) in zip(names, names.dropFirst()) {
      guard let left = span(before, "order", fail), let right = span(after, "order", fail) else { continue }
      if left.end > right.start {
        let end = left.end == .max ? "does not end" : "ends at \(left.end)s"
        fail("order", "\(before) before \(after)", "\(before) \(end), \(after) begins at \(right.start)s")
      }
    }
  }

  private func checkOverlap(_ names: [String], _ fail: Fail) {
    let spans = names.compactMap { span($0, "overlap", fail) }
    guard spans.count == names.count, let start = spans.map(\.start).max(), let end = spans.map(\.end).min(), start >= end else { return }
    let actual = zip(names, spans).map { "\($0) \($1.start)s-\($1.end == .max ? "" : "\($1.end)s")" }.joined(separator: ", ")
    fail("overlap", "\(names.joined(separator: ", ")) at the same time", actual)
  }

  private func checkExpression(_ expression: String, _ fail: Fail) {
    do throws(ExpressionError) {
      let value = try Expression(compiling: expression).evaluate(in: scope)
      if value != .bool(true) { fail("that", expression, value.json?.text(.go) ?? value.typeName) }
    } catch {
      fail("that", expression, "\(error)")
    }
  }

  private var scope: ValueScope {
    var map: [String: ExprValue] = [:]
    for node in nodes.all where node.type != "StepGroup" {
      map[node.path.isEmpty ? "workflow" : node.path] = .map([
        "phase": .string(node.phase), "message": .string(node.message), "type": .string(node.type), "template": .string(node.templateName),
        "inputs": .map(["parameters": .map(node.inputs.mapValues { .string($0) })]),
        "outputs": .map([
          "result": node.outputs["result"].map { .string($0) } ?? .nil, "parameters": .map(node.outputs.mapValues { .string($0) }),
        ]),
        "startedAt": .int(node.startedAt), "finishedAt": node.finishedAt.map { .int($0) } ?? .nil,
        "attempts": .int(Int64(nodes.attempts(of: node))),
      ])
    }
    return ValueScope([
      "nodes": .map(map), "parallelism": .int(Int64(rehearsal.peak)),
      "workflow": .map([
        "phase": .string(rehearsal.state.phase.rawValue), "message": .string(rehearsal.state.message),
        "duration": .int((rehearsal.now - rehearsal.start).milliseconds / 1000),
        "outputs": .map(["parameters": .map(outputs.mapValues { .string($0) })]),
      ]),
    ])
  }
}

extension NodeViews {
  /// A line a node: phase, name, message.
  func lines(waiting: Bool) -> [String] {
    var result = all.filter { $0.type != "StepGroup" }.map { node in
      let name = node.path.isEmpty ? "(the workflow)" : node.path
      return "\(node.phase.isEmpty ? "-" : node.phase) \(name)\(node.message.isEmpty ? "" : ": \(node.message)")"
    }
    if waiting { result.append("the run waits and nothing is left to happen") }
    return result
  }
}
