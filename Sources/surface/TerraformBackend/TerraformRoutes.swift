internal import Basics
package import Contracts
internal import JSONValue
package import KubeModel
package import TerraformStateService

/// Terraform's `http` backend (https://developer.hashicorp.com/terraform/language/backend/http), and states for people beside it.
///
/// - `/tfstate/{namespace}/{key…}`: `GET`, `POST` or `PUT`, `DELETE`, `LOCK`, `UNLOCK`; a lock's holder names it by `?ID=`. `GET ?version=` an earlier one.
/// - `/tfstate-lock/{namespace}/{key…}`: the lock alone, for those whose `lock_method` and `unlock_method` are not `LOCK` and `UNLOCK`.
/// - `/tfstate-versions/{namespace}/{key…}`: `GET` what is known of a state and its versions, `POST ?version=` makes one the current one again.
/// - `/tfstate`, `/tfstate/{namespace}`: the states there are.
package struct TerraformRoutes: RouteProviding {
  /// Bytes of one state.
  package static let maximumState = 32 << 20
  private static let maximumLock = 64 << 10

  private let service: TerraformStateService
  private let authenticator: any Authenticating
  private let md5: @Sendable ([UInt8]) -> [UInt8]

  /// - Parameter md5: the digest of RFC 1321, which Terraform puts beside what it sends.
  package init(service: TerraformStateService, authenticator: any Authenticating, md5: @escaping @Sendable ([UInt8]) -> [UInt8]) {
    self.service = service
    self.authenticator = authenticator
    self.md5 = md5
  }

  private static func may(_ verb: String) -> RouteAccess {
    .resource(verb: verb, group: TerraformStateKey.group, plural: TerraformStateKey.plural)
  }

  package var routes: [ServedRoute] {
    let (state, lock, versions) = (
      "/tfstate/{namespace}/{name...}", "/tfstate-lock/{namespace}/{name...}", "/tfstate-versions/{namespace}/{name...}"
    )
    return [
      ServedRoute("GET", "/tfstate", Self.may("list"), handler: list),
      ServedRoute("GET", "/tfstate/{namespace}", Self.may("list"), handler: list),
      ServedRoute("GET", state, Self.may("get"), handler: get),
    ] + ["POST", "PUT"].map { ServedRoute($0, state, Self.may("update"), body: .memory(limit: Self.maximumState), handler: put) }
      + [ServedRoute("DELETE", state, Self.may("delete"), handler: delete)]
      + [("LOCK", state), ("LOCK", lock), ("POST", lock), ("PUT", lock)].map { method, pattern in
        ServedRoute(method, pattern, Self.may("lock"), body: .memory(limit: Self.maximumLock), handler: self.lock)
      }
      + [("UNLOCK", state), ("UNLOCK", lock), ("DELETE", lock)].map { method, pattern in
        ServedRoute(method, pattern, Self.may("unlock"), body: .memory(limit: Self.maximumLock), handler: unlock)
      }
      + [
        ServedRoute("GET", versions, Self.may("list"), handler: history),
        ServedRoute("POST", versions, Self.may("update"), handler: restore),
      ]
  }

  /// Terraform sends a name and a password: the password is the token, whatever the name.
  package func authenticate(_ request: UnadmittedRequest) throws(KubeStatus) -> UserInfo? {
    guard let field = request.fields["authorization"], BasicCredentials.isMeant(field) else { return nil }
    guard let token = BasicCredentials(field)?.password, !token.isEmpty else { throw KubeStatus(.unauthorized, "Unauthorized") }
    return try authenticator.authenticate(.bearer(token))
  }

  package func reply(to failure: KubeStatus, path: String) -> ServedReply {
    var reply = ServedReply(failure.json, status: failure.reason.code, failure: failure)
    if failure.reason == .unauthorized { reply.headers.append(("www-authenticate", "Basic realm=\"argosy\", charset=\"UTF-8\"")) }
    return reply
  }
}

extension TerraformRoutes {
  private static func key(_ request: ServedRequest) throws(KubeStatus) -> TerraformStateKey {
    try TerraformStateService.check(request.name)
    return TerraformStateKey(namespace: request.namespace, key: request.name)
  }

  /// The lock that the sender says it has: `?ID=`.
  private static func lockID(_ request: ServedRequest) -> String? {
    guard let id = request[query: "ID"], !id.isEmpty else { return nil }
    return id
  }

  private static func version(_ request: ServedRequest) throws(KubeStatus) -> Int64? {
    guard let text = request[query: "version"] else { return nil }
    guard let number = Int64(text), number > 0 else { throw KubeStatus(.badRequest, "version must be a number from 1 on, not \"\(text)\"") }
    return number
  }

  private static let done = ServedReply(body: .bytes([]))

