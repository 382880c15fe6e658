import Basics
import Contracts
import JSONValue
import KubeModel

/// The writes that carry out one unit of an action upon what is stored at this moment.
struct ActionPlan {
  private(set) var writes: [Write] = []
  private(set) var targets: [ActionTarget] = []
  /// Lines for the log.
  private(set) var notes: [String] = []

  enum Refusal: Error {
    case problem(KubectlCommand.Problem)
    case store(KubeStatus)
  }

  static let lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
  private static let suffixed = 58

  private let store: any ResourceStoring
  private let path: String
  private let command: KubectlCommand
  private let rights: ActionRights?
  private let user: UserInfo

  init(_ unit: ResourceAction.Unit, command: KubectlCommand, action: ResourceAction) throws(Refusal) {
    store = action.store
    path = action.manifestPath
    self.command = command
    rights = action.rights
    user = ActionRights.user(of: action.pod)
    switch unit {
    case .object(let object):
      switch command.action {
      case .create: try create(object)
      case .apply: try apply(object)
      case .replace: try replace(object)
      case .patch: try patch(object.key, with: action.manifest)
      case .get:
        // `kubectl` prints an object without a name as it is.
        if object.name.isEmpty { targets.append(ActionTarget(object)) } else { try get(object.key) }
      case .delete: try delete(object.key)
      }
    case .named(let keys):
      for key in keys {
        switch command.action {
        case .patch: try patch(key, with: action.manifest)
        case .get: try get(key)
        case .delete: try delete(key)
        default: throw refused("resource arguments go with get, patch and delete")
        }
      }
    case .selected(let kind, let labels):
      let namespace = command.allNamespaces ? nil : command.namespace ?? action.pod.namespace
      try check("list", kind, namespace: namespace ?? "", name: "")
      for object in try list(kind, namespace, labels) {
        targets.append(ActionTarget(object))
        if command.action == .delete { try remove(object) }
      }
    }
  }

  // MARK: Actions

  private mutating func create(_ given: Resource) throws(Refusal) {
    var object = try prepared(given)
    guard object.json.at("metadata", "resourceVersion")?.string?.isEmpty != false else {
      throw failure(KubeStatus(.badRequest, "resourceVersion should not be set on objects to be created"))
    }
    if command.savesConfiguration { object = Self.annotated(object) }
    if object.name.isEmpty, let base = object.generateName, !base.isEmpty {
      var random = SystemRandomNumberGenerator()
      repeat {
        object.name = String(base.prefix(Self.suffixed)) + randomSuffix(using: &random)
      } while try stored(object.key) != nil
    } else if try stored(object.key) != nil {
      throw failure(.alreadyExists(object.key))
    }
    try add(object)
  }

  private mutating func apply(_ given: Resource) throws(Refusal) {
    guard !given.name.isEmpty else {
      if let base = given.generateName, !base.isEmpty { throw refused("from \(base): cannot use generate name with apply") }
      throw refused("resource name may not be empty")
    }
    let modified = Self.annotated(given)
    try check("get", given.key, applying: given)
    guard let current = try stored(given.key) else {
      try add(try prepared(modified))
      return
    }
    let original = current.annotation(Self.lastApplied).flatMap { try? JSON.parse($0) }
    if original == nil {
      notes.append(
        "Warning: resource \(given.kind.plural)/\(given.name) is missing the \(Self.lastApplied) annotation which is required by kubectl apply. "
          + "The missing annotation will be patched automatically.")
    }
    let changed: JSON
    do throws(JSONPatchError) {
      changed = try current.json.applied(modified: modified.json, original: original, lists: ListMerging(for: given.kind))
    } catch {
      throw refused("error when applying patch: \(error)")
    }
    try change(current, changed, verb: "patch")
  }

