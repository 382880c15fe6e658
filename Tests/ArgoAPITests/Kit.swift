import APIServer
import AccessService
import ArgoServer
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import ResourceService
import ServerKit
import Testing

@testable import ArgoAPI

/// A server that carries rows of the Argo API. There are the namespaces `n` and `argo`.
final class TestArgo: Sendable {
  private let server: TestServer
  var port: Int { server.port }
  var access: AccessService { server.access }
  var store: ResourceDatabase { server.store }
  var resources: ResourceService { server.resources }

  init(
    _ change: (inout ArgoSettings) -> Void = { _ in }, table: @escaping (any ResourceServing, ArgoSettings) -> [ArgoRoute]
  ) async throws {
    var settings = ArgoSettings()
    settings.version = "v0.0.0+test"
    settings.serverUser = AccessGroups.serverUser
    change(&settings)
    let asked = settings
    server = try await TestServer(
      {
        $0.requestsPerSecond = 100_000
        $0.requestBurst = 100_000
      },
      parts: { parts in
        let rows = table(parts.resources, asked)
        parts.interfaces = [ArgoAPI(table: rows, authenticator: parts.authenticator, settings: asked)]
      })
    let store = server.store
    _ = try await onThread {
      try store.create(
        Resource(
          .namespace, json: ["metadata": ["name": "argo"], "spec": ["finalizers": ["kubernetes"]], "status": ["phase": "Active"]]))
    }
  }

  func stop() async { await server.stop() }

  /// Sends a request and reads its answer. `token` nil: without one.
  func call(
    _ method: String, _ target: String, token: String? = "admin", headers: [(String, String)] = [], body: JSON? = nil
  ) async throws -> Reply {
    let hasHost = headers.contains { $0.0.lowercased() == "host" }
    return try await server.call(
      method, target, token: token, headers: hasHost ? headers : [("Host", "localhost")] + headers, body: body?.text() ?? "")
  }

  /// As ``call``, where the answer must have a status.
  @discardableResult func expect(
    _ status: Int, _ method: String, _ target: String, token: String? = "admin", headers: [(String, String)] = [], body: JSON? = nil,
    _ location: SourceLocation = #_sourceLocation
  ) async throws -> Reply {
    let reply = try await call(method, target, token: token, headers: headers, body: body)
    #expect(reply.status == status, "\(method) \(target) \(headers): \(reply.text)", sourceLocation: location)
    return reply
  }

  /// Opens a stream; the caller reads what comes.
  func open(_ target: String, headers: [(String, String)] = []) async throws -> RawClient {
    var head = "GET \(target) HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer admin\r\n"
    for (name, value) in headers { head += "\(name): \(value)\r\n" }
    let (request, port) = (head + "\r\n", port)
    return try await onThread {
      let client = try RawClient(port: port)
      client.send(request)
      return client
    }
  }
}

/// Runs a test over a server with these rows.
func withArgo(
  _ change: (inout ArgoSettings) -> Void = { _ in }, table: @escaping (any ResourceServing, ArgoSettings) -> [ArgoRoute] = frameTable,
  _ body: (TestArgo) async throws -> Void
) async throws {
  let server = try await TestArgo(change, table: table)
  try await stopping(server.stop) { try await body(server) }
}

/// Information, templates and cron workflows.
func frameTable(_ resources: any ResourceServing, _ settings: ArgoSettings) -> [ArgoRoute] {
  let checks = ManifestChecks(resources: resources)
  let information = ServerInformation(version: settings.version, compiler: "swift", platform: "linux/amd64", issuer: "https://issuer") {
    [
      "links": [["name": "a", "scope": "workflow", "url": "https://a"], ["name": "b", "scope": "workflow", "url": "javascript:b"]],
      "navColor": "red",
    ]
  }
  return InfoRoutes.routes(information, settings) + TemplateRoutes.routes(TemplateServer(resources: resources, checks: checks))
    + CronRoutes.routes(CronServer(resources: resources, checks: checks))
}
