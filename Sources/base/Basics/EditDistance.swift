/// Edits (insert, delete, replace, swap of neighbours) between two texts.
package func editDistance(_ left: String, _ right: String) -> Int {
  let left = Array(left.unicodeScalars)
  let right = Array(right.unicodeScalars)
  var before: [Int] = []
  var previous = Array(0...right.count)
  for i in left.indices {
    var current = [i + 1]
    for j in right.indices {
      var best = min(previous[j + 1] + 1, current[j] + 1, previous[j] + (left[i] == right[j] ? 0 : 1))
      if i > 0, j > 0, left[i] == right[j - 1], left[i - 1] == right[j] { best = min(best, before[j - 1] + 1) }
      current.append(best)
    }
    before = previous
    previous = current
  }
  return previous[right.count]
}

/// The candidate that a misspelt name most likely means, for "did you mean"; nil when none is near (a third of the letters, at least one,
/// may differ). Case does not count; of equally near candidates the first wins.
package func closest(to name: String, among candidates: some Sequence<String>) -> String? {
  let wanted = name.lowercased()
  guard wanted.utf8.count <= 256 else { return nil }
  var best: (candidate: String, distance: Int)?
  for candidate in candidates where candidate.utf8.count <= 256 {
    let distance = editDistance(wanted, candidate.lowercased())
    if distance <= max(1, max(wanted.count, candidate.count) / 3), distance < best?.distance ?? .max { best = (candidate, distance) }
  }
  return best?.candidate
}
