import CommandLine
import Contracts
import Glibc
import JSONValue
import KubeModel
import NodeService
import WorkflowCore
import WorkflowService

/// Carries out the keys that are pressed during a run.
struct RunKeys: Sendable {
  let tracker: RunTracker
  let workflows: WorkflowService
  let tree: LiveTree
  /// Where the state is kept, for going on later.
  let kept: String?

  /// The reader of the keys; nil without a terminal to read from.
  func start() -> KeyReader? {
    let reader = KeyReader { key in press(key) }
    if reader != nil { tree.showKeys(mayDetach: kept != nil) }
    return reader
  }

  private func press(_ key: LiveKey) {
    if tree.press(key) { return }
    switch key {
    case .stop: act(.stop(message: nil), "stopping: exit handlers still run")
    case .terminate: act(.terminate, "terminating")
    case .pause: act(.suspend, "paused: what runs ends, nothing new starts; r resumes")
    case .resume: act(.resume(), "resumed")
    case .detach:
      guard kept != nil else {
        tree.note("q leaves a run only with --state DIR, from where it goes on later")
        return
      }
      tracker.detach()
    case .up, .down, .logs, .back, .help: break
    }
  }

  private func act(_ command: RunCommand, _ note: String) {
    for key in tracker.unfinishedKeys {
      do throws(KubeStatus) {
        try workflows.act(key, command)
        tree.note("\(key.name): \(note)")
      } catch {
        tree.note("\(key.name): \(error.message)")
      }
    }
  }
}

/// The last lines of a pod's log.
struct PodLogTail: Sendable {
  let store: any ResourceStoring
  let node: NodeService

  func lines(podNamed name: String, namespace: String, limit: Int) -> [String] {
    guard let pod = try? store.get(ResourceKey(.pod, namespace: namespace, name: name)) else { return [] }
    let containers = (pod.spec["containers"]?.array ?? []).compactMap { $0["name"]?.string }
    let name = containers.contains("main") ? "main" : containers.first ?? "main"
    return Self.tail(of: "\(node.directory(of: pod))/containers/\(name)/log", limit: limit)
  }

  /// The last lines of a log file, of its last 64 kB.
  static func tail(of path: String, limit: Int) -> [String] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return [] }
    defer { close(descriptor) }
    var information = stat()
    guard fstat(descriptor, &information) == 0 else { return [] }
    let start = max(0, Int(information.st_size) - 65_536)
    var bytes = [UInt8](repeating: 0, count: Int(information.st_size) - start)
    let count = pread(descriptor, &bytes, bytes.count, off_t(start))
    guard count > 0 else { return [] }
    var records = bytes[..<count].split(separator: 0x0A)[...]
    if start > 0 { records = records.dropFirst() }
    var lines: [String] = []
    var partial = ""
    for record in records {
      guard let entry = ContainerLogEntry(record) else { continue }
      partial += entry.text
      if entry.isPartial { continue }
      lines.append(partial)
      partial = ""
    }
    return Array(lines.suffix(limit))
  }
}
