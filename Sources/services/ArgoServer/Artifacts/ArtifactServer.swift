internal import ArgoModel
internal import Basics
package import Contracts
package import JSONValue
package import KubeModel

/// Where the Argo API finds and puts artifacts.
package struct ArtifactParts: Sendable {
  package var resources: any ResourceServing
  package var reader: any ArtifactReading
  package var transfer: any ArtifactTransferring
  package var secrets: any SecretReading
  /// The workflow of a uid that is not archived; nil when there is none. It is shown as its readers see it.
  package var live: @Sendable (_ uid: String) throws(KubeStatus) -> Resource?
  /// Finished workflows whose objects are gone.
  package var archive: (any WorkflowArchiving)?
  /// The location that an `artifactRepositoryRef` (nil: none) of a namespace stands for, as ``ArgoModel/ArtifactRepository/location``.
  package var repository: @Sendable (_ reference: JSON?, _ namespace: String) throws(KubeStatus) -> JSON

  package init(
    resources: any ResourceServing, reader: any ArtifactReading, transfer: any ArtifactTransferring, secrets: any SecretReading,
    live: @escaping @Sendable (_ uid: String) throws(KubeStatus) -> Resource?,
    repository: @escaping @Sendable (_ reference: JSON?, _ namespace: String) throws(KubeStatus) -> JSON
  ) {
    self.resources = resources
    self.reader = reader
    self.transfer = transfer
    self.secrets = secrets
    self.live = live
    self.repository = repository
  }
}

