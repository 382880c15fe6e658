import Basics
import JSONValue

/// Which columns the tree has.
package enum TreeForm: String, Sendable, Hashable {
  case standard, wide, short

  fileprivate var header: [String] {
    switch self {
    case .standard: ["STEP", "TEMPLATE", "PODNAME", "DURATION", "MESSAGE"]
    case .wide: ["STEP", "TEMPLATE", "PODNAME", "DURATION", "ARTIFACTS", "MESSAGE", "RESOURCESDURATION", "NODENAME"]
    case .short: ["STEP", "TEMPLATE", "PODNAME", "DURATION", "MESSAGE", "NODENAME"]
    }
  }
}

/// The lines of a workflow's tree: the main tree, an empty row and the exit handler's tree where there is one.
struct TreeText {
  private let workflow: String
  private let usesNodeID: Bool
  private let tree: NodeTree
  private let form: TreeForm
  private let context: DisplayContext
  /// Nil is the empty row before the exit handler's tree.
  private let rows: [NodeTree.Row?]

  /// Nil when the workflow has no root node to draw.
  init?(workflow: JSON, form: TreeForm, context: DisplayContext, isShown: (JSON) -> Bool = { _ in true }) {
    let name = workflow.at("metadata", "name")?.string ?? ""
    guard let nodes = workflow.at("status", "nodes")?.object, nodes[name] != nil else { return nil }
    tree = NodeTree(nodes: nodes)
    self.workflow = name
    self.form = form
    self.context = context
    usesNodeID = workflow.at("metadata", "annotations", "workflows.argoproj.io/pod-name-format")?.string == "v1"
    let glyphs = context.style.hasGlyphs
    var rows: [NodeTree.Row?] = tree.rows(root: name, glyphs: glyphs) { isShown($0.json) }
    let exit = "\(name)-\(fnv1a32("\(name).onExit"))"
    let exitRows = tree.rows(root: exit, glyphs: glyphs) { isShown($0.json) }
    if !exitRows.isEmpty { rows += [nil] + exitRows }
    self.rows = rows
  }

  var rowCount: Int { rows.count }

  /// The header and the rows. With a `limit` only so many lines: what failed, runs and waits goes before what is done, and a last
  /// line counts the rest.
  func lines(limit: Int? = nil) -> [String] { entries(limit: limit).map(\.line) }

  /// The lines, with the ID of the node that a line is of.
  func entries(limit: Int? = nil) -> [(line: String, node: String?)] {
    var table = TabTable(padding: 2)
    table.append(form.header)
    var chosen = Array(rows.indices)
    var closing: [(line: String, node: String?)] = []
    if let limit, rows.count + 1 > limit {
      chosen = choose(max(0, limit - 2))
      closing = [("\(context.style.hasGlyphs ? "…" : "...") and \(rows.count - chosen.count) more", nil)]
    }
    for index in chosen { table.append(cells(rows[index])) }
    let nodes = [nil] + chosen.map { index in rows[index].map { tree.nodes[$0.node].id } }
    return zip(table.lines(), nodes).map { ($0, $1) } + closing
  }

  /// The rows that matter most, in drawing order.
  private func choose(_ count: Int) -> [Int] {
    var byRank: [[Int]] = [[], [], []]
    for (index, row) in rows.enumerated() {
      guard let row else { continue }
      let rank =
        switch tree.nodes[row.node].phase {
        case "Running", "Failed", "Error": 0
        case "Pending": 1
        default: 2
        }
      byRank[rank].append(index)
    }
    var result = Array(byRank[0].prefix(count))
    // Of what is done the latest, of what waits the first.
    result += byRank[1].prefix(max(0, count - result.count))
    result += byRank[2].suffix(max(0, count - result.count))
    return result.sorted()
  }

  private func cells(_ row: NodeTree.Row?) -> [String] {
    guard let row else { return Array(repeating: "", count: 6) }
    let node = tree.nodes[row.node]
    let step = row.prefix + node.icon(context.style) + " " + Printable.line(node.displayName)
    let pod = node.isPod ? node.podName(workflow: workflow, usesNodeID: usesNodeID) : ""
    let duration =
      node.isPod ? Humanize.shortDuration(from: node.startedAt, to: node.finishedAt, now: context.now) : ""
    let message = Printable.line(node.message)
    let host = node.isPod ? node.hostNodeName : ""
    let first = [step, Printable.line(node.templateColumn), pod, duration]
    switch form {
    case .standard: return first + [message, ""]
    case .wide:
      return first + [Printable.line(node.artifactsColumn), message, resourcesDurationText(node.json["resourcesDuration"]), host]
    case .short: return first + [message, host]
    }
  }
}