  private mutating func replace(_ given: Resource) throws(Refusal) {
    guard !given.name.isEmpty else { throw refused("error when replacing \"\(path)\": resource name may not be empty") }
    if rights != nil { try check("get", given.key) }
    guard let current = try stored(given.key) else {
      if command.isForced { return try add(try prepared(given)) }
      throw failure(.notFound(given.key))
    }
    let object = try prepared(command.savesConfiguration ? Self.annotated(given) : given)
    if command.isForced {
      try remove(current)
      return try add(object)
    }
    if let version = object.json.at("metadata", "resourceVersion")?.string, !version.isEmpty,
      version != current.resourceVersion.map(String.init)
    {
      throw failure(.conflict(given.key))
    }
    // What came of the object is not the user's to replace.
    var json = object.json
    json["status"] = current.json["status"]
    try change(current, json, verb: "update")
  }

  private mutating func patch(_ key: ResourceKey, with manifest: [UInt8]) throws(Refusal) {
    guard !key.name.isEmpty else { throw refused("resource name may not be empty") }
    let document: JSON
    do throws(KubectlCommand.Problem) { document = try ManifestText.first(manifest) } catch { throw .problem(error) }
    try check("get", key)
    guard let current = try stored(key) else { throw failure(.notFound(key), isPlain: true) }
    if command.patchType == .strategic, !key.kind.isBuiltIn {
      throw refused(
        "application/strategic-merge-patch+json is not supported by \(key.kind.apiVersion), Kind=\(key.kind.kind): the body of the request was in "
          + "an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, "
          + "application/apply-patch+yaml")
    }
    let changed: JSON
    do throws(JSONPatchError) {
      switch command.patchType {
      case .json: changed = try JSONPatch(document).applied(to: current.json)
      case .merge: changed = current.json.merged(with: document)
      case .strategic:
        changed = try current.json.strategicallyMerged(with: document, exceptions: MergeKeys.exceptions(of: key.kind))
      }
    } catch {
      throw .problem(
        KubectlCommand.Problem("The request is invalid: the server rejected our request due to an error in our request: \(error)"))
    }
    try change(current, changed, verb: "patch")
  }

  private mutating func get(_ key: ResourceKey) throws(Refusal) {
    try check("get", key)
    guard let found = try stored(key) else {
      if command.ignoresNotFound { return }
      throw failure(.notFound(key), isPlain: true)
    }
    targets.append(ActionTarget(found))
  }

  private mutating func delete(_ key: ResourceKey) throws(Refusal) {
    guard !key.name.isEmpty else { throw refused("error when deleting \"\(path)\": resource name may not be empty") }
    // Who may not delete is not told what there is.
    try check("delete", key)
    guard let found = try stored(key) else {
      if command.ignoresNotFound { return }
      throw failure(.notFound(key), isPlain: true)
    }
    targets.append(ActionTarget(found))
    try remove(found)
  }

  // MARK: Parts

  private mutating func add(_ object: Resource) throws(Refusal) {
    try check("create", object.kind, namespace: object.namespace, name: "")
    let object = try admitted(.create, old: nil, new: object)
    writes.append(.create(object))
    targets.append(ActionTarget(object))
  }

  /// Deletes an object as the API does: finalizers have their time.
  private mutating func remove(_ object: Resource) throws(Refusal) {
    try check("delete", object.key)
    _ = try admitted(.delete, old: object, new: nil)
    if let deletion = object.deletion(at: SystemClock.now()) { writes.append(deletion) }
  }

  /// Writes what became of an object, which must not have changed meanwhile; nothing where nothing changed.
  private mutating func change(_ current: Resource, _ json: JSON, verb: String) throws(Refusal) {
    try check(verb, current.key)
    var object = Resource(current.kind, json: json)
    object.name = current.name
    if current.kind.isNamespaced { object.namespace = current.namespace }
    object.uid = current.uid
    object.creationTimestamp = current.creationTimestamp
    object.resourceVersion = current.resourceVersion
    // A workflow's status is the engine's.
    if rights != nil, object.kind == .workflow { object.json["status"] = current.json["status"] }
    if object.json != current.json { object = try admitted(.update, old: current, new: object) }
    targets.append(ActionTarget(object))
    if object.json != current.json { writes.append(.update(object)) }
  }

