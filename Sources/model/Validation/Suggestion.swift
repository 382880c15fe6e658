/// The candidate that a mistyped name most likely stands for, or nil when none is near enough: one edit in four letters, at most three. Of names
/// below three letters every other is near, so there is nothing to say about them.
func nearest(to name: String, in candidates: some Sequence<String>) -> String? {
  let wanted = Array(name.lowercased().utf8)
  guard wanted.count >= 3, wanted.count <= 128 else { return nil }
  let limit = min(max(1, wanted.count / 4), 3)
  var best: (distance: Int, name: String)?
  for candidate in candidates where candidate != name && candidate.utf8.count <= 128 {
    let distance = editDistance(wanted, Array(candidate.lowercased().utf8))
    guard distance <= limit else { continue }
    if let held = best, (held.distance, held.name) <= (distance, candidate) { continue }
    best = (distance, candidate)
  }
  return best?.name
}

/// The same for a tag's dotted name: every part that differs must be a mistyped one.
func nearestTag(to name: String, in candidates: some Sequence<String>) -> String? {
  let wanted = name.split(separator: ".", omittingEmptySubsequences: false)
  return candidates.filter { candidate in
    let parts = candidate.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == wanted.count, candidate != name else { return false }
    return zip(wanted, parts).allSatisfy { $0 == $1 || nearest(to: String($0), in: [String($1)]) != nil }
  }.min()
}

/// Edits between two names: insertion, removal, replacement, and exchange of two neighbours.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
  if left.isEmpty || right.isEmpty { return max(left.count, right.count) }
  var before: [Int] = []
  var previous = Array(0...right.count)
  for row in 1...left.count {
    var current = [row] + Array(repeating: 0, count: right.count)
    for column in 1...right.count {
      let cost = left[row - 1] == right[column - 1] ? 0 : 1
      var value = min(previous[column] + 1, current[column - 1] + 1, previous[column - 1] + cost)
      if row > 1, column > 1, left[row - 1] == right[column - 2], left[row - 2] == right[column - 1] {
        value = min(value, before[column - 2] + 1)
      }
      current[column] = value
    }
    before = previous
    previous = current
  }
  return previous[right.count]
}