/// Artifacts of runs, for readers and from those who upload.
package struct ArtifactServer: Sendable {
  package enum Direction: String, Sendable, Hashable { case inputs, outputs }

  /// One artifact of one node, with its whole location.
  package struct Item: Sendable {
    package var artifact: JSON
    package var namespace: String
    /// The last part of its key, which is a file's name; its own name where it has no key.
    package var fileName: String
  }

  private let parts: ArtifactParts

  package init(_ parts: ArtifactParts) { self.parts = parts }

  // MARK: Finding

  /// The workflow of this name, or the archived one that started last. Throws `notFound`.
  package func workflow(namespace: String, name: String) throws(KubeStatus) -> Resource {
    do throws(KubeStatus) { return try parts.resources.get(ResourceKey(.workflow, namespace: namespace, name: name)) } catch {
      guard error.reason == .notFound, let archived = try parts.archive?.archived(namespace: namespace, name: name) else { throw error }
      return archived
    }
  }

  /// The workflow of this uid, archived or not. Throws `notFound`.
  package func workflow(uid: String) throws(KubeStatus) -> Resource {
    if let archived = try parts.archive?.archived(uid: uid) { return archived }
    if let live = try parts.live(uid) { return live }
    throw KubeStatus(
      .notFound, "workflow not yet archived", details: .init(name: uid, group: ResourceKind.workflow.group, kind: "workflows"))
  }

  /// An artifact of a node. Throws `internalError` when the node or the artifact is not there, as Argo does.
  package func item(of workflow: Resource, node id: String, _ direction: Direction, named name: String) throws(KubeStatus) -> Item {
    guard let node = workflow.status.at("nodes", id) else {
      throw KubeStatus(.internalError, "was not able to retrieve node \"\(id)\" of workflow \"\(workflow.name)\"")
    }
    let artifacts = node.at(direction.rawValue, "artifacts")?.array ?? []
    guard let artifact = artifacts.first(where: { $0["name"]?.string == name }) else {
      throw KubeStatus(.internalError, "artifact not found: node \"\(id)\" has no \"\(name)\" among its \(direction.rawValue)")
    }
    let whole = Artifact.relocated(artifact, to: Self.location(of: node, in: workflow))
    let key = ArtifactPlace(whole)?.key ?? ""
    let file = key.split(separator: "/").last.map(String.init) ?? name
    return Item(artifact: whole, namespace: workflow.namespace, fileName: file)
  }

  /// Where a node's artifacts lie that have a key alone: its template says it, else the workflow's repository.
  private static func location(of node: JSON, in workflow: Resource) -> JSON {
    if let own = template(of: node, in: workflow)?["archiveLocation"], own.object != nil, Artifact(own).hasLocation { return own }
    return ArtifactRepository(reference: workflow.status["artifactRepositoryRef"] ?? ["default": true]).location
  }

  private static func template(of node: JSON, in workflow: Resource) -> JSON? {
    let scope = node["templateScope"]?.string ?? ""
    let name = node.at("templateRef", "template")?.string ?? node["templateName"]?.string ?? ""
    guard !name.isEmpty else { return nil }
    for place in [workflow.spec, workflow.status["storedWorkflowTemplateSpec"] ?? [:]] where node["templateRef"] == nil {
      if let found = (place["templates"]?.array ?? []).first(where: { $0["name"]?.string == name }) { return found }
    }
    let stored = workflow.status["storedTemplates"]?.object ?? [:]
    if let found = stored["\(scope)/\(name)"] { return found }
    let other = node.at("templateRef", "name")?.string ?? ""
    return stored.first { $0.key.hasSuffix("/\(other)/\(name)") }?.value
  }

  // MARK: Reading

  /// What an artifact is, or what is at a path in it. Throws `notFound` when nothing is there, and `internalError`.
  package func content(of item: Item, at path: String = "") throws(KubeStatus) -> ArtifactContent {
    try translated { () throws(ArtifactFailure) in try parts.reader.content(of: item.artifact, at: path, context: context(item)) }
  }

  /// The names in a directory of an artifact; those of directories end with a slash.
  package func names(in item: Item, at path: String = "") throws(KubeStatus) -> [String] {
    try translated { () throws(ArtifactFailure) in try parts.reader.names(in: item.artifact, at: path, context: context(item)) }
  }

  /// The artifact in one file: as it is stored, and a directory packed.
  package func packed(_ item: Item) throws(KubeStatus) -> ArtifactFile {
    try translated { () throws(ArtifactFailure) in try parts.reader.packed(item.artifact, context: context(item)) }
  }

  private func context(_ item: Item) -> ArtifactContext {
    ArtifactContext(namespace: item.namespace, keyPrefix: "", secrets: parts.secrets)
  }

  private func translated<Value>(_ body: () throws(ArtifactFailure) -> Value) throws(KubeStatus) -> Value {
    do throws(ArtifactFailure) { return try body() } catch {
      switch error {
      case .notFound(let message): throw KubeStatus(.notFound, message)
      case .failed(let message): throw KubeStatus(.internalError, message)
      }
    }
  }

  // MARK: Uploading

  /// Keeps a file as a new value of an argument artifact of a WorkflowTemplate, at a key of its own below `uploads/<namespace>`. Gives the key, with which a workflow can be
  /// submitted. Throws `notFound` when there is no such template or artifact, and `badRequest` for a name that is no file's.
  ///
  /// - Parameter file: the file of this machine, and `fileName` as its sender calls it.
  package func upload(
    _ file: String, fileName: String, template: String, artifact name: String, namespace: String
  ) throws(KubeStatus) -> String {
    let stored = try parts.resources.get(ResourceKey(.workflowTemplate, namespace: namespace, name: template))
    let declared = (stored.spec.at("arguments", "artifacts")?.array ?? []).first { $0["name"]?.string == name }
    guard var artifact = declared else {
      throw KubeStatus(.notFound, "Artifact '\(name)' not found in WorkflowTemplate \(namespace)/\(template) arguments.artifacts")
    }
    let key = "uploads/\(namespace)/\(Self.uuid())/\(try Self.fileName(fileName))"
    if !Artifact(artifact).hasLocation {
      let location = try parts.repository(stored.spec["artifactRepositoryRef"].flatMap { $0.object == nil ? nil : $0 }, namespace)
      if let place = ArtifactPlace(artifact) { artifact[place.kind] = nil }
      for (kind, value) in location.object ?? [:] { artifact[kind] = value }
    }
    guard var place = ArtifactPlace(artifact), !place.key.isEmpty || place.kind == "local" else {
      throw KubeStatus(
        .badRequest,
        "Artifact '\(name)' does not have a storage location configured (s3, gcs, azure, oss). Give it one in the WorkflowTemplate, or set up a default artifact repository."
      )
    }
    place.key = key
    artifact[place.kind] = place.json
    artifact["archive"] = ["none": [:]]
    let context = ArtifactContext(namespace: namespace, keyPrefix: "", secrets: parts.secrets)
    let (transfer, saved) = (parts.transfer, artifact)
    _ = try translated { () throws(ArtifactFailure) in try transfer.save(saved, from: file, context: context) }
    return key
  }

  private static func uuid() -> String {
    var generator = SystemRandomNumberGenerator()
    return randomUUID(using: &generator)
  }

  /// The last part of what a sender calls a file, whatever system it comes from. Throws `badRequest`.
  static func fileName(_ given: String) throws(KubeStatus) -> String {
    let last = given.split(whereSeparator: { $0 == "/" || $0 == "\\" }).last.map(String.init) ?? ""
    let isUsable = !last.isEmpty && last != "." && !last.contains("..") && last.utf8.count <= 200 && !last.hasPrefix(".argosy-tmp-")
    guard isUsable, !last.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) else {
      throw KubeStatus(.badRequest, "Invalid filename")
    }
    return last
  }
}
