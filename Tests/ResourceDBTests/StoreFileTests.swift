import Contracts
import Glibc
import JSONValue
import KubeModel
import Testing

@testable import ResourceDB

@Suite struct StoreFileTests {
  private let directory: TemporaryDirectory
  private var file: String { directory.database }

  init() throws { directory = try TemporaryDirectory() }

  private func mode(_ path: String) -> UInt32 {
    var information = stat()
    return stat(path, &information) == 0 ? information.st_mode & 0o777 : 0
  }

  @Test("only the owner may read the file, its log and its directory")
  func permissions() throws {
    let store = try ResourceDatabase(file: file)
    try store.create(.test("a"))
    #expect(mode(file) == 0o600)
    #expect(mode(file + "-wal") == 0o600)
    #expect(mode(file + ".lock") == 0o600)
    #expect(mode(directory.path + "/data") == 0o700)
    store.close()
  }

  @Test("what was committed is there after closing and opening, and revisions go on")
  func reopen() throws {
    let store = try ResourceDatabase(file: file)
    let first = try store.create(.test("a"))
    let second = try store.create(.test("b"))
    try store.commit([.delete(second.key)])
    store.close()
    #expect(throws: KubeStatus.self) { try store.create(.test("c")) }
    #expect(throws: KubeStatus.self) { try store.list(.pod, namespace: nil, labels: .everything) }
    let again = try ResourceDatabase(file: file)
    #expect(try again.list(.pod, namespace: nil, labels: .everything) == [first])
    #expect(try again.create(.test("b")).resourceVersion == 4)
  }

