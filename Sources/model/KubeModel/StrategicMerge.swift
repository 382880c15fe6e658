package import JSONValue

/// Lists whose elements a strategic merge patch matches by a key instead of replacing the whole, by the name of the list's field: the tags
/// `patchMergeKey` of Kubernetes' pods and Argo's workflows. Every other list is replaced (tolerations, args, steps …).
package enum MergeKeys {
  /// The possible keys of a list, in order of preference (`ports` are known by one field in containers, by another in services).
  package static func keys(of field: String) -> [String]? { table[field] }

  private static let table: [String: [String]] = [
    "templates": ["name"], "tasks": ["name"], "volumes": ["name"], "volumeClaimTemplates": ["name"], "parameters": ["name"],
    "artifacts": ["name"], "prometheus": ["name"], "containers": ["name"], "initContainers": ["name"], "sidecars": ["name"],
    "ephemeralContainers": ["name"], "env": ["name"], "volumeMounts": ["mountPath"], "volumeDevices": ["devicePath"],
    "ports": ["containerPort", "port"], "imagePullSecrets": ["name"], "secrets": ["name"], "hostAliases": ["ip"],
    "topologySpreadConstraints": ["topologyKey"], "resourceClaims": ["name"], "ownerReferences": ["uid"], "conditions": ["type"],
  ]

  /// Lists of plain values that are merged as sets.
  static let sets: Set<String> = ["finalizers"]
}

extension JSON {
  /// This object after a strategic merge patch: objects merge member by member, null removes, lists of ``MergeKeys`` merge element by
  /// element (in the order of ``MergeOrder``), other values replace. Directives: `$patch: replace | delete | merge` in objects and in elements of merged
  /// lists, `$retainKeys`, `$deleteFromPrimitiveList/<field>`; `$setElementOrder/<field>` is accepted and ignored. `exceptions`: lists that replace
  /// although ``MergeKeys`` knows their name.
  package func strategicallyMerged(with patch: JSON, exceptions: Set<String> = []) throws(JSONPatchError) -> JSON {
    guard case .object(let changes) = patch else { throw JSONPatchError("a strategic merge patch is an object, not \(patch.typeName)") }
    return .object(try StrategicMerge(exceptions: exceptions).object(self.object ?? [:], changes))
  }
}

private struct StrategicMerge {
  let exceptions: Set<String>

  func object(_ original: JSONObject, _ patch: JSONObject) throws(JSONPatchError) -> JSONObject {
    if let directive = patch["$patch"] {
      switch directive.string {
      case "replace": return Self.withoutDirectives(patch)
      case "delete": return [:]
      case "merge": break
      default: throw JSONPatchError("unknown patch type found: \(directive.text())")
      }
    }
    var result = original
    if let retained = patch["$retainKeys"]?.array {
      let names = Set(retained.compactMap(\.string))
      for key in original.keys where !names.contains(key) { result.removeValue(forKey: key) }
    }
    for (key, change) in patch {
      if key.utf8.first == UInt8(ascii: "$") {
        if let field = Self.field(of: key, "$deleteFromPrimitiveList/"), let values = change.array, let present = result[field]?.array {
          let removed = Set(values)
          result[field] = .array(present.filter { !removed.contains($0) })
        } else if !["$patch", "$retainKeys"].contains(key), !key.hasPrefix("$setElementOrder/"), !key.hasPrefix("$deleteFromPrimitiveList/")
        {
          result[key] = change
        }
        continue
      }
      switch (result[key], change) {
      case (_, .null): result.removeValue(forKey: key)
      case (.object(let before)?, .object(let changes)):
        if changes["$patch"]?.string == "delete" {
          result.removeValue(forKey: key)
        } else {
          result[key] = .object(try object(before, changes))
        }
      case (nil, .object(let changes)):
        if changes["$patch"]?.string != "delete" { result[key] = .object(try object([:], changes)) }
      case (let before, .array(let changes)): result[key] = .array(try list(key, before?.array ?? [], changes))
      default: result[key] = change
      }
    }
    return result
  }

  private static func field(of key: String, _ prefix: String) -> String? {
    key.hasPrefix(prefix) ? String(key.dropFirst(prefix.count)) : nil
  }

  private func list(_ field: String, _ original: [JSON], _ patch: [JSON]) throws(JSONPatchError) -> [JSON] {
    if MergeKeys.sets.contains(field) {
      let present = Set(original)
      return original + patch.filter { !present.contains($0) }
    }
    guard !exceptions.contains(field), let keys = MergeKeys.keys(of: field), (original + patch).allSatisfy({ $0.object != nil }),
      !patch.isEmpty
    else {
      return patch.map(Self.withoutDirectives)
    }
    if patch.contains(where: { $0["$patch"]?.string == "replace" }) {
      return patch.filter { $0["$patch"]?.string != "replace" }.map(Self.withoutDirectives)
    }
    var result: [JSON?] = original
    var places: [JSON: Int] = [:]
    for (index, element) in original.enumerated() {
      if let id = Self.identity(element, keys), places[id] == nil { places[id] = index }
    }
    for element in patch {
      guard let changes = element.object else { continue }
      guard let id = Self.identity(element, keys) else {
        throw JSONPatchError("an element of '\(field)' does not contain declared merge key: \(keys[0])")
      }
      let place = places[id]
      if changes["$patch"]?.string == "delete" {
        if let place { result[place] = nil }
        places[id] = nil
      } else if let place, let before = result[place]?.object {
        result[place] = .object(try object(before, changes))
      } else {
        places[id] = result.count
        result.append(.object(try object([:], changes)))
      }
    }
    let merged = result.compactMap { element in element.map { (id: Self.identity($0, keys) ?? .null, element: $0) } }
    return MergeOrder.arranged(
      merged, patch: patch.compactMap { Self.identity($0, keys) }, original: original.compactMap { Self.identity($0, keys) })
  }

  private static func identity(_ element: JSON, _ keys: [String]) -> JSON? {
    for key in keys { if let value = element[key] { return value } }
    return nil
  }

  private static func withoutDirectives(_ object: JSONObject) -> JSONObject {
    JSONObject(object.filter { !isDirective($0.key) }.map { ($0.key, withoutDirectives($0.value)) })
  }

  private static func withoutDirectives(_ value: JSON) -> JSON {
    switch value {
    case .object(let object): .object(withoutDirectives(object))
    case .array(let elements): .array(elements.map(withoutDirectives))
    default: value
    }
  }

  private static func isDirective(_ key: String) -> Bool {
    key == "$patch" || key == "$retainKeys" || key.hasPrefix("$setElementOrder/") || key.hasPrefix("$deleteFromPrimitiveList/")
  }
}
