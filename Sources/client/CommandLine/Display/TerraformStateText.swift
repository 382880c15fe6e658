import Basics
import JSONValue

/// States of Terraform as `argosy tfstate` prints them, from what the server tells of them.
package enum TerraformStateText {
  /// One line for each state.
  package static func list(_ states: [JSON], hasNamespace: Bool, context: DisplayContext) -> String {
    if states.isEmpty { return "No Terraform states found\n" }
    var table = TabTable(padding: 3)
    table.append((hasNamespace ? ["NAMESPACE"] : []) + ["KEY", "VERSION", "SERIAL", "SIZE", "UPDATED", "LOCKED BY"])
    for state in states {
      let current = state["current"] ?? .null
      table.append(
        (hasNamespace ? [text(state["namespace"])] : []) + [
          text(state["key"]), text(current["version"]), text(current["serial"]), size(current["bytes"]), age(current["created"], context),
          holder(state["lock"]),
        ])
    }
    return lines(table)
  }

  /// What is known of one state, and, where its content can be read, which resources are in it; no value of any.
  package static func show(_ state: JSON, content: JSON?, context: DisplayContext) -> String {
    var table = TabTable(padding: 3)
    func row(_ name: String, _ value: String) {
      if !value.isEmpty { table.append([name.isEmpty ? "" : "\(name):", value]) }
    }
    row("Key", text(state["key"]))
    row("Namespace", text(state["namespace"]))
    if let current = state["current"], !current.isNull {
      let origin = current["restoredFrom"].map { " (restored from version \(text($0)))" } ?? ""
      row("Version", text(current["version"]) + origin)
      row("Serial", text(current["serial"]))
      row("Lineage", text(current["lineage"]))
      row("Terraform", text(current["terraformVersion"]))
      row("Size", size(current["bytes"]))
      row("Updated", Humanize.timestamp(instant(current["created"]), context))
      row("Updated by", text(current["user"]))
    } else {
      row("Version", "none")
    }
    if let lock = state["lock"], !lock.isNull {
      row("Locked by", holder(lock))
      row("Lock ID", text(lock["id"]))
      row("Operation", text(lock.at("info", "Operation")))
      row("Locked since", Humanize.timestamp(instant(lock["created"]), context))
      row("Locked as", text(lock["user"]))
    } else {
      row("Locked by", "nobody")
    }
    if let resources = content?["resources"]?.array {
      for (index, address) in resources.flatMap(addresses).enumerated() { row(index == 0 ? "Resources" : "", address) }
      if resources.isEmpty { row("Resources", "none") }
    }
    return lines(table)
  }

  /// One line for each version.
  package static func history(_ state: JSON, context: DisplayContext) -> String {
    var table = TabTable(padding: 3)
    table.append(["VERSION", "SERIAL", "SIZE", "CREATED", "BY", "NOTE"])
    let current = state.at("current", "version")
    for version in state["versions"]?.array ?? [] {
      var notes: [String] = []
      if let number = version["version"], number == current { notes.append("current") }
      if let origin = version["restoredFrom"] { notes.append("restored from \(text(origin))") }
      table.append([
        text(version["version"]), text(version["serial"]), size(version["bytes"]), age(version["created"], context), text(version["user"]),
        notes.joined(separator: ", "),
      ])
    }
    return lines(table)
  }

  /// `root@build (OperationTypeApply)`: who Terraform says it was, else the user whose token took the lock.
  package static func holder(_ lock: JSON?) -> String {
    guard let lock, !lock.isNull else { return "" }
    let who = text(lock.at("info", "Who"))
    return who.isEmpty ? text(lock["user"]) : who
  }

  /// The addresses of a resource's instances: `module.a.aws_vpc.this["x"]`.
  private static func addresses(_ resource: JSON) -> [String] {
    let module = resource["module"]?.string.map { $0 + "." } ?? ""
    let mode = resource["mode"]?.string == "data" ? "data." : ""
    let base = "\(module)\(mode)\(resource["type"]?.string ?? "").\(resource["name"]?.string ?? "")"
    return (resource["instances"]?.array ?? []).map { instance in
      Printable.line(base + (instance["index_key"].map { "[\($0.text())]" } ?? ""))
    }
  }

  private static func lines(_ table: TabTable) -> String {
    table.lines().map { line in
      var line = line[...]
      while line.last == " " { line = line.dropLast() }
      return line + "\n"
    }.joined()
  }

  private static func text(_ value: JSON?) -> String {
    switch value {
    case .string(let text): Printable.line(text)
    case .null, nil: ""
    case let other?: other.text()
    }
  }

  private static func instant(_ value: JSON?) -> Instant? { value?.string.flatMap { Instant(rfc3339: $0) } }

  private static func age(_ value: JSON?, _ context: DisplayContext) -> String {
    guard let instant = instant(value) else { return "" }
    return Humanize.ago(instant, now: context.now)
  }

  /// `512 B`, `3.4 KiB`, `12 MiB`.
  private static func size(_ value: JSON?) -> String {
    guard let bytes = value?.int else { return "" }
    if bytes < 1024 { return "\(bytes) B" }
    let (unit, name): (Int64, String) = bytes < 1 << 20 ? (1 << 10, "KiB") : (1 << 20, "MiB")
    let tenths = bytes * 10 / unit
    return tenths >= 100 ? "\(tenths / 10) \(name)" : "\(tenths / 10).\(tenths % 10) \(name)"
  }
}
