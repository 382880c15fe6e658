import JSONValue
import KubeModel
import YAMLText

/// One object of a file.
package struct Manifest: Sendable {
  package var resource: Resource
  /// The document the object was written in; for an element of a list, the whole list.
  package var document: YAMLDocument
  package var file: String
  /// The object's place in the file, from 0.
  package var index: Int
  /// Where the object stands in the document.
  package var root: FieldPath

  /// The object as messages name it: its name, its `generateName`, or its place in the file.
  package var objectName: String {
    let name = resource.name.isEmpty ? resource.generateName ?? "" : resource.name
    return name.isEmpty ? "object #\(index + 1)" : name
  }

  func diagnostics(_ findings: [Finding]) -> [Diagnostic] {
    findings.map { finding in
      let path = root.steps + finding.path.steps
      let isAboutKey = finding.rule == "unknown-field" || finding.rule == "removed-field"
      let position = isAboutKey ? document.positions.key(at: path) : document.positions.value(at: path)
      return Diagnostic(
        finding.severity, rule: finding.rule, finding.message, hint: finding.hint, file: file, position: position, path: finding.path,
        kind: resource.kind.kind, objectName: objectName)
    }
  }
}

/// Reads the objects of a manifest file: YAML documents, JSON, and lists of objects.
package struct ManifestLoader: Sendable {
  package struct Result: Sendable {
    package var manifests: [Manifest] = []
    package var diagnostics: [Diagnostic] = []
  }

  /// The namespace of objects that name none; nil leaves them without.
  package var defaultNamespace: String?

  package init(defaultNamespace: String? = nil) { self.defaultNamespace = defaultNamespace }

  /// Kinds that users may write; the others of ``ResourceKind/known`` are made by this program.
  package static let kinds: [ResourceKind] = [
    .workflow, .workflowTemplate, .clusterWorkflowTemplate, .cronWorkflow, .workflowEventBinding, .configMap, .secret,
    .persistentVolumeClaim, .serviceAccount, .namespace, .syncLimit,
  ]

  /// Kinds that come along in manifests for a cluster and mean nothing here.
  private static let ignored: Set<String> = [
    "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Service", "Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job",
    "CronJob", "Ingress", "NetworkPolicy", "PodDisruptionBudget", "ResourceQuota", "LimitRange", "StorageClass", "PersistentVolume",
    "CustomResourceDefinition", "PriorityClass", "HorizontalPodAutoscaler", "ValidatingWebhookConfiguration",
    "MutatingWebhookConfiguration", "Endpoints", "EndpointSlice", "Kustomization",
  ]

  /// The objects of a file's bytes; never fails, what is wrong is in the diagnostics.
  package func load(_ bytes: [UInt8], file: String) -> Result {
    var result = Result()
    let read: [YAMLDocument]
    do throws(YAMLError) {
      read = try documents(bytes)
    } catch {
      result.diagnostics = [Diagnostic(rule: "syntax", error.message, file: file, position: error.position)]
      return result
    }
    var index = 0
    for document in read { add(document.value, at: FieldPath(), of: document, file, &index, to: &result, depth: 0) }
    result.diagnostics.sort()
    return result
  }

  private func add(
    _ value: JSON, at root: FieldPath, of document: YAMLDocument, _ file: String, _ index: inout Int, to result: inout Result, depth: Int
  ) {
    if value.isNull { return }
    let kind = value["kind"]?.string ?? ""
    if let items = value["items"]?.array, kind == "List" || kind.hasSuffix("List"), depth == 0 {
      for (number, item) in items.enumerated() {
        add(item, at: root["items"][number], of: document, file, &index, to: &result, depth: 1)
      }
      return
    }
    defer { index += 1 }
    let name = value.at("metadata", "name")?.string ?? value.at("metadata", "generateName")?.string ?? "object #\(index + 1)"
    func say(_ rule: String, _ message: String, _ path: FieldPath, hint: String? = nil, _ severity: Diagnostic.Severity = .error) {
      result.diagnostics.append(
        Diagnostic(
          severity, rule: rule, message, hint: hint, file: file, position: document.positions.value(at: root.steps + path.steps),
          path: path, kind: kind, objectName: name))
    }
    guard value.object != nil else {
      say("manifest", "expected a manifest, found \(value.typeName)", FieldPath())
      return
    }
    let apiVersion = value["apiVersion"]?.string ?? ""
    if kind.isEmpty || apiVersion.isEmpty {
      let missing = [kind.isEmpty ? "kind" : nil, apiVersion.isEmpty ? "apiVersion" : nil].compactMap { $0 }
      say("missing-kind", "\(missing.joined(separator: " and ")) \(missing.count == 1 ? "is" : "are") required", FieldPath())
      return
    }
    guard let known = ResourceKind.known(apiVersion: apiVersion, kind: kind), Self.kinds.contains(known) else {
      if Self.ignored.contains(kind) {
        say("ignored-kind", "\(apiVersion) \(kind) is ignored: this version does not store it", FieldPath("kind"), .warning)
      } else if let near = Self.kinds.first(where: { $0.kind == kind }) {
        say("api-version", "unknown apiVersion \"\(apiVersion)\" for kind \(kind)", FieldPath("apiVersion"), hint: "use \(near.apiVersion)")
      } else {
        let names = Self.kinds.map(\.kind)
        let near = nearest(to: kind, in: names).map { "did you mean \"\($0)\"?" }
        say("unknown-kind", "unknown kind \"\(kind)\", known are: \(names.joined(separator: ", "))", FieldPath("kind"), hint: near)
      }
      return
    }
    var resource = Resource(known, json: Schema.standard.normalized(value, kind: known.kind))
    if known.isNamespaced, resource.namespace.isEmpty, let defaultNamespace, value["metadata"]?.object != nil || !value.holds("metadata") {
      resource.namespace = defaultNamespace
    }
    result.manifests.append(Manifest(resource: resource, document: document, file: file, index: index, root: root))
  }
}
