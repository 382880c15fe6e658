/// What is going to happen, earliest first; of the same moment in the order of adding.
struct EventQueue<Element> {
  private struct Entry {
    var time: Int64
    var number: Int
    var element: Element
  }
  private var heap: [Entry] = []
  private var added = 0

  var isEmpty: Bool { heap.isEmpty }

  mutating func add(_ element: Element, at time: Int64) {
    heap.append(Entry(time: time, number: added, element: element))
    added += 1
    var child = heap.count - 1
    while child > 0, isBefore(child, (child - 1) / 2) {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  mutating func next() -> (time: Int64, element: Element)? {
    guard let first = heap.first else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && isBefore(child, least) { least = child }
      if least == parent { break }
      heap.swapAt(parent, least)
      parent = least
    }
    return (first.time, first.element)
  }

  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    (heap[left].time, heap[left].number) < (heap[right].time, heap[right].number)
  }
}
