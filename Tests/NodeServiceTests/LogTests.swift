import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import NodeService

@Suite struct LogTests {
  /// A pod with a container `main` whose log is given, without a running service.
  private func pod(_ bench: Bench, _ log: String, containers: JSON? = nil) throws -> Resource {
    var spec = Bench.simple
    if let containers { spec["containers"] = containers }
    let pod = try bench.create("p", spec: spec)
    try bench.write(log, log: pod)
    return pod
  }

  private func read(_ bench: Bench, _ pod: Resource, _ edit: (inout LogOptions) -> Void = { _ in }) throws -> String {
    var options = LogOptions()
    edit(&options)
    let result = Mutex<[UInt8]>([])
    try bench.node.readLog(of: pod, options) { bytes in
      result.withLock { $0 += bytes }
      return true
    }
    return String(decoding: result.withLock { $0 }, as: UTF8.self)
  }

  private static let log = """
    2026-11-28T10:00:00.000000001Z stdout F one
    2026-11-28T10:00:01.000000000Z stderr F two
    2026-11-28T10:00:02.500000000Z stdout P thr
    2026-11-28T10:00:02.600000000Z stdout F ee
    2026-11-28T10:00:03.000000000Z stdout F four

    """

  @Test("a log is what was printed, with its times where they are wanted; a line in pieces is one line") func plain() throws {
    let bench = try Bench()
    let pod = try pod(bench, Self.log)
    #expect(try read(bench, pod) == "one\ntwo\nthree\nfour\n")
    #expect(try read(bench, pod) { $0.hasTimestamps = true }.split(separator: "\n")[2] == "2026-11-28T10:00:02.500000000Z three")
  }

