import Basics
import Contracts
import JSONValue
import KubeAPI
import KubeModel

extension ResourceService {
  /// How often a name from `generateName` is made anew when it is taken (Kubernetes since 1.30).
  private static let generateNameTries = 8

  package func create(
    _ kind: ResourceKind, namespace: String?, _ document: JSON, _ options: WriteOptions
  ) throws(KubeStatus) -> Written {
    let kind = try served(kind)
    var document = try ObjectDocument(document, kind: kind, namespace: namespace)
    let warnings = try check(&document, kind, options)
    return try create(document, kind, options, warnings, isOwned: false)
  }

  /// Stores a checked document as a new object. `isOwned`: its `managedFields` are set.
  func create(
    _ document: ObjectDocument, _ kind: ServedKind, _ options: WriteOptions, _ warnings: [String], isOwned: Bool
  ) throws(KubeStatus) -> Written {
    var resource = Resource(kind.stored, json: document.json)
    guard document.resourceVersion.isEmpty || document.resourceVersion == "0" else {
      throw KubeStatus(.badRequest, "resourceVersion should not be set on objects to be created")
    }
    if resource.kind.isNamespaced { try checkNamespace(resource, kind) }
    guard resource.name.isEmpty, let base = resource.generateName, !base.isEmpty else {
      return try create(resource, kind, options, warnings, isOwned: isOwned)
    }
    var tries = Self.generateNameTries
    while true {
      resource.name = generatedName(base)
      do throws(KubeStatus) {
        return try create(resource, kind, options, warnings, isOwned: isOwned)
      } catch {
        tries -= 1
        guard error.reason == .alreadyExists, tries > 0 else { throw error }
      }
    }
  }

  private func create(
    _ given: Resource, _ kind: ServedKind, _ options: WriteOptions, _ warnings: [String], isOwned: Bool
  ) throws(KubeStatus) -> Written {
    var resource = given
    try resource.foldStringData()
    resource.setCreationMetadata(uid: generatedUID(), at: settings.now())
    KindRules.prepareForCreate(&resource, kind)
    if settings.engineOwnedStatus.contains(resource.kind) { resource.json["status"] = nil }
    // What admission adds is nobody's.
    if !isOwned { own(&resource, old: nil, kind, "", options) }
    resource = try admitted(.create, resource.key, "", old: nil, new: resource, options) ?? resource
    try validate(resource, old: nil, kind)
    if options.isDryRun {
      if try store.get(resource.key) != nil { throw .alreadyExists(resource.key) }
      return Written(kind.converted(resource), warnings: warnings, isDone: true)
    }
    do throws(KubeStatus) {
      let stored = try store.create(resource)
      return Written(try kind.shown(stored, by: composer), warnings: warnings, isDone: true)
    } catch {
      if error.reason == .alreadyExists, let present = try store.get(resource.key), present.deletionTimestamp != nil {
        throw KubeStatus(.alreadyExists, "object is being deleted: \(error.message)", details: error.details)
      }
      throw error
    }
  }

  /// Throws when a new object's namespace is not there or is being removed (Kubernetes' admission plugin NamespaceLifecycle).
  private func checkNamespace(_ resource: Resource, _ kind: ServedKind) throws(KubeStatus) {
    guard !resource.namespace.isEmpty else {
      throw KubeStatus(.badRequest, "an empty namespace may not be set during creation")
    }
    let key = ResourceKey(.namespace, namespace: "", name: resource.namespace)
    guard let namespace = try store.get(key) else { throw .notFound(key) }
    guard namespace.deletionTimestamp != nil else { return }
    let name = resource.name.isEmpty ? resource.generateName ?? "" : resource.name
    var details = KubeStatus.Details(name: name, group: kind.api.kind.group, kind: kind.api.kind.plural)
    details.causes = [
      KubeStatus.Cause(
        reason: "NamespaceTerminating", message: "namespace \(namespace.name) is being terminated", field: "metadata.namespace")
    ]
    throw KubeStatus(
      .forbidden,
      "\(kind.api.kind.qualifiedPlural) \"\(name)\" is forbidden: unable to create new content in namespace \(namespace.name) because it is "
        + "being terminated", details: details)
  }

  private func generatedName(_ base: String) -> String {
    var random = ClosureRandom(draw: settings.random)
    // The whole stays a label (63 characters), as in Kubernetes.
    return String(decoding: base.utf8.prefix(58), as: UTF8.self) + randomSuffix(using: &random)
  }

  private func generatedUID() -> String {
    var random = ClosureRandom(draw: settings.random)
    return randomUUID(using: &random)
  }
}

/// A source of random bits from a closure.
private struct ClosureRandom: RandomNumberGenerator {
  let draw: @Sendable () -> UInt64
  mutating func next() -> UInt64 { draw() }
}
