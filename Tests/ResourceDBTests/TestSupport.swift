import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import Synchronization

@testable import ResourceDB

extension ResourceDatabase {
  static func forTests(cacheBytes: Int = 1 << 20, history: HistoryLimits? = nil) throws -> ResourceDatabase {
    var settings = ResourceDatabaseSettings()
    settings.cacheBytes = cacheBytes
    settings.history = history
    return try ResourceDatabase(file: ":memory:", settings: settings, now: { Instant(seconds: 1_000_000) })
  }
}

extension Resource {
  static func test(_ name: String, namespace: String = "n", payload: Int = 0) -> Resource {
    var pod = Resource(.pod, json: ["metadata": ["name": .string(name), "namespace": .string(namespace)]])
    if payload > 0 { pod.json["spec"] = ["text": .string(String(repeating: "x", count: payload))] }
    return pod
  }
}

extension NodeRow {
  static func test(_ run: String, _ index: Int) -> NodeRow {
    NodeRow(runUID: run, index: index, id: "\(run)-\(index)", phase: "Running", record: ["status": ["n": .int(Int64(index))]])
  }
}

/// Collects watch events.
final class Recorder: Sendable {
  private let collected = Mutex<[WatchEvent]>([])
  var record: @Sendable ([WatchEvent]) -> Void {
    { events in self.collected.withLock { $0 += events } }
  }
  var events: [WatchEvent] { collected.withLock { $0 } }
}

final class HandleBox: Sendable {
  private let handle = Mutex<(any WatchHandle)?>(nil)
  func set(_ new: any WatchHandle) { handle.withLock { $0 = new } }
  func cancel() { handle.withLock { $0 }?.cancel() }
}

/// A scripted source of random bits: zeros, then a count.
final class Draws: Sendable {
  private let count = Mutex<UInt64>(0)
  func next(zeros: UInt64) -> UInt64 {
    count.withLock { count in
      count += 1
      return count <= zeros ? 0 : count
    }
  }
}

/// A directory that vanishes with the object.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    var template = Array("/tmp/argosy-store-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw KubeStatus(.internalError, "no temporary directory") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit { removeAll(path) }

  var database: String { path + "/data/store.db" }

  private func removeAll(_ path: String) {
    if let directory = opendir(path) {
      while let entry = readdir(directory) {
        let name = withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        if name != ".", name != ".." { removeAll(path + "/" + name) }
      }
      closedir(directory)
      rmdir(path)
    } else {
      unlink(path)
    }
  }
}

func readFile(_ path: String) -> [UInt8]? {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return nil }
  defer { close(descriptor) }
  var result: [UInt8] = []
  var buffer = [UInt8](repeating: 0, count: 65536)
  while true {
    let count = read(descriptor, &buffer, buffer.count)
    guard count > 0 else { return result }
    result += buffer[..<count]
  }
}

func writeFile(_ path: String, _ bytes: [UInt8]) {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
  guard descriptor >= 0 else { return }
  defer { close(descriptor) }
  var offset = 0
  while offset < bytes.count {
    let count = bytes[offset...].withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
    guard count > 0 else { return }
    offset += count
  }
}

/// Runs `body` on several threads of their own and waits for all.
func onThreads(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
  let threads = (0..<count).map { index -> pthread_t in
    let work = Unmanaged.passRetained(ThreadWork { body(index) })
    var thread = pthread_t()
    pthread_create(
      &thread, nil,
      { argument in
        if let argument { Unmanaged<ThreadWork>.fromOpaque(argument).takeRetainedValue().body() }
        return nil
      }, work.toOpaque())
    return thread
  }
  for thread in threads { pthread_join(thread, nil) }
}

private final class ThreadWork: Sendable {
  let body: @Sendable () -> Void
  init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
