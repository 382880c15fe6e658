import Contracts
import JSONValue
import KubeAPI
import KubeModel

/// What a request makes of a stored object.
struct Edit {
  var document: ObjectDocument
  var warnings: [String] = []
  /// The client said which version it changes: a newer one is a conflict. Else the change is made again on the newer one.
  var isConditional: Bool
  /// Its `managedFields` are set.
  var isOwned = false
}

extension ResourceService {
  /// How often a change is made again when others change the object at the same time: patches as in Kubernetes, whole objects until it works, within reason.
  private static let patchTries = 5
  private static let updateTries = 100

  package func update(
    _ key: ResourceKey, subresource: String, _ document: JSON, _ options: WriteOptions
  ) throws(KubeStatus) -> Written {
    let kind = try served(key.kind)
    var document = try ObjectDocument(document, kind: kind, namespace: key.namespace)
    try document.take(name: key.name)
    let warnings = try check(&document, kind, options)
    let version = document.resourceVersion
    if version.isEmpty || version == "0", !KindRules.allowsUnconditionalUpdate(kind.api) {
      if try store.get(kind.storedKey(key)) != nil { throw .resourceVersionRequired(key) }
    }
    do throws(KubeStatus) {
      return try change(key, kind, subresource, options, tries: Self.updateTries) { _ in
        Edit(document: document, warnings: warnings, isConditional: !version.isEmpty && version != "0")
      }
    } catch {
      guard error.reason == .notFound, subresource.isEmpty, KindRules.createsOnUpdate(kind.api.kind),
        try store.get(kind.storedKey(key)) == nil
      else { throw error }
      return try create(key.kind, namespace: key.namespace, document.json, options)
    }
  }

  package func patch(
    _ key: ResourceKey, subresource: String, _ form: PatchForm, _ patch: JSON, _ options: WriteOptions
  ) throws(KubeStatus) -> Written {
    let kind = try served(key.kind)
    if form == .apply { return try apply(key, kind, subresource, patch, options) }
    let target = kind.target
    return try change(key, kind, subresource, options, tries: Self.patchTries) { stored throws(KubeStatus) in
      let shown = try kind.shown(stored, by: composer)
      let patched = try Patching.patched(shown.json, by: form, patch, of: target)
      var document = try ObjectDocument(patched, kind: kind, namespace: key.namespace)
      try document.take(name: key.name)
      let warnings = try check(&document, kind, options)
      // What the patch itself says of the version is a condition.
      let isConditional = document.resourceVersion != String(stored.resourceVersion ?? 0)
      return Edit(document: document, warnings: warnings, isConditional: isConditional)
    }
  }

  /// Server-side apply: changes the object, or makes it where there is none.
  private func apply(
    _ key: ResourceKey, _ kind: ServedKind, _ subresource: String, _ configuration: JSON, _ options: WriteOptions
  ) throws(KubeStatus) -> Written {
    try Patching.checkOptions(.apply, fieldManager: options.fieldManager, force: options.force)
    var given = try ObjectDocument(configuration, kind: kind, namespace: key.namespace)
    try given.take(name: key.name)
    let manager = FieldManager(name: options.fieldManager, subresource: subresource, time: settings.now())
    let isConditional = !given.resourceVersion.isEmpty && given.resourceVersion != "0"
    var triesLeft = Self.patchTries
    while true {
      do throws(KubeStatus) {
        if subresource.isEmpty, try store.get(kind.storedKey(key)) == nil {
          guard !isConditional else { throw KubeStatus.conflict(key) }
          let (document, warnings) = try applied(given.json, to: nil, key, kind, manager, options)
          return try create(document, kind, options, warnings, isOwned: true)
        }
        return try change(key, kind, subresource, options, tries: Self.patchTries) { stored throws(KubeStatus) in
          let (document, warnings) = try applied(given.json, to: kind.converted(stored).json, key, kind, manager, options)
          if isConditional, given.resourceVersion != String(stored.resourceVersion ?? 0) { throw .conflict(key) }
          return Edit(document: document, warnings: warnings, isConditional: isConditional, isOwned: true)
        }
      } catch {
        // Made or removed between the look and the write.
        triesLeft -= 1
        guard error.reason == .alreadyExists || error.reason == .notFound, subresource.isEmpty, triesLeft > 0 else { throw error }
      }
    }
  }

  /// An applied configuration merged into an object.
  private func applied(
    _ configuration: JSON, to live: JSON?, _ key: ResourceKey, _ kind: ServedKind, _ manager: FieldManager, _ options: WriteOptions
  ) throws(KubeStatus) -> (ObjectDocument, [String]) {
    var warnings: [String] = []
    let json = try Patching.apply(
      .apply, configuration, to: live, of: kind.target, by: manager, force: options.force
    ) { merged throws(KubeStatus) in
      var document = try ObjectDocument(merged, kind: kind, namespace: key.namespace)
      warnings = try check(&document, kind, options)
      return document.json
    }
    var document = try ObjectDocument(json, kind: kind, namespace: key.namespace)
    try document.take(name: key.name)
    return (document, warnings)
  }

