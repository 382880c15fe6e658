import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import TerraformBackend
import TerraformStateService
import Testing

/// A time that only the test moves.
final class TestClock: Sendable {
  private let value = Mutex(Instant(seconds: 1_800_000_000))
  var now: Instant { value.withLock { $0 } }
  func advance(seconds: Int64) { value.withLock { $0 = $0 + TimeSpan(seconds: seconds) } }
}

/// A password is good when it is `token`.
struct TestAuthentication: Authenticating {
  func authenticate(_ credential: Credential) throws(KubeStatus) -> UserInfo {
    guard credential == .bearer("token") else { throw KubeStatus(.unauthorized, "Unauthorized") }
    return UserInfo(name: "somebody")
  }
}

struct Everything: Authorizing {
  func decide(_ attributes: AccessAttributes) -> AccessDecision { AccessDecision(isAllowed: true, reason: "") }
}

/// The service over a real store, and its routes, called as the server calls them.
struct Backend {
  let store: ResourceDatabase
  let clock = TestClock()
  let service: TerraformStateService
  let routes: TerraformRoutes

  init(retention: TerraformRetention = TerraformRetention()) throws {
    let store = try ResourceDatabase(file: ":memory:")
    self.store = store
    for name in ["team", "other"] { try store.create(Resource(.namespace, json: ["metadata": ["name": .string(name)]])) }
    let clock = clock
    service = TerraformStateService(states: store, objects: store, retention: retention, clock: { clock.now })
    // The sum of the bytes stands for the digest here: that the real one fits Terraform's is shown with Terraform.
    routes = TerraformRoutes(service: service, authenticator: TestAuthentication(), md5: { [$0.reduce(0) { $0 &+ $1 }] })
  }

  struct Answer {
    var status: Int
    var headers: [(name: String, value: String)]
    var bytes: [UInt8]
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var json: JSON { (try? JSON.parse(bytes)) ?? .null }
    subscript(header name: String) -> String? { headers.first { $0.name == name }?.value }
  }

  /// One request; failures become answers as the server makes them.
  func send(
    _ method: String, _ target: String, _ body: String = "", headers: [(name: String, value: String)] = []
  ) -> Answer {
    let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
    let segments = parts[0].split(separator: "/").map(String.init)
    var query: [(name: String, value: String)] = []
    for term in parts.count > 1 ? parts[1].split(separator: "&") : [] {
      let pair = term.split(separator: "=", maxSplits: 1).map(String.init)
      query.append((pair[0], pair.count > 1 ? pair[1] : ""))
    }
    for route in routes.routes where route.method == method {
      let pattern = route.pattern.split(separator: "/").map(String.init)
      guard pattern.first == segments.first, pattern.count == 3 ? segments.count > 2 : pattern.count == segments.count else { continue }
      var parameters: [String: String] = [:]
      if segments.count > 1 { parameters["namespace"] = segments[1] }
      if segments.count > 2 { parameters["name"] = segments[2...].joined(separator: "/") }
      let request = ServedRequest(
        id: "1", method: method, path: parts[0], parameters: parameters, query: query, fields: HeaderFields(headers), peer: "127.0.0.1",
        user: UserInfo(name: "somebody"), body: Array(body.utf8), authorizer: Everything())
      var reply: ServedReply
      do throws(KubeStatus) { reply = try route.handler(request) } catch { reply = routes.reply(to: error, path: parts[0]) }
      guard case .bytes(let bytes) = reply.body else { return Answer(status: 0, headers: [], bytes: []) }
      return Answer(status: reply.status, headers: reply.headers, bytes: bytes)
    }
    return Answer(status: 405, headers: [], bytes: [])
  }

  static func lock(_ id: String) -> String {
    #"{"ID":"\#(id)","Operation":"OperationTypeApply","Who":"me@here","Created":"2026-11-28T00:00:00Z"}"#
  }
  static func state(_ serial: Int, _ secret: String = "x") -> String {
    #"{"version":4,"terraform_version":"1.11.4","serial":\#(serial),"lineage":"l","outputs":{"a":{"value":"\#(secret)"}}}"#
  }
}
