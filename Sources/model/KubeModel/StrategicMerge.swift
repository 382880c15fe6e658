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
  /// This object after a strategic merge patch of a document whose type is not known: the lists of ``MergeKeys`` merge element by element.
  /// `exceptions`: lists that replace although ``MergeKeys`` knows their name.
  package func strategicallyMerged(with patch: JSON, exceptions: Set<String> = []) throws(JSONPatchError) -> JSON {
    do throws(StrategicMergeError) {
      return try strategicallyMerged(with: patch, shape: NamedMergeShape(exceptions: exceptions))
    } catch {
      throw JSONPatchError(error.description)
    }
  }

  /// This object after a strategic merge patch (`apimachinery/pkg/util/strategicpatch`): objects merge member by member, null removes, lists
  /// merge as the shape says (in the order of ``MergeOrder``), other values replace. Directives: `$patch: replace | delete` in objects and in
  /// elements of merged lists, `$retainKeys`, `$deleteFromPrimitiveList/<field>`, `$setElementOrder/<field>`. No directive and no null of a patch
  /// enters the result.
  package func strategicallyMerged(with patch: JSON, shape: some MergeShape) throws(StrategicMergeError) -> JSON {
    guard case .object(let changes) = patch else {
      throw StrategicMergeError(.format, "a strategic merge patch is an object, not \(patch.typeName)")
    }
    return .object(try StrategicMerge(shape: shape).object(self.object ?? [:], changes))
  }
}

private struct StrategicMerge<Shape: MergeShape> {
  let shape: Shape

  func object(_ original: JSONObject, _ patch: JSONObject) throws(StrategicMergeError) -> JSONObject {
    if let directive = patch["$patch"] {
      switch directive.string {
      case "replace": return Directive.stripped(patch)
      case "delete": return [:]
      default:
        throw StrategicMergeError(.mismatch, "unknown patch type: \(directive.goText) in map: \(JSON.object(patch).goText)")
      }
    }
    var result = original
    if let retained = patch["$retainKeys"] { try retain(retained, patch, &result) }
    var done: Set<String> = []
    for (key, value) in patch {
      if let field = Directive.field(of: key, "$setElementOrder") {
        try reorder(field, value, patch[field], &result)
        done.insert(field)
      } else if key.hasPrefix("$deleteFromPrimitiveList"), Directive.field(of: key, "$deleteFromPrimitiveList") == nil {
        throw StrategicMergeError(.format, "invalid patch format of primitive list")
      } else if key.hasPrefix("$setElementOrder") {
        throw StrategicMergeError(.format, "invalid patch format of setElementOrder list")
      }
    }
    if patch.contains(where: { $0.value.isNull }) {
      result = JSONObject(
        result.compactMap { key, value in patch[key]?.isNull == true && !done.contains(key) ? nil : (key, value) })
    }
    for (key, change) in patch where !Directive.isDirective(key) && !done.contains(key) {
      switch (result[key], change) {
      case (_, .null): continue
      case (.object(let before)?, .object(let changes)):
        result[key] = .object(try StrategicMerge(shape: shape.member(key)).object(before, changes))
      case (.array(let before)?, .array(let changes)): result[key] = .array(try list(key, before, changes))
      default: result[key] = Directive.entering(change)
      }
    }
    for (key, values) in patch {
      if let field = Directive.field(of: key, "$deleteFromPrimitiveList") { try delete(values, from: field, of: &result) }
    }
    return result
  }

  private func retain(_ retained: JSON, _ patch: JSONObject, _ result: inout JSONObject) throws(StrategicMergeError) {
    let invalid = StrategicMergeError(.format, "invalid patch format of retainKeys")
    guard let retained = retained.array else { throw invalid }
    let names = Set(retained.compactMap(\.string))
    for (key, value) in patch where !value.isNull && !Directive.isDirective(key) && !names.contains(key) { throw invalid }
    result = JSONObject(result.compactMap { names.contains($0.key) ? ($0.key, $0.value) : nil })
  }

