import AuditLog
import Basics
import Contracts
import Glibc
import JSONValue
import Testing

/// A directory for one test.
final class TestDirectory: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/argosy-audit-XXXXXX".utf8CString)
    let made = try #require(mkdtemp(&template))
    path = String(cString: made)
  }

  deinit { LocalFiles.removeTree(path) }

  var segments: AuditSegments { AuditSegments(path) }
  var files: [String] { LocalFiles.names(in: path).filter { $0.hasSuffix(".jsonl") } }

  func text(_ name: String) throws -> String { String(decoding: try LocalFiles.read(path + "/" + name), as: UTF8.self) }
  func write(_ text: String, to name: String) throws { try LocalFiles.write(Array(text.utf8), to: path + "/" + name, mode: 0o600) }

  /// All records there are.
  func records(_ filter: AuditFilter = AuditFilter()) throws -> [AuditRecord] {
    var result: [AuditRecord] = []
    try AuditReader.read(segments, filter) { record, _ in result.append(record) }
    return result
  }
}

extension AuditRecord {
  static func test(_ name: String, verb: String = "create", user: String = "ann", seconds: Int64 = 1_000_000) -> AuditRecord {
    var record = AuditRecord(time: Instant(seconds: seconds))
    (record.id, record.user, record.verb, record.resource, record.namespace, record.name) = (
      "id-\(name)", user, verb, "configmaps", "n", name
    )
    (record.path, record.peer, record.agent, record.status) = ("/api/v1/namespaces/n/configmaps", "127.0.0.1", "test", 201)
    return record
  }
}

@Suite struct AuditLogTests {
  /// A log with so many records, in small segments where that is said.
  private func filled(_ directory: TestDirectory, _ count: Int, segmentBytes: Int = 1 << 20, from first: Int = 0) throws {
    var settings = AuditLogSettings()
    settings.segmentBytes = segmentBytes
    let log = try AuditLog(directory: directory.path, settings: settings)
    for number in first..<(first + count) {
      log.record(.test("m\(number)", verb: number % 2 == 0 ? "create" : "delete", user: number % 3 == 0 ? "bob" : "ann"))
      // Small batches, so that segments get full one after the other.
      if number % 10 == 9 { log.flush() }
    }
    log.close()
  }

  @Test("a record comes back with everything that was recorded, also what other programs would have trouble with")
  func roundTrip() throws {
    let directory = try TestDirectory()
    var record = AuditRecord.test("x")
    record.groups = ["team", "system:authenticated"]
    record.impersonator = "admin"
    record.subresource = "scale"
    record.group = "apps"
    record.isDryRun = true
    record.status = 403
    record.message = "line\nbreak \"quoted\", and ,\"hash\":\"0\"} inside \u{1F600}"
    record.agent = "\u{1B}[31mred"
    let log = try AuditLog(directory: directory.path)
    log.record(record)
    log.close()
    #expect(try directory.records() == [record])
    let found = try AuditReader.verify(directory.segments)
    #expect(found.problem == nil && found.records == 1)
  }

