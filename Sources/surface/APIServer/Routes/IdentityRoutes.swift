internal import Contracts
internal import JSONValue
internal import KubeModel
import NIOCore
import NIOHTTP1

/// How others check the tokens of this server's service accounts (OpenID Connect's discovery, as Kubernetes serves it).
enum IdentityRoutes {
  /// `/openid/v1/jwks`.
  @Sendable static func keySet(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    guard let tokens = core.parts.tokens else { throw ResourceRoutes.notFound }
    return APIAnswer(
      .ok, headers: ["content-type": "application/jwk-set+json", "cache-control": "public, max-age=3600"],
      body: .bytes(ByteBuffer(bytes: tokens.keySet.bytes(.compact))))
  }

  /// `/.well-known/openid-configuration`.
  @Sendable static func configuration(_ request: AdmittedRequest, _ core: ServerCore) throws(KubeStatus) -> APIAnswer {
    guard let tokens = core.parts.tokens else { throw ResourceRoutes.notFound }
    let host = request.head.headers.first(name: "host") ?? "localhost"
    let document = tokens.openIDConfiguration(server: "https://\(host)")
    return APIAnswer(
      .ok, headers: ["content-type": "application/json", "cache-control": "public, max-age=3600"],
      body: .bytes(ByteBuffer(bytes: document.bytes(.compact))))
  }
}