  /// Refuses with the holder's document, which Terraform shows.
  private static func held(_ lock: TerraformLock, _ wish: String, _ status: Int = 423) -> ServedReply {
    ServedReply(
      lock.info, status: status, failure: KubeStatus(.conflict, "the state cannot be \(wish): it is locked by \(lock.user), ID=\(lock.id)"))
  }

  /// Throws `badRequest` when the body is not what was sent.
  private func checkDigest(_ request: ServedRequest) throws(KubeStatus) {
    guard let field = request.fields["content-md5"], !field.isEmpty else { return }
    guard Base64.decode(field) == md5(request.body) else {
      throw KubeStatus(.badRequest, "the body does not fit its Content-MD5: it was changed on its way")
    }
  }

  private func list(_ request: ServedRequest) throws(KubeStatus) -> ServedReply {
    let namespace = request.namespace
    return ServedReply(["items": .array(try service.list(namespace: namespace.isEmpty ? nil : namespace).map(StateDescription.json))])
  }

  private func get(_ request: ServedRequest) throws(KubeStatus) -> ServedReply {
    let content = try service.content(of: try Self.key(request), version: try Self.version(request))
    return ServedReply(
      headers: [("content-type", "application/json"), ("content-md5", Base64.encode(md5(content))), ("cache-control", "no-store")],
      body: .bytes(content))
  }

  private func put(_ request: ServedRequest) throws(KubeStatus) -> ServedReply {
    let key = try Self.key(request)
    try checkDigest(request)
    switch try service.put(request.body, as: key, lockID: Self.lockID(request), user: request.user) {
    case .done: return Self.done
    case .held(let lock): return Self.held(lock, "written")
    }
  }

  private func delete(_ request: ServedRequest) throws(KubeStatus) -> ServedReply {
    let isFinal = request[query: "versions"] == "all"
    switch try service.delete(try Self.key(request), lockID: Self.lockID(request), isFinal: isFinal) {
    case .done: return Self.done
    case .held(let lock): return Self.held(lock, "deleted")
    }
  }

  private func lock(_ request: ServedRequest) throws(KubeStatus) -> ServedReply {
    let key = try Self.key(request)
    try checkDigest(request)
    switch try service.lock(key, info: request.body, user: request.user) {
    case .done: return Self.done
    case .held(let lock): return Self.held(lock, "locked")
    }
  }

  /// The lock is named by the document that it was taken with, or by `?ID=`; `terraform force-unlock` names none.
  private func unlock(_ request: ServedRequest) throws(KubeStatus) -> ServedReply {
    let key = try Self.key(request)
    try checkDigest(request)
    var id = Self.lockID(request)
    if id == nil, !request.body.isEmpty { id = try TerraformStateService.lock(request.body).id }
    switch try service.unlock(key, id: id) {
    case .done: return Self.done
    case .held(let lock): return Self.held(lock, "unlocked", 409)
    }
  }

  private func history(_ request: ServedRequest) throws(KubeStatus) -> ServedReply {
    let key = try Self.key(request)
    var description = StateDescription.json(try service.state(key))
    let versions = try service.versions(of: key)
    description["versions"] = .array(versions.map(StateDescription.json))
    return ServedReply(description)
  }

  private func restore(_ request: ServedRequest) throws(KubeStatus) -> ServedReply {
    let key = try Self.key(request)
    guard let version = try Self.version(request) else { throw KubeStatus(.badRequest, "?version= must name the version to restore") }
    switch try service.restore(version, of: key, lockID: Self.lockID(request), user: request.user) {
    case .done: return ServedReply(StateDescription.json(try service.state(key)))
    case .held(let lock): return Self.held(lock, "restored")
    }
  }
}

/// How states are told to people and scripts.
enum StateDescription {
  static func json(_ state: TerraformState) -> JSON {
    [
      "namespace": .string(state.key.namespace), "key": .string(state.key.key), "current": state.current.map(json) ?? .null,
      "lock": state.lock.map(json) ?? .null,
    ]
  }

  static func json(_ version: TerraformStateVersion) -> JSON {
    var members: JSONObject = [
      "version": .int(version.number), "created": .string(version.created.rfc3339), "user": .string(version.user),
      "bytes": .int(Int64(version.bytes)),
    ]
    if let serial = version.serial { members["serial"] = .int(serial) }
    if !version.lineage.isEmpty { members["lineage"] = .string(version.lineage) }
    if !version.terraformVersion.isEmpty { members["terraformVersion"] = .string(version.terraformVersion) }
    if let origin = version.restoredFrom { members["restoredFrom"] = .int(origin) }
    return .object(members)
  }

  static func json(_ lock: TerraformLock) -> JSON {
    ["id": .string(lock.id), "created": .string(lock.time.rfc3339), "user": .string(lock.user), "info": lock.info]
  }
}
