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
      var diagnostic = Diagnostic(
        finding.severity, rule: finding.rule, finding.message, hint: finding.hint, file: file, position: position, path: finding.path,
        kind: resource.kind.kind, objectName: objectName)
      diagnostic.inner = finding.inner
      return diagnostic
    }
  }
}

/// A document of `argosy test`, whose shape has been checked.
package struct TestDocument: Sendable {
  package var value: JSON
  package var name: String
  package var document: YAMLDocument
  package var file: String
  package var root: FieldPath

  /// Where a part of it stands.
  package func position(of path: FieldPath) -> SourcePosition { document.positions.value(at: root.steps + path.steps) }
}

/// Reads the objects of a manifest file: YAML documents, JSON, and lists of objects.
package struct ManifestLoader: Sendable {
  package struct Result: Sendable {
    package var manifests: [Manifest] = []
    /// Documents of `argosy test`.
    package var tests: [TestDocument] = []
    package var diagnostics: [Diagnostic] = []
  }

  /// The namespace of objects that name none; nil leaves them without.
  package var defaultNamespace: String?
  /// Whether documents of no kind of Argo's are passed over without a word, as the original's lint does: directories have charts, values and much else.
  package var passesOver = false

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
      if passesOver, !Self.isOfArgo(bytes) { return result }
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
    let apiVersion = value["apiVersion"]?.string ?? ""
    if passesOver, isStrange(apiVersion: apiVersion, kind: kind) { return }
    guard value.object != nil else {
      say("manifest", "expected a manifest, found \(value.typeName)", FieldPath())
      return
    }
    if kind.isEmpty || apiVersion.isEmpty {
      let missing = [kind.isEmpty ? "kind" : nil, apiVersion.isEmpty ? "apiVersion" : nil].compactMap { $0 }
      say("missing-kind", "\(missing.joined(separator: " and ")) \(missing.count == 1 ? "is" : "are") required", FieldPath())
      return
    }
    if kind == Schema.testKind {
      // A test lies beside what it tests and is no object of the cluster.
      if apiVersion != Schema.testVersion {
        say(
          "api-version", "unknown apiVersion \"\(apiVersion)\" for kind \(kind)", FieldPath("apiVersion"), hint: "use \(Schema.testVersion)"
        )
      }
      for finding in StructuralCheck.findings(of: value, kind: kind) {
        let path = root.steps + finding.path.steps
        let isAboutKey = finding.rule == "unknown-field"
        result.diagnostics.append(
          Diagnostic(
            finding.severity, rule: finding.rule, finding.message, hint: finding.hint, file: file,
            position: isAboutKey ? document.positions.key(at: path) : document.positions.value(at: path), path: finding.path, kind: kind,
            objectName: name))
      }
      result.tests.append(TestDocument(value: value, name: name, document: document, file: file, root: root))
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

  /// Whether a document is none of those that are checked, and nothing like one.
  private func isStrange(apiVersion: String, kind: String) -> Bool {
    if kind == Schema.testKind || ResourceKind.known(apiVersion: apiVersion, kind: kind).map({ Self.kinds.contains($0) }) == true {
      return false
    }
    let names = Self.kinds.filter { $0.group == ResourceKind.workflow.group }.map(\.kind)
    let isOfGroup = apiVersion.hasPrefix(ResourceKind.workflow.group + "/")
    if kind.isEmpty { return !isOfGroup }
    // A kind misspelt, or one of Argo's without its version.
    let isAlike = names.contains(kind) || nearest(to: kind, in: names) != nil
    return !isAlike || !(apiVersion.isEmpty || isOfGroup)
  }

  /// Whether a text that is no YAML is meant as one of Argo's manifests: it names their group, and is no template of a chart.
  private static func isOfArgo(_ bytes: [UInt8]) -> Bool {
    let text = String(decoding: bytes, as: UTF8.self)
    return text.contains(ResourceKind.workflow.group + "/")
      && !["{{-", ".Values.", ".Release.", "{{ include", "{%"].contains { text.contains($0) }
  }
}
