import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import Synchronization
import Testing

@testable import NodeService

@Suite struct AttachTests {
  @Test("an attached client gets what is printed, its input goes into the pipe and ends there, and the container's end is told")
  func attach() async throws {
    let bench = try Bench()
    let pod = try bench.create("p", spec: container(["stdin": true, "stdinOnce": true]))
    let place = bench.node.directory(of: pod) + "/containers/main"
    try bench.write("2026-11-28T10:00:00.000000000Z stdout P $ ", log: pod)
    try bench.write("2026-11-28T10:00:00.000000000Z stdout P $ \n", log: pod)
    let status = bench.node.directory(of: pod) + "/status.json"
    try bench.write(Bench.report([("main", nil)]).json.text(), status)
    #expect(mkfifo(place + "/stdin", 0o600) == 0)
    let pipe = open(place + "/stdin", O_RDWR | O_NONBLOCK)
    defer { close(pipe) }
    let seen = Mutex("")
    var request = ExecRequest(command: [])
    request.hasInput = true
    let session = try bench.node.attach(to: pod, request) { event in
      seen.withLock { seen in
        switch event {
        case .standardOutput(let bytes): seen += String(decoding: bytes, as: UTF8.self)
        case .standardError(let bytes): seen += "!" + String(decoding: bytes, as: UTF8.self)
        case .wantsInput: break
        case .ended(let outcome): seen += "\(outcome)"
        }
      }
    }
    try await eventually("prompt") { seen.withLock { $0 } == "$ " }
    session.send(Array("typed".utf8))
    session.send([])
    try await eventually("closed") { LocalFiles.exists(place + "/stdin.closed") }
    var buffer = [UInt8](repeating: 0, count: 64)
    let count = read(pipe, &buffer, buffer.count)
    #expect(String(decoding: buffer[..<max(0, count)], as: UTF8.self) == "typed")
    session.resize(columns: 80, rows: 24)
    #expect(try LocalFiles.read(place + "/size") == Array("80 24".utf8))
    var report = Bench.report([("main", 3)])
    report.isFinished = true
    try bench.write(report.json.text(), status)
    try await eventually("ended") { seen.withLock { $0 } == "$ \(ExecOutcome.exited(0))" }
  }

  @Test("a pod that is over, or a container that has not begun, cannot be attached to") func refusals() throws {
    let bench = try Bench()
    var pod = try bench.create("p")
    func message(_ pod: Resource) -> String {
      do throws(KubeStatus) {
        _ = try bench.node.attach(to: pod, ExecRequest(command: [])) { _ in }
        return ""
      } catch {
        return error.message
      }
    }
    #expect(message(pod) == "container \"main\" in pod \"p\" is waiting to start: ContainerCreating")
    pod.status = ["phase": "Succeeded"]
    #expect(message(pod) == "cannot attach a container in a completed pod; current phase is Succeeded")
  }
}
