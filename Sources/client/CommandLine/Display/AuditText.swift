import JSONValue

/// Records of the audit log as lines for people. Columns have fixed places, since lines come one by one.
enum AuditText {
  private static let widths = [24, 6, 12, 28]

  static func header(isWide: Bool) -> String {
    row(["TIME", "STATUS", "VERB", "USER", "OBJECT"] + (isWide ? ["PEER", "ID", "CLIENT"] : []))
  }

  static func line(_ record: JSON, isWide: Bool) -> String {
    func text(_ name: String) -> String { record[name]?.string ?? "" }
    var user = text("user").isEmpty ? "-" : text("user")
    if let sender = record["impersonator"]?.string { user += " (by \(sender))" }
    var cells = [text("time"), "\(record["status"]?.int ?? 0)", text("verb"), user, object(record)]
    if isWide { cells += [text("peer"), text("id"), text("agent")] }
    return row(cells)
  }

  /// `workflows.argoproj.io/hello in team`; a path where there is no resource.
  private static func object(_ record: JSON) -> String {
    func text(_ name: String) -> String { record[name]?.string ?? "" }
    var result = text("resource")
    if result.isEmpty {
      result = text("name").isEmpty ? text("path") : "\(text("path")) \(text("name"))"
    } else {
      if !text("apiGroup").isEmpty { result += "." + text("apiGroup") }
      if !text("name").isEmpty { result += "/" + text("name") }
      if !text("subresource").isEmpty { result += " (\(text("subresource")))" }
      if !text("namespace").isEmpty { result += " in " + text("namespace") }
    }
    if record["dryRun"]?.bool == true { result += " [dry run]" }
    if let message = record["message"]?.string { result += ": " + message }
    return result
  }

  private static func row(_ cells: [String]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      let text = Printable.line(cell)
      line += text
      guard index < cells.count - 1 else { continue }
      let width = index < widths.count ? widths[index] : 0
      line += String(repeating: " ", count: max(1, width - DisplayWidth.of(text) + 1))
    }
    return line + "\n"
  }
}
