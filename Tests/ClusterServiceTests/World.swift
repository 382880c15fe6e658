import Basics
import ClusterService
import Contracts
import Glibc
import JSONValue
import KubeAPI
import KubeModel
import ResourceDB
import Testing

/// A store in memory with the controllers over it, and a directory for volumes.
final class World: Sendable {
  let store: ResourceDatabase
  let service: ClusterService
  let catalog: CatalogProvider
  let settings: ClusterSettings
  let directory: String
  let heard = Heard()

  init(
    scope: ClusterService.Scope = .cluster, configure: (inout ClusterSettings) -> Void = { _ in },
    before: (ResourceDatabase) throws -> Void = { _ in }
  ) throws {
    store = try ResourceDatabase(file: ":memory:")
    try before(store)
    directory = "/tmp/argosy-cluster-\(UInt64.random(in: 0 ... .max))"
    var settings = ClusterSettings(volumeDirectory: directory)
    settings.signer = PlainSigner()
    settings.certificateAuthority = "-----BEGIN CERTIFICATE-----\n"
    configure(&settings)
    self.settings = settings
    catalog = CatalogProvider(store: store) { Catalog(crds: $0) }
    service = ClusterService(store: store, catalog: catalog, scope: scope, settings: settings, events: heard)
    try service.start()
  }

  deinit {
    service.stop()
    store.close()
    LocalFiles.removeTree(directory)
  }

  func key(_ kind: ResourceKind, _ name: String, in namespace: String = "default") -> ResourceKey {
    ResourceKey(kind, namespace: namespace, name: name)
  }

  /// Waits until an object is as the condition says, and returns it; records an issue when that never comes.
  @discardableResult func wait(
    _ key: ResourceKey, _ what: String, sourceLocation: SourceLocation = #_sourceLocation, until condition: (Resource) -> Bool
  ) throws -> Resource {
    for _ in 0..<3000 {
      if let object = try store.get(key), condition(object) { return object }
      usleep(10_000)
    }
    let now = try store.get(key).map { $0.json.text() } ?? "it is not there"
    Issue.record("\(key.name) never \(what): \(now)", sourceLocation: sourceLocation)
    return Resource(key.kind, json: [:])
  }

  func waitGone(_ key: ResourceKey, sourceLocation: SourceLocation = #_sourceLocation) throws {
    for _ in 0..<3000 {
      if try store.get(key) == nil { return }
      usleep(10_000)
    }
    Issue.record("\(key.kind.kind) \(key.name) never went", sourceLocation: sourceLocation)
  }

  /// Waits for something that no single object shows.
  func wait(_ what: String, sourceLocation: SourceLocation = #_sourceLocation, until condition: () throws -> Bool) throws {
    for _ in 0..<3000 {
      if try condition() { return }
      usleep(10_000)
    }
    Issue.record("never: \(what)", sourceLocation: sourceLocation)
  }

  @discardableResult func make(
    _ kind: ResourceKind, _ name: String, in namespace: String = "default", owners: [Resource] = [], blocks: Bool = false,
    _ more: JSON = [:]
  ) throws -> Resource {
    var object = Resource(kind, json: more)
    object.name = name
    if kind.isNamespaced { object.namespace = namespace }
    if kind == .namespace {
      // As the API stores a new one.
      object.spec = ["finalizers": ["kubernetes"]]
      object.status = ["phase": "Active"]
    }
    if !owners.isEmpty {
      var metadata = object.metadata
      metadata["ownerReferences"] = .array(
        owners.map {
          [
            "apiVersion": .string($0.kind.apiVersion), "kind": .string($0.kind.kind), "name": .string($0.name), "uid": .string($0.uid),
            "blockOwnerDeletion": .bool(blocks),
          ]
        })
      object.metadata = metadata
    }
    return try store.create(object)
  }

  /// Deletes as the API does.
  func delete(_ key: ResourceKey, adding finalizers: [String] = []) throws {
    for _ in 0..<100 {
      guard let object = try store.get(key) else { return }
      guard let deletion = object.deletion(at: SystemClock.now(), adding: finalizers) else { return }
      do throws(KubeStatus) {
        try store.commit([deletion])
        return
      } catch {
        guard error.reason == .conflict else { throw error }
      }
    }
  }
}

/// Tokens that say what they are of.
struct PlainSigner: TokenSigning {
  var issuer: String { "test" }
  func token(_ content: ServiceAccountToken) -> String {
    "\(content.namespace)/\(content.serviceAccount)/\(content.serviceAccountUID)/\(content.binding?.name ?? "")"
  }
  func content(of token: String, at now: Instant) -> ServiceAccountToken? { nil }
  var keySet: JSON { ["keys": []] }
  func openIDConfiguration(server: String) -> JSON { ["issuer": .string(issuer)] }
}

final class Heard: EventRecording {
  private let box = Mailbox<ObjectEvent>()
  func record(_ event: ObjectEvent) { box.post(event) }
  /// Waits for an event with a reason.
  func wait(for reason: String) -> ObjectEvent? {
    let end = SystemClock.steady() + TimeSpan(seconds: 30)
    while SystemClock.steady() < end {
      for event in box.takeAll(deadline: end) ?? [] where event.reason == reason { return event }
    }
    return nil
  }
}
