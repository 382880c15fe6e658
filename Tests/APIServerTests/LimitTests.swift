import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import ServerKit
import Testing

@testable import APIServer

@Suite struct LimitTests {
  @Test("bodies that are too large are refused, told or untold, before they are read") func bodies() async throws {
    try await withServer({ $0.maximumBody = 10_000 }) { server in
      let path = "/api/v1/namespaces/n/configmaps"
      let large = String(repeating: "x", count: 20_000)
      let told = try await server.call("POST", path, body: large)
      #expect(told.status == 413)
      #expect(told.reason == "RequestEntityTooLarge")
      #expect(told["connection"] == "close")
      let chunked = try await server.exchange(
        "POST \(path) HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer admin\r\nTransfer-Encoding: chunked\r\n\r\n"
          + "4e20\r\n\(large)\r\n0\r\n\r\n")
      #expect(chunked.status == 413)
      // Who may not send one is told so first.
      #expect(try await server.call("POST", path, token: "user-eve", body: large).status == 403)
    }
  }

  @Test("headers and targets have bounds") func heads() async throws {
    try await withServer { server in
      let header = try await server.call("GET", "/version", headers: [("X-Large", String(repeating: "x", count: 100_000))])
      #expect(header.status == 431)
      let many = try await server.call("GET", "/version", headers: (0..<200).map { ("X-\($0)", "1") })
      #expect(many.status == 431)
      let target = try await server.call("GET", "/version?" + String(repeating: "x", count: 20_000))
      #expect(target.status == 414)
      #expect(try await server.call("GET", "/version?" + String(repeating: "a=b&", count: 1000)).status == 400)
    }
  }

  @Test(
    "what is no HTTP is answered and closed",
    arguments: ["nonsense\r\n\r\n", "GET /version\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n"])
  func malformed(text: String) async throws {
    try await withServer { server in
      let reply = try await server.exchange(text)
      #expect(reply.status == 400)
    }
  }

  @Test(
    "tricks with paths are refused",
    arguments: [
      "/api/v1/namespaces/n/configmaps/..", "/api/v1/namespaces/%2e%2e/configmaps", "/api/v1/namespaces/n/configmaps/a%2Fb",
      "/api//v1/namespaces", "/api/v1/namespaces/n/configmaps/%00", "/api/v1/namespaces/n/configmaps/%zz",
      "/api/v1/namespaces/n/configmaps/%ff",
      "/./version", "http://other/version",
    ])
  func paths(path: String) async throws {
    try await withServer { (server: TestServer) async throws in
      #expect(try await server.call("GET", path).status == 400, "\(path)")
      #expect(try await server.call("GET", path, token: nil).status == 400, "\(path)")
    }
  }

