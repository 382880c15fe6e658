import CSQLite
import Contracts
import FaultKit
import JSONValue
import KubeModel
import Testing

@testable import ResourceDB

@Suite("A disk that fails for a while")
struct DiskFaultTests {
  /// A disk's fault, and words that the message must have.
  struct Fault: Sendable, CustomTestStringConvertible {
    var action: FaultyDisk.Action
    var code: Int32
    var reason: KubeStatus.Reason
    var words: String
    var testDescription: String { "\(action) gives \(code)" }
  }

  private static let faults = [
    Fault(action: .write, code: SQLITE_FULL, reason: .serviceUnavailable, words: "is full"),
    Fault(action: .write, code: SQLITE_READONLY, reason: .serviceUnavailable, words: "make the file and its directory writable"),
    Fault(action: .write, code: SQLITE_IOERR | (3 << 8), reason: .internalError, words: "check the disk"),
    Fault(action: .sync, code: SQLITE_IOERR | (4 << 8), reason: .internalError, words: "check the disk"),
  ]

  @Test("writers are told the cause, nothing is half stored, readers are served, and work goes on when it is gone", arguments: faults)
  func writing(_ fault: Fault) throws {
    let directory = try TemporaryDirectory()
    let disk = FaultyDisk()
    defer { disk.remove() }
    var settings = ResourceDatabaseSettings()
    settings.fileSystem = disk.name
    settings.history = HistoryLimits()
    settings.checkpointPages = 20
    let store = try ResourceDatabase(file: directory.database, settings: settings)
    let told = Recorder()
    let watch = store.watch([.pod], handler: told.record)
    for number in 0..<10 { try store.create(.test("p\(number)", payload: 5000)) }
    let before = try store.list(.pod, namespace: nil, labels: .everything)
    let revision = store.revision
    disk.fail(fault.action, fault.code)
    for number in 0..<3 {
      let failure = #expect(throws: KubeStatus.self) { try store.commit([.create(.test("late")), .delete(before[number].key)]) }
      #expect(failure?.reason == fault.reason)
      #expect(failure?.message.contains(fault.words) == true && failure?.message.contains(store.file) == true, "\(failure?.message ?? "")")
      #expect(try store.list(.pod, namespace: nil, labels: .everything) == before)
      #expect(store.revision == revision)
    }
    disk.fail(fault.action, nil)
    #expect(try store.create(.test("after")).resourceVersion == revision + 1)
    for number in 0..<10 { try store.commit([.patch(before[number].key, ["spec": ["text": "short"]])]) }
    watch.cancel()
    #expect(told.events.map(\.resource.resourceVersion) == (1...(revision + 11)).map { $0 })
    let after = try store.list(.pod, namespace: nil, labels: .everything)
    store.close()
    let again = try ResourceDatabase(file: directory.database)
    #expect(try again.list(.pod, namespace: nil, labels: .everything) == after)
    again.close()
  }

  @Test("a reader is told that the disk cannot be read, and is served when it can")
  func reading() throws {
    let directory = try TemporaryDirectory()
    let disk = FaultyDisk()
    defer { disk.remove() }
    var settings = ResourceDatabaseSettings()
    settings.fileSystem = disk.name
    settings.cacheBytes = 0
    let store = try ResourceDatabase(file: directory.database, settings: settings)
    let pod = try store.create(.test("p", payload: 5000))
    disk.fail(.read, SQLITE_IOERR | (1 << 8))
    let failure = #expect(throws: KubeStatus.self) { try store.get(pod.key) }
    #expect(failure?.reason == .internalError && failure?.message.contains("check the disk") == true, "\(failure?.message ?? "")")
    disk.fail(.read, nil)
    #expect(try store.get(pod.key) == pod)
    store.close()
  }
}
