internal import KubeAPI
internal import KubeModel
import NIOCore
import NIOHTTP1

/// Whether the server is well, in the texts of Kubernetes' server.
enum HealthRoutes {
  @Sendable static func health(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    try answer("healthz", core.parts.checks, request)
  }

  @Sendable static func live(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    try answer("livez", core.parts.checks.filter(\.isVital), request)
  }

  @Sendable static func ready(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    let stop = core.stop
    return try answer("readyz", core.parts.checks + [HealthCheck("shutdown") { stop.isSet ? "the server is stopping" : nil }], request)
  }

  private static func answer(_ name: String, _ checks: [HealthCheck], _ request: AdmittedRequest) throws(KubeStatus) -> APIAnswer {
    let all = [HealthCheck("ping") { nil }] + checks
    let target = request.head.target
    if target.segments.count > 1 {
      guard let check = all.first(where: { $0.name == target.segments[1] }) else {
        throw KubeStatus(.notFound, "the server could not find the requested resource", details: .init())
      }
      guard let problem = check.problem() else { return APIAnswer(.ok, text: "ok") }
      return APIAnswer(.internalServerError, text: "internal server error: \(problem)\n")
    }
    let excluded = Set(target.query.filter { $0.name == "exclude" }.map(\.value))
    var text = ""
    var isWell = true
    for check in all {
      if excluded.contains(check.name) {
        text += "[+]\(check.name) excluded: ok\n"
      } else if check.problem() != nil {
        // The reason is for the log: everybody may ask here.
        text += "[-]\(check.name) failed: reason withheld\n"
        isWell = false
      } else {
        text += "[+]\(check.name) ok\n"
      }
    }
    guard isWell else { return APIAnswer(.internalServerError, text: text + "\(name) check failed\n") }
    return APIAnswer(.ok, text: target["verbose"] == nil ? "ok" : text + "\(name) check passed\n")
  }

  /// The version of Kubernetes whose API this is; the program's own version is behind the plus sign.
  @Sendable static func version(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    let document = Discovery.version(program: core.parts.version, platform: platform)
    return APIAnswer(.ok, document, try Negotiated.document(request.head.headers, pretty: true))
  }

  private static var platform: String {
    #if arch(arm64)
      "linux/arm64"
    #else
      "linux/amd64"
    #endif
  }
}
