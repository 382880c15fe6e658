extension JSON {
  /// This value after a JSON merge patch (RFC 7386): objects merge member by member, null removes, everything else replaces.
  package func merged(with patch: JSON) -> JSON {
    guard case .object(let changes) = patch else { return patch }
    var result: JSONObject = if case .object(let object) = self { object } else { [:] }
    // All at once: one by one costs as much each time.
    if changes.contains(where: { $0.value.isNull }) {
      result = JSONObject(result.compactMap { changes[$0.key]?.isNull == true ? nil : ($0.key, $0.value) })
    }
    for (key, change) in changes where !change.isNull { result[key] = (result[key] ?? .null).merged(with: change) }
    return .object(result)
  }

  /// The merge patch that turns this value into another. A null inside the target cannot be expressed (RFC 7386 section 1).
  package func mergePatch(to target: JSON) -> JSON {
    guard case .object(let old) = self, case .object(let new) = target else { return target }
    var patch: JSONObject = [:]
    for key in old.keys where new[key] == nil { patch[key] = .null }
    for (key, value) in new {
      guard let before = old[key] else {
        patch[key] = value
        continue
      }
      if before != value { patch[key] = before.mergePatch(to: value) }
    }
    return .object(patch)
  }
}
