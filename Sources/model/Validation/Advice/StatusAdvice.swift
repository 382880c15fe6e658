import JSONValue
import YAMLText

/// The workflow's outcome, read before it has one.
extension AdviceRun {
  /// `workflow.status` is Running, and `workflow.failures` has what failed until now, wherever no exit handler or hook reads it.
  func adviseStatus() {
    let main = reachable(from: [spec.text(at: "entrypoint")])
    var handlers = [spec.text(at: "onExit")] + hooked(spec)
    for call in templates.flatMap(\.calls) { handlers += [call.json.text(at: "onExit")] + hooked(call.json) }
    let ends = reachable(from: handlers)
    for (index, template) in templates.enumerated() where main.contains(template.name) && !ends.contains(template.name) {
      for reference in references[index] where reference.name.count == 2 && reference.name[0] == "workflow" {
        // A simple tag of the failures is an error here already.
        guard reference.name[1] == "status" || reference.name[1] == "failures" && reference.isExpression,
          !reference.path.steps.contains(.key("hooks"))
        else { continue }
        let value = reference.name[1] == "status" ? "is Running" : "is not complete"
        say(
          "early-status", "workflow.\(reference.name[1]) \(value) as long as the workflow runs",
          hint: "read it in an exit handler (onExit) or a hook", at: reference.path)
      }
    }
  }

  private func hooked(_ holder: JSON) -> [String] { holder["hooks"]?.object?.values.map { $0.text(at: "template") } ?? [] }

  /// The names of the templates that are called, directly or not, from those of these names.
  private func reachable(from names: [String]) -> Set<String> {
    let byName = Dictionary(templates.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    var (open, seen) = (names.filter { !$0.isEmpty }, Set<String>())
    while let name = open.popLast() {
      guard seen.insert(name).inserted, let template = byName[name] else { continue }
      for call in template.calls {
        open.append(call.json.text(at: "template"))
        for inner in call.json["inline"].map({ CallableTemplate(json: $0, path: call.path["inline"]).calls }) ?? [] {
          open.append(inner.json.text(at: "template"))
        }
      }
    }
    return seen
  }
}
