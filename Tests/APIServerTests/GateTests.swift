import Basics
import Contracts
import JSONValue
import KubeAPI
import KubeModel
import ServerKit
import Synchronization
import Testing

@testable import APIServer

/// Refuses everything and remembers what was asked.
private final class Refuser: Authorizing {
  let asked = Mutex<[String]>([])
  func decide(_ attributes: AccessAttributes) -> AccessDecision {
    asked.withLock {
      $0.append(attributes.path.isEmpty ? "\(attributes.verb) \(attributes.resource)/\(attributes.subresource)" : attributes.path)
    }
    return AccessDecision(isAllowed: false, reason: "")
  }
}

@Suite struct GateTests {
  /// A path for each route of the table, and for each verb and subresource of each kind.
  static func everything() -> [(method: String, path: String)] {
    var result: [(String, String)] = []
    for route in Router.routes {
      let path = route.pattern.replacing("{path...}", with: "pods").replacing("{check}", with: "ping").replacing("{group}", with: "apps")
        .replacing("{version}", with: "v1")
      for method in route.methods { result.append((method, path)) }
    }
    let methods = [
      "create": "POST", "delete": "DELETE", "deletecollection": "DELETE", "get": "GET", "list": "GET", "patch": "PATCH", "update": "PUT",
      "watch": "GET",
    ]
    for kind in Catalog().kinds {
      let base = kind.kind.group.isEmpty ? "/api/\(kind.kind.version)" : "/apis/\(kind.kind.group)/\(kind.kind.version)"
      let place = base + (kind.kind.isNamespaced ? "/namespaces/n/" : "/") + kind.kind.plural
      for verb in kind.verbs {
        let isNamed = ["get", "update", "patch", "delete"].contains(verb)
        result.append((methods[verb] ?? "GET", place + (isNamed ? "/x" : "") + (verb == "watch" ? "?watch=1" : "")))
      }
      for subresource in kind.subresources {
        for verb in subresource.verbs { result.append((methods[verb] ?? "GET", place + "/x/" + subresource.name)) }
      }
    }
    return result
  }

  @Test("no route is reached without the gate: to whom nothing is allowed all is refused but the question whether the server lives")
  func allRoutes() async throws {
    let refuser = Refuser()
    let all = Self.everything()
    #expect(all.count > 200)
    try await withServer(parts: { $0.authorizer = refuser }) { server in
      for (method, path) in all {
        let reply = try await server.call(method, path, token: nil, body: method == "GET" ? "" : "{}")
        if Gate.openPaths.contains(path), method == "GET" {
          #expect(reply.status == 200, "\(method) \(path)")
        } else {
          #expect(reply.status == 403, "\(method) \(path) was answered with \(reply.status): \(reply.text)")
          #expect(reply.message.contains("User \"system:anonymous\" cannot"), "\(method) \(path)")
        }
      }
      #expect(refuser.asked.withLock { $0.count } >= all.count - Gate.openPaths.count)
    }
  }

  @Test("anonymous users learn the version and the health, nothing else") func anonymous() async throws {
    try await withServer { (server: TestServer) async throws in
      #expect(try await server.call("GET", "/version", token: nil).status == 200)
      for path in ["/", "/api", "/apis", "/metrics", "/openapi/v2", "/openapi/v3", "/api/v1/namespaces", "/no/such/path"] {
        #expect(try await server.call("GET", path, token: nil).status == 403, "\(path)")
      }
    }
  }

  @Test(
    "credentials that are not good are refused in the same words",
    arguments: ["Bearer x", "Bearer ", "Bearer", "Basic YTpi", "Bearer a.b.c", "nonsense"])
  func badCredentials(header: String) async throws {
    try await withServer { server in
      let reply = try await server.call("GET", "/api", token: nil, headers: [("Authorization", header)])
      #expect(reply.status == 401)
      #expect(reply.reason == "Unauthorized")
      #expect(reply.message == "Unauthorized")
    }
  }

  @Test("rights decide: what a role allows goes, its neighbour does not") func roles() async throws {
    try await withServer { server in
      let refused = try await server.call("GET", "/api/v1/namespaces/n/configmaps", token: "user-bob")
      #expect(refused.status == 403)
      #expect(
        refused.message == #"configmaps is forbidden: User "bob" cannot list resource "configmaps" in API group "" in the namespace "n""#)
      let rbac = "/apis/rbac.authorization.k8s.io/v1/namespaces/n"
      _ = try await server.call(
        "POST", rbac + "/roles",
        body: #"{"metadata":{"name":"r"},"rules":[{"apiGroups":[""],"resources":["configmaps"],"verbs":["list"]}]}"#)
      let bound = try await server.call(
        "POST", rbac + "/rolebindings",
        body:
          #"{"metadata":{"name":"b"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"Role","name":"r"},"subjects":[{"kind":"User","name":"bob","apiGroup":"rbac.authorization.k8s.io"}]}"#
      )
      #expect(bound.status == 201, "\(bound.text)")
      #expect(try await server.call("GET", "/api/v1/namespaces/n/configmaps", token: "user-bob").status == 200)
      #expect(try await server.call("GET", "/api/v1/namespaces/n/configmaps/x", token: "user-bob").status == 403)
      #expect(try await server.call("GET", "/api/v1/configmaps", token: "user-bob").status == 403)
    }
  }

  @Test("a user acts as another only by right, and the audit names both") func impersonation() async throws {
    try await withServer { server in
      let denied = try await server.call("GET", "/api", token: "user-bob", headers: [("Impersonate-User", "ann")])
      #expect(denied.status == 403)
      #expect(denied.message.contains("cannot impersonate resource \"users\""))
      let who = try await server.call(
        "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", headers: [("Impersonate-User", "ann"), ("Impersonate-Group", "team")],
        body: "{}")
      #expect(who.json.at("status", "userInfo", "username")?.string == "ann")
      let records = server.audit.all
      #expect(records.contains { $0.user == "ann" && $0.impersonator == "admin" })
      #expect(try await server.call("GET", "/api", headers: [("Impersonate-Group", "team")]).status >= 400)
    }
  }

  @Test("a user who asks too often is told to wait; an administrator is not") func rates() async throws {
    try await withServer({ ($0.requestsPerSecond, $0.requestBurst) = (0.001, 3) }) { server in
      var codes: [Int] = []
      for _ in 0..<5 { codes.append(try await server.call("GET", "/version", token: "user-bob").status) }
      #expect(codes == [200, 200, 200, 429, 429])
      let refused = try await server.call("GET", "/version", token: "user-bob")
      #expect(refused["retry-after"] == "1")
      for _ in 0..<10 { #expect(try await server.call("GET", "/version").status == 200) }
    }
  }

  @Test("a user has a bounded number of streams") func streams() async throws {
    try await withServer({ $0.streamsPerUser = 2 }) { server in
      let port = server.port
      let clients = try await onThread {
        try (0..<2).map { _ in
          let client = try RawClient(port: port)
          client.send("GET /api/v1/pods?watch=1 HTTP/1.1\r\nHost: t\r\nAuthorization: Bearer admin\r\n\r\n")
          _ = try client.read { $0.contains("200 OK") }
          return client
        }
      }
      #expect(try await server.call("GET", "/api/v1/pods?watch=1").status == 429)
      #expect(clients.count == 2)
    }
  }
}
