import JSONValue

/// A plan as text, JSON and pictures.
extension Plan {
  /// The tree, then what the workflow touches.
  package func tree(hasGlyphs: Bool = true) -> String {
    var output = "\(workflow)\n"
    for (index, node) in root.enumerated() { write(node, "", index == root.count - 1, hasGlyphs, &output) }
    output += "\n"
    func list(_ name: String, _ values: [String]) {
      if !values.isEmpty { output += "\(name): \(values.map(Self.line).joined(separator: ", "))\n" }
    }
    output += "Pods: \(pods), at most \(parallelism) at once\n"
    list("Images", images)
    list("Secrets", secrets)
    list("Volumes", volumes)
    list("Locks", locks)
    if let problem { output += "Ends as \(Self.line(problem))\n" }
    return output
  }

  private func write(_ node: Node, _ indent: String, _ isLast: Bool, _ hasGlyphs: Bool, _ output: inout String) {
    let (branch, bar) =
      hasGlyphs ? (isLast ? "└─" : "├─", isLast ? "  " : "│ ") : (isLast ? "`-" : "|-", isLast ? "  " : "| ")
    var line = "\(indent)\(branch) \(Self.line(node.name))"
    if !node.template.isEmpty, node.template != node.name { line += "  \(Self.line(node.template))" }
    if !node.inputs.isEmpty {
      line += "  " + node.inputs.map { "\($0.name)=\(Self.short($0.value))" }.joined(separator: " ")
    }
    if !node.images.isEmpty { line += "  [\(node.images.map(Self.line).joined(separator: ", "))]" }
    if let condition = node.condition { line += "  if \(Self.line(condition))" }
    if let loop = node.loop { line += "  for each of \(Self.line(loop))" }
    if let retries = node.retries { line += "  retries: \(Self.line(retries))" }
    if let note = node.note { line += "  \(node.isError ? "✖ " : "")(\(Self.line(note)))" }
    output += line + "\n"
    for (index, part) in node.parts.enumerated() { write(part, indent + bar + " ", index == node.parts.count - 1, hasGlyphs, &output) }
  }

  private static func line(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
  }

  private static func short(_ text: String) -> String {
    let plain = line(text)
    return plain.count <= 60 ? (plain.contains(" ") || plain.isEmpty ? "\"\(plain)\"" : plain) : "\"\(plain.prefix(59))…\""
  }

  package var json: JSON {
    func names(_ values: [String]) -> JSON { .array(values.map { .string($0) }) }
    var result: JSONObject = [
      "workflow": .string(workflow), "nodes": .array(root.map(Self.json)), "pods": .int(Int64(pods)),
      "parallelism": .int(Int64(parallelism)), "images": names(images), "secrets": names(secrets), "volumes": names(volumes),
      "locks": names(locks),
    ]
    result["problem"] = problem.map { .string($0) }
    return .object(result)
  }

  private static func json(_ node: Node) -> JSON {
    var result: JSONObject = ["id": .string(node.id), "name": .string(node.name), "type": .string(node.type)]
    if !node.template.isEmpty { result["template"] = .string(node.template) }
    if !node.inputs.isEmpty {
      result["inputs"] = .array(
        node.inputs.map { ["name": .string($0.name), "value": .string($0.value), "isKnown": .bool(!$0.value.contains("‹"))] })
    }
    if !node.images.isEmpty { result["images"] = .array(node.images.map { .string($0) }) }
    result["when"] = node.condition.map { .string($0) }
    result["forEach"] = node.loop.map { .string($0) }
    result["retries"] = node.retries.map { .string($0) }
    result["note"] = node.note.map { .string($0) }
    if !node.next.isEmpty { result["next"] = .array(node.next.map { .string($0) }) }
    if !node.parts.isEmpty { result["parts"] = .array(node.parts.map(json)) }
    return .object(result)
  }

  // MARK: Pictures

  /// What has no parts, with its edges: steps, not what holds them.
  private var leaves: (nodes: [(node: Node, label: String)], edges: [(from: Int, to: Int)]) {
    var found: [(node: Node, label: String)] = []
    var entries: [String: [String]] = [:]
    var exits: [(from: String, to: [String])] = []
    func collect(_ node: Node, _ path: String) {
      let label = path.isEmpty ? node.name : "\(path).\(node.name)"
      if node.parts.isEmpty {
        found.append((node, label))
        entries[node.id] = [node.id]
        exits.append((node.id, node.next))
        return
      }
      let inner = Set(node.parts.flatMap(\.next))
      for part in node.parts { collect(part, root.contains { $0.id == node.id } ? "" : label) }
      entries[node.id] = node.parts.filter { !inner.contains($0.id) }.flatMap { entries[$0.id] ?? [] }
    }
    for node in root { collect(node, "") }
    let places = Dictionary(found.enumerated().map { ($1.node.id, $0) }, uniquingKeysWith: { first, _ in first })
    var edges: Set<[Int]> = []
    for exit in exits {
      guard let from = places[exit.from] else { continue }
      for target in exit.to { for id in entries[target] ?? [] { if let to = places[id], to != from { edges.insert([from, to]) } } }
    }
    let sorted = edges.sorted { ($0[0], $0[1]) < ($1[0], $1[1]) }
    return (found, sorted.map { ($0[0], $0[1]) })
  }

