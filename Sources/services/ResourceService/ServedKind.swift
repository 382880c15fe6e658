import Contracts
import KubeAPI
import KubeModel

/// A kind of a request: as the API serves it, and as the store keeps it.
struct ServedKind: Sendable {
  let api: APIKind
  /// The kind in the version in which its objects are stored.
  let stored: ResourceKind
  let catalog: any KindCatalog

  var isStoredVersion: Bool { api.kind == stored }
  var hasStatus: Bool { api.subresources.contains { $0.name == "status" } }

  /// The kind as patches and field ownership see it.
  var target: PatchTarget { PatchTarget(api, in: catalog) }

  func storedKey(_ key: ResourceKey) -> ResourceKey { ResourceKey(stored, namespace: key.namespace, name: key.name) }

  /// The object in the version that was asked for: versions differ in name only (`spec.conversion.strategy: None`).
  func converted(_ resource: Resource) -> Resource {
    resource.kind == api.kind ? resource : Resource(api.kind, json: resource.json)
  }

  /// What a reader sees of a stored object.
  func shown(_ resource: Resource, by composer: (any ResourceComposing)?) throws(KubeStatus) -> Resource {
    guard let composer, composer.composedKinds.contains(stored) else { return converted(resource) }
    return converted(try composer.composed(resource))
  }
}

extension ResourceService {
  /// The kind of a request; throws `notFound` when it is not served.
  func served(_ kind: ResourceKind) throws(KubeStatus) -> ServedKind {
    let catalog = kinds()
    guard let api = catalog.kind(group: kind.group, version: kind.version, plural: kind.plural) else {
      throw KubeStatus(
        .notFound, "the server could not find the requested resource", details: KubeStatus.Details(group: kind.group, kind: kind.plural))
    }
    var stored = api.kind
    if !api.isPreferredVersion,
      let preferred = catalog.kinds.first(where: {
        $0.isPreferredVersion && $0.kind.group == kind.group && $0.kind.plural == kind.plural
      })
    {
      stored = preferred.kind
    }
    return ServedKind(api: api, stored: stored, catalog: catalog)
  }
}
