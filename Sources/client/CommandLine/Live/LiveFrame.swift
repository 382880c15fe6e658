import Basics
import JSONValue

/// One picture of the running workflows that fits a terminal.
package enum LiveFrame {
  /// A line, and the ID of the node that it is of.
  typealias Entry = (line: String, node: String?)

  /// At most `size.rows - 1` lines, none wider than the terminal. One workflow is drawn as `argo get` prints it while that fits;
  /// else each has one line and its tree, shortened with `… and N more`.
  package static func lines(_ workflows: [JSON], size: TerminalSize, context: DisplayContext) -> [String] {
    entries(workflows, size: size, context: context).map(\.line)
  }

  /// ``lines(_:size:context:)`` with the nodes; the line of the node `selected` is marked.
  static func entries(_ workflows: [JSON], size: TerminalSize, context: DisplayContext, selected: String? = nil) -> [Entry] {
    let room = max(1, size.rows - 1)
    let trees = workflows.map { TreeText(workflow: $0, form: .standard, context: context) }
    let entries = whole(workflows, trees, room: room, context: context) ?? shortened(workflows, trees, room: room, context: context)
    return entries.prefix(room).map { entry in
      var line = DisplayWidth.withoutTrailingSpaces(entry.line)
      // Every row of a tree begins with a blank.
      if let selected, entry.node == selected { line = (context.style.hasGlyphs ? "▶" : ">") + line.dropFirst() }
      return (fitted(line, size, context), entry.node)
    }
  }

  static func fitted(_ line: String, _ size: TerminalSize, _ context: DisplayContext) -> String {
    DisplayWidth.truncate(line, to: size.columns, ellipsis: context.style.hasGlyphs ? "…" : "~")
  }

  private static func whole(_ workflows: [JSON], _ trees: [TreeText?], room: Int, context: DisplayContext) -> [Entry]? {
    guard workflows.count == 1, let workflow = workflows.first else { return nil }
    let keys = WorkflowText.keyLines(workflow, context: context).flatMap {
      $0.split(separator: "\n", omittingEmptySubsequences: false).map { Entry(Printable.line(String($0)), nil) }
    }
    guard let tree = trees.first ?? nil else { return keys.count <= room ? keys : nil }
    return keys.count + 2 + tree.rowCount <= room ? keys + [Entry("", nil)] + tree.entries() : nil
  }

  private static func shortened(_ workflows: [JSON], _ trees: [TreeText?], room: Int, context: DisplayContext) -> [Entry] {
    var result: [Entry] = []
    var rest = room
    let unfinished = workflows.indices.filter { WorkflowText.instant(workflows[$0].at("status", "finishedAt")) == nil }
    // Those that run first; a finished one gives its line away before a running one does.
    let order = unfinished + workflows.indices.filter { !unfinished.contains($0) }
    for (place, index) in order.enumerated() {
      let left = order.count - place
      if rest < 2 && left > 1 {
        result.append(("\(context.style.hasGlyphs ? "…" : "...") and \(left) more workflows", nil))
        return result
      }
      result.append((summary(workflows[index], context: context), nil))
      rest -= 1
      let treeRoom = max(0, rest - (left - 1)) / (place < unfinished.count ? max(1, unfinished.count - place) : 1)
      if let tree = trees[index], treeRoom >= 4, place < unfinished.count || order.count == 1 {
        let entries = tree.entries(limit: treeRoom)
        result += entries
        rest -= entries.count
      }
    }
    return result
  }

  /// `hello-x  Running  1/2  9 seconds  message`
  private static func summary(_ workflow: JSON, context: DisplayContext) -> String {
    let status = workflow["status"] ?? .null
    let span = Humanize.duration(
      from: WorkflowText.instant(status["startedAt"]), to: WorkflowText.instant(status["finishedAt"]), now: context.now)
    let parts = [
      workflow.at("metadata", "name")?.string ?? "", WorkflowText.status(workflow), status["progress"]?.string ?? "", span,
      status["message"]?.string ?? "",
    ]
    return parts.filter { !$0.isEmpty }.map(Printable.line).joined(separator: "  ")
  }
}