  @Test("methods that are not served are refused in Kubernetes' words") func methods() async throws {
    try await withServer { server in
      for (method, path) in [
        ("TRACE", "/version"), ("POST", "/version"), ("OPTIONS", "/api"), ("POST", "/api/v1/namespaces/n/configmaps/a"),
        ("PUT", "/api/v1/namespaces/n/configmaps"),
        ("POST", "/api/v1/configmaps"), ("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
      ] {
        let reply = try await server.call(method, path, body: method == "GET" ? "" : "{}")
        #expect(reply.status == 405, "\(method) \(path): \(reply.text)")
      }
    }
  }

  @Test("documents that are too deep, or none, are refused") func documents() async throws {
    try await withServer { (server: TestServer) async throws in
      let path = "/api/v1/namespaces/n/configmaps"
      let deep = String(repeating: "[", count: 100_000) + String(repeating: "]", count: 100_000)
      #expect(try await server.call("POST", path, body: #"{"metadata":{"name":"x"},"data":\#(deep)}"#).status == 400)
      let nested = String(repeating: "{a: ", count: 2000) + "1" + String(repeating: "}", count: 2000)
      #expect(try await server.call("POST", path, headers: [("Content-Type", "application/yaml")], body: nested).status == 400)
      let bomb =
        "a: &a [x,x,x,x,x,x,x,x,x,x]\n"
        + (0..<9).map { "b\($0): &b\($0) [\(Array(repeating: $0 == 0 ? "*a" : "*b\($0 - 1)", count: 10).joined(separator: ","))]\n" }
        .joined()
      #expect(try await server.call("POST", path, headers: [("Content-Type", "application/yaml")], body: bomb).status == 400)
      for body in ["", "[]", "null", "\"x\"", "{", "{\"a\":1}{"] {
        #expect(try await server.call("POST", path, body: body).status == 400, "\(body)")
      }
    }
  }

  @Test("a connection is kept for further requests, also for some sent at once") func keepAlive() async throws {
    try await withServer { server in
      let port = server.port
      let text = try await onThread {
        let client = try RawClient(port: port)
        let request = "GET /version HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer admin\r\n\r\n"
        client.send(request + request)
        _ = try client.read { $0.components("\"major\"") == 2 }
        client.send(request)
        return try client.read { $0.contains("\"major\"") }
      }
      #expect(text.contains("200 OK"))
    }
  }

  @Test("half a request, a slow one, and a client that says nothing are let go after a while") func slow() async throws {
    try await withServer({ ($0.headSeconds, $0.bodySeconds, $0.idleSeconds) = (1, 1, 1) }) { server in
      let port = server.port
      for start in [
        "", "GET /ver",
        "POST /api/v1/namespaces/n/configmaps HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer admin\r\nContent-Length: 100\r\n\r\n{",
        "GET /version HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer admin\r\n\r\n",
      ] {
        let isClosed = try await onThread {
          let client = try RawClient(port: port, seconds: 30)
          client.send(start)
          while let bytes = client.read() { if bytes.isEmpty { return true } }
          return false
        }
        #expect(isClosed, "\(start)")
      }
    }
  }

  @Test("a watcher that does not read is cut off, and the others go on") func slowWatcher() async throws {
    try await withServer({ ($0.watchBacklog, $0.stallSeconds) = (20, 10) }) { server in
      let port = server.port
      let path = "/api/v1/namespaces/n/configmaps"
      let request = "GET \(path)?watch=1 HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer admin\r\n\r\n"
      let (lazy, eager) = try await onThread {
        let clients = (try RawClient(port: port), try RawClient(port: port))
        for client in [clients.0, clients.1] {
          client.send(request)
          _ = try client.read { $0.contains("\r\n\r\n") }
        }
        return clients
      }
      let value = String(repeating: "x", count: 200_000)
      async let seen = onThread { try eager.read(atLeast: 60 * value.utf8.count) }
      for number in 0..<60 {
        let made = try await server.call("POST", path, body: #"{"metadata":{"name":"c\#(number)"},"data":{"k":"\#(value)"}}"#)
        #expect(made.status == 201)
      }
      #expect(try await String(decoding: seen, as: UTF8.self).components("\"type\":\"ADDED\"") == 60)
      let rest = try #require(try await onThread { lazy.readStream() }, "the stream goes on")
      #expect(String(decoding: rest, as: UTF8.self).components("\"type\":\"ADDED\"") < 60)
    }
  }

  @Test("a watch begins with all that is there, however much, and goes on behind it") func longBeginning() async throws {
    try await withServer({ $0.watchBacklog = 10 }) { server in
      let port = server.port
      let store = server.store
      _ = try await onThread {
        try store.commit(
          (0..<1500).map { .create(Resource(.configMap, json: ["metadata": ["name": .string("c\($0)"), "namespace": "n"]])) })
      }
      let client = try await onThread {
        let client = try RawClient(port: port)
        client.send("GET /api/v1/configmaps?watch=1 HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer admin\r\n\r\n")
        return client
      }
      let beginning = try await onThread { try client.read { $0.components("\"ADDED\"") == 1500 } }
      #expect(!beginning.contains("ERROR"))
      _ = try await server.call("POST", "/api/v1/namespaces/n/configmaps", body: #"{"metadata":{"name":"later"}}"#)
      #expect(try await onThread { try client.read { $0.contains("\"later\"") } }.components("\"ADDED\"") == 1)
    }
  }

  @Test("a watch asked for by HEAD leaves nothing behind") func head() async throws {
    try await withServer { server in
      for _ in 0..<5 { #expect(try await server.call("HEAD", "/api/v1/pods?watch=1").status == 200) }
      let text = try await server.call("GET", "/metrics").text
      #expect(text.contains("\napiserver_longrunning_requests 0\n"))
    }
  }

  @Test("thousands of idle connections do not keep others out, and cost little") func idle() async throws {
    try await withServer { server in
      let port = server.port
      let clients = try await onThread { try (0..<2000).map { _ in try RawClient(port: port) } }
      #expect(try await server.call("GET", "/version").status == 200)
      #expect(clients.count == 2000)
    }
  }

  @Test("a server that stops ends its streams and lets requests finish") func stopping() async throws {
    let server = try await TestServer()
    let port = server.port
    let client = try await onThread {
      let client = try RawClient(port: port)
      client.send("GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer admin\r\n\r\n")
      _ = try client.read { $0.contains("\r\n\r\n") }
      return client
    }
    async let ended = onThread { String(decoding: client.readAll(), as: UTF8.self) }
    await server.stop()
    #expect(try await ended.hasSuffix("0\r\n\r\n"))
  }
}

extension String {
  fileprivate func components(_ text: String) -> Int {
    var count = 0
    var rest = self[...]
    while let range = rest.firstRange(of: text) {
      count += 1
      rest = rest[range.upperBound...]
    }
    return count
  }
}
