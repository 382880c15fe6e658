import Basics
import JSONValue

/// Workflows as `argo list` prints them (spec section 6).
package enum WorkflowList {
  /// Those that run first, the newest of them first; then the latest to finish first.
  package static func sorted(_ workflows: [JSON]) -> [JSON] {
    // Times are read once: of thousands of workflows a comparison that reads them takes most of the command's time.
    let keyed = workflows.enumerated().map { index, workflow in
      (
        index: index, finish: WorkflowText.instant(workflow.at("status", "finishedAt"))?.milliseconds ?? .max,
        creation: WorkflowText.instant(workflow.at("metadata", "creationTimestamp"))?.milliseconds ?? 0,
        name: workflow.at("metadata", "name")?.string ?? ""
      )
    }
    return keyed.sorted { left, right in
      if left.finish != right.finish { return left.finish > right.finish }
      if left.creation != right.creation { return left.creation > right.creation }
      return left.name < right.name
    }.map { workflows[$0.index] }
  }

  /// The table of `list`; `hasUID` adds the last column of `archive list`.
  package static func table(
    _ workflows: [JSON], isWide: Bool, hasNamespace: Bool, hasHeader: Bool, hasUID: Bool = false, context: DisplayContext
  ) -> String {
    if workflows.isEmpty { return "No workflows found\n" }
    var table = TabTable(padding: 3)
    if hasHeader {
      table.append(
        (hasNamespace ? ["NAMESPACE"] : []) + ["NAME", "STATUS", "AGE", "DURATION", "PRIORITY", "MESSAGE"]
          + (isWide ? ["P/R/C", "PARAMETERS"] : []) + (hasUID ? ["UID"] : []))
    }
    for workflow in workflows {
      let uid = hasUID ? [Printable.line(workflow.at("metadata", "uid")?.string ?? "")] : []
      table.append(cells(workflow, isWide: isWide, hasNamespace: hasNamespace, context: context) + uid)
    }
    return table.lines().map { $0 + "\n" }.joined() + nudge(workflows)
  }

  private static func cells(_ workflow: JSON, isWide: Bool, hasNamespace: Bool, context: DisplayContext) -> [String] {
    let status = workflow["status"] ?? .null
    func text(_ path: String...) -> String {
      var value: JSON? = workflow
      for key in path { value = value?[key] }
      return Printable.line(value?.string ?? "")
    }
    var cells = hasNamespace ? [text("metadata", "namespace")] : []
    cells += [
      text("metadata", "name"), WorkflowText.status(workflow),
      Humanize.shortDuration(from: WorkflowText.instant(workflow.at("metadata", "creationTimestamp")), to: nil, now: context.now),
      Humanize.shortDuration(
        from: WorkflowText.instant(status["startedAt"]), to: WorkflowText.instant(status["finishedAt"]), now: context.now),
      String(workflow.at("spec", "priority")?.int ?? 0), Printable.line(status["message"]?.string ?? ""),
    ]
    if isWide {
      var counts = (pending: 0, running: 0, completed: 0)
      for (_, json) in status["nodes"]?.object ?? [:] where json["type"]?.string == "Pod" {
        switch json["phase"]?.string ?? "" {
        case "Running": counts.running += 1
        case "Pending", "": counts.pending += 1
        default: counts.completed += 1
        }
      }
      let parameters = (workflow.at("spec", "arguments", "parameters")?.array ?? []).compactMap { parameter -> String? in
        guard let value = parameter["value"], !value.isNull else { return nil }
        return Printable.line("\(parameter["name"]?.string ?? "")=\(shortened(parameterText(value)))")
      }
      cells += ["\(counts.pending)/\(counts.running)/\(counts.completed)", parameters.joined(separator: ",")]
    }
    return cells
  }

  /// Of more than 50 characters the first 32 and the last 15.
  private static func shortened(_ text: String) -> String { text.count > 50 ? text.prefix(32) + "..." + text.suffix(15) : text }

  private static func nudge(_ workflows: [JSON]) -> String {
    let completed = workflows.count { ["Succeeded", "Failed", "Error"].contains($0.at("status", "phase")?.string ?? "") }
    let incomplete = workflows.count - completed
    let parts = [incomplete > 100 ? "\(incomplete) incomplete " : "", completed > 100 ? "\(completed) completed " : ""].filter {
      !$0.isEmpty
    }
    if parts.isEmpty { return "" }
    return
      "\nYou have at least \(parts.joined(separator: "and "))workflows. Reducing the total number of workflows will reduce your costs.\n"
      + "Learn more at https://argo-workflows.readthedocs.io/en/latest/cost-optimisation/\n"
  }
}
