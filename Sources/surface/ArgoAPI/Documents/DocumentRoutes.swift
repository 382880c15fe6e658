internal import Contracts
internal import JSONValue
internal import KubeAPI
internal import KubeModel
internal import Synchronization

/// What describes the interface: open to everybody, since it says nothing of what is stored. Each text is made once.
final class DocumentRoutes: Sendable {
  private let table: [ArgoRoute]
  private let types: MessageTypes
  private let version: String
  private let made = Mutex<[String: [UInt8]]>([:])

  init(_ table: [ArgoRoute], types: MessageTypes, version: String) {
    self.table = table
    self.types = types
    self.version = version
  }

  var routes: [ServedRoute] {
    [
      route("/apidocs", "text/html; charset=utf-8") { Array($0.page.utf8) },
      route(APIPage.stylePath, "text/css; charset=utf-8") { _ in Array(APIPage.style.utf8) },
      route("/apidocs/swagger.json", "application/json") { $0.swagger.bytes(.compact) },
      route("/apidocs/openapi.json", "application/json") { $0.document(.openAPI3).bytes(.compact) },
      // Where Argo's server has its own.
      route("/assets/openapi-spec/swagger.json", "application/json") { $0.swagger.bytes(.compact) },
      // For programs it is Kubernetes'.
      route("/", "text/html; charset=utf-8", accepted: "text/html") { _ in Array(APIPage.welcome.utf8) },
    ]
  }

  private var swagger: JSON { document(.swagger2) }
  private var page: String { APIPage(table, document: swagger, version: version).html }

  private func document(_ form: APIDocument.Form) -> JSON {
    APIDocument(table, types: types, form: form, version: version).json
  }

  private func route(
    _ path: String, _ type: String, accepted: String? = nil, _ make: @escaping @Sendable (DocumentRoutes) -> [UInt8]
  ) -> ServedRoute {
    ServedRoute("GET", path, .open, accepted: accepted) { [self] _ throws(KubeStatus) in
      let bytes: [UInt8]
      if let known = made.withLock({ $0[path] }) {
        bytes = known
      } else {
        bytes = make(self)
        made.withLock { $0[path] = bytes }
      }
      return ServedReply(headers: [("content-type", type)] + Self.guards, body: .bytes(bytes))
    }
  }

  /// A browser loads nothing from elsewhere, runs nothing, and shows the page in no frame.
  private static let guards: [(name: String, value: String)] = [
    ("content-security-policy", "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"),
    ("x-frame-options", "DENY"), ("referrer-policy", "no-referrer"),
  ]
}
