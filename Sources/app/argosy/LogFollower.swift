import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import Synchronization

/// Follows the logs of all pods of a run: reads what `argosy-exec` appends to each container's log (CRI format) and hands on whole lines.
final class LogFollower: Sendable {
  private struct Tail: Sendable {
    var label: String
    var path: String
    var offset = 0
    var partial = ""
    var isOver = false
  }

  private let tails = Mutex<[String: Tail]>([:])
  private let isStopped = Mutex(false)
  private let line: @Sendable (_ pod: String, _ line: String) -> Void
  private let handle = Mutex<OSThread?>(nil)

  init(line: @escaping @Sendable (_ pod: String, _ line: String) -> Void) { self.line = line }

  func start() {
    let thread = startThread(name: "logs") { [self] in
      while !isStopped.withLock({ $0 }) {
        readAll()
        usleep(50_000)
      }
      readAll()
    }
    handle.withLock { $0 = thread }
  }

  /// Reads what is left and returns when all is handed on.
  func stop() {
    isStopped.withLock { $0 = true }
    handle.withLock { handle in
      handle?.join()
      handle = nil
    }
  }

  /// Takes up the containers of a pod, or, once it is over, reads it to its end.
  func follow(_ pod: Resource, directory: String) {
    let phase = pod.status["phase"]?.string ?? ""
    let isOver = phase == "Succeeded" || phase == "Failed"
    tails.withLock { tails in
      for container in (pod.spec["initContainers"]?.array ?? []) + (pod.spec["containers"]?.array ?? []) {
        let name = container["name"]?.string ?? "main"
        let path = "\(directory)/containers/\(name)/log"
        if tails[path] == nil { tails[path] = Tail(label: name == "main" ? pod.name : "\(pod.name)/\(name)", path: path) }
        if isOver { tails[path]?.isOver = true }
      }
    }
  }

  private func readAll() {
    let work = tails.withLock { Array($0.values) }
    for tail in work {
      let wasOver = tail.isOver
      var tail = tail
      while read(&tail) {}
      tails.withLock { tails in
        if wasOver {
          tails[tail.path] = nil
        } else {
          tails[tail.path]?.offset = tail.offset
          tails[tail.path]?.partial = tail.partial
        }
      }
    }
  }

  /// Reads one portion; false when there is nothing more now.
  private func read(_ tail: inout Tail) -> Bool {
    let descriptor = open(tail.path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var chunk = [UInt8](repeating: 0, count: 262_144)
    let count = pread(descriptor, &chunk, chunk.count, off_t(tail.offset))
    guard count > 0, let end = chunk[..<count].lastIndex(of: 0x0A) else { return false }
    for record in chunk[...end].split(separator: 0x0A) {
      guard let entry = ContainerLogEntry(record) else { continue }
      tail.partial += entry.text
      if entry.isPartial { continue }
      line(tail.label, tail.partial)
      tail.partial = ""
    }
    tail.offset += end + 1
    return true
  }
}
