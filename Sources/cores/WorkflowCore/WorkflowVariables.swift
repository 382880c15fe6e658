import ArgoModel
import Basics
import JSONValue
import Templating

extension RunState {
  static let workflowMembers = [
    "name", "namespace", "uid", "mainEntrypoint", "serviceAccountName", "priority", "creationTimestamp", "scheduledTime", "duration",
    "status", "failures", "parameters", "labels", "annotations", "outputs",
  ]

  /// The value of `workflow.<name>`.
  func workflowValue(_ name: String) -> TagValue {
    switch name {
    case "name": return .text(self.name)
    case "namespace": return .text(namespace)
    case "uid": return .text(uid)
    case "mainEntrypoint": return .text(spec.entrypoint ?? "")
    case "serviceAccountName": return .text(spec.serviceAccountName ?? "")
    case "priority": return spec.priority.map { .text(String($0)) } ?? .unknown
    case "scheduledTime": return identity.annotations[ArgoKey.scheduledTime].map { .text($0) } ?? .unknown
    case "duration": return .text(fixed6(duration))
    case "status": return .text((header.mainStatus ?? header.phase).rawValue)
    case "failures": return .text(failures)
    case "parameters", "parameters.json": return .text(parametersJSON)
    case "labels", "labels.json": return .text(stringsJSON(identity.labels))
    case "annotations", "annotations.json": return .text(stringsJSON(identity.annotations))
    case "creationTimestamp": return identity.creationTimestamp.map { .text($0.rfc3339) } ?? .unknown
    default: break
    }
    guard let dot = name.firstIndex(of: ".") else { return .unknown }
    let rest = String(name[name.index(after: dot)...])
    switch name[..<dot] {
    case "parameters": return header.parameters.first { $0.name == rest }.map { .text($0.value) } ?? .unknown
    case "labels": return label(rest).map { .text($0) } ?? .unknown
    case "annotations": return (header.annotations[rest] ?? identity.annotations[rest]).map { .text($0) } ?? .unknown
    case "creationTimestamp":
      guard let created = identity.creationTimestamp else { return .unknown }
      if rest == "s" { return .text(String(created.seconds)) }
      if rest == "RFC3339" { return .text(created.rfc3339) }
      return strftime(rest, created).map { .text($0) } ?? .unknown
    case "outputs":
      guard rest.hasPrefix("parameters.") else { return .unknown }
      let wanted = rest.dropFirst("parameters.".count)
      for parameter in header.outputParameters where parameter["name"]?.string.map({ $0 == wanted }) ?? false {
        return parameter.present("value")?.anyString.map { .text($0) } ?? .unknown
      }
      return .unknown
    default: return .unknown
    }
  }

  private func label(_ key: String) -> String? { header.labels[key] ?? identity.labels[key] }

  /// `workflow.<name>` for expressions: maps where there are names below it.
  func workflowObject(_ name: String) -> ExprValue? {
    func strings(_ values: [(String, String)]) -> ExprValue {
      .map(Dictionary(values.map { ($0.0, .string($0.1)) }, uniquingKeysWith: { _, last in last }))
    }
    switch name {
    case "parameters":
      return strings(header.parameters.map { ($0.name, $0.value) } + [("json", parametersJSON)])
    case "labels":
      return strings(
        identity.labels.map { ($0.key, $0.value) } + header.labels.map { ($0.key, $0.value) } + [("json", stringsJSON(identity.labels))])
    case "annotations":
      return strings(
        identity.annotations.map { ($0.key, $0.value) } + header.annotations.map { ($0.key, $0.value) }
          + [("json", stringsJSON(identity.annotations))])
    case "creationTimestamp":
      guard let created = identity.creationTimestamp else { return nil }
      var values: [(String, String)] = [("s", String(created.seconds)), ("RFC3339", created.rfc3339)]
      for letter in "BbmAadHIMSYypZzL" { if let text = strftime(String(letter), created) { values.append((String(letter), text)) } }
      return strings(values)
    case "outputs":
      var parameters: [String: ExprValue] = [:]
      for parameter in header.outputParameters {
        if let key = parameter["name"]?.string, let value = parameter.present("value")?.anyString { parameters[key] = .string(value) }
      }
      var artifacts: [String: ExprValue] = [:]
      for artifact in header.outputArtifacts { if let key = artifact["name"]?.string { artifacts[key] = ExprValue(artifact) } }
      return .map(["parameters": .map(parameters), "artifacts": .map(artifacts)])
    default:
      if case .text(let text) = workflowValue(name) { return .string(text) }
      return nil
    }
  }

  /// Seconds from the start until now or the end.
  var duration: Double {
    guard let startedAt = header.startedAt else { return 0 }
    return ((header.finishedAt ?? now) - startedAt).seconds
  }

  private var parametersJSON: String {
    JSON.array(header.parameters.map { ["name": .string($0.name), "value": .string($0.value)] }).text(.go)
  }

  private func stringsJSON(_ values: [String: String]) -> String {
    JSON.object(JSONObject(values.map { ($0.key, .string($0.value)) })).text(.go)
  }

  /// The failed nodes as JSON, quoted once more as Argo does; `"null"` when there are none.
  var failures: String {
    let failed = nodes.filter { $0.phase.isFailedOrError }
    let list = failed.map { node -> JSON in
      [
        "displayName": .string(node.displayName), "message": .string(node.message), "templateName": .string(node.source.label.name),
        "phase": .string(node.phase.rawValue),
        "podName": .string(NodeNames.pod(workflow: name, node: node.name, template: podTemplateName(node), format: identity.podNameFormat)),
        "finishedAt": node.finishedAt.map { .string($0.rfc3339) } ?? .null,
      ]
    }
    let text = list.isEmpty ? "null" : JSON.array(list).text(.compact)
    return JSON.string(text).text(.compact)
  }

  func podTemplateName(_ node: Node) -> String {
    node.source.label.name.isEmpty ? node.source.label.ref?["template"]?.string ?? "" : node.source.label.name
  }
}

/// A number with six decimals, as Go's `%f`.
func fixed6(_ value: Double) -> String {
  let micros = (value * 1_000_000).rounded()
  guard micros.magnitude < 9e18 else { return "0.000000" }
  let whole = Int64(micros)
  let sign = whole < 0 ? "-" : ""
  return "\(sign)\(whole.magnitude / 1_000_000).\((whole.magnitude % 1_000_000).padded(6))"
}

/// One letter of `strftime`, of those that Argo offers.
func strftime(_ letter: String, _ instant: Instant) -> String? {
  let time = CivilTime(instant)
  let months = [
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December",
  ]
  let days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
  switch letter {
  case "B": return months[(time.month - 1) % 12]
  case "b": return String(months[(time.month - 1) % 12].prefix(3))
  case "m": return time.month.padded(2)
  case "A": return days[time.weekday % 7]
  case "a": return String(days[time.weekday % 7].prefix(3))
  case "d": return time.day.padded(2)
  case "H": return time.hour.padded(2)
  case "I": return (time.hour % 12 == 0 ? 12 : time.hour % 12).padded(2)
  case "M": return time.minute.padded(2)
  case "S": return time.second.padded(2)
  case "Y": return time.year.padded(4)
  case "y": return (time.year % 100).padded(2)
  case "p": return time.hour < 12 ? "AM" : "PM"
  case "Z": return "UTC"
  case "z": return "+0000"
  case "L": return time.millisecond.padded(3)
  default: return nil
  }
}
