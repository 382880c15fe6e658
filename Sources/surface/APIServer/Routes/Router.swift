internal import KubeModel
import NIOHTTP1

/// One row of the table of routes.
struct Route: Sendable {
  typealias Handler = @Sendable (AdmittedRequest, ServerCore) throws(KubeStatus) -> APIAnswer

  /// What it is, for people and for the test that walks all routes: `/openapi/v3/{path...}`.
  let pattern: String
  let methods: [String]
  let handler: Handler
  private let parts: [String]

  init(_ methods: String, _ pattern: String, _ handler: @escaping Handler) {
    self.pattern = pattern
    self.methods = methods.split(separator: " ").map(String.init)
    self.handler = handler
    parts = pattern.split(separator: "/").map(String.init)
  }

  /// Whether the path is the pattern's: `{x}` stands for one segment, `{x...}` for one or more.
  func matches(_ segments: [String]) -> Bool {
    for (index, part) in parts.enumerated() {
      guard index < segments.count else { return false }
      if part.hasPrefix("{") {
        if part.hasSuffix("...}") { return true }
        continue
      }
      guard part == segments[index] else { return false }
    }
    return parts.count == segments.count
  }
}

/// All that is served, in one table: the first route whose pattern matches has the request.
enum Router {
  static let routes: [Route] = [
    Route("GET", "/healthz", HealthRoutes.health),
    Route("GET", "/healthz/{check}", HealthRoutes.health),
    Route("GET", "/livez", HealthRoutes.live),
    Route("GET", "/livez/{check}", HealthRoutes.live),
    Route("GET", "/readyz", HealthRoutes.ready),
    Route("GET", "/readyz/{check}", HealthRoutes.ready),
    Route("GET", "/version", HealthRoutes.version),
    Route("GET", "/metrics", MetricsRoutes.metrics),
    Route("GET", "/openid/v1/jwks", IdentityRoutes.keySet),
    Route("GET", "/.well-known/openid-configuration", IdentityRoutes.configuration),
    Route("GET", "/", DiscoveryRoutes.paths),
    Route("GET", "/api", DiscoveryRoutes.coreVersions),
    Route("GET", "/apis", DiscoveryRoutes.groups),
    Route("GET", "/apis/{group}", DiscoveryRoutes.group),
    Route("GET", "/api/{version}", DiscoveryRoutes.resources),
    Route("GET", "/apis/{group}/{version}", DiscoveryRoutes.resources),
    Route("GET", "/openapi/v2", OpenAPIRoutes.version2),
    Route("GET", "/openapi/v3", OpenAPIRoutes.index),
    Route("GET", "/openapi/v3/{path...}", OpenAPIRoutes.document),
    Route("GET POST PUT PATCH DELETE", "/api/{version}/{path...}", ResourceRoutes.answer),
    Route("GET POST PUT PATCH DELETE", "/apis/{group}/{version}/{path...}", ResourceRoutes.answer),
  ]

  /// Throws `notFound` and `methodNotAllowed` in Kubernetes' words. Blocks.
  static func answer(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    guard let route = routes.first(where: { $0.matches(request.head.target.segments) }) else {
      throw KubeStatus(.notFound, "the server could not find the requested resource", details: .init())
    }
    let method = request.head.method == "HEAD" ? "GET" : request.head.method
    guard route.methods.contains(method) else {
      throw KubeStatus(.methodNotAllowed, "the server does not allow this method on the requested resource", details: .init())
    }
    return try route.handler(request, core)
  }
}
