import JSONValue
import KubeModel
import Validation
import WorkflowCore

/// Outputs that steps and tasks read in vain, since no mock gives them: in tags, conditions, and expressions of arguments, outputs and hooks.
struct MissingOutputs {
  struct Missing: Hashable {
    /// The step or task.
    var step: String
    var template: String
    /// nil: the result.
    var parameter: String?
  }

  private let run: Explanation
  private(set) var found: [Missing] = []

  init(_ rehearsal: Rehearsal, _ workflow: Resource) {
    var ended = workflow
    ended.json["status"] = rehearsal.state.status()
    run = Explanation(ended)
    for node in run.nodes.all where node.type == "Steps" || node.type == "DAG" {
      let template = run.templates[node.templateName] ?? [:]
      let calls = run.calls(in: template)
      if isTroubled(node, rehearsal.state.message) {
        let texts = calls.map(\.json) + [template["outputs"] ?? [:]]
        let read = texts.flatMap { ReferenceScanner.references(in: $0, at: FieldPath()) }
        // What copes with absence is only guilty where nothing else is.
        if !add(read.filter { !$0.isGuarded }, in: node) { _ = add(read, in: node) }
      }
      // That a hook's condition cannot be evaluated may change nothing besides.
      for call in calls where run.units(call.json["name"]?.string ?? "", in: node).contains(where: hasEnded) {
        for (_, hook) in call.json["hooks"]?.object ?? [:] {
          _ = add(ReferenceScanner.references(in: ["expression": hook["expression"] ?? ""], at: FieldPath()), in: node)
        }
      }
    }
  }

  private func hasEnded(_ node: NodeView) -> Bool { ["Succeeded", "Failed", "Error"].contains(node.phase) }

  /// Whether something of a node could not be evaluated or filled in.
  private func isTroubled(_ node: NodeView, _ message: String) -> Bool {
    let words = ["cannot fetch", "failed to evaluate", "failed to resolve", "nable to resolve", "<nil>", "is missing", " nil"]
    func tellsOf(_ text: String) -> Bool { words.contains(where: text.contains) }
    if node.path.isEmpty, tellsOf(message) { return true }
    return run.nodes.all.contains { ($0.id == node.id || $0.boundaryID == node.id) && $0.phase != "Succeeded" && tellsOf($0.message) }
  }

  /// Adds what the references need and the nodes have not; false: nothing of that kind.
  private mutating func add(_ references: [LocatedReference], in boundary: NodeView) -> Bool {
    var isAny = false
    for reference in references {
      let name = reference.name
      guard name.count >= 4, name[0] == "steps" || name[0] == "tasks", name[2] == "outputs" else { continue }
      let parameter = name[3] == "parameters" && name.count >= 5 ? name[4] : nil
      guard parameter != nil || name[3] == "result" else { continue }
      for node in run.units(name[1], in: boundary) where hasEnded(node) && node.outputs[parameter ?? "result"] == nil {
        guard !node.templateName.isEmpty, node.type != "Skipped", mayGive(parameter, node) else { continue }
        isAny = true
        let missing = Missing(step: name[1], template: node.templateName, parameter: parameter)
        if !found.contains(missing) { found.append(missing) }
      }
    }
    return isAny
  }

  /// Whether a mock of the node could give the output.
  private func mayGive(_ parameter: String?, _ node: NodeView) -> Bool {
    let template = run.templates[node.templateName] ?? [:]
    guard let parameter else { return template["steps"] == nil && template["dag"] == nil }
    return template.at("outputs", "parameters")?.array?.contains { $0["name"]?.string == parameter } == true
  }
}
