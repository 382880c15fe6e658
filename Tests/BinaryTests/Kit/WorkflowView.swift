import JSONValue
import Testing

/// A workflow as `-o json` prints it.
struct WorkflowView {
  struct Node {
    var json: JSON
    var name: String { json["name"]?.string ?? "" }
    var display: String { json["displayName"]?.string ?? "" }
    var type: String { json["type"]?.string ?? "" }
    var template: String { json["templateName"]?.string ?? json.at("templateRef", "template")?.string ?? "" }
    var phase: String { json["phase"]?.string ?? "" }
    var message: String { json["message"]?.string ?? "" }
    var result: String? { json.at("outputs", "result")?.string }
    var exitCode: String? { json.at("outputs", "exitCode")?.string }
    func output(_ name: String) -> String? {
      json.at("outputs", "parameters")?.array?.first { $0["name"]?.string == name }?["value"]?.string
    }
    func input(_ name: String) -> String? {
      json.at("inputs", "parameters")?.array?.first { $0["name"]?.string == name }?["value"]?.string
    }
  }

  var json: JSON

  var name: String { json.at("metadata", "name")?.string ?? "" }
  var phase: String { json.at("status", "phase")?.string ?? "" }
  var message: String { json.at("status", "message")?.string ?? "" }
  var nodes: [Node] { (json.at("status", "nodes")?.object?.values ?? []).map { Node(json: $0) } }
  var pods: [Node] { nodes.filter { $0.type == "Pod" } }
  func nodes(named display: String) -> [Node] { nodes.filter { $0.display == display } }
  func nodes(of template: String) -> [Node] { nodes.filter { $0.template == template } }

  /// The first node of a display name.
  func node(_ display: String, _ location: SourceLocation = #_sourceLocation) throws -> Node {
    try #require(
      nodes(named: display).first, "there is no node \(display) in \(nodes.map(\.display))", sourceLocation: location)
  }

  /// All nodes, one a line, for messages.
  var table: String {
    "\(name) \(phase) \(message)\n"
      + nodes.map { "  \($0.name) \($0.type) \($0.phase) \($0.message)" }.sorted().joined(separator: "\n")
  }
}

extension Outcome {
  /// The only workflow of an output in the form `json`.
  func workflow(_ location: SourceLocation = #_sourceLocation) throws -> WorkflowView {
    do { return WorkflowView(json: try JSON.parse(out)) } catch {
      Issue.record("no workflow in the output: \(error)\n\(self)", sourceLocation: location)
      throw error
    }
  }
}