  /// Makes a change on what is stored and stores it, again when another change came between.
  func change(
    _ key: ResourceKey, _ kind: ServedKind, _ subresource: String, _ options: WriteOptions, tries: Int,
    _ edit: (Resource) throws(KubeStatus) -> Edit
  ) throws(KubeStatus) -> Written {
    guard subresource.isEmpty || subresource == "status" && kind.hasStatus else {
      throw KubeStatus(.notFound, "the server could not find the requested resource", details: KubeStatus.Details(key))
    }
    var triesLeft = tries
    while true {
      let stored = try existing(kind.storedKey(key), as: kind)
      let edit = try edit(stored)
      do throws(KubeStatus) {
        return try put(edit, over: stored, kind, subresource, options)
      } catch {
        triesLeft -= 1
        guard error.reason == .conflict, !edit.isConditional, triesLeft > 0 else { throw error }
      }
    }
  }

  /// Stores a change of this very version of an object.
  private func put(
    _ edit: Edit, over stored: Resource, _ kind: ServedKind, _ subresource: String, _ options: WriteOptions
  ) throws(KubeStatus) -> Written {
    try checkVersion(edit, of: stored)
    var resource = Resource(kind.stored, json: edit.document.json)
    if subresource == "status" {
      resource = Self.onlyStatus(of: resource, over: stored, kind)
    } else if kind.hasStatus || settings.engineOwnedStatus.contains(kind.stored) {
      resource.json["status"] = stored.json["status"]
    }
    try resource.foldStringData()
    resource.keepServerMetadata(of: stored)
    if !edit.isOwned { own(&resource, old: stored, kind, subresource, options) }
    resource = try admitted(.update, stored.key, subresource, old: stored, new: resource, options) ?? resource
    try validate(resource, old: stored, kind)
    if resource.isSame(as: stored) { return Written(try kind.shown(stored, by: composer), warnings: edit.warnings) }
    if subresource.isEmpty { countGeneration(&resource, over: stored, kind) }
    let isGone = resource.deletionTimestamp != nil && resource.pendingFinalizers.isEmpty && !Self.isInGrace(resource)
    if options.isDryRun { return Written(kind.converted(resource), warnings: edit.warnings) }
    if isGone {
      // The last finalizer is off an object that is to go.
      try store.commit([.deleteIf(stored.key, Preconditions(uid: stored.uid, resourceVersion: stored.resourceVersion))])
      return Written(kind.converted(resource), warnings: edit.warnings)
    }
    return Written(try kind.shown(try store.update(resource), by: composer), warnings: edit.warnings)
  }

  /// The time that a deleted pod has to end is not over: whoever runs it removes it.
  static func isInGrace(_ resource: Resource) -> Bool {
    (resource.json.at("metadata", "deletionGracePeriodSeconds")?.int ?? 0) > 0
  }

  /// Throws `conflict` when a client means another version or another object of the name.
  private func checkVersion(_ edit: Edit, of stored: Resource) throws(KubeStatus) {
    if edit.isConditional, edit.document.resourceVersion != String(stored.resourceVersion ?? 0) { throw .conflict(stored.key) }
    if let uid = edit.document.json.at("metadata", "uid")?.string, !uid.isEmpty,
      let failure = Preconditions(uid: uid).failure(uid: stored.uid, resourceVersion: stored.resourceVersion, of: stored.key)
    {
      throw failure
    }
  }

  /// A write to `status`: of a custom kind the status alone, of others also labels, annotations and finalizers.
  private static func onlyStatus(of resource: Resource, over stored: Resource, _ kind: ServedKind) -> Resource {
    var result = stored
    result.json["status"] = resource.json["status"]
    result.editMetadata { metadata in
      metadata["managedFields"] = resource.json.at("metadata", "managedFields")
      guard !kind.api.isCustom else { return }
      for field in ["labels", "annotations", "finalizers"] { metadata[field] = resource.json.at("metadata", field) }
    }
    return result
  }

  /// Counts a change of the desired state.
  private func countGeneration(_ resource: inout Resource, over stored: Resource, _ kind: ServedKind) {
    let hasOwnStatus = kind.hasStatus || settings.engineOwnedStatus.contains(kind.stored)
    guard kind.api.isCustom || hasOwnStatus, resource.hasOtherSpecification(than: stored, withStatus: !hasOwnStatus) else { return }
    let generation = stored.json.at("metadata", "generation")?.int ?? 0
    resource.editMetadata { $0["generation"] = .int(generation + 1) }
  }
}

extension KubeStatus {
  /// An update that does not say which version it changes, of a kind that needs that.
  static func resourceVersionRequired(_ key: ResourceKey) -> KubeStatus {
    let message = "Invalid value: 0x0: must be specified for an update"
    var details = Details(name: key.name, group: key.kind.group, kind: key.kind.kind)
    details.causes = [Cause(reason: "FieldValueInvalid", message: message, field: "metadata.resourceVersion")]
    return KubeStatus(
      .invalid, "\(key.kind.qualifiedPlural) \"\(key.name)\" is invalid: metadata.resourceVersion: \(message)", details: details)
  }
}
