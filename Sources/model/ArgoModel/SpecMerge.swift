package import JSONValue
internal import KubeModel

/// Merging of specifications (spec section 1.12): members of the overlay win; lists whose elements have a merge key are merged element by
/// element, other lists are replaced.
package enum SpecMerge {
  /// Merge keys by the name of the list, from the patch tags of Argo's and Kubernetes' types.
  private static let mergeKeys: [String: String] = [
    "templates": "name", "parameters": "name", "artifacts": "name", "volumes": "name", "imagePullSecrets": "name", "tolerations": "key",
    "hostAliases": "ip", "sidecars": "name", "initContainers": "name", "containers": "name", "env": "name", "volumeMounts": "mountPath",
    "ports": "containerPort", "tasks": "name", "volumeDevices": "devicePath",
  ]

  /// `overlay` laid over `base`. Null in the overlay is as good as absent.
  package static func merge(_ overlay: JSON, over base: JSON) -> JSON { merge(overlay, over: base, list: nil, depth: 0) }

  private static func merge(_ overlay: JSON, over base: JSON, list: String?, depth: Int) -> JSON {
    guard depth < 128 else { return overlay }
    switch (overlay, base) {
    case (.null, _): return base
    case (.object(let above), .object(var below)):
      for (key, value) in above {
        if let held = below[key], !held.isNull {
          below[key] = merge(value, over: held, list: key, depth: depth + 1)
        } else {
          below[key] = value
        }
      }
      return .object(below)
    case (.array(let above), .array(let below)):
      guard let list, let key = mergeKeys[list], (above + below).allSatisfy({ $0[key] != nil }) else { return overlay }
      var positions: [JSON: Int] = [:]
      for (position, element) in below.enumerated() where positions[element[key] ?? .null] == nil {
        positions[element[key] ?? .null] = position
      }
      var merged: [(id: JSON, element: JSON)] = []
      var used: Set<Int> = []
      for element in above {
        let id = element[key] ?? .null
        if let position = positions[id] {
          used.insert(position)
          merged.append((id, merge(element, over: below[position], list: nil, depth: depth + 1)))
        } else {
          merged.append((id, element))
        }
      }
      for (position, element) in below.enumerated() where !used.contains(position) { merged.append((element[key] ?? .null, element)) }
      return .array(
        MergeOrder.arranged(merged, patch: above.map { $0[key] ?? .null }, original: below.map { $0[key] ?? .null }))
    default: return overlay
    }
  }

  /// The specification of a workflow laid over that of its template, and both over the defaults.
  package static func merge(workflow: JSON, template: JSON?, defaults: JSON? = nil) -> JSON {
    var below = template ?? .object([:])
    if let defaults { below = merge(below, over: defaults) }
    // A template of the same name, an input or an argument that is overridden keeps nothing of its own value.
    var merged = mergeSpec(workflow, over: below)
    if template != nil { merged["workflowTemplateRef"] = workflow["workflowTemplateRef"] }
    return merged
  }

  private static func mergeSpec(_ overlay: JSON, over base: JSON) -> JSON {
    var merged = merge(overlay, over: base)
    // A value given by the workflow replaces `valueFrom` of the template's parameter, and the other way round.
    guard case .array(let given)? = overlay.at("arguments", "parameters"),
      case .array(var parameters)? = merged.at("arguments", "parameters")
    else { return merged }
    for (position, parameter) in parameters.enumerated() {
      guard let above = given.first(where: { $0["name"] == parameter["name"] }) else { continue }
      if above.present("value") != nil, above.present("valueFrom") == nil { parameters[position]["valueFrom"] = nil }
      if above.present("valueFrom") != nil, above.present("value") == nil { parameters[position]["value"] = nil }
    }
    var arguments = merged["arguments"] ?? .object([:])
    arguments["parameters"] = .array(parameters)
    merged["arguments"] = arguments
    return merged
  }

  /// A template laid over the workflow's `templateDefaults`. A default body is only taken where the template has the same kind of body.
  package static func apply(defaults: JSON, to template: JSON) -> JSON {
    var defaults = defaults
    let body = Template(template).body
    for other in Template.Body.allCases where other != body { defaults[other.rawValue] = nil }
    return merge(template, over: defaults)
  }
}
