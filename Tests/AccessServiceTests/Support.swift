import Basics
import Contracts
import Glibc
import Identity
import JSONValue
import KubeModel
import ResourceDB
import Synchronization

@testable import AccessService

/// A service over a database in memory, with keys in a directory of its own and a clock that is set.
final class World: Sendable {
  let store: ResourceDatabase
  let identity: ServerIdentity
  let service: AccessService
  private let path: String
  private let clock: ClockBox

  /// - Parameter prepare: what lies in the store before the service starts.
  init(prepare: (ResourceDatabase) throws -> Void = { _ in }) throws {
    var template = Array("/tmp/argosy-access-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw KubeStatus(.internalError, "no temporary directory") }
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    store = try ResourceDatabase(file: ":memory:")
    identity = try ServerIdentity(KeyDirectory(path + "/keys"))
    let box = ClockBox()
    service = AccessService(store: store, signing: identity.tokens, certificates: identity.clients, clock: { box.now() })
    clock = box
    try prepare(store)
    try service.start()
  }

  var now: Instant { clock.now() }
  func pass(seconds: Int64) { clock.pass(seconds) }

  deinit {
    service.stop()
    store.close()
    LocalFiles.removeTree(path)
  }

  @discardableResult func make(_ kind: ResourceKind, _ namespace: String, _ name: String, _ more: JSONObject = [:]) throws -> Resource {
    var metadata: JSONObject = ["name": .string(name)]
    if kind.isNamespaced { metadata["namespace"] = .string(namespace) }
    for (key, value) in more["metadata"]?.object ?? [:] { metadata[key] = value }
    var document = more
    document["metadata"] = .object(metadata)
    return try store.create(Resource(kind, json: .object(document)))
  }

  func remove(_ resource: Resource) throws { try store.commit([.delete(resource.key)]) }

  /// A token by `kubectl create token`.
  func token(_ namespace: String, _ name: String, _ spec: JSONObject = [:]) throws -> String {
    let answer = try service.requestToken(namespace: namespace, name: name, ["spec": .object(spec)])
    return answer.at("status", "token")?.string ?? ""
  }

  func user(_ token: String) -> UserInfo? { try? service.authenticate(.bearer(token)) }

  func allows(_ user: UserInfo, _ verb: String, _ resource: String, group: String = "", in namespace: String = "", named name: String = "")
    -> Bool
  {
    var request = AccessAttributes(user: user, verb: verb)
    let parts = resource.split(separator: "/", maxSplits: 1).map(String.init)
    request.resource = parts[0]
    request.subresource = parts.count > 1 ? parts[1] : ""
    request.group = group
    request.namespace = namespace
    request.name = name
    return service.decide(request).isAllowed
  }

  /// Waits until the service's thread has done something.
  func eventually(_ condition: () throws -> Bool) rethrows -> Bool {
    for _ in 0..<18_000 {
      if try condition() { return true }
      usleep(10_000)
    }
    return false
  }
}

private final class ClockBox: Sendable {
  private let offset = Mutex<Int64>(0)
  func now() -> Instant { SystemClock.now() + TimeSpan(seconds: offset.withLock { $0 }) }
  func pass(_ seconds: Int64) { offset.withLock { $0 += seconds } }
}
