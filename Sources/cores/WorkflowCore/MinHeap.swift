/// A binary heap: `popFirst` takes the smallest.
struct Heap<Element: Comparable & Sendable>: Sendable {
  private var elements: [Element]

  init(_ sorted: [Element] = []) { elements = sorted }

  var isEmpty: Bool { elements.isEmpty }
  var count: Int { elements.count }
  var first: Element? { elements.first }
  var unordered: [Element] { elements }

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
    guard let first = elements.first else { return nil }
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

  mutating func removeAll() { elements.removeAll() }
}

/// Node and unit numbers, smallest first.
typealias MinHeap = Heap<Int>