  private func delete(_ values: JSON, from field: String, of result: inout JSONObject) throws(StrategicMergeError) {
    if values.isNull {
      result.removeValue(forKey: field)
    } else if let values = values.array, let present = result[field]?.array {
      let removed = Set(values)
      result[field] = .array(present.filter { !removed.contains($0) })
    }
  }

  /// Merges the list and arranges it by the order that the patch gives.
  private func reorder(
    _ field: String, _ order: JSON, _ change: JSON?, _ result: inout JSONObject
  ) throws(StrategicMergeError) {
    func list(_ value: JSON?) throws(StrategicMergeError) -> [JSON]? {
      guard let value, !value.isNull else { return nil }
      guard let elements = value.array else {
        throw StrategicMergeError(.mismatch, "expected a []interface {}, but received a \(value.goTypeName)")
      }
      return elements
    }
    if let change, change.isNull {
      result.removeValue(forKey: field)
      return
    }
    guard let order = try list(order) else { throw StrategicMergeError(.format, "invalid patch format of setElementOrder list") }
    let (before, changes) = (try list(result[field]), try list(change))
    guard before != nil || changes != nil else { return }
    let merge = shape.list(field)
    if let changes { try check(changes, order, merge) }
    guard let before else {
      result[field] = (changes.map(JSON.array)).flatMap(Directive.entering)
      return
    }
    var merged = before
    if let changes { merged = try self.list(field, before, changes) }
    let ids: (JSON) -> JSON?
    switch merge {
    case .replaced:
      result[field] = .array(merged)
      return
    case .set: ids = { $0 }
    case .keyed(let keys, _): ids = { element in keys.lazy.compactMap { element[$0] }.first }
    }
    // Kubernetes deletes and appends in the list itself: as many new elements as were deleted count as if they had stood in it, at its end.
    let (old, now) = (before.compactMap(ids), merged.compactMap(ids))
    let (oldSet, nowSet) = (Set(old), Set(now))
    let left = old.filter(nowSet.contains)
    let new = (changes ?? []).compactMap(ids).filter { !oldSet.contains($0) && nowSet.contains($0) }
    result[field] = .array(
      MergeOrder.arranged(
        merged.map { (id: ids($0) ?? .null, element: $0) }, patch: order.compactMap(ids),
        original: left + new.prefix(old.count - left.count)))
  }

  /// The elements of the patch must stand in the order that it gives itself.
  private func check(_ changes: [JSON], _ order: [JSON], _ merge: MergeList<Shape>) throws(StrategicMergeError) {
    guard !changes.isEmpty, !order.isEmpty else { return }
    var wanted: [JSON] = []
    switch merge {
    case .replaced: return
    case .set: wanted = changes
    case .keyed(let keys, _):
      for element in changes where element["$patch"] == nil { wanted.append(try identity(element, keys)) }
      for element in order { _ = try identity(element, keys) }
    }
    var rest = wanted[...]
    for element in order {
      let id: JSON?
      if case .keyed(let keys, _) = merge { id = try identity(element, keys) } else { id = element }
      if id == rest.first { rest.removeFirst() }
    }
    guard rest.isEmpty else {
      throw StrategicMergeError(
        .mismatch,
        "The order in patch list:\n\(JSON.array(changes).goText)\n doesn't match $setElementOrder list:\n\(JSON.array(order).goText)\n")
    }
  }

  private func list(_ field: String, _ original: [JSON], _ patch: [JSON]) throws(StrategicMergeError) -> [JSON] {
    switch shape.list(field) {
    case .replaced: return patch.map(Directive.stripped)
    case .set:
      guard (original + patch).allSatisfy({ $0.array == nil }) else {
        throw StrategicMergeError(.listOfLists, "lists of lists are not supported")
      }
      let present = Set(original)
      var seen: Set<JSON> = []
      let both = (original + patch.filter { !present.contains($0) }).filter { seen.insert($0).inserted }
      return MergeOrder.arranged(both.map { ($0, $0) }, patch: patch, original: original)
    case .keyed(let keys, let element):
      if let wrong = (original + patch).first(where: { $0.object == nil }) {
        if wrong.array != nil { throw StrategicMergeError(.listOfLists, "lists of lists are not supported") }
        throw StrategicMergeError(.mismatch, "list element types are not identical: \(JSON.array(original + patch).goText)")
      }
      return try keyed(keys, StrategicMerge(shape: element), original, patch)
    }
  }

