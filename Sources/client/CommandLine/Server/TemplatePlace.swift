import ArgoClient
import JSONValue
import KubeModel

/// Where templates of a kind lie on a server, and how they are called.
protocol TemplatePlace {
  static var kind: ResourceKind { get }
  /// The command's name: `template`.
  static var verb: String { get }
  /// `workflow template`, in messages.
  static var noun: String { get }
  /// The path of the collection.
  static func path(_ namespace: String) -> [String]
}

enum NamespacedTemplates: TemplatePlace {
  static let kind = ResourceKind.workflowTemplate
  static let verb = "template"
  static let noun = "workflow template"
  static func path(_ namespace: String) -> [String] { ["api", "v1", "workflow-templates", namespace] }
}

enum ClusterTemplates: TemplatePlace {
  static let kind = ResourceKind.clusterWorkflowTemplate
  static let verb = "cluster-template"
  static let noun = "cluster workflow template"
  static func path(_ namespace: String) -> [String] { ["api", "v1", "cluster-workflow-templates"] }
}

extension TemplatePlace {
  /// A template as `get` prints it.
  static func block(_ template: JSON, _ context: DisplayContext) -> String {
    var block = KeyBlock(width: 20)
    block.add("Name:", template.at("metadata", "name")?.string ?? "")
    if kind.isNamespaced { block.add("Namespace:", template.at("metadata", "namespace")?.string ?? "") }
    block.add("Created:", WorkflowText.instant(template.at("metadata", "creationTimestamp")), context)
    return block.text
  }

  /// The table of `list`. Names are followed by blanks, as the original's are.
  static func table(_ templates: [JSON], hasNamespace: Bool) -> String {
    var table = TabTable(padding: 3)
    table.append((hasNamespace ? ["NAMESPACE"] : []) + ["NAME"])
    for template in templates {
      let namespace = Printable.line(template.at("metadata", "namespace")?.string ?? "")
      table.append((hasNamespace ? [namespace] : []) + [template.displayName, ""])
    }
    return table.lines().map { $0 + "\n" }.joined()
  }

  /// The templates of files, each with its namespace.
  static func read(
    _ files: [String], isStrict: Bool, _ client: ArgoClient, _ dependencies: CommandDependencies
  ) async throws -> [(namespace: String, template: JSON)] {
    let found = try await dependencies.objects(of: kind, in: files, isStrict: isStrict)
    if found.isEmpty { throw SubmitFailure("No \(noun) found in given files") }
    return found.map { template in
      guard kind.isNamespaced else { return ("", template) }
      let namespace = template.at("metadata", "namespace")?.string ?? ""
      var resource = Resource(kind, json: template)
      if namespace.isEmpty { resource.namespace = client.connection.namespace }
      return (resource.namespace, resource.json)
    }
  }

  /// What is said before a failure's cause, and between them: the original names a cluster template, and puts a comma behind it.
  static func failure(to verb: String, _ name: String) -> (text: String, separator: String) {
    kind.isNamespaced ? ("failed to \(verb) \(noun)", ": ") : ("failed to \(verb) \(noun): \(name),", "  ")
  }

  static func body(_ template: JSON, _ namespace: String) -> JSON {
    kind.isNamespaced ? ["namespace": .string(namespace), "template": template] : ["template": template]
  }
}