  /// The object as a server takes it: without what only a server writes. A Workflow that cannot run is stored as one that has failed, as
  /// Argo's controller would leave it.
  private func prepared(_ given: Resource) throws(Refusal) -> Resource {
    var object = given
    object.json.modifyObject { root in
      if given.kind.isBuiltIn { root["status"] = nil }
      var metadata = root["metadata"] ?? .object([:])
      for field in ["uid", "creationTimestamp", "generation", "selfLink", "managedFields", "deletionTimestamp"] { metadata[field] = nil }
      root["metadata"] = metadata
    }
    do throws(KubeStatus) {
      return try WorkflowAdmission(store: store).admitted(object)
    } catch {
      throw failure(error)
    }
  }

  /// The object with itself as the annotation that the next `apply` compares with.
  static func annotated(_ object: Resource) -> Resource {
    var plain = object
    plain.setAnnotation(lastApplied, nil)
    var result = plain
    result.setAnnotation(lastApplied, plain.json.text(.go) + "\n")
    return result
  }

  private func stored(_ key: ResourceKey) throws(Refusal) -> Resource? {
    do throws(KubeStatus) { return try store.get(key) } catch { throw .store(error) }
  }

  private func list(_ kind: ResourceKind, _ namespace: String?, _ labels: LabelSelector) throws(Refusal) -> [Resource] {
    do throws(KubeStatus) { return try store.list(kind, namespace: namespace, labels: labels) } catch { throw .store(error) }
  }

  // MARK: Rights

  private func check(_ verb: String, _ key: ResourceKey, applying object: Resource? = nil) throws(Refusal) {
    try check(verb, key.kind, namespace: key.namespace, name: key.name, applying: object)
  }

  private func check(
    _ verb: String, _ kind: ResourceKind, namespace: String, name: String, applying object: Resource? = nil
  ) throws(Refusal) {
    guard let rights else { return }
    do throws(KubeStatus) {
      try rights.check(verb, kind, namespace: namespace, name: name, user: user)
    } catch {
      guard let object else { throw failure(error, isPlain: verb == "get" || verb == "list") }
      // `kubectl apply` says what it was looking for.
      throw .problem(
        KubectlCommand.Problem(
          "Error from server (\(error.reason.rawValue)): error when retrieving current configuration of:\nResource: "
            + "\"\(kind.group)/\(kind.version), Resource=\(kind.plural)\", GroupVersionKind: "
            + "\"\(kind.group)/\(kind.version), Kind=\(kind.kind)\"\nName: \"\(object.name)\", Namespace: \"\(object.namespace)\"\n"
            + "from server for: \"\(path)\": \(error.message)"))
    }
  }

  private func admitted(_ operation: AdmissionRequest.Operation, old: Resource?, new: Resource?) throws(Refusal) -> Resource {
    let subject = new ?? old
    guard let rights, let subject else { return subject ?? Resource(.pod, json: [:]) }
    do throws(KubeStatus) {
      return try rights.admitted(operation, old: old, new: new, user: user, isDryRun: command.isDryRun) ?? subject
    } catch {
      throw failure(error)
    }
  }

  // MARK: Words

  private func refused(_ text: String) -> Refusal { .problem(KubectlCommand.Problem("error: " + text)) }

  private func failure(_ status: KubeStatus, isPlain: Bool = false) -> Refusal {
    .problem(KubectlCommand.Problem(Self.text(status, verb: isPlain ? nil : Self.verb(command.action), path: path)))
  }

  static func verb(_ action: KubectlCommand.Action) -> String? {
    switch action {
    case .create, .apply: "creating"
    case .replace: "replacing"
    case .get, .patch, .delete: nil
    }
  }

  /// A refusal of the server as `kubectl` prints it.
  static func text(_ status: KubeStatus, verb: String?, path: String) -> String {
    if status.reason == .invalid { return "The \(status.message)" }
    let message = verb.map { "error when \($0) \"\(path)\": \(status.message)" } ?? status.message
    return "Error from server (\(status.reason.rawValue)): \(message)"
  }
}