  @Test("the chain goes on over segments and restarts, and every hash can be computed from the lines alone")
  func chain() throws {
    let directory = try TestDirectory()
    try filled(directory, 100, segmentBytes: 4000)
    try filled(directory, 50, segmentBytes: 4000, from: 100)
    #expect(directory.files.count > 3)
    let found = try AuditReader.verify(directory.segments)
    #expect(
      found
        == {
          var expected = AuditVerification()
          (expected.records, expected.first, expected.last, expected.head) = (150, 1, 150, found.head)
          return expected
        }())
    #expect(try directory.records().map(\.name) == (0..<150).map { "m\($0)" })
    // Files are their owner's alone.
    var information = stat()
    #expect(stat(directory.path + "/" + directory.files[0], &information) == 0 && information.st_mode & 0o777 == 0o600)
  }

  @Test("the first record that was changed, removed, put in or cut is named", arguments: ["edit", "drop", "insert", "swap", "cut", "file"])
  func tampering(_ kind: String) throws {
    let directory = try TestDirectory()
    try filled(directory, 60, segmentBytes: 6000)
    let name = directory.files[1]
    let first = Int(name.dropFirst(6).prefix(12)) ?? 0
    var lines = try directory.text(name).split(separator: "\n").map(String.init)
    let place = lines.count / 2
    let number = first + place
    switch kind {
    case "edit": lines[place] = lines[place].replacing("\"status\":201", with: "\"status\":200")
    case "drop": lines.remove(at: place)
    case "insert": lines.insert(lines[place - 1], at: place)
    case "swap": lines.swapAt(place, place + 1)
    case "cut": lines[lines.count - 1].removeLast(20)
    default: break
    }
    var text = lines.map { $0 + "\n" }.joined()
    if kind == "cut" { text.removeLast() }
    if kind == "file" { unlink(directory.path + "/" + name) } else { try directory.write(text, to: name) }
    let found = try AuditReader.verify(directory.segments)
    let problem = try #require(found.problem, "\(found)")
    switch kind {
    case "edit": #expect(problem.contains("record \(number) was changed") && problem.contains("\(name), line \(place + 1)"), "\(problem)")
    case "drop": #expect(problem.contains("record \(number + 1) follows on record \(number - 1)"), "\(problem)")
    case "insert": #expect(problem.contains("record \(number - 1) follows on record \(number - 1)"), "\(problem)")
    case "swap": #expect(problem.contains("record \(number + 1) follows on record \(number - 1)"), "\(problem)")
    case "cut": #expect(problem.contains("record \(first + lines.count - 1) is not whole"), "\(problem)")
    default: #expect(problem.contains("follows on record \(first - 1)"), "\(problem)")
    }
  }

  @Test("records of another chain are no replacement, and a hash that was noted before tells of a chain made anew or cut at its end")
  func anchors() throws {
    let directory = try TestDirectory()
    try filled(directory, 20)
    let head = try AuditReader.verify(directory.segments).head
    try filled(directory, 20, from: 20)
    #expect(try AuditReader.verify(directory.segments, expecting: head).problem == nil)
    // The end is cut off: the rest is a good chain.
    let name = directory.files[0]
    let lines = try directory.text(name).split(separator: "\n").map(String.init)
    try directory.write(lines.prefix(15).map { $0 + "\n" }.joined(), to: name)
    #expect(try AuditReader.verify(directory.segments).problem == nil)
    let problem = try AuditReader.verify(directory.segments, expecting: head).problem
    #expect(problem?.contains("is not among records 1 to 15") == true, "\(problem ?? "")")
    // A record of another log in the place of one of this.
    let other = try TestDirectory()
    try filled(other, 20, from: 100)
    var mixed = lines
    mixed[7] = try other.text(other.files[0]).split(separator: "\n").map(String.init)[7]
    try directory.write(mixed.map { $0 + "\n" }.joined(), to: name)
    let broken = try AuditReader.verify(directory.segments).problem
    #expect(broken?.contains("record 8 does not follow on record 7 that is there") == true, "\(broken ?? "")")
  }

  @Test("a record whose write was cut off is taken away at the next opening, and the log says so")
  func torn() throws {
    let directory = try TestDirectory()
    try filled(directory, 5)
    let name = directory.files[0]
    try directory.write(try directory.text(name) + "{\"number\":6,\"prev", to: name)
    try filled(directory, 2, from: 5)
    let records = try directory.records()
    #expect(records.map(\.verb).filter { $0 == "audit-cut" }.count == 1)
    #expect(records.count == 8)
    #expect(try AuditReader.verify(directory.segments).problem == nil)
  }

  @Test("one process writes a log") func lock() throws {
    let directory = try TestDirectory()
    let log = try AuditLog(directory: directory.path)
    defer { log.close() }
    var settings = AuditLogSettings()
    settings.patienceMilliseconds = 50
    #expect { try AuditLog(directory: directory.path, settings: settings) } throws: { "\($0)".contains("is written by another process") }
  }

  @Test("the oldest segments go when the log becomes too large; the rest is a chain, and the log says so")
  func retention() throws {
    let directory = try TestDirectory()
    var settings = AuditLogSettings()
    (settings.segmentBytes, settings.totalBytes) = (4000, 20_000)
    let log = try AuditLog(directory: directory.path, settings: settings)
    for number in 0..<300 {
      log.record(.test("m\(number)"))
      if number % 5 == 4 { log.flush() }
    }
    log.close()
    let size = try directory.files.reduce(0) { try $0 + LocalFiles.read(directory.path + "/" + $1).count }
    #expect(size < 30_000)
    let found = try AuditReader.verify(directory.segments)
    #expect(found.problem == nil && found.first > 1, "\(found)")
    #expect(try directory.records().contains { $0.verb == "audit-trim" })
    try filled(directory, 3, from: 300)
    #expect(try AuditReader.verify(directory.segments).problem == nil)
  }

  @Test("what does not fit into the queue is lost, and the log says how much") func overflow() throws {
    let directory = try TestDirectory()
    var settings = AuditLogSettings()
    settings.queueLimit = 10
    let log = try AuditLog(directory: directory.path, settings: settings)
    for number in 0..<20_000 { log.record(.test("m\(number)")) }
    log.close()
    let records = try directory.records()
    let lost = records.filter { $0.verb == "audit-lost" }
    #expect(!lost.isEmpty)
    let missing = lost.reduce(0) { $0 + (Int(($1.message ?? "").prefix { $0.isNumber }) ?? 0) }
    #expect(records.count - lost.count + missing == 20_000)
    #expect(try AuditReader.verify(directory.segments).problem == nil)
  }

  @Test("filters choose by time, user, verb, resource and namespace") func filters() throws {
    let directory = try TestDirectory()
    let log = try AuditLog(directory: directory.path)
    log.record(.test("a", seconds: 100))
    log.record(.test("b", verb: "delete", user: "bob", seconds: 200))
    var other = AuditRecord.test("c", seconds: 300)
    (other.resource, other.group, other.namespace, other.impersonator) = ("workflows", "argoproj.io", "team", "root")
    log.record(other)
    log.close()
    func names(_ change: (inout AuditFilter) -> Void) throws -> [String] {
      var filter = AuditFilter()
      change(&filter)
      return try directory.records(filter).map(\.name)
    }
    #expect(try names { $0.since = Instant(seconds: 200) } == ["b", "c"])
    #expect(try names { $0.user = "bob" } == ["b"])
    #expect(try names { $0.user = "root" } == ["c"])
    #expect(try names { $0.verb = "delete" } == ["b"])
    #expect(try names { $0.resource = "workflows" } == ["c"])
    #expect(try names { $0.resource = "workflows.argoproj.io" } == ["c"])
    #expect(try names { $0.resource = "workflows.apps" } == [])
    #expect(try names { $0.namespace = "n" } == ["a", "b"])
  }

  @Test("a reader that follows sees records of later segments too") func following() throws {
    let directory = try TestDirectory()
    var settings = AuditLogSettings()
    settings.segmentBytes = 2000
    let log = try AuditLog(directory: directory.path, settings: settings)
    let seen = Mailbox<String>()
    let reader = startThread(name: "follower") {
      var count = 0
      try? AuditReader.read(directory.segments, AuditFilter(), follows: true, isCancelled: { count == 40 }) { record, _ in
        count += 1
        seen.post(record.name)
      }
    }
    for number in 0..<40 {
      log.record(.test("m\(number)"))
      log.flush()
    }
    reader.join()
    log.close()
    #expect(seen.takeAll() == (0..<40).map { "m\($0)" })
  }
}
