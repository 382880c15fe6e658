package import ArgoServer
package import Contracts
internal import JSONValue
internal import KubeAPI
package import KubeModel

/// The HTTP interface of Argo Workflows: one table of routes, with the conventions that all of them have in common.
///
/// Handlers block; the server calls them on threads that may.
package final class ArgoAPI: RouteProviding {
  package let routes: [ServedRoute]
  package let headers: [(name: String, value: String)]
  private let identification: ArgoIdentification

  /// - Parameter authenticator: knows bearer tokens.
  package convenience init(
    services: ArgoServices, information: ServerInformation, authenticator: any Authenticating, settings: ArgoSettings
  ) {
    self.init(table: ArgoTable.routes(services, information, settings), authenticator: authenticator, settings: settings)
  }

  /// - Parameter table: all rows, or those of some subjects.
  init(table: [ArgoRoute], authenticator: any Authenticating, settings: ArgoSettings) {
    identification = ArgoIdentification(settings, authenticator: authenticator)
    headers = ArgoHeaders.ofEveryAnswer(settings)
    let types = MessageTypes(ArgoTable.types)
    let allowances = RequestAllowances(perSecond: settings.requestsPerSecond)
    routes =
      table.map { route in
        let exchange = ArgoExchange(route: route, types: types, allowances: allowances, settings: settings)
        var keeping = ServedRoute.BodyKeeping.memory()
        if case .bytes(let wanted) = route.body { keeping = wanted }
        return ServedRoute(route.method, route.pattern, route.access, body: keeping) { request throws(KubeStatus) in
          try exchange.answer(request)
        }
      } + ArgoHeaders.preflights(table, settings) + DocumentRoutes(table, types: types, version: settings.version).routes
  }

  package func authenticate(_ request: UnadmittedRequest) throws(KubeStatus) -> UserInfo? { try identification.user(of: request) }

  /// Core kinds of Kubernetes that this server does not have, and its old paths of watches.
  private static let absentKinds: Set<String> = [
    "bindings", "componentstatuses", "limitranges", "podtemplates", "replicationcontrollers", "resourcequotas", "proxy", "watch",
  ]
  private static let kubernetes = Set(BuiltInCatalog.kinds.filter { $0.kind.group.isEmpty }.map(\.kind.plural)).union(absentKinds)

  /// Below `/api/v1` all is Argo's that is not Kubernetes'.
  package func owns(_ path: [String]) -> Bool {
    path.count >= 3 && path[0] == "api" && path[1] == "v1" && !Self.kubernetes.contains(path[2])
  }

  package func reply(to failure: KubeStatus, path: String) -> ServedReply {
    ServedReply(.object(failure.argoError), status: failure.argoStatus, failure: failure)
  }
}

/// How the interface is set up.
package struct ArgoSettings: Sendable {
  package var modes: Set<AuthMode> = [.client]
  /// For whom requests are done that show no token, with ``AuthMode/server``.
  package var serverUser = UserInfo(name: "system:serviceaccount:argo:argo-server")
  /// Requests a second of one address.
  package var requestsPerSecond = 1000
  /// The web page that may read answers in a browser (`*`: all); empty: only this server's own.
  package var allowedOrigin = ""
  /// Names by which clients may call this server without a token, beside the loopback's: what a page of another site makes a browser send has other ones.
  package var hosts: Set<String> = []
  /// Any name will do, since the server was told to serve everybody.
  package var servesEveryHost = false
  /// The only namespace that is shown; empty: all.
  package var managedNamespace = ""
  /// Whether other pages may show answers in a frame (`X-Frame-Options`); empty: nothing is said.
  package var frameOptions = "DENY"
  /// The largest file that may be uploaded as an artifact, with the form around it, in bytes.
  package var uploadLimit = 1 << 30
  /// What `argo-version` says.
  package var version = ""
  package init() {}
}

/// Whose rights decide about a request (Argo: `--auth-mode`).
package enum AuthMode: String, Sendable, Hashable, CaseIterable {
  /// The sender's, whom a token or a certificate shows.
  case client
  /// The server's own; no token is needed.
  case server
}
