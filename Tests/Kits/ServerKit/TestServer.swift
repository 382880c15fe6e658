import APIServer
import AccessService
import Basics
import Contracts
import Glibc
import Identity
import JSONValue
import KubeAPI
import KubeModel
import ResourceDB
import ResourceService
import Synchronization

/// Tokens `admin` (nobody's rules bind it) and `user-NAME`; all else is the real service's business.
package struct TestUsers: Authenticating {
  let access: AccessService

  package func authenticate(_ credential: Credential) throws(KubeStatus) -> UserInfo {
    guard case .bearer(let token) = credential else { return try access.authenticate(credential) }
    if token == "admin" { return UserInfo(name: "admin", groups: [UserInfo.mastersGroup, "system:authenticated"]) }
    if token.hasPrefix("user-") { return UserInfo(name: String(token.dropFirst(5)), groups: ["system:authenticated"]) }
    return try access.authenticate(credential)
  }
}

/// The kinds that every server has.
package struct FixedCatalog: CatalogProviding {
  package let catalog: any KindCatalog = Catalog()
  package init() {}
}

/// Keeps what was recorded.
package final class AuditRecords: AuditRecording {
  private let records = Mutex<[AuditRecord]>([])
  package func record(_ record: AuditRecord) { records.withLock { $0.append(record) } }
  package var all: [AuditRecord] { records.withLock { $0 } }
}

/// A server over real services on a free port of the loopback, without TLS unless that is asked for.
package final class TestServer: Sendable {
  package let directory: String
  package let store: ResourceDatabase
  package let resources: ResourceService
  package let access: AccessService
  package let identity: ServerIdentity
  package let api: APIServer
  package let port: Int
  package let audit = AuditRecords()

  package init(
    _ change: (inout APISettings) -> Void = { _ in }, parts changeParts: (inout APIParts) -> Void = { _ in }, hasTLS: Bool = false,
    fileSystem: String? = nil
  ) async throws {
    let opened = try await onThread { try Opened(fileSystem: fileSystem) }
    (directory, store, identity, access, resources) = (opened.directory, opened.store, opened.identity, opened.access, opened.resources)
    let catalog = FixedCatalog()
    var parts = APIParts(
      resources: resources, kinds: catalog, authenticator: TestUsers(access: access), authorizer: access, impersonator: access,
      reviews: access)
    parts.audit = audit
    parts.auditPolicy = .all
    changeParts(&parts)
    var settings = APISettings()
    settings.port = 0
    // A test process that computes on all its threads must not be taken for a slow client.
    (settings.headSeconds, settings.bodySeconds, settings.stallSeconds) = (120, 120, 120)
    change(&settings)
    api = APIServer(
      parts: parts, settings: settings, identity: hasTLS ? try Self.certificate(identity, ["127.0.0.1"]) : nil, log: AccessLog(level: .none)
    )
    port = try await api.start()
  }

  /// What blocks while it begins.
  private struct Opened: Sendable {
    let directory: String
    let store: ResourceDatabase
    let identity: ServerIdentity
    let access: AccessService
    let resources: ResourceService

    init(fileSystem: String?) throws {
      var template = Array("/tmp/argosy-api-XXXXXX".utf8CString)
      guard let made = mkdtemp(&template) else { throw TestFailure(message: "mkdtemp: \(String(cString: strerror(errno)))") }
      directory = String(cString: made)
      var settings = ResourceDatabaseSettings()
      settings.fileSystem = fileSystem
      // As the server has it: without, a watch that begins while something changes is sent back to its list.
      settings.history = HistoryLimits()
      store = try ResourceDatabase(file: directory + "/argosy.db", settings: settings)
      identity = try ServerIdentity(KeyDirectory(directory + "/keys"))
      access = AccessService(store: store, signing: identity.tokens, certificates: identity.clients)
      try access.start()
      let catalog = FixedCatalog()
      resources = ResourceService(store: store, kinds: { catalog.catalog }, admitters: [access])
      try store.create(
        Resource(.namespace, json: ["metadata": ["name": "n"], "spec": ["finalizers": ["kubernetes"]], "status": ["phase": "Active"]]))
    }
  }

  /// A certificate for these names.
  package static func certificate(_ identity: ServerIdentity, _ names: [String]) throws -> TLSIdentity {
    try identity.prepareServerCertificate(names: names)
    return TLSIdentity(
      chain: try LocalFiles.read(identity.directory.serverCertificate), key: try LocalFiles.read(identity.directory.serverKey))
  }

  package func stop() async {
    await api.stop(seconds: 2)
    try? await onThread { [self] in
      resources.stop()
      access.stop()
      store.close()
      LocalFiles.removeTree(directory)
    }
  }

  /// Sends a request and reads its answer. `token` nil: without one.
  package func call(
    _ method: String, _ target: String, token: String? = "admin", headers: [(String, String)] = [], body: String = ""
  ) async throws -> Reply {
    var text = "\(method) \(target) HTTP/1.1\r\nConnection: close\r\n"
    if !headers.contains(where: { $0.0.lowercased() == "host" }) { text += "Host: test\r\n" }
    if let token { text += "Authorization: Bearer \(token)\r\n" }
    for (name, value) in headers { text += "\(name): \(value)\r\n" }
    if !body.isEmpty { text += "Content-Length: \(body.utf8.count)\r\n" }
    return try await exchange(text + "\r\n" + body)
  }

  /// Sends bytes and reads all that comes until the server closes.
  package func exchange(_ text: String) async throws -> Reply {
    let port = port
    return try await onThread {
      let client = try RawClient(port: port)
      client.send(text)
      return try Reply(client.readAll())
    }
  }
}

/// Blocking calls have no place on the pool that serves.
package func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) async throws -> Value {
  try await withCheckedThrowingContinuation { continuation in
    _ = startThread(name: "test client") { continuation.resume(with: Result { try body() }) }
  }
}

/// Runs a test over a server.
package func withServer(
  _ change: (inout APISettings) -> Void = { _ in }, parts: (inout APIParts) -> Void = { _ in }, _ body: (TestServer) async throws -> Void
) async throws {
  let server = try await TestServer(change, parts: parts)
  try await stopping(server.stop) { try await body(server) }
}

/// Stops what a test used, however the test ends.
package func stopping(_ stop: () async -> Void, after body: () async throws -> Void) async throws {
  do {
    try await body()
  } catch {
    await stop()
    throw error
  }
  await stop()
}