  private static func decoration(_ node: Node) -> String {
    [node.condition.map { "if \(line($0))" }, node.loop.map { "for each of \(line($0))" }].compactMap { $0 }.joined(separator: " · ")
  }

  /// Graphviz.
  package var dot: String {
    func quoted(_ text: String) -> String { "\"\(Self.line(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))\"" }
    let (nodes, edges) = leaves
    var output = "digraph \(quoted(workflow)) {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
    for (index, entry) in nodes.enumerated() {
      let note = Self.decoration(entry.node)
      let style = entry.node.condition != nil || entry.node.note != nil ? ", style=\"rounded,dashed\"" : ""
      output += "  n\(index) [label=\(quoted(note.isEmpty ? entry.label : "\(entry.label) · \(note)"))\(style)];\n"
    }
    for edge in edges { output += "  n\(edge.from) -> n\(edge.to);\n" }
    return output + "}\n"
  }

  /// Mermaid's flowchart, as code hosts draw it.
  package var mermaid: String {
    func quoted(_ text: String) -> String { "\"\(Self.xml(Self.line(text)).replacing("#", with: "#35;"))\"" }
    let (nodes, edges) = leaves
    var output = "flowchart LR\n"
    for (index, entry) in nodes.enumerated() {
      let note = Self.decoration(entry.node)
      output += "  n\(index)[\(quoted(note.isEmpty ? entry.label : "\(entry.label) · \(note)"))]\n"
      if entry.node.condition != nil || entry.node.note != nil { output += "  style n\(index) stroke-dasharray: 4 3\n" }
    }
    for edge in edges { output += "  n\(edge.from) --> n\(edge.to)\n" }
    return output
  }

  /// A picture of its own: columns by the longest way from the start.
  package var svg: String {
    let (nodes, edges) = leaves
    var level = Array(repeating: 0, count: nodes.count)
    var incoming = Array(repeating: 0, count: nodes.count)
    var outgoing: [Int: [Int]] = [:]
    for edge in edges {
      incoming[edge.to] += 1
      outgoing[edge.from, default: []].append(edge.to)
    }
    var open = nodes.indices.filter { incoming[$0] == 0 }
    while let next = open.popLast() {
      for target in outgoing[next] ?? [] {
        level[target] = max(level[target], level[next] + 1)
        incoming[target] -= 1
        if incoming[target] == 0 { open.append(target) }
      }
    }
    var rows: [Int: Int] = [:]
    let (width, height, gapX, gapY) = (190, 40, 50, 16)
    let places = nodes.indices.map { index -> (x: Int, y: Int) in
      let row = rows[level[index], default: 0]
      rows[level[index]] = row + 1
      return (20 + level[index] * (width + gapX), 20 + row * (height + gapY))
    }
    let right = (places.map(\.x).max() ?? 0) + width + 20
    let bottom = (places.map(\.y).max() ?? 0) + height + 20
    var output =
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(right) \(bottom)\" font-family=\"sans-serif\" font-size=\"12\">\n"
    for edge in edges {
      let (from, to) = (places[edge.from], places[edge.to])
      let (x, y, x2, y2) = (from.x + width, from.y + height / 2, to.x, to.y + height / 2)
      output += "<path d=\"M\(x) \(y) C\(x + 25) \(y) \(x2 - 25) \(y2) \(x2) \(y2)\" fill=\"none\" stroke=\"#8895a7\"/>\n"
    }
    for (index, entry) in nodes.enumerated() {
      let (x, y) = places[index]
      let dashes = entry.node.condition != nil || entry.node.note != nil ? " stroke-dasharray=\"4 3\"" : ""
      let note = Self.decoration(entry.node)
      output += "<g><title>\(Self.xml(note.isEmpty ? entry.label : "\(entry.label) · \(note)"))</title>"
      output +=
        "<rect x=\"\(x)\" y=\"\(y)\" width=\"\(width)\" height=\"\(height)\" rx=\"6\" fill=\"#f4f7fb\" stroke=\"#3d5a80\"\(dashes)/>"
      let label = entry.label.count <= 26 ? entry.label : "…\(entry.label.suffix(25))"
      output += "<text x=\"\(x + width / 2)\" y=\"\(y + 24)\" text-anchor=\"middle\">\(Self.xml(Self.line(label)))</text></g>\n"
    }
    return output + "</svg>\n"
  }

  private static func xml(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;").replacing("\"", with: "&quot;")
  }
}
