/// The numbers of nodes that have changed. What adding one and taking all costs does not depend on how many were among them before.
struct ChangedNodes: Sendable {
  private var numbers: [Int] = []
  /// By number: whether it is among them.
  private var marks: [Bool] = []

  mutating func insert(_ node: Int) {
    if node >= marks.count { marks.append(contentsOf: repeatElement(false, count: node + 1 - marks.count)) }
    guard !marks[node] else { return }
    marks[node] = true
    numbers.append(node)
  }

  /// All, in ascending order; afterwards there are none.
  mutating func takeAll() -> [Int] {
    for number in numbers { marks[number] = false }
    defer { numbers.removeAll(keepingCapacity: numbers.count < 64) }
    return numbers.count > 1 ? numbers.sorted() : numbers
  }
}
