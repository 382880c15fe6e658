import Basics
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import NodeService

/// A listener on a port of the loopback address that the system chose. Answers one connection at a time.
private final class Listener: Sendable {
  let port: UInt16
  private let descriptor: Int32
  private let thread: OSThread?

  init(answer: String? = nil) {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        _ = bind(descriptor, pointer, length)
        listen(descriptor, 8)
        getsockname(descriptor, pointer, &length)
      }
    }
    port = UInt16(bigEndian: address.sin_port)
    self.descriptor = descriptor
    thread = answer.map { answer in
      startThread(name: "listener") {
        while true {
          let connection = accept(descriptor, nil, nil)
          guard connection >= 0 else { return }
          var buffer = [UInt8](repeating: 0, count: 1024)
          _ = recv(connection, &buffer, buffer.count, 0)
          let bytes = Array(answer.utf8)
          _ = send(connection, bytes, bytes.count, Int32(MSG_NOSIGNAL))
          close(connection)
        }
      }
    }
  }

  func stop() {
    shutdown(descriptor, Int32(SHUT_RDWR))
    thread?.join()
    close(descriptor)
  }
}

@Suite struct ReadinessTests {
  @Test("a port that accepts is ready, by number or by the container's name for it") func tcp() {
    let listener = Listener()
    defer { listener.stop() }
    #expect(ReadinessProbe(["tcpSocket": ["port": .int(Int64(listener.port))]]).wait { false })
    let ports: [JSON] = [["name": "http", "containerPort": .int(Int64(listener.port))]]
    #expect(ReadinessProbe(["tcpSocket": ["port": "http"]], ports: ports).wait { false })
  }

  @Test("an HTTP answer below 400 is ready, another is not", arguments: [("200 OK", true), ("302 Found", true), ("503 Busy", false)])
  func http(_ status: String, _ isReady: Bool) {
    let listener = Listener(answer: "HTTP/1.0 \(status)\r\n\r\n")
    defer { listener.stop() }
    let asked = Mutex(0)
    let probe = ReadinessProbe(["periodSeconds": 1, "httpGet": ["path": "/x", "port": .int(Int64(listener.port))]])
    // Over after the first check.
    let result = probe.wait {
      asked.withLock { count in
        count += 1
        return count > 3
      }
    }
    #expect(result == isReady)
  }

  @Test("a probe ends with its pod") func over() {
    let listener = Listener()
    let port = listener.port
    listener.stop()
    let calls = Mutex(0)
    #expect(
      !ReadinessProbe(["tcpSocket": ["port": .int(Int64(port))]]).wait {
        calls.withLock { count in
          count += 1
          return count > 5
        }
      })
  }

  @Test("a daemon is ready when its probe passes, and its probing thread ends with the service") func daemon() async throws {
    let listener = Listener()
    defer { listener.stop() }
    try await Bench.with { bench in
      var spec = Bench.simple
      spec["containers"] = [
        [
          "name": "main", "image": "alpine", "command": ["serve"],
          "readinessProbe": ["periodSeconds": 1, "initialDelaySeconds": 1, "tcpSocket": ["port": .int(Int64(listener.port))]],
        ]
      ]
      try bench.create("d", spec: spec, template: ["daemon": true])
      try bench.create("e", spec: container(["readinessProbe": ["tcpSocket": ["port": 1]]]), template: ["daemon": true])
      try await bench.started("d")
      try await bench.started("e")
      for pod in ["d", "e"] {
        bench.runner.tell(pod, Bench.report([("main", nil)]))
        try await bench.reaches(pod, "Running")
      }
      #expect(try bench.status("e")["containerStatuses"]?[0]?["ready"] == false)
      try await eventually("ready") { try bench.status("d")["containerStatuses"]?[0]?["ready"] == true }
      #expect(try bench.status("d")["conditions"] == [["type": "Ready", "status": "True"]])
    }
  }
}
