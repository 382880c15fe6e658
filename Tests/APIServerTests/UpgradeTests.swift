import Contracts
import KubeAPI
import ServerKit
import Testing

@testable import APIServer

/// Requests that ask for another protocol and do not get it.
@Suite struct UpgradeTests {
  static let webSocket =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
  static let spdy = "Connection: Upgrade\r\nUpgrade: SPDY/3.1\r\nX-Stream-Protocol-Version: v4.channel.k8s.io\r\n"

  @Test(
    "who asks for another protocol and does not get it has the answer of any other request, and then the connection's end",
    arguments: [
      ("GET /version", "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n", "200 OK", "\"major\""),
      ("GET /version", webSocket, "200 OK", "\"major\""),
      ("GET /version", spdy, "200 OK", "\"major\""),
      ("GET /api/v1/namespaces/n/pods/none/exec?command=ls&stdout=1", webSocket, "404 Not Found", "pods \\\"none\\\" not found"),
      ("POST /api/v1/namespaces/n/pods/none/exec?command=ls&stdout=1", spdy, "404 Not Found", "pods \\\"none\\\" not found"),
      ("POST /api/v1/namespaces/n/pods/none/portforward", spdy, "404 Not Found", "could not find the requested resource"),
      ("GET /api/v1/namespaces/n/pods/none/exec?stdout=1", webSocket, "400 Bad Request", "at least one command"),
      ("GET /api/v1/namespaces/n/pods/none/exec?command=ls&stdout=1", "Upgrade: websocket\r\n", "404 Not Found", "not found"),
    ])
  func refused(_ line: String, _ headers: String, _ status: String, _ words: String) async throws {
    try await withServer { server in
      let port = server.port
      let text = try await onThread {
        let client = try RawClient(port: port)
        client.send("\(line) HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer admin\r\n\(headers)\r\n")
        return String(decoding: client.readAll(), as: UTF8.self)
      }
      #expect(text.hasPrefix("HTTP/1.1 \(status)\r\n") && text.contains(words), "\(text)")
    }
  }

  @Test("who may not is told so at once, and it is recorded") func forbidden() async throws {
    try await withServer { server in
      let port = server.port
      let text = try await onThread {
        let client = try RawClient(port: port)
        client.send("POST /api/v1/namespaces/n/pods/p/exec?command=ls&stdout=1 HTTP/1.1\r\nHost: t\r\n\(Self.spdy)\r\n")
        return String(decoding: client.readAll(), as: UTF8.self)
      }
      #expect(text.hasPrefix("HTTP/1.1 403 ") || text.hasPrefix("HTTP/1.1 401 "), "\(text)")
      let records = server.audit.all
      #expect(records.count == 1 && records[0].status >= 401, "\(records)")
    }
  }

  @Test("a body that comes with such a request is read, and a later request of the connection may ask too") func bodies() async throws {
    try await withServer { server in
      let port = server.port
      let body = #"{"metadata":{"name":"c"}}"#
      let text = try await onThread {
        let client = try RawClient(port: port)
        client.send("GET /version HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer admin\r\n\r\n")
        _ = try client.read { $0.contains("\"major\"") }
        client.send(
          "POST /api/v1/namespaces/n/configmaps HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer admin\r\nContent-Type: application/json\r\n"
            + "Connection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)")
        return String(decoding: client.readAll(), as: UTF8.self)
      }
      #expect(text.hasPrefix("HTTP/1.1 201 Created\r\n"), "\(text)")
    }
  }
}
