import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import AgentService

/// Runs the pods of plugins as plain processes of this machine, without a sandbox: what the node service does otherwise. The token, which a
/// container finds in `/var/run/argo/token`, is in the variable `TOKEN`.
final class FakeKubelet: Sendable {
  private struct State: Sendable {
    var processes: [String: ChildProcess] = [:]
    var started: [String] = []
  }
  private let store: ResourceDatabase
  private let state = Mutex(State())
  private let mailbox = Mailbox<WatchEvent>()
  private let handle = Mutex<(any WatchHandle)?>(nil)
  private let thread = Mutex<OSThread?>(nil)

  init(_ store: ResourceDatabase) {
    self.store = store
    let mailbox = mailbox
    handle.withLock { $0 = store.watch([.pod]) { events in for event in events { mailbox.post(event) } } }
    let started = startThread(name: "fake-kubelet") { [self] in
      while let events = mailbox.takeAll() { for event in events { follow(event) } }
    }
    thread.withLock { $0 = started }
  }

  func stop() {
    handle.withLock { $0.take() }?.cancel()
    mailbox.close()
    thread.withLock { $0.take() }?.join()
    state.withLock { $0.processes = [:] }
  }

  /// Names of the pods that were started.
  var started: [String] { state.withLock { $0.started } }
  var running: [String] { state.withLock { $0.processes.keys.sorted() } }

  /// Ends a pod's process as if it had failed.
  func crash(_ pod: String) throws {
    state.withLock { $0.processes[pod] = nil }
    try tell(pod, ["phase": "Failed", "message": "main: Error (exit code 1)"])
  }

  private func tell(_ pod: String, _ status: JSON) throws {
    try store.commit([.patch(ResourceKey(.pod, namespace: "default", name: pod), ["status": status])])
  }

  private func follow(_ event: WatchEvent) {
    let pod = event.resource
    let isOver = event.change == .deleted || pod.annotation(stopAnnotation) != nil
    let isKnown = state.withLock { $0.processes[pod.name] != nil }
    if isOver {
      state.withLock { $0.processes[pod.name] = nil }
      if isKnown, event.change != .deleted { try? tell(pod.name, ["phase": "Failed", "message": "main: Error (exit code 143)"]) }
      return
    }
    guard !isKnown, pod.status["phase"] == nil, let container = pod.spec["containers"]?[0] else { return }
    let words = ((container["command"]?.array ?? []) + (container["args"]?.array ?? [])).compactMap(\.string)
    let secret = pod.spec["volumes"]?[0]?.at("secret", "secretName")?.string ?? ""
    let token = StoreSecrets(store: store).secret(namespace: pod.namespace, name: secret, key: "token") ?? []
    let process = try? ChildProcess(words, environment: ["TOKEN": String(decoding: token, as: UTF8.self)])
    state.withLock { state in
      state.processes[pod.name] = process
      state.started.append(pod.name)
    }
    try? tell(pod.name, ["phase": "Running"])
  }
}

/// A port that is free now.
func freePort() -> Int {
  let number = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  defer { close(number) }
  var address = sockaddr_in()
  address.sin_family = sa_family_t(AF_INET)
  address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
  var size = socklen_t(MemoryLayout<sockaddr_in>.size)
  withUnsafeMutablePointer(to: &address) { pointer in
    pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      _ = bind(number, $0, size)
      _ = getsockname(number, $0, &size)
    }
  }
  return Int(UInt16(bigEndian: address.sin_port))
}
