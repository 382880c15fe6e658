package import JSONValue

/// The order of a list that a strategic merge patch has merged element by element, as Kubernetes makes it: elements of the patch in the
/// patch's order, the others in the list's; where both an element of the one and one of the other stood in the list already, their order there
/// decides, and what is new comes first.
package enum MergeOrder {
  /// - Parameter merged: the elements with what identifies them; their own order has no meaning.
  /// - Parameter patch, original: what identifies the elements of the patch and of the list before it, in order.
  package static func arranged(_ merged: [(id: JSON, element: JSON)], patch: [JSON], original: [JSON]) -> [JSON] {
    func places(_ ids: [JSON]) -> [JSON: Int] { Dictionary(ids.enumerated().map { ($1, $0) }, uniquingKeysWith: min) }
    let ofPatch = places(patch)
    let before = places(original)
    func sorted(_ elements: [(id: JSON, element: JSON)], by places: [JSON: Int]) -> [(id: JSON, element: JSON)] {
      elements.enumerated().sorted { (places[$0.element.id] ?? .max, $0.offset) < (places[$1.element.id] ?? .max, $1.offset) }.map(
        \.element)
    }
    let changed = sorted(merged.filter { ofPatch[$0.id] != nil }, by: ofPatch)
    var kept = sorted(merged.filter { ofPatch[$0.id] == nil }, by: before)[...]
    var result: [JSON] = []
    for item in changed {
      if let place = before[item.id] {
        while let first = kept.first, let other = before[first.id], other < place {
          result.append(first.element)
          kept.removeFirst()
        }
      }
      result.append(item.element)
    }
    return result + kept.map(\.element)
  }
}
