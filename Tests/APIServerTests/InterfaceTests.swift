import Basics
import Contracts
import Glibc
import JSONValue
import KubeAPI
import KubeModel
import ServerKit
import Synchronization
import Testing

@testable import APIServer

/// An interface of its own, as a module beside the Kubernetes API would bring it.
private struct Library: RouteProviding {
  var routes: [ServedRoute]
  var user: UserInfo?
  var owned: [String]?
  let headers = [(name: "x-library", value: "yes")]

  func authenticate(_ request: UnadmittedRequest) throws(KubeStatus) -> UserInfo? {
    if request.fields["X-Bad"] != nil { throw KubeStatus(.unauthorized, "who is that?") }
    return user
  }

  func owns(_ path: [String]) -> Bool { owned.map { path.starts(with: $0) } ?? false }

  func reply(to failure: KubeStatus, path: String) -> ServedReply {
    ServedReply(["said": .string(failure.message)], status: failure.reason.code, failure: failure)
  }
}

private func echo(_ request: ServedRequest) -> ServedReply {
  ServedReply([
    "path": .object(JSONObject(request.parameters.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
    "user": .string(request.user.name), "body": .string(String(decoding: request.body, as: UTF8.self)),
  ])
}

@Suite struct InterfaceTests {
  @Test("a path finds its route: variables, optional and open ends, methods") func matching() throws {
    func parameters(_ pattern: String, _ path: String) throws -> [String: String]? {
      ServedTable.parameters(pattern.split(separator: "/").map(String.init), try RequestTarget(path).segments)
    }
    #expect(try parameters("/a/{x}/b", "/a/1/b") == ["x": "1"])
    #expect(try parameters("/a/{x}/b", "/a/1") == nil)
    #expect(try parameters("/a/{x}/b", "/a/1/b/c") == nil)
    #expect(try parameters("/a/{x?}", "/a/") == [:])
    #expect(try parameters("/a/{x?}", "/a/b%20c") == ["x": "b c"])
    #expect(try parameters("/a/{x?}", "/a/b/c") == nil)
    #expect(try parameters("/a/{x...}", "/a/b/c") == ["x": "b/c"])
    #expect(try parameters("/a/{x...}", "/a") == nil)
    let table = ServedTable([
      Library(routes: [ServedRoute("GET", "/api/v1/books/{name}", .open) { echo($0) }, ServedRoute("LOCK", "/shelf", .open) { echo($0) }])
    ])
    guard case .route(let match) = table.match("HEAD", try RequestTarget("/api/v1/books/x")) else {
      Issue.record("HEAD is not taken for GET")
      return
    }
    #expect(match.parameters == ["name": "x"])
    guard case .wrongMethod = table.match("POST", try RequestTarget("/api/v1/books/x")) else {
      Issue.record("another method is not told")
      return
    }
    for path in ["/api/v1/pods", "/api/v1/namespaces/x", "/", "/api", "/api/v1/books"] {
      guard case .none = table.match("GET", try RequestTarget(path)) else {
        Issue.record("\(path) was taken")
        return
      }
    }
    let choosy = ServedTable([
      Library(routes: [ServedRoute("GET", "/", .open, accepted: "text/html") { echo($0) }], owned: ["api", "v1", "books"])
    ])
    func isRoute(_ method: String, _ path: String, _ accept: String = "") throws -> Bool {
      if case .route = choosy.match(method, try RequestTarget(path), accept: accept) { return true }
      return false
    }
    #expect(try isRoute("GET", "/", "application/xml, text/html;q=0.9"))
    for accept in ["", "*/*", "application/json", "text/*", "text/html+x"] { #expect(try !isRoute("GET", "/", accept)) }
    // What is not there, in the words of whose it would be.
    #expect(try isRoute("PATCH", "/api/v1/books") && isRoute("GET", "/api/v1/books/x/y"))
    #expect(try !isRoute("GET", "/api/v1/booksellers"))
  }

  @Test("what a route declares is asked of its sender before its handler is called, and failures are told in the interface's words")
  func access() async throws {
    let calls = Mutex(0)
    let handler: ServedRoute.Handler = { request in
      calls.withLock { $0 += 1 }
      return echo(request)
    }
    let library = Library(routes: [
      ServedRoute("GET", "/books/{namespace}/{name}", .resource(verb: "get", group: "x.io", plural: "books"), handler: handler),
      ServedRoute("GET", "/door", .open, handler: handler), ServedRoute("GET", "/desk", .known, handler: handler),
      ServedRoute("LOCK", "/door", .known, handler: handler),
      ServedRoute("GET", "/shelf", .decidedByHandler) { request throws(KubeStatus) in
        try request.authorize("list", group: "x.io", "books", namespace: "n")
        return echo(request)
      },
    ])
    try await withServer(parts: { $0.interfaces = [library] }) { server in
      let book = try await server.call("GET", "/books/n/b%2Bc")
      #expect(book.status == 200)
      #expect(book.headers.contains { $0 == ("x-library", "yes") })
      #expect(try JSON.parse(book.body)["path"] == ["namespace": "n", "name": "b+c"])
      #expect(try await server.call("LOCK", "/door").status == 200)
      #expect(try await server.call("GET", "/door", token: nil).status == 200)
      #expect(try await server.call("GET", "/door", token: "wrong").status == 200)
      let before = calls.withLock { $0 }
      for (path, token, status) in [
        ("/books/n/b", nil, 401), ("/books/n/b", "wrong", 401), ("/desk", nil, 401), ("/desk", "wrong", 401),
        ("/books/n/b", "user-reader", 403),
      ] as [(String, String?, Int)] {
        let reply = try await server.call("GET", path, token: token)
        #expect(reply.status == status, "\(path) \(token ?? "-"): \(reply.text)")
        #expect(try JSON.parse(reply.body)["said"] != nil, "\(reply.text)")
      }
      let refused = try await server.call("GET", "/shelf", token: "user-reader")
      #expect(refused.status == 403 && refused.text.contains("cannot list resource \\\"books\\\" in API group \\\"x.io\\\""))
      let bad = try await server.call("GET", "/desk", headers: [("X-Bad", "1")])
      #expect(bad.status == 401 && bad.text.contains("who is that?"))
      let method = try await server.call("DELETE", "/desk")
      #expect(method.status == 405 && method.text.contains("said"))
      #expect(calls.withLock { $0 } == before)
      // Kubernetes' own routes are as they were.
      #expect(try await server.call("GET", "/api/v1/namespaces").status == 200)
      #expect(try await server.call("LOCK", "/api/v1/namespaces").status == 405)
    }
  }

  @Test("bodies: limits of the route, files that go with the request; answers: files, ranges, streams") func bodies() async throws {
    var template = Array("/tmp/argosy-interface-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { throw TestFailure(message: "mkdtemp") }
    let directory = String(cString: made)
    defer { LocalFiles.removeTree(directory) }
    try LocalFiles.write(Array("0123456789".utf8), to: directory + "/ten")
    try LocalFiles.write(Array("gone".utf8), to: directory + "/temporary")
    let library = Library(routes: [
      ServedRoute("POST", "/small", .known, body: .memory(limit: 4)) { echo($0) },
      ServedRoute("POST", "/file", .known, body: .file(limit: 1000)) { request throws(KubeStatus) in
        guard let path = request.bodyFile, request.body.isEmpty else { throw KubeStatus(.badRequest, "no file") }
        guard let bytes = try? LocalFiles.read(path, limit: 2000) else { throw KubeStatus(.internalError, "cannot be read") }
        return ServedReply(["path": .string(path), "text": .string(String(decoding: bytes, as: UTF8.self))])
      },
      ServedRoute("GET", "/ten", .known) { _ in ServedReply(body: .file(path: directory + "/ten")) },
      ServedRoute("GET", "/part", .known) { _ in ServedReply(206, body: .file(path: directory + "/ten", range: 3..<7)) },
      ServedRoute("GET", "/temporary", .known) { _ in ServedReply(body: .file(path: directory + "/temporary", isTemporary: true)) },
      ServedRoute("GET", "/none", .known) { _ in ServedReply(body: .file(path: directory + "/none")) },
      ServedRoute("GET", "/stream", .known) { _ in
        ServedReply(
          headers: [("content-type", "text/x"), ("evil", "a\r\nset-cookie: b")],
          body: .stream { sink in
            for number in 0..<1000 where !sink.push(Array("line \(number)\n".utf8)) { break }
            sink.finish()
            return nil
          })
      },
    ])
    try await withServer({ $0.uploadDirectory = directory }, parts: { $0.interfaces = [library] }) { server in
      #expect(try await server.call("POST", "/small", body: "1234").status == 200)
      #expect(try await server.call("POST", "/small", body: "12345").status == 413)
      let file = try JSON.parse(try await server.call("POST", "/file", body: "hello").body)
      #expect(file["text"] == "hello")
      let path = try #require(file["path"]?.string)
      #expect(path.hasPrefix(directory) && !LocalFiles.exists(path))
      #expect(try await server.call("POST", "/file", body: String(repeating: "x", count: 1001)).status == 413)
      let ten = try await server.call("GET", "/ten")
      #expect(ten.text.hasSuffix("0123456789") && ten.headers.contains { $0 == ("content-length", "10") })
      let part = try await server.call("GET", "/part")
      #expect(part.status == 206 && String(decoding: part.body, as: UTF8.self) == "3456")
      #expect(try await server.call("GET", "/temporary").text.hasSuffix("gone"))
      #expect(!LocalFiles.exists(directory + "/temporary"))
      #expect(try await server.call("GET", "/none").status == 500)
      let stream = try await server.call("GET", "/stream")
      #expect(stream.text.contains("line 0\n") && stream.text.contains("line 999\n"))
      #expect(!stream.headers.contains { $0.name == "set-cookie" || $0.name == "evil" })
    }
  }
}
