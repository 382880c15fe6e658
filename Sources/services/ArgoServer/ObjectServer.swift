package import Contracts
package import JSONValue
package import KubeModel
internal import Validation

/// The verbs that the kinds of the Argo API have in common: the object is checked by the rules of its kind, labelled with who sent it, and stored.
package struct ObjectServer: Sendable {
  package let kind: ResourceKind
  let resources: any ResourceServing
  let checks: ManifestChecks
  /// Who owns the fields that are written.
  static let fieldManager = "argo-server"

  package init(_ kind: ResourceKind, resources: any ResourceServing, checks: ManifestChecks) {
    self.kind = kind
    self.resources = resources
    self.checks = checks
  }

  /// - Parameter namespace: empty for all of them.
  package func list(namespace: String, _ options: ListOptions) throws(KubeStatus) -> ResourcePage {
    try resources.list(kind, namespace: namespace.isEmpty ? nil : namespace, options)
  }

  package func get(namespace: String, name: String) throws(KubeStatus) -> Resource {
    try resources.get(ResourceKey(kind, namespace: namespace, name: name))
  }

  /// Throws `badRequest` when the object breaks its rules, `alreadyExists`.
  package func create(namespace: String, _ document: JSON, isDryRun: Bool = false, by user: UserInfo) throws(KubeStatus) -> Resource {
    var object = try placed(document, in: namespace)
    ActorLabels.setCreator(&object, user)
    try checks.check(object, .submit)
    return try resources.create(kind, namespace: kind.isNamespaced ? namespace : nil, object.json, options(user, isDryRun)).resource
  }

  /// The object as it was given, with the label that it would get. Throws `badRequest` with what is wrong with it.
  package func lint(namespace: String, _ document: JSON, by user: UserInfo) throws(KubeStatus) -> Resource {
    var object = try placed(document, in: namespace)
    ActorLabels.setCreator(&object, user)
    try checks.check(object, .lint)
    return object
  }

  /// Replaces an object. Without a resourceVersion in it, whatever is stored is replaced.
  package func update(namespace: String, name: String, _ document: JSON, by user: UserInfo) throws(KubeStatus) -> Resource {
    var object = try placed(document, in: namespace)
    if object.name.isEmpty { object.name = name }
    guard object.name == name else {
      throw KubeStatus(.badRequest, "the name of the object (\(object.name)) does not match the name on the URL (\(name))")
    }
    ActorLabels.setActor(&object, user, .update)
    try checks.check(object, .submit)
    let key = ResourceKey(kind, namespace: namespace, name: name)
    // An update of a kind of Kubernetes' needs a version; Argo's API takes the last word.
    if object.resourceVersion == nil { object.resourceVersion = try resources.get(key).resourceVersion }
    return try resources.update(key, subresource: "", object.json, options(user)).resource
  }

  package func delete(
    namespace: String, name: String, _ deletion: DeleteOptions = DeleteOptions(), isDryRun: Bool = false, by user: UserInfo
  ) throws(KubeStatus) {
    _ = try resources.delete(ResourceKey(kind, namespace: namespace, name: name), deletion, options(user, isDryRun))
  }

  /// How the writes of this API are to be taken: unknown fields are passed over.
  func options(_ user: UserInfo, _ isDryRun: Bool = false) -> WriteOptions {
    var options = WriteOptions(user: user, fieldManager: Self.fieldManager)
    options.isDryRun = isDryRun
    options.fieldValidation = .ignore
    return options
  }

  /// The document as an object of this kind in the namespace of the request. Throws `badRequest` for one that names another.
  func placed(_ document: JSON, in namespace: String) throws(KubeStatus) -> Resource {
    guard document.object != nil else { throw KubeStatus(.badRequest, "the body has no \(kind.kind)") }
    for (member, wanted) in [("apiVersion", kind.apiVersion), ("kind", kind.kind)] {
      if let given = document[member]?.string, !given.isEmpty, given != wanted {
        throw KubeStatus(.badRequest, "\(member) must be \(wanted). Received: \(given)")
      }
    }
    var object = Resource(kind, json: document)
    guard kind.isNamespaced else { return object }
    if !object.namespace.isEmpty, object.namespace != namespace {
      throw KubeStatus(
        .badRequest, "the namespace of the provided object does not match the namespace sent on the request")
    }
    object.namespace = namespace
    return object
  }
}
