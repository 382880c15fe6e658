import Basics

/// The candidate that a mistyped name most likely stands for, or nil when none is near enough: one edit in four letters, at most three. Of names
/// below three letters every other is near, so there is nothing to say about them.
func nearest(to name: String, in candidates: some Sequence<String>) -> String? {
  let wanted = name.lowercased()
  let length = wanted.utf8.count
  guard length >= 3, length <= 128 else { return nil }
  let limit = min(max(1, length / 4), 3)
  var best: (distance: Int, name: String)?
  for candidate in candidates where candidate != name && abs(candidate.utf8.count - length) <= 2 * limit {
    let distance = editDistance(wanted, candidate.lowercased())
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
