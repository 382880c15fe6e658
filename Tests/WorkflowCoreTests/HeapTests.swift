import Testing

@testable import WorkflowCore

@Suite struct HeapTests {
  @Test("the smallest comes first, of what was given in order and of what was added later", arguments: 1..<40 as Range<UInt64>)
  func order(_ seed: UInt64) {
    var state = seed &* 0x9E37_79B9_7F4A_7C15
    func next(_ bound: Int) -> Int {
      state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
      return Int(state >> 33) % bound
    }
    var model = (0..<next(20)).map { _ in next(50) }.sorted()
    var heap = MinHeap(model)
    for _ in 0..<200 {
      if next(3) == 0 {
        let number = next(50)
        heap.insert(number)
        model.append(number)
        model.sort()
      } else {
        #expect(heap.first == model.first)
        #expect(heap.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
      }
      #expect(heap.count == model.count && heap.isEmpty == model.isEmpty && heap.unordered.sorted() == model)
    }
    heap.removeAll()
    #expect(heap.isEmpty && heap.popFirst() == nil)
  }
}
