package import JSONValue

/// How the lists of two versions of an object are brought together.
package enum ListMerging: Sendable, Hashable {
  /// A changed list replaces the other: JSON merge patch, for kinds that Kubernetes does not define.
  case replacing
  /// Lists of ``MergeKeys`` element by element; fields of a kind that are exceptions replace.
  case strategic(exceptions: Set<String>)

  /// What `kubectl apply` uses for a kind.
  package init(for kind: ResourceKind) {
    self = kind.isBuiltIn ? .strategic(exceptions: MergeKeys.exceptions(of: kind)) : .replacing
  }
}

extension MergeKeys {
  /// Lists of a kind that replace although a list of the same name merges elsewhere.
  package static func exceptions(of kind: ResourceKind) -> Set<String> {
    switch kind.kind {
    case "StatefulSet": ["volumeClaimTemplates"]
    case "NetworkPolicy", "EndpointSlice", "Endpoints", "Ingress": ["ports"]
    default: []
    }
  }

  /// Objects of which only the members that the user wrote stay (`patchStrategy: retainKeys`).
  static let retaining: Set<String> = ["volumes", "strategy"]
}

extension JSON {
  /// This object, as it is on the server, brought to what a user wrote: `kubectl apply` on the client's side.
  ///
  /// What `modified` has goes in; what `original`, the version applied before, had and `modified` lacks goes out; what others added stays.
  /// Throws when an element of a merged list has no key.
  package func applied(modified: JSON, original: JSON?, lists: ListMerging) throws(JSONPatchError) -> JSON {
    .object(
      try ThreeWayMerge(lists: lists).object(
        current: object ?? [:], modified: modified.object ?? [:], original: original?.object ?? [:], isRetaining: false))
  }
}

private struct ThreeWayMerge {
  let lists: ListMerging

  func object(
    current: JSONObject, modified: JSONObject, original: JSONObject, isRetaining: Bool
  ) throws(JSONPatchError) -> JSONObject {
    var result = current
    for key in original.keys where modified[key] == nil { result.removeValue(forKey: key) }
    for (key, wanted) in modified {
      result[key] = try value(key, current: current[key], modified: wanted, original: original[key])
    }
    if isRetaining { result = JSONObject(result.filter { modified[$0.key] != nil }.map { ($0.key, $0.value) }) }
    return result
  }

  /// Nil removes the member.
  private func value(_ field: String, current: JSON?, modified: JSON, original: JSON?) throws(JSONPatchError) -> JSON? {
    switch (current, modified) {
    case (_, .null): return nil
    case (.object(let now)?, .object(let wanted)):
      let isRetaining = lists != .replacing && MergeKeys.retaining.contains(field)
      return .object(try object(current: now, modified: wanted, original: original?.object ?? [:], isRetaining: isRetaining))
    case (.array(let now)?, .array(let wanted)): return .array(try list(field, now, wanted, original?.array ?? []))
    case (_, .object(let wanted)): return .object(try object(current: [:], modified: wanted, original: [:], isRetaining: false))
    default: return modified
    }
  }

  private func list(_ field: String, _ current: [JSON], _ modified: [JSON], _ original: [JSON]) throws(JSONPatchError) -> [JSON] {
    guard case .strategic(let exceptions) = lists, !exceptions.contains(field) else { return modified }
    if MergeKeys.sets.contains(field) {
      let gone = Set(original).subtracting(modified)
      return Self.interleaved(current.filter { !modified.contains($0) && !gone.contains($0) }, modified, live: current) { $0 }
    }
    guard let keys = MergeKeys.keys(of: field), (current + modified).allSatisfy({ $0.object != nil }) else { return modified }
    func identity(_ element: JSON) -> JSON? { keys.lazy.compactMap { element[$0] }.first }
    var byKey: [JSON: JSON] = [:]
    for element in current { if let id = identity(element), byKey[id] == nil { byKey[id] = element } }
    var before: [JSON: JSON] = [:]
    for element in original { if let id = identity(element) { before[id] = element } }
    var wanted: [JSON] = []
    var named: Set<JSON> = []
    for element in modified {
      guard let id = identity(element) else {
        throw JSONPatchError("an element of '\(field)' does not contain declared merge key: \(keys[0])")
      }
      named.insert(id)
      wanted.append(
        .object(
          try object(
            current: byKey[id]?.object ?? [:], modified: element.object ?? [:], original: before[id]?.object ?? [:],
            isRetaining: MergeKeys.retaining.contains(field))))
    }
    func isRemoved(_ element: JSON) -> Bool {
      guard let id = identity(element) else { return false }
      return !named.contains(id) && before[id] != nil
    }
    let left = current.filter { !isRemoved($0) }
    let others = left.filter { element in identity(element).map { !named.contains($0) } ?? true }
    // The original edits the list in place: as many new elements as were removed count as if they had been there, at the end.
    let new = wanted.filter { element in identity(element).map { byKey[$0] == nil } ?? false }
    return Self.interleaved(others, wanted, live: left + new.prefix(current.count - left.count), identity)
  }

  /// The elements of others among those that the user wrote, both in their own order; where both were there before, as they were.
  private static func interleaved(_ others: [JSON], _ wanted: [JSON], live: [JSON], _ identity: (JSON) -> JSON?) -> [JSON] {
    var places: [JSON: Int] = [:]
    for (index, element) in live.enumerated() { if let id = identity(element), places[id] == nil { places[id] = index } }
    func place(_ element: JSON) -> Int? { identity(element).flatMap { places[$0] } }
    var result: [JSON] = []
    var (left, right) = (others[...], wanted[...])
    while let other = left.first, let own = right.first {
      if let before = place(other), let after = place(own), before < after {
        result.append(other)
        left.removeFirst()
      } else {
        result.append(own)
        right.removeFirst()
      }
    }
    return result + left + right
  }
}