  @Test("the last lines, those since a time, and so many bytes") func narrowed() throws {
    let bench = try Bench()
    let pod = try pod(bench, Self.log)
    #expect(try read(bench, pod) { $0.tailLines = 2 } == "three\nfour\n")
    #expect(try read(bench, pod) { $0.tailLines = 0 } == "")
    #expect(try read(bench, pod) { $0.tailLines = 100 } == "one\ntwo\nthree\nfour\n")
    #expect(try read(bench, pod) { $0.since = Instant(rfc3339: "2026-11-28T10:00:02Z") } == "three\nfour\n")
    #expect(
      try read(bench, pod) {
        $0.since = Instant(rfc3339: "2026-11-28T12:00:02+02:00"); $0.tailLines = 1
      } == "four\n")
    #expect(try read(bench, pod) { $0.limitBytes = 6 } == "one\ntw")
    #expect(try read(bench, pod) { $0.limitBytes = 18 } == "one\ntwo\nthree\nfour")
    // A line that is being written is a line.
    try bench.write(Self.log + "2026-11-28T10:00:04.000000000Z stdout P fi\n2026-11-28T10:00:04.1", log: pod)
    #expect(try read(bench, pod) { $0.tailLines = 2 } == "four\nfi")
  }

  @Test("the end of a large log is found from behind, however long its lines are", arguments: [1, 999, 3000]) func large(_ count: Int)
    throws
  {
    let bench = try Bench()
    var text = ""
    var lines: [String] = []
    for index in 0..<3000 {
      let line = "\(index)" + String(repeating: "x", count: index % 7 * 300)
      lines.append(line)
      text += "2026-11-28T10:00:00.000000000Z stdout F \(line)\n"
    }
    let pod = try pod(bench, text)
    #expect(try read(bench, pod) { $0.tailLines = count } == lines.suffix(count).map { $0 + "\n" }.joined())
  }

  @Test("a log is read in portions of whole lines with their times, and goes on with what is written later") func portions() throws {
    let bench = try Bench()
    let pod = try pod(bench, Self.log)
    func open(_ edit: (inout LogOptions) -> Void = { _ in }) throws -> any LogCursor {
      var options = LogOptions()
      edit(&options)
      return try #require(try bench.node.openLog(of: pod, options))
    }
    func texts(_ lines: [LogLine]) -> [String] { lines.map { String(decoding: $0.text, as: UTF8.self) } }
    let follower = try open { $0.follows = true }
    let first = follower.next(about: 1 << 16)
    #expect(texts(first) == ["one", "two", "three", "four"])
    #expect(String(decoding: first[2].time, as: UTF8.self) == "2026-11-28T10:00:02.500000000Z")
    #expect(follower.next(about: 1 << 16).isEmpty)
    #expect(texts(try open { $0.tailLines = 2 }.next(about: 1 << 16)) == ["three", "four"])
    #expect(texts(try open { $0.since = Instant(rfc3339: "2026-11-28T10:00:02Z") }.next(about: 1 << 16)) == ["three", "four"])
    #expect(texts(try open { $0.stream = .error }.next(about: 1 << 16)) == ["two"])
    #expect(texts(try open { $0.stream = .output }.next(about: 1 << 16)) == ["one", "three", "four"])
    #expect(texts(try open { $0.limitBytes = 6 }.next(about: 1 << 16)) == ["one", "tw"])
    let reader = try open()
    // The same file goes on; one that reads what was there sees nothing of it.
    let path = try bench.directory("p") + "/containers/main/log"
    let more = "2026-11-28T10:00:04.000000000Z stdout F five\n2026-11-28T10:00:05.000000000Z stdout P si\n"
    let descriptor = LocalFiles.open(path, O_WRONLY | O_APPEND)
    _ = Array(more.utf8).withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    close(descriptor)
    #expect(texts(follower.next(about: 1 << 16)) == ["five"])
    #expect(texts(follower.rest()) == ["si"])
    #expect(follower.rest().isEmpty)
    #expect(texts(reader.next(about: 1 << 16)) == ["one", "two", "three", "four"])
    #expect(reader.next(about: 1 << 16).isEmpty)
    #expect(throws: KubeStatus.self) { try open { $0.container = "other" } }
    #expect(try bench.node.openLog(of: try bench.create("q", spec: Bench.simple), LogOptions()) == nil)
  }

  @Test("portions of a large log are about as large as is asked for") func manyPortions() throws {
    let bench = try Bench()
    let line = "2026-11-28T10:00:00.000000000Z stdout F \(String(repeating: "y", count: 960))\n"
    let cursor = try #require(try bench.node.openLog(of: try pod(bench, String(repeating: line, count: 1000)), LogOptions()))
    var sizes: [Int] = []
    while case let lines = cursor.next(about: 65_536), !lines.isEmpty { sizes.append(lines.count) }
    #expect(sizes.reduce(0, +) == 1000)
    #expect(sizes.allSatisfy { $0 <= 65 })
  }

  @Test("a reader that leaves ends the reading") func leaving() throws {
    let bench = try Bench()
    let pod = try pod(
      bench, String(repeating: "2026-11-28T10:00:00.000000000Z stdout F \(String(repeating: "y", count: 999))\n", count: 2000))
    let pieces = Mutex(0)
    try bench.node.readLog(of: pod, LogOptions()) { _ in
      pieces.withLock { $0 += 1 }
      return false
    }
    #expect(pieces.withLock { $0 } == 1)
  }

  @Test("a follower gets what is printed until the container ends, and a restart ends it too", arguments: [false, true])
  func following(restarts: Bool) async throws {
    let bench = try Bench()
    let pod = try pod(bench, "2026-11-28T10:00:00.000000000Z stdout F first\n")
    let seen = Mutex("")
    let isOver = Mutex(false)
    let thread = startThread(name: "follower") {
      var options = LogOptions()
      options.follows = true
      try? bench.node.readLog(of: pod, options) { bytes in
        seen.withLock { $0 += String(decoding: bytes, as: UTF8.self) }
        return true
      }
      isOver.withLock { $0 = true }
    }
    try await eventually("first") { seen.withLock { $0 } == "first\n" }
    let path = try bench.directory("p") + "/containers/main/log"
    let file = open(path, O_WRONLY | O_APPEND)
    let more = Array("2026-11-28T10:00:01.000000000Z stderr F second\n2026-11-28T10:00:01.000000000Z st".utf8)
    #expect(write(file, more, more.count) == more.count)
    try await eventually("second") { seen.withLock { $0 } == "first\nsecond\n" }
    #expect(!isOver.withLock { $0 })
    let last = Array("dout F third\n".utf8)
    #expect(write(file, last, last.count) == last.count)
    close(file)
    if restarts {
      rename(path, path + ".previous")
      try bench.write("2026-11-28T10:00:09.000000000Z stdout F another run\n", path)
      try await eventually("over") { isOver.withLock { $0 } }
      #expect(try read(bench, pod) { $0.isPrevious = true } == "first\nsecond\nthird\n")
    } else {
      var report = Bench.report([("main", 0)])
      report.isFinished = true
      try bench.write(report.json.text(), try bench.directory("p") + "/status.json")
      try await eventually("over") { isOver.withLock { $0 } }
    }
    thread.join()
    #expect(seen.withLock { $0 } == "first\nsecond\nthird\n")
  }

  @Test("a quiet follower asks whether it is still wanted, and ends when the pod is gone", arguments: [false, true])
  func quiet(isDeleted: Bool) async throws {
    let bench = try Bench()
    let pod = try pod(bench, "")
    if isDeleted { try bench.store.commit([.delete(pod.key)]) }
    var options = LogOptions()
    options.follows = true
    let calls = Mutex(0)
    try bench.node.readLog(of: pod, options) { bytes in
      #expect(bytes.isEmpty)
      calls.withLock { $0 += 1 }
      return false
    }
    #expect(calls.withLock { $0 } == (isDeleted ? 0 : 1))
  }

  @Test("which container is meant, and what has no log, is said in Kubernetes' words") func words() throws {
    let bench = try Bench()
    let two: JSON = [["name": "a", "image": "alpine"], ["name": "b", "image": "alpine"]]
    let pod = try pod(bench, "", containers: two)
    func message(_ pod: Resource, _ edit: (inout LogOptions) -> Void = { _ in }) -> String {
      do {
        return "log: " + (try read(bench, pod, edit))
      } catch let status as KubeStatus {
        #expect(status.reason == .badRequest)
        return status.message
      } catch {
        return "\(error)"
      }
    }
    #expect(message(pod) == "a container name must be specified for pod p, choose one of: [a b]")
    #expect(message(pod) { $0.container = "c" } == "container c is not valid for pod p")
    #expect(message(pod) { $0.container = "b" } == "container \"b\" in pod \"p\" is waiting to start: ContainerCreating")
    #expect(
      message(pod) {
        $0.container = "b"
        $0.isPrevious = true
      } == "previous terminated container \"b\" in pod \"p\" not found")
    var other = pod
    other.setAnnotation("kubectl.kubernetes.io/default-container", "a")
    other.json["spec"]?["initContainers"] = [["name": "i"]]
    #expect(message(other) == "container \"a\" in pod \"p\" is waiting to start: PodInitializing")
  }
}

extension Bench {
  /// Writes the log of a pod's container `main`.
  func write(_ text: String, log pod: Resource) throws { try write(text, node.directory(of: pod) + "/containers/main/log") }
}