  private func keyed(
    _ keys: [String], _ elements: StrategicMerge<Shape>, _ original: [JSON], _ patch: [JSON]
  ) throws(StrategicMergeError) -> [JSON] {
    var (original, changes) = (original, [JSON]())
    var isReplaced = false
    var deleted: Set<JSON> = []
    for element in patch {
      switch element["$patch"] {
      case nil: changes.append(element)
      case "replace": isReplaced = true
      case "delete":
        deleted.insert(try identity(element, keys))
      case "merge": throw StrategicMergeError(.mismatch, "merging lists cannot yet be specified in the patch")
      case let other?:
        throw StrategicMergeError(.mismatch, "unknown patch type: \(other.goText) in map: \(element.goText)")
      }
    }
    if !deleted.isEmpty { original.removeAll { (try? identity($0, keys)).map(deleted.contains) ?? false } }
    if isReplaced {
      for change in changes { _ = try identity(change, keys) }
      return changes.map(Directive.stripped)
    }
    var result = original
    var places: [JSON: Int] = [:]
    for (index, element) in original.enumerated() {
      if let id = try? identity(element, keys), places[id] == nil { places[id] = index }
    }
    for change in changes {
      let id = try identity(change, keys)
      if let place = places[id] {
        result[place] = .object(try elements.object(result[place].object ?? [:], change.object ?? [:]))
      } else {
        places[id] = result.count
        result.append(Directive.stripped(change))
      }
    }
    var merged: [(id: JSON, element: JSON)] = []
    for element in result { merged.append((try identity(element, keys), element)) }
    return MergeOrder.arranged(
      merged, patch: changes.compactMap { try? identity($0, keys) }, original: original.compactMap { try? identity($0, keys) })
  }

  private func identity(_ element: JSON, _ keys: [String]) throws(StrategicMergeError) -> JSON {
    for key in keys { if let value = element[key] { return value } }
    throw .noMergeKey(element, keys.first ?? "")
  }
}

/// The members of a patch that say what to do instead of being values.
private enum Directive {
  static func isDirective(_ key: String) -> Bool {
    key == "$patch" || key == "$retainKeys" || key.hasPrefix("$setElementOrder") || key.hasPrefix("$deleteFromPrimitiveList")
  }

  /// The field that a directive is about: what stands after its name and a slash.
  static func field(of key: String, _ directive: String) -> String? {
    guard key.hasPrefix(directive), key.dropFirst(directive.count).first == "/" else { return nil }
    return String(key.dropFirst(directive.count + 1))
  }

  /// A value that takes a free place: without nulls, directives, and the objects that have a `$patch`.
  static func entering(_ value: JSON) -> JSON? {
    switch value {
    case .null: return nil
    case .object(let object):
      if object["$patch"] != nil { return nil }
      return .object(
        JSONObject(
          object.compactMap { key, value in
            guard !isDirective(key), let value = entering(value) else { return nil }
            return (key, value)
          }))
    case .array(let elements): return .array(elements.compactMap { $0.isNull ? $0 : entering($0) })
    default: return value
    }
  }

  /// A value without nulls and directives in it.
  static func stripped(_ value: JSON) -> JSON {
    switch value {
    case .object(let object): .object(stripped(object))
    case .array(let elements): .array(elements.map(stripped))
    default: value
    }
  }

  static func stripped(_ object: JSONObject) -> JSONObject {
    JSONObject(object.filter { !isDirective($0.key) && !$0.value.isNull }.map { ($0.key, stripped($0.value)) })
  }
}

extension JSON {
  fileprivate var goTypeName: String {
    switch self {
    case .null: "nil"
    case .bool: "bool"
    case .int, .number: "int64"
    case .double: "float64"
    case .string: "string"
    case .array: "[]interface {}"
    case .object: "map[string]interface {}"
    }
  }
}
