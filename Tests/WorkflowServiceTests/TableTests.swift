import ArgoModel
import Basics
import Testing

@testable import WorkflowService

/// The tables of the service's thread, which must not keep what is over.
@Suite struct TableTests {
  @Test("what is due comes in order, each key once and at its last time")
  func due() {
    var queue = DueQueue<Int>()
    for key in 0..<500 { queue.set(key, at: Instant(seconds: Int64(1000 - key))) }
    for key in 0..<499 { queue.set(key, at: Instant(seconds: Int64(key + 1))) }
    for key in 0..<450 { queue.remove(key) }
    #expect(queue.contains(450) && !queue.contains(449))
    #expect(queue.due(at: Instant(seconds: 450)).isEmpty)
    #expect(queue.due(at: Instant(seconds: 499)) == Array(450..<499))
    queue.set(7, at: Instant(seconds: 600))
    #expect(queue.due(at: Instant(seconds: 2000)) == [499, 7])
    #expect(queue.earliest == nil)
    queue.set(1, at: Instant(seconds: 1))
    #expect(queue.earliest == Instant(seconds: 1) && queue.due(at: Instant(seconds: 1)) == [1])
  }

  @Test("memory is given back a while after many rows, not after few, and not again and again")
  func trims() {
    var rhythm = TrimRhythm()
    let start = Instant(seconds: 100)
    rhythm.note(rows: TrimRhythm.rows - 1, at: start)
    #expect(rhythm.next == nil && !rhythm.isDue(at: start + TimeSpan(seconds: 3600)))
    rhythm.note(rows: 1, at: start)
    let due = start + TrimRhythm.pause
    #expect(rhythm.next == due && !rhythm.isDue(at: start))
    // What comes meanwhile moves nothing.
    rhythm.note(rows: 100_000, at: start + TimeSpan(milliseconds: 1))
    #expect(rhythm.next == due && rhythm.isDue(at: due))
    #expect(rhythm.next == nil && !rhythm.isDue(at: due + TrimRhythm.pause))
  }

  @Test("a node's phase is told against the one before")
  func told() {
    var told = ToldPhases()
    #expect(told.update(3, .pending) == nil)
    #expect(told.update(3, .running) == .pending)
    #expect(told.update(0, .succeeded) == nil && told.update(3, .failed) == .running)
    #expect(told.update(-1, .failed) == nil)
  }
}
