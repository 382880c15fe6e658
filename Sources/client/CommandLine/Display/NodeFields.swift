import Basics
import JSONValue

/// What the tree reads of an Argo `NodeStatus` document.
struct NodeFields {
  let json: JSON

  var id: String { json["id"]?.string ?? "" }
  var name: String { json["name"]?.string ?? "" }
  var displayName: String { json["displayName"]?.string ?? name }
  var type: String { json["type"]?.string ?? "" }
  var phase: String { json["phase"]?.string ?? "" }
  var message: String { json["message"]?.string ?? "" }
  var boundaryID: String { json["boundaryID"]?.string ?? "" }
  var startedAt: Instant? { json["startedAt"]?.string.flatMap(Instant.init(rfc3339:)) }
  var finishedAt: Instant? { json["finishedAt"]?.string.flatMap(Instant.init(rfc3339:)) }
  var children: [JSON] { json["children"]?.array ?? [] }
  var hostNodeName: String { json["hostNodeName"]?.string ?? "" }

  /// A suspend node that waits to be resumed.
  var isActiveSuspend: Bool { type == "Suspend" && phase == "Running" }
  var isPod: Bool { type == "Pod" }

  /// `template`, or `ref/template` for a templateRef.
  var templateColumn: String {
    if let reference = json["templateRef"]?.object {
      return "\(reference["name"]?.string ?? "")/\(reference["template"]?.string ?? "")"
    }
    return json["templateName"]?.string ?? ""
  }

  /// The names of the output artifacts with commas between.
  var artifactsColumn: String {
    (json.at("outputs", "artifacts")?.array ?? []).compactMap { $0["name"]?.string }.joined(separator: ",")
  }

  /// The name of the node's pod (spec section 2.3).
  func podName(workflow: String, usesNodeID: Bool) -> String {
    if usesNodeID { return id }
    if name == workflow { return workflow }
    let template = json.at("templateRef", "template")?.string ?? json["templateName"]?.string ?? ""
    let prefix = template.isEmpty ? workflow : "\(workflow)-\(template)"
    let cut = prefix.utf8.count > 242 ? String(decoding: prefix.utf8.prefix(242), as: UTF8.self) : prefix
    return "\(cut)-\(fnv1a32(name))"
  }

  /// The glyph or word before the name.
  func icon(_ style: DisplayStyle) -> String {
    if isActiveSuspend { return style.paint(style.hasGlyphs ? "ǁ" : "Suspend", .cyan) }
    let (glyph, color): (String, ANSIColor?) =
      switch phase {
      case "Pending": ("◷", .yellow)
      case "Running": ("●", .cyan)
      case "Succeeded": ("✔", .green)
      case "Skipped": ("○", nil)
      case "Failed": ("✖", .red)
      case "Error": ("⚠", .red)
      default: ("", nil)
      }
    return glyph.isEmpty ? "" : style.paint(style.hasGlyphs ? glyph : phase, color)
  }
}

/// Argo's `ResourcesDuration` in its own words, in order of resource names: `1m5s*(1 cpu),3s*(100Mi memory)`.
func resourcesDurationText(_ value: JSON?) -> String {
  let members = (value?.object ?? [:]).sortedByKey()
  return members.map { resource, seconds in
    let unit =
      switch resource {
      case "memory": "100Mi"
      case "storage", "ephemeral-storage": "10Gi"
      default: "1"
      }
    return "\(Humanize.goDuration(seconds: seconds.int ?? 0))*(\(unit) \(resource))"
  }.joined(separator: ",")
}

/// A parameter's value as text: strings as they are, everything else as JSON.
func parameterText(_ value: JSON) -> String {
  switch value {
  case .string(let text): text
  case .null: ""
  default: value.text()
  }
}
