internal import JSONValue
internal import KubeAPI
internal import KubeModel
import NIOCore
import NIOHTTP1

/// What is served, as clients find it out: group by group, or all in one document.
enum DiscoveryRoutes {
  /// The paths of the server, for people.
  @Sendable static func paths(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    var paths: Set<String> = ["/api", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version"]
    for kind in core.parts.kinds.catalog.kinds.map(\.kind) {
      if kind.group.isEmpty {
        paths.insert("/api/\(kind.version)")
      } else {
        paths.formUnion(["/apis/\(kind.group)", "/apis/\(kind.group)/\(kind.version)"])
      }
    }
    return APIAnswer(.ok, ["paths": .array(paths.sorted().map { .string($0) })], try form(request, pretty: true))
  }

  /// `/api`.
  @Sendable static func coreVersions(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    if let answer = try aggregated(request, core, isCore: true) { return answer }
    return APIAnswer(.ok, Discovery.coreVersions(address: request.head.headers.first(name: "host") ?? ""), try form(request))
  }

  /// `/apis`.
  @Sendable static func groups(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    if let answer = try aggregated(request, core, isCore: false) { return answer }
    return APIAnswer(.ok, Discovery.groups(of: core.parts.kinds.catalog), try form(request))
  }

  /// `/apis/<group>`.
  @Sendable static func group(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    guard let document = Discovery.group(request.head.target.segments[1], of: core.parts.kinds.catalog) else {
      throw ResourceRoutes.notFound
    }
    return APIAnswer(.ok, document, try form(request))
  }

  /// `/api/v1` and `/apis/<group>/<version>`.
  @Sendable static func resources(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    let segments = request.head.target.segments
    let group = segments[0] == "api" ? "" : segments[1]
    guard let version = segments.last, let document = Discovery.resources(group: group, version: version, of: core.parts.kinds.catalog)
    else {
      throw ResourceRoutes.notFound
    }
    return APIAnswer(.ok, document, try form(request))
  }

  private static func form(_ request: AdmittedRequest, pretty: Bool = false) throws(KubeStatus) -> DocumentForm {
    try Negotiated.document(request.head.headers, pretty: pretty)
  }

  /// All in one document, when the client likes that best.
  private static func aggregated(_ request: AdmittedRequest, _ core: ServerCore, isCore: Bool) throws(KubeStatus) -> APIAnswer? {
    guard let first = MediaType.accepted(request.head.headers).first, first.parameters["as"] == "APIGroupDiscoveryList",
      first.parameters["g"] == "apidiscovery.k8s.io"
    else { return nil }
    let ranges = MediaType.accepted(request.head.headers)
    let wanted = ranges.lazy.compactMap { range in
      range.parameters["as"] == "APIGroupDiscoveryList" ? AggregatedDiscovery.Form(rawValue: range.parameters["v"] ?? "") : nil
    }
    guard let version = wanted.first else { return nil }
    let document = AggregatedDiscovery.document(version, isCore: isCore, of: core.parts.kinds.catalog)
    return APIAnswer(.ok, headers: ["content-type": version.contentType], body: .bytes(ByteBuffer(bytes: document.bytes(.compact))))
  }
}