  @Test("what was committed is there after a crash that left all in the log; a torn end of the log loses whole commits only")
  func crash() throws {
    let store = try ResourceDatabase(file: file)
    for number in 0..<20 {
      let run = RunRow(uid: "r\(number)", namespace: "n", name: "w", header: [:], isFinished: false)
      try store.commit([.create(.test("p-\(number)", payload: 3000)), .putRun(run), .putNode(.test("r\(number)", 0))])
    }
    // A copy of the files while they are open is what a crash leaves behind.
    let database = try #require(readFile(file))
    let log = try #require(readFile(file + "-wal"))
    for (cut, label) in [(0, "whole"), (1, "byte"), (5000, "page"), (log.count / 2, "half"), (log.count, "empty")] {
      let copy = directory.path + "/\(label).db"
      writeFile(copy, database)
      writeFile(copy + "-wal", Array(log.dropLast(cut)))
      let recovered = try ResourceDatabase(file: copy)
      let pods = try recovered.list(.pod, namespace: nil, labels: .everything)
      let runs = try recovered.runs(uid: nil)
      #expect(pods.count == runs.count)
      if cut == 0 { #expect(pods.count == 20) }
      if cut == 1 { #expect(pods.count == 19) }
      for run in runs { #expect(try recovered.nodes(ofRun: run.uid).count == 1) }
      #expect(try recovered.create(.test("after")).resourceVersion == Int64(pods.count + 1))
      recovered.close()
    }
  }

  @Test("a file of a newer version is refused and left alone")
  func newerVersion() throws {
    try ResourceDatabase(file: file).close()
    do {
      let connection = try Connection(file: file, access: .readWrite, busyMilliseconds: 0)
      try connection.execute("PRAGMA user_version = 99")
    }
    let failure = #expect(throws: KubeStatus.self) { _ = try ResourceDatabase(file: file) }
    #expect(failure?.reason == .serviceUnavailable)
    #expect(failure?.message.contains("newer version") == true)
    #expect(failure?.message.contains(file) == true)
  }

  @Test("another program's database is refused and left alone")
  func foreign() throws {
    try DatabaseFile.makeDirectory(of: file)
    try DatabaseFile.make(file)
    do {
      let connection = try Connection(file: file, access: .readWrite, busyMilliseconds: 0)
      try connection.execute("CREATE TABLE t (x)")
    }
    let failure = #expect(throws: KubeStatus.self) { _ = try ResourceDatabase(file: file) }
    #expect(failure?.message.contains("another program") == true)
  }

  @Test("a file that is in use is refused, naming the process")
  func locked() throws {
    let store = try ResourceDatabase(file: file)
    let failure = #expect(throws: KubeStatus.self) { _ = try ResourceDatabase(file: file) }
    #expect(failure?.reason == .serviceUnavailable)
    #expect(failure?.message.contains("process \(getpid())") == true)
    store.close()
    _ = try ResourceDatabase(file: file)
  }

  @Test("whoever is patient gets the file when its owner lets go of it")
  func patient() async throws {
    let store = try ResourceDatabase(file: file)
    let file = file
    let waiting = Task.detached {
      var settings = ResourceDatabaseSettings()
      settings.ownerMilliseconds = 60_000
      return try ResourceDatabase(file: file, settings: settings).file
    }
    try await Task.sleep(for: .milliseconds(30))
    store.close()
    #expect(try await waiting.value == file)
  }

  @Test("a file that is no database is refused with a remedy")
  func garbage() throws {
    try DatabaseFile.makeDirectory(of: file)
    writeFile(file, Array(repeating: 0x41, count: 8192))
    let failure = #expect(throws: KubeStatus.self) { _ = try ResourceDatabase(file: file) }
    #expect(failure?.reason == .internalError)
    #expect(failure?.message.contains("backup") == true)
    #expect(readFile(file)?.count == 8192)
  }

  @Test("damaged pages are an error that names the file, never a trap")
  func damaged() throws {
    var store = try ResourceDatabase(file: file)
    for number in 0..<50 { try store.create(.test("p-\(number)", payload: 3000)) }
    store.close()
    var bytes = try #require(readFile(file))
    for position in 4096..<bytes.count { bytes[position] = 0xA5 }
    writeFile(file, bytes)
    let failure = #expect(throws: KubeStatus.self) {
      store = try ResourceDatabase(file: file)
      _ = try store.list(.pod, namespace: nil, labels: .everything)
    }
    #expect(failure?.reason == .internalError)
    #expect(failure?.message.contains(file) == true)
  }

  @Test("a directory that cannot be made and a path that is a directory are refused")
  func badPaths() throws {
    writeFile(directory.path + "/plain", [])
    try DatabaseFile.makeDirectory(of: file)
    for path in [directory.path + "/plain/store.db", directory.path + "/data"] {
      let failure = #expect(throws: KubeStatus.self) { _ = try ResourceDatabase(file: path) }
      #expect(failure?.reason == .serviceUnavailable)
    }
  }

  @Test("on a full disk nothing is half-written, others in the group are served, and work goes on when there is room")
  func full() throws {
    var settings = ResourceDatabaseSettings()
    settings.maximumPages = 40
    let store = try ResourceDatabase(file: file, settings: settings)
    let small = try store.create(.test("small"))
    let large = Resource.test("large", payload: 300_000)
    let failure = #expect(throws: KubeStatus.self) {
      try store.commit([.create(.test("before")), .create(large), .create(.test("after"))])
    }
    #expect(failure?.reason == .serviceUnavailable)
    #expect(failure?.message.contains("full") == true)
    #expect(failure?.message.contains(file) == true)
    #expect(try store.list(.pod, namespace: nil, labels: .everything) == [small])
    #expect(try store.create(.test("next")).resourceVersion == 2)
    store.close()
  }

  @Test("when a group fails for want of space the requests that fit are stored")
  func fullGroup() throws {
    let connection = try Connection(file: ":memory:", access: .readWrite, busyMilliseconds: 0)
    try Schema.migrate(connection, file: "f")
    try connection.execute("PRAGMA max_page_count = 40")
    let writer = try Writer(connection, file: "f", cache: ResourceCache(limit: 0), durability: .full, random: { 0 })
    let preparation = WritePreparation(now: ResourceDatabase.systemClock, random: ResourceDatabase.systemRandom)
    let requests = try [("a", 0), ("b", 300_000), ("c", 0)].map { [try preparation.prepare(.create(.test($0.0, payload: $0.1)))] }
    let outcome = writer.perform(requests, isDurable: true)
    #expect(outcome.results.map { if case .success = $0 { true } else { false } } == [true, false, true])
    #expect(outcome.changes.map(\.key.name) == ["a", "c"])
  }
}
