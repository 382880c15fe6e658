import ServerKit
import Testing

@testable import APIServer

@Suite struct ConnectionTideTests {
  private func trims(_ counts: [Int]) -> [Int] {
    var tide = ConnectionTide()
    return counts.indices.filter { tide.isTrimDue(counts[$0]) }
  }

  @Test("memory is given back when many connections are gone, and once more behind the last of them")
  func trimming() {
    #expect(trims([0, 400, 999, 100, 0, 0]) == [], "few are not worth it")
    #expect(trims([5000, 10_000, 10_000, 0, 0, 0]) == [3, 4])
    // Slow ones: each half of many, then the rest, which is no half of many.
    #expect(trims([10_000, 4900, 2400, 1100, 600, 300, 300, 300]) == [1, 2, 3, 5, 6])
    #expect(trims([10_000, 0, 0, 10_000, 0, 0]) == [1, 2, 4, 5])
  }
}
