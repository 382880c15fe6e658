/// A queue by size: `popFirst` takes the smallest. What is given at first, in order, is taken by place; only what is added later lies in a binary heap.
struct Heap<Element: Comparable & Sendable>: Sendable {
  private var sorted: [Element]
  /// How many of these are taken.
  private var taken = 0
  private var elements: [Element] = []

  init(_ sorted: [Element] = []) { self.sorted = sorted }

  var isEmpty: Bool { sorted.isEmpty && elements.isEmpty }
  var count: Int { sorted.count - taken + elements.count }
  var first: Element? {
    guard !sorted.isEmpty else { return elements.first }
    guard let added = elements.first, added < sorted[taken] else { return sorted[taken] }
    return added
  }

  var unordered: [Element] { sorted[taken...] + elements }

  mutating func insert(_ element: Element) {
    elements.append(element)
    var child = elements.count - 1
    while child > 0 {
      let parent = (child - 1) / 2
      if elements[parent] <= elements[child] { break }
      elements.swapAt(parent, child)
      child = parent
    }
  }

  mutating func popFirst() -> Element? {
    guard let first else { return nil }
    if !sorted.isEmpty, first == sorted[taken] {
      taken += 1
      if taken == sorted.count { (sorted, taken) = ([], 0) }
      return first
    }
    elements.swapAt(0, elements.count - 1)
    elements.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < elements.count && elements[child] < elements[least] { least = child }
      if least == parent { break }
      elements.swapAt(parent, least)
      parent = least
    }
    return first
  }

  mutating func removeAll() { self = Heap() }
}

/// Node and unit numbers, smallest first.
typealias MinHeap = Heap<Int>
