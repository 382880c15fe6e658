import Basics
import Contracts
import JSONValue
import KubeModel
import Synchronization

/// Tokens and certificates whose signature was found good, so that it is not worked out for every request. Bounded; forgets all when it is full.
final class VerifiedCredentials: Sendable {
  private static let limit = 1024
  private let known = Mutex<[String: ServiceAccountToken]>([:])
  private let owners = Mutex<[[UInt8]: CertificateOwner]>([:])

  /// Whom a certificate names, when it is valid now.
  func owner(of certificate: [UInt8], _ certificates: any CertificateChecking, at now: Instant) -> UserInfo? {
    if let found = owners.withLock({ $0[certificate] }) {
      if now <= found.validUntil { return found.user }
      owners.withLock { $0[certificate] = nil }
    }
    guard let owner = certificates.owner(ofCertificate: certificate, at: now) else { return nil }
    owners.withLock { owners in
      if owners.count >= Self.limit { owners = [:] }
      owners[certificate] = owner
    }
    return owner.user
  }

  /// What a token says, when it is valid now.
  func content(of token: String, _ signing: any TokenSigning, at now: Instant) -> ServiceAccountToken? {
    if let found = known.withLock({ $0[token] }) {
      if let end = found.expiresAt, now >= end {
        known.withLock { $0[token] = nil }
        return nil
      }
      return found
    }
    guard let content = signing.content(of: token, at: now) else { return nil }
    known.withLock { known in
      if known.count >= Self.limit { known = [:] }
      known[token] = content
    }
    return content
  }
}

extension AccessService: Authenticating {
  private static var refusal: KubeStatus { KubeStatus(.unauthorized, "Unauthorized") }
  static let authenticatedGroup = UserInfo.authenticatedGroup
  static let unauthenticatedGroup = "system:unauthenticated"

  package func authenticate(_ credential: Credential) throws(KubeStatus) -> UserInfo {
    switch credential {
    case .none: return .anonymous
    case .certificate(let der):
      guard var user = verified.owner(of: der, certificates, at: clock()) else { throw Self.refusal }
      if !user.groups.contains(Self.authenticatedGroup) { user.groups.append(Self.authenticatedGroup) }
      return user
    case .bearer(let token):
      guard let user = try user(ofToken: token, audiences: [signing.issuer])?.user else { throw Self.refusal }
      return user
    }
  }

  /// The user of a token that is for one of these audiences, and which of them it is for; nil when it is not good, or no longer. Throws
  /// when the store cannot be read.
  func user(ofToken token: String, audiences: [String]) throws(KubeStatus) -> (user: UserInfo, audiences: [String])? {
    let now = clock()
    guard let content = verified.content(of: token, signing, at: now) else { return nil }
    // A token without audiences is for this server.
    let own = content.audiences.isEmpty ? [signing.issuer] : content.audiences
    let shared = audiences.filter(own.contains)
    guard !shared.isEmpty, let account = try liveObject(.serviceAccount, content.serviceAccount, content.serviceAccountUID, content, now)
    else { return nil }
    var extra: [String: [String]] = [:]
    if !content.id.isEmpty { extra["authentication.kubernetes.io/credential-id"] = ["JTI=\(content.id)"] }
    if let binding = content.binding {
      switch binding.kind {
      case "Secret":
        guard let secret = try liveObject(.secret, binding.name, binding.uid, content, now) else { return nil }
        if content.expiresAt == nil {
          // The Secret must still hold this very token.
          guard secret.json["type"]?.string == TokenSecrets.type,
            secret.json.at("data", "token")?.string.flatMap(Base64.decode).map({ Secrecy.isEqual($0, Array(token.utf8)) }) == true
          else { return nil }
        }
      case "Pod":
        guard try liveObject(.pod, binding.name, binding.uid, content, now) != nil else { return nil }
        extra["authentication.kubernetes.io/pod-name"] = [binding.name]
        extra["authentication.kubernetes.io/pod-uid"] = [binding.uid]
      case "Node":
        guard try liveObject(AccessService.node, binding.name, binding.uid, content, now) != nil else { return nil }
        extra["authentication.kubernetes.io/node-name"] = [binding.name]
        extra["authentication.kubernetes.io/node-uid"] = [binding.uid]
      default: return nil
      }
    }
    var user = Self.serviceAccount(namespace: content.namespace, name: content.serviceAccount, uid: account.uid)
    user.extra = extra
    return (user, shared)
  }

  static let node = ResourceKind(group: "", version: "v1", kind: "Node", plural: "nodes", isNamespaced: false)

  /// A service account as a user, with the groups that all of them have.
  static func serviceAccount(namespace: String, name: String, uid: String) -> UserInfo {
    .serviceAccount(namespace: namespace, name: name, uid: uid)
  }

  /// How long what is being deleted still counts, so that a pod can end its work (Kubernetes' leeway).
  private static let deletionLeeway = TimeSpan(seconds: 60)

  private func liveObject(
    _ kind: ResourceKind, _ name: String, _ uid: String, _ content: ServiceAccountToken, _ now: Instant
  ) throws(KubeStatus) -> Resource? {
    guard let found = try store.get(ResourceKey(kind, namespace: content.namespace, name: name)), uid.isEmpty || found.uid == uid else {
      return nil
    }
    if let deletion = found.deletionTimestamp, now > deletion + Self.deletionLeeway { return nil }
    return found
  }
}

/// Comparing without telling by the time it takes where the difference is.
enum Secrecy {
  static func isEqual(_ first: [UInt8], _ second: [UInt8]) -> Bool {
    guard first.count == second.count else { return false }
    var difference: UInt8 = 0
    for (left, right) in zip(first, second) { difference |= left ^ right }
    return difference == 0
  }
}
