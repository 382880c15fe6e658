import Basics
import Contracts
import Crypto
import JSONValue

/// The tokens of service accounts as JSON Web Tokens (RFC 7515, 7519) in the form of Kubernetes' (`pkg/serviceaccount`).
extension TokenKeys: TokenSigning {
  /// Longer ones are not looked at.
  private static let sizeLimit = 16_384
  /// The issuer of tokens that live in Secrets.
  private static let legacyIssuer = "kubernetes/serviceaccount"
  private static let legacyClaims = "kubernetes.io/serviceaccount/"
  /// A clock may be as much behind the one that made a token.
  private static let leeway: Int64 = 60

  package func token(_ content: ServiceAccountToken) -> String {
    guard let key = signingKey else { return "" }
    let header: JSON = ["alg": "ES256", "kid": .string(key.id)]
    let payload = content.expiresAt == nil ? legacyPayload(content) : payload(content)
    let signed = Base64URL.encode(header.bytes()) + "." + Base64URL.encode(payload.bytes())
    guard let signature = try? key.privateKey.signature(for: Array(signed.utf8)) else { return "" }
    return signed + "." + Base64URL.encode(Array(signature.rawRepresentation))
  }

  private func payload(_ content: ServiceAccountToken) -> JSON {
    let issued = content.issuedAt ?? SystemClock.now()
    var generator = SystemRandomNumberGenerator()
    var place: JSONObject = ["namespace": .string(content.namespace)]
    if let binding = content.binding {
      place[binding.kind.lowercased()] = ["name": .string(binding.name), "uid": .string(binding.uid)]
    }
    place["serviceaccount"] = ["name": .string(content.serviceAccount), "uid": .string(content.serviceAccountUID)]
    let audiences = content.audiences.isEmpty ? [issuer] : content.audiences
    return [
      "aud": .array(audiences.map { .string($0) }), "exp": .int(content.expiresAt?.seconds ?? 0), "iat": .int(issued.seconds),
      "iss": .string(issuer), "jti": .string(content.id.isEmpty ? randomUUID(using: &generator) : content.id),
      "kubernetes.io": .object(place),
      "nbf": .int(issued.seconds), "sub": .string(content.userName),
    ]
  }

  private func legacyPayload(_ content: ServiceAccountToken) -> JSON {
    [
      "iss": .string(Self.legacyIssuer), "\(Self.legacyClaims)namespace": .string(content.namespace),
      "\(Self.legacyClaims)secret.name": .string(content.binding?.name ?? ""),
      "\(Self.legacyClaims)service-account.name": .string(content.serviceAccount),
      "\(Self.legacyClaims)service-account.uid": .string(content.serviceAccountUID), "sub": .string(content.userName),
    ]
  }

  package func content(of token: String, at now: Instant) -> ServiceAccountToken? {
    guard token.utf8.count <= Self.sizeLimit, let payload = verified(token) else { return nil }
    let found: ServiceAccountToken?
    switch payload["iss"]?.string {
    case issuer: found = content(payload, at: now.seconds)
    case Self.legacyIssuer: found = legacyContent(payload)
    default: return nil
    }
    guard let found, payload["sub"]?.string == found.userName, !found.namespace.isEmpty, !found.serviceAccount.isEmpty else { return nil }
    return found
  }

  /// The payload of a token whose signature is one of this server's keys'.
  private func verified(_ token: String) -> JSON? {
    let parts = token.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 3, let head = Base64URL.decode(parts[0]), let body = Base64URL.decode(parts[1]),
      let raw = Base64URL.decode(parts[2]),
      let header = try? JSON.parse(head), header.object != nil
    else { return nil }
    // One algorithm only, and nothing that would have to be understood (`crit`, RFC 7515, 4.1.11).
    guard header["alg"]?.string == "ES256", header["crit"] == nil, let id = header["kid"]?.string, let key = key(id), raw.count == 64,
      let signature = try? P256.Signing.ECDSASignature(rawRepresentation: raw)
    else { return nil }
    let signed = Array(parts[0].utf8) + [UInt8(ascii: ".")] + Array(parts[1].utf8)
    guard key.publicKey.isValidSignature(signature, for: signed), let payload = try? JSON.parse(body), payload.object != nil else {
      return nil
    }
    return payload
  }

  private func content(_ payload: JSON, at now: Int64) -> ServiceAccountToken? {
    guard let expiry = payload["exp"]?.int, now < expiry, let begin = payload["nbf"]?.int, begin <= now + Self.leeway,
      let place = payload["kubernetes.io"]
    else { return nil }
    let audiences: [String]
    switch payload["aud"] {
    case .string(let one): audiences = [one]
    case .array(let list):
      audiences = list.compactMap(\.string)
      guard audiences.count == list.count else { return nil }
    default: return nil
    }
    guard !audiences.isEmpty else { return nil }
    var found = ServiceAccountToken(
      namespace: place["namespace"]?.string ?? "", serviceAccount: place.at("serviceaccount", "name")?.string ?? "",
      serviceAccountUID: place.at("serviceaccount", "uid")?.string ?? "", audiences: audiences,
      issuedAt: payload["iat"]?.int.map(Instant.init(seconds:)),
      expiresAt: Instant(seconds: expiry))
    found.id = payload["jti"]?.string ?? ""
    for kind in ["Pod", "Secret", "Node"] {
      guard let bound = place[kind.lowercased()] else { continue }
      found.binding = .init(kind: kind, name: bound["name"]?.string ?? "", uid: bound["uid"]?.string ?? "")
    }
    return found.serviceAccountUID.isEmpty ? nil : found
  }

  private func legacyContent(_ payload: JSON) -> ServiceAccountToken? {
    func claim(_ name: String) -> String { payload[Self.legacyClaims + name]?.string ?? "" }
    let secret = claim("secret.name")
    guard payload["exp"] == nil, !secret.isEmpty else { return nil }
    return ServiceAccountToken(
      namespace: claim("namespace"), serviceAccount: claim("service-account.name"), serviceAccountUID: claim("service-account.uid"),
      binding: .init(kind: "Secret", name: secret, uid: ""))
  }
}
