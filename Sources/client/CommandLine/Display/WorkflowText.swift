import Basics
import JSONValue

/// A Workflow document as `argo get` prints it (spec section 6.1). Pure functions: what they know of the world is in the context.
package enum WorkflowText {
  /// The block of keys, an empty line and the tree; of the short form the tree alone. Ends with a line break. `isShown` hides nodes.
  package static func get(
    _ workflow: JSON, form: TreeForm = .standard, context: DisplayContext, isShown: (JSON) -> Bool = { _ in true }
  ) -> String {
    let tree = TreeText(workflow: workflow, form: form, context: context, isShown: isShown)?.lines()
    if form == .short, let tree { return joined(tree) }
    return joined(keyLines(workflow, context: context) + (tree.map { [""] + $0 } ?? []))
  }

  /// The status as Argo infers it: `Running (Suspended)`, `Failed (Terminated)`, `Pending`, else the phase.
  package static func status(_ workflow: JSON) -> String {
    let phase = workflow.at("status", "phase")?.string ?? ""
    switch phase {
    case "Running": return isSuspended(workflow) ? "Running (Suspended)" : phase
    case "Failed": return (workflow.at("spec", "shutdown")?.string ?? "").isEmpty ? phase : "Failed (Terminated)"
    case "", "Pending": return workflow.at("metadata", "creationTimestamp")?.string == nil ? "Unknown" : "Pending"
    default: return phase
    }
  }

  static func instant(_ value: JSON?) -> Instant? { value?.string.flatMap(Instant.init(rfc3339:)) }

  private static func joined(_ lines: [String]) -> String { lines.map { $0 + "\n" }.joined() }

  private static func isSuspended(_ workflow: JSON) -> Bool {
    if workflow.at("spec", "suspend")?.bool == true { return true }
    return (workflow.at("status", "nodes")?.object ?? [:]).contains { NodeFields(json: $0.value).isActiveSuspend }
  }

  /// The lines `Key: value`, keys padded to twenty columns.
  static func keyLines(_ workflow: JSON, context: DisplayContext) -> [String] {
    let status = workflow["status"] ?? .null
    let spec = workflow["spec"] ?? .null
    let executed = status["storedWorkflowTemplateSpec"] ?? spec
    var lines = KeyLines()
    lines.add("Name:", workflow.at("metadata", "name")?.string ?? "")
    lines.add("Namespace:", workflow.at("metadata", "namespace")?.string ?? "")
    lines.add("ServiceAccount:", serviceAccount(spec: spec, executed: executed))
    lines.add("Status:", Self.status(workflow))
    if let message = status["message"]?.string, !message.isEmpty { lines.add("Message:", message) }
    conditions(status["conditions"]?.array ?? [], context.style, &lines)
    let started = instant(status["startedAt"])
    let finished = instant(status["finishedAt"])
    lines.add("Created:", Humanize.timestamp(instant(workflow.at("metadata", "creationTimestamp")), context))
    if let started { lines.add("Started:", Humanize.timestamp(started, context)) }
    if let finished { lines.add("Finished:", Humanize.timestamp(finished, context)) }
    if let started { lines.add("Duration:", Humanize.duration(from: started, to: finished, now: context.now)) }
    if status["phase"]?.string == "Running", let estimate = status["estimatedDuration"]?.int, estimate > 0 {
      lines.add("EstimatedDuration:", Humanize.duration(TimeSpan(seconds: estimate)))
    }
    lines.add("Progress:", status["progress"]?.string ?? "")
    let resources = resourcesDurationText(status["resourcesDuration"])
    if !resources.isEmpty { lines.add("ResourcesDuration:", resources) }
    parameters(executed, &lines)
    outputs(status["outputs"] ?? .null, &lines)
    lineage(workflow, &lines)
    return lines.text
  }

  private static func serviceAccount(spec: JSON, executed: JSON) -> String {
    if let name = executed["serviceAccountName"]?.string, !name.isEmpty { return name }
    return spec["workflowTemplateRef"]?.object == nil ? "unset (will run with the default ServiceAccount)" : "unset"
  }

  private static func conditions(_ conditions: [JSON], _ style: DisplayStyle, _ lines: inout KeyLines) {
    if conditions.isEmpty { return }
    lines.add("Conditions:", "")
    for condition in conditions {
      let type = condition["type"]?.string ?? ""
      let icon =
        switch type {
        case "MetricsError": style.paint(style.hasGlyphs ? "✖" : "Error", .red)
        case "SpecWarning": style.paint(style.hasGlyphs ? "⚠" : "Warning", .yellow)
        default: ""
        }
      let message = condition["message"]?.string ?? ""
      lines.add("\(icon) \(Printable.line(type))", message.isEmpty ? condition["status"]?.string ?? "" : message)
    }
  }

  /// Where a forked run comes from.
  private static func lineage(_ workflow: JSON, _ lines: inout KeyLines) {
    guard let from = workflow.at("metadata", "annotations", "argosy.io/forked-from")?.string else { return }
    let node = workflow.at("metadata", "annotations", "argosy.io/forked-from-node")?.string ?? ""
    lines.add("Forked From:", "\(from) at \(node)")
    guard let text = workflow.at("metadata", "annotations", "argosy.io/fork-edits")?.string, let edits = try? JSON.parse(text) else {
      return
    }
    for (kind, values) in edits.object ?? [:] {
      for (name, value) in values.object ?? [:] { lines.add("  \(Printable.line(kind)) \(Printable.line(name)):", parameterText(value)) }
    }
  }

  private static func parameters(_ spec: JSON, _ lines: inout KeyLines) {
    let parameters = spec.at("arguments", "parameters")?.array ?? []
    if parameters.isEmpty { return }
    lines.add("Parameters:", "")
    for parameter in parameters {
      guard let value = parameter["value"], !value.isNull else { continue }
      lines.add("  \(Printable.line(parameter["name"]?.string ?? "")):", parameterText(value))
    }
  }

  private static func outputs(_ outputs: JSON, _ lines: inout KeyLines) {
    let parameters = outputs["parameters"]?.array ?? []
    if !parameters.isEmpty { lines.add("Output Parameters:", "") }
    for parameter in parameters {
      let value = parameter["value"] ?? parameter["default"]
      if value == nil && parameter["valueFrom"] == nil { continue }
      lines.add("  \(Printable.line(parameter["name"]?.string ?? "")):", value.map(parameterText) ?? "")
    }
    let artifacts = outputs["artifacts"]?.array ?? []
    if !artifacts.isEmpty { lines.add("Output Artifacts:", "") }
    for artifact in artifacts {
      guard let location = location(artifact) else { continue }
      lines.add("  \(Printable.line(artifact["name"]?.string ?? "")):", location)
    }
  }

  /// Where an artifact lies, in one line.
  private static func location(_ artifact: JSON) -> String? {
    let places: [(kind: String, fields: [String])] = [
      ("s3", ["bucket", "key"]), ("git", ["repo"]), ("http", ["url"]), ("artifactory", ["url"]), ("hdfs", ["path"]), ("raw", ["data"]),
      ("oss", ["bucket", "key"]), ("gcs", ["bucket", "key"]), ("azure", ["container", "blob"]), ("local", ["key"]),
    ]
    for (kind, fields) in places {
      guard let place = artifact[kind]?.object else { continue }
      return "\(kind) " + fields.compactMap { place[$0]?.string }.joined(separator: "/")
    }
    return nil
  }

  private struct KeyLines {
    var text: [String] = []

    mutating func add(_ key: String, _ value: String) { text.append(DisplayWidth.pad(key, to: 20) + " " + Printable.block(value)) }
  }
}
