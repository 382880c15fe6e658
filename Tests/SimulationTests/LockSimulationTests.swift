import JSONValue
import KubeModel
import Testing

/// Runs that contend for locks: never more holders than may be, nobody passes one that comes before, everything comes to an end and leaves all
/// locks free, whatever is stopped, deleted, changed or forgotten meanwhile.
@Suite struct LockSimulationTests {
  @Test("runs that share locks keep their order and end", arguments: 1...150)
  func contention(_ seed: UInt64) {
    for (crash, command) in [(0, 0), (20, 0), (8, 6)] {
      var world = LockWorld(seed: seed, crashPercent: crash, commandPercent: command)
      do throws(Violation) {
        try world.runToEnd()
      } catch {
        let manifests = world.runs.values.map { $0.workflow.json.text(.pretty) }.joined(separator: "\n---\n")
        Issue.record(
          """
          seed \(seed), crashes \(crash) %, commands \(command) %: \(error)
          --- trace (the last of \(world.trace.count))
          \(world.trace.suffix(40).joined(separator: "\n"))
          --- manifests
          \(manifests)
          """)
      }
    }
  }
}
