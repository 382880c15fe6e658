import Basics
import JSONValue
import WorkflowCore

/// A node of a finished rehearsal, as tests and plans name it.
package struct NodeView: Sendable {
  package var id: String
  /// The node's full name without the workflow's and without the numbers of step groups: `build.test(0:a)`. Empty for the whole.
  package var path: String
  package var displayName: String
  package var type: String
  package var phase: String
  package var message: String
  package var templateName: String
  package var boundaryID: String
  package var inputs: [String: String]
  /// `result` and the output parameters.
  package var outputs: [String: String]
  /// Seconds since the run began, when it began to run: waiting for a lock is not running.
  package var startedAt: Int64
  package var finishedAt: Int64?
  package var children: [String]
  package var json: JSON

  /// The path without items and attempts: `build.test`.
  package var base: String { Self.withoutParentheses(path) }

  package init(_ json: JSON, workflow: String, start: Instant) {
    self.json = json
    func text(_ key: String) -> String { json[key]?.string ?? "" }
    id = text("id")
    path = Self.path(text("name"), workflow: workflow)
    displayName = text("displayName")
    type = text("type")
    phase = text("phase")
    message = text("message")
    templateName = json.at("templateRef", "template")?.string ?? text("templateName")
    boundaryID = text("boundaryID")
    inputs = Self.values(json.at("inputs", "parameters"))
    outputs = Self.values(json.at("outputs", "parameters"))
    if let result = json.at("outputs", "result")?.string { outputs["result"] = result }
    func seconds(_ key: String) -> Int64? { Instant(rfc3339: text(key)).map { $0.seconds - start.seconds } }
    startedAt = seconds("startedAt") ?? 0
    finishedAt = seconds("finishedAt")
    children = json["children"]?.array?.compactMap(\.string) ?? []
  }

  private static func values(_ list: JSON?) -> [String: String] {
    var result: [String: String] = [:]
    for parameter in list?.array ?? [] {
      if let name = parameter["name"]?.string, let value = parameter["value"] { result[name] = value.string ?? value.text(.go) }
    }
    return result
  }

  /// A node's name as tests write it.
  package static func path(_ name: String, workflow: String) -> String {
    var rest = name.hasPrefix(workflow) ? name.dropFirst(workflow.count) : name[...]
    var result = ""
    while let first = rest.first {
      if first == "[", let end = rest.firstIndex(of: "]"), rest[rest.index(after: rest.startIndex)..<end].allSatisfy(\.isNumber),
        rest.index(after: end) == rest.endIndex || rest[rest.index(after: end)] == "."
      {
        let isLast = rest.index(after: end) == rest.endIndex
        if isLast { result += rest[...end] }
        rest = rest[rest.index(after: end)...]
        continue
      }
      result.append(first)
      rest.removeFirst()
    }
    return result.hasPrefix(".") ? String(result.dropFirst()) : result
  }

  static func withoutParentheses(_ text: String) -> String {
    var depth = 0
    var result = ""
    for character in text {
      if character == "(" { depth += 1 }
      if depth == 0 { result.append(character) }
      if character == ")" { depth = max(0, depth - 1) }
    }
    return result
  }
}

/// All nodes of a rehearsal.
package struct NodeViews: Sendable {
  package let all: [NodeView]
  private let byID: [String: Int]

  package init(_ rehearsal: Rehearsal) {
    let nodes = rehearsal.state.status()["nodes"]?.object?.values.map { $0 } ?? []
    all = nodes.map { json in
      var view = NodeView(json, workflow: rehearsal.state.name, start: rehearsal.start)
      if let began = rehearsal.began[json["name"]?.string ?? ""] { view.startedAt = began.seconds - rehearsal.start.seconds }
      return view
    }
    byID = Dictionary(all.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The nodes of a stored Workflow's status.
  package init(status: JSON, workflow: String, start: Instant) {
    all = (status["nodes"]?.object?.values.map { $0 } ?? []).map { NodeView($0, workflow: workflow, start: start) }
    byID = Dictionary(all.enumerated().map { ($1.id, $0) }, uniquingKeysWith: { first, _ in first })
  }

  package subscript(id: String) -> NodeView? { byID[id].map { all[$0] } }

  /// The nodes that a name means: those of exactly this path or display name, else those that have it but for items and attempts; a `*` stands for
  /// anything.
  package func matching(_ name: String) -> [NodeView] {
    let nodes = all.filter { $0.type != "StepGroup" }
    if name.contains("*") { return nodes.filter { Glob.matches(name, $0.path) || Glob.matches(name, $0.displayName) } }
    let exact = nodes.filter { $0.path == name }
    if !exact.isEmpty { return exact }
    let shown = nodes.filter { $0.displayName == name }
    if !shown.isEmpty { return shown }
    return nodes.filter { $0.base == name || NodeView.withoutParentheses($0.displayName) == name }
  }

  /// How often a node was tried.
  package func attempts(of node: NodeView) -> Int { node.type == "Retry" ? node.children.count { self[$0]?.phase != "" } : 1 }
}

/// Patterns with `*`.
enum Glob {
  /// In time proportional to the product of the lengths.
  static func matches(_ pattern: String, _ text: String) -> Bool {
    let (pattern, text) = (Array(pattern.utf8), Array(text.utf8))
    let star = UInt8(ascii: "*")
    var (p, t, mark, resume) = (0, 0, -1, 0)
    while t < text.count {
      if p < pattern.count, pattern[p] == star {
        mark = p
        resume = t
        p += 1
      } else if p < pattern.count, pattern[p] == text[t] {
        p += 1
        t += 1
      } else if mark >= 0 {
        p = mark + 1
        resume += 1
        t = resume
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == star }
  }
}

/// What `--filter` chooses.
package enum TestFilter {
  /// Whether a test's name has the text in it, or is what a pattern with `*` describes.
  package static func matches(_ filter: String, _ name: String) -> Bool {
    filter.contains("*") ? Glob.matches(filter, name) : name.contains(filter)
  }
}
