import Basics
import Contracts
import JSONValue
import KubeModel
import Synchronization
import Testing

@testable import ResourceDB

@Suite("history after a crash")
struct HistoryCrashTests {
  /// What a killed process leaves is the database and the log as far as it was written. With no fold of the log into the database, a copy of the log at
  /// any moment is what a kill at that moment would have left.
  @Test("a watch that is resumed after a crash tells what came after its revision, without a gap, and what was told before it is true")
  func resume() throws {
    let directory = try TemporaryDirectory()
    var settings = ResourceDatabaseSettings()
    settings.history = HistoryLimits()
    settings.checkpointPages = 1_000_000
    let store = try ResourceDatabase(file: directory.database, settings: settings)
    let told = ChangeRecorder()
    let watch = try store.watch(.pod, after: 0, handler: told.record)
    let images = Mutex<[(file: String, known: Int64)]>([])
    onThreads(4) { thread in
      guard thread == 0 else {
        for round in 0..<120 {
          let key = Resource.test("p\(thread)-\(round % 6)").key
          if round % 11 == 10 {
            _ = try? store.commit([.delete(key)])
          } else if (try? store.commit([.patch(key, ["spec": ["round": .int(Int64(round))]])])) == nil {
            _ = try? store.create(.test(key.name, payload: 200))
          }
        }
        return
      }
      for number in 0..<8 {
        // What a client was told before the crash is durable, so the log has it.
        let known = told.changes.last?.event.resource.resourceVersion ?? 0
        let image = "\(directory.path)/image\(number).db"
        guard let database = readFile(directory.database), let log = readFile(directory.database + "-wal") else { continue }
        writeFile(image, database)
        writeFile(image + "-wal", log)
        images.withLock { $0.append((image, known)) }
      }
    }
    watch.cancel()
    let truth = told.changes
    #expect(truth.map { $0.event.resource.resourceVersion } == (1...store.revision).map { $0 })
    for (image, known) in images.withLock({ $0 }) {
      let revived = try ResourceDatabase(file: image, settings: settings)
      #expect(revived.revision >= known)
      #expect(revived.oldestRevision == 0)
      let end = Int(revived.revision)
      let start = Int(known)
      let resumed = ChangeRecorder()
      try revived.watch(.pod, after: known, handler: resumed.record).cancel()
      #expect(resumed.changes.map(\.event.resource) == truth[start..<end].map(\.event.resource))
      #expect(resumed.changes.map(\.previous) == truth[start..<end].map(\.previous))
      // Revisions are not given out twice with different meanings to those who saw them.
      let next = try revived.create(.test("after"))
      #expect(next.resourceVersion == revived.revision && revived.revision == Int64(end) + 1)
      revived.close()
    }
    store.close()
  }
}
