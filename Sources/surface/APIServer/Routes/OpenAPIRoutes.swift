internal import JSONValue
internal import KubeAPI
internal import KubeModel
import NIOCore
import NIOHTTP1

/// The OpenAPI documents: made once for each set of kinds, and not sent again to who has them.
enum OpenAPIRoutes {
  /// `/openapi/v2`: as JSON, or as the protobuf that kubectl insists on.
  @Sendable static func version2(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    let ranges = MediaType.accepted(request.head.headers)
    let wantsProtobuf = ranges.contains { OpenAPIProtobuf.mediaTypes.contains($0.name) }
    let (catalog, program) = (core.parts.kinds.catalog, core.parts.version)
    return try answer(
      request, core, name: wantsProtobuf ? "v2 protobuf" : "v2",
      contentType: wantsProtobuf ? OpenAPIProtobuf.contentType : "application/json"
    ) {
      let document = OpenAPI.version2(of: catalog, program: program)
      return wantsProtobuf ? OpenAPIProtobuf.encode(document) : document.bytes(.compact)
    }
  }

  /// `/openapi/v3`: where the documents of groups and versions are.
  @Sendable static func index(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    let (catalog, program) = (core.parts.kinds.catalog, core.parts.version)
    return try answer(request, core, name: "v3", contentType: "application/json") {
      OpenAPI.index(of: catalog, program: program).bytes(.compact)
    }
  }

  /// `/openapi/v3/api/v1` and `/openapi/v3/apis/<group>/<version>`.
  @Sendable static func document(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    let place = Array(request.head.target.segments.dropFirst(2))
    let group: String
    switch (place.first, place.count) {
    case ("api", 2): group = ""
    case ("apis", 3): group = place[1]
    default: throw ResourceRoutes.notFound
    }
    let version = place[place.count - 1]
    let (catalog, program) = (core.parts.kinds.catalog, core.parts.version)
    guard catalog.kinds.contains(where: { $0.kind.group == group && $0.kind.version == version }) else { throw ResourceRoutes.notFound }
    return try answer(request, core, name: "v3 \(group)/\(version)", contentType: "application/json") { () throws(KubeStatus) in
      guard let document = OpenAPI.version3(group: group, version: version, of: catalog, program: program) else {
        throw ResourceRoutes.notFound
      }
      return document.bytes(.compact)
    }
  }

  private static func answer(
    _ request: AdmittedRequest, _ core: ServerCore, name: String, contentType: String, make: () throws(KubeStatus) -> [UInt8]
  ) throws(KubeStatus) -> APIAnswer {
    let fingerprint = core.parts.kinds.catalog.fingerprint
    let tag = "\"\(fingerprint)-\(name.filter { $0 != " " })\""
    var headers: HTTPHeaders = ["content-type": contentType, "etag": tag, "vary": "Accept"]
    if request.head.headers[canonicalForm: "if-none-match"].contains(where: { $0 == tag }) {
      headers.remove(name: "content-type")
      return APIAnswer(.notModified, headers: headers, body: .bytes(ByteBuffer()))
    }
    return APIAnswer(.ok, headers: headers, body: .bytes(try core.documents.bytes("\(name) \(fingerprint)", make: make)))
  }
}
