import ArgoClient
import ArgumentParser
import JSONValue
import KubeModel

/// `argosy template`.
struct TemplateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: NamespacedTemplates.verb,
    abstract: "Manage workflow templates of a server.",
    discussion: """
      EXAMPLES
        argosy template create templates.yaml
        argosy template list -A
      """,
    subcommands: [
      TemplateGetCommand<NamespacedTemplates>.self, TemplateListCommand.self, TemplateCreateCommand<NamespacedTemplates>.self,
      TemplateDeleteCommand<NamespacedTemplates>.self, TemplateLintCommand<NamespacedTemplates>.self,
      TemplateUpdateCommand<NamespacedTemplates>.self,
    ])
}

/// `argosy cluster-template`.
struct ClusterTemplateCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: ClusterTemplates.verb,
    abstract: "Manage cluster workflow templates of a server.",
    discussion: """
      EXAMPLES
        argosy cluster-template create templates.yaml
        argosy cwft list
      """,
    subcommands: [
      TemplateGetCommand<ClusterTemplates>.self, ClusterTemplateListCommand.self, TemplateCreateCommand<ClusterTemplates>.self,
      TemplateDeleteCommand<ClusterTemplates>.self, TemplateLintCommand<ClusterTemplates>.self,
      TemplateUpdateCommand<ClusterTemplates>.self,
    ],
    aliases: ["cwftmpl", "cwft"])
}

/// What is given to a command that sends manifests.
struct ManifestArguments: ParsableArguments {
  @Argument(help: ArgumentHelp("Files, directories, URLs, or - for standard input.", valueName: "file"), completion: .file())
  var files: [String]

  @Flag(inversion: .prefixedNo, help: "Refuse unknown fields.")
  var strict = true

  @Option(name: [.short, .long], help: ArgumentHelp("What is printed: name, json, yaml or wide.", valueName: "form"))
  var output: ObjectOutput?
}

/// `create` of both kinds of templates.
struct TemplateCreateCommand<Place: TemplatePlace>: ServerVerb {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "create",
      abstract: "Create \(Place.noun)s.",
      discussion: """
        EXAMPLES
          argosy \(Place.verb) create templates.yaml
          argosy \(Place.verb) create a.yaml b.yaml -o yaml
          argosy \(Place.verb) create --strict=false old.yaml
        """)
  }

  @OptionGroup var manifests: ManifestArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let context = Terminal.context(dependencies.style(noColor: true))
    for (namespace, template) in try await Place.read(manifests.files, isStrict: manifests.strict, client, dependencies) {
      let (doing, separator) = Place.failure(to: "create", template.displayName)
      let created = try await WrappedFailure.wrap(doing, separator: separator) {
        try await client.post(Place.path(namespace), Place.body(template, namespace))
      }
      dependencies.output.write(
        ObjectOutput.text(created, manifests.output, yaml: dependencies.yaml) { Place.block($0, context) })
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `update` of both kinds of templates.
struct TemplateUpdateCommand<Place: TemplatePlace>: ServerVerb {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "update",
      abstract: "Replace \(Place.noun)s.",
      discussion: """
        EXAMPLES
          argosy \(Place.verb) update templates.yaml
          argosy \(Place.verb) update templates.yaml -o yaml
        """)
  }

  @OptionGroup var manifests: ManifestArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let context = Terminal.context(dependencies.style(noColor: true))
    for (namespace, template) in try await Place.read(manifests.files, isStrict: manifests.strict, client, dependencies) {
      let name = template.at("metadata", "name")?.string ?? ""
      let path = Place.path(namespace) + [name]
      let present = try await WrappedFailure.wrap("failed to get existing \(Place.noun) \"\(name)\" to update") {
        try await client.get(path)
      }
      let (doing, separator) = Place.failure(to: "update", name)
      let updated = try await WrappedFailure.wrap(doing, separator: separator) {
        try await client.put(path, Place.body(template.withVersion(of: present), namespace))
      }
      dependencies.output.write(
        ObjectOutput.text(updated, manifests.output, yaml: dependencies.yaml) { Place.block($0, context) })
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

extension JSON {
  /// The object with the resource version of what it replaces.
  func withVersion(of present: JSON) -> JSON {
    var result = self
    var metadata = self["metadata"] ?? .object([:])
    metadata["resourceVersion"] = present.at("metadata", "resourceVersion")
    result["metadata"] = metadata
    return result
  }
}

/// `get` of both kinds of templates.
struct TemplateGetCommand<Place: TemplatePlace>: ServerVerb {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "get",
      abstract: "Show \(Place.noun)s.",
      discussion: """
        EXAMPLES
          argosy \(Place.verb) get my-template
          argosy \(Place.verb) get my-template -o yaml
        """)
  }

  @Argument(
    help: ArgumentHelp("Names of templates.", valueName: "template"),
    completion: .shellCommand("argosy \(Place.verb) list -o name 2>/dev/null"))
  var names: [String] = []

  @Option(name: [.short, .long], help: ArgumentHelp("The form: name, json, yaml or wide.", valueName: "form"))
  var output: ObjectOutput?

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let context = Terminal.context(dependencies.style(noColor: true))
    for name in names {
      let template = try await client.get(Place.path(client.connection.namespace) + [name])
      dependencies.output.write(ObjectOutput.text(template, output, yaml: dependencies.yaml) { Place.block($0, context) })
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy template list`.
struct TemplateListCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List workflow templates.",
    discussion: """
      EXAMPLES
        argosy template list
        argosy template list -A -l team=build
        argosy template list -o name
      """)

  @Flag(name: [.customShort("A"), .long], help: "Templates of all namespaces.")
  var allNamespaces = false

  @Option(name: [.customShort("l"), .long], help: ArgumentHelp("Templates that have these labels.", valueName: "labels"))
  var selector = ""

  @Option(name: [.short, .long], help: ArgumentHelp("The form: wide or name.", valueName: "form"))
  var output: ListOutput?

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let namespace = allNamespaces ? "" : client.connection.namespace
    let query: ArgoClient.Query = selector.isEmpty ? [] : [("listOptions.labelSelector", selector)]
    let templates = try await client.get(NamespacedTemplates.path(namespace), query: query).items
    dependencies.output.write(
      output == .name
        ? templates.map { $0.displayName + "\n" }.joined()
        : NamespacedTemplates.table(templates, hasNamespace: allNamespaces))
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `argosy cluster-template list`.
struct ClusterTemplateListCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "list",
    abstract: "List cluster workflow templates.",
    discussion: """
      EXAMPLES
        argosy cluster-template list
        argosy cluster-template list -o name
      """)

  @Option(name: [.short, .long], help: ArgumentHelp("The form: wide or name.", valueName: "form"))
  var output: ListOutput?

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let templates = try await client.get(ClusterTemplates.path("")).items
    dependencies.output.write(
      output == .name ? templates.map { $0.displayName + "\n" }.joined() : ClusterTemplates.table(templates, hasNamespace: false))
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `delete` of both kinds of templates.
struct TemplateDeleteCommand<Place: TemplatePlace>: ServerVerb {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "delete",
      abstract: "Delete \(Place.noun)s.",
      discussion: """
        EXAMPLES
          argosy \(Place.verb) delete my-template
          argosy \(Place.verb) delete --all
        """)
  }

  @Argument(
    help: ArgumentHelp("Names of templates.", valueName: "template"),
    completion: .shellCommand("argosy \(Place.verb) list -o name 2>/dev/null"))
  var names: [String] = []

  @Flag(help: Place.kind.isNamespaced ? "All of the namespace." : "All of the cluster.")
  var all = false

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let path = Place.path(client.connection.namespace)
    let names = all ? try await client.get(path).items.compactMap { $0.at("metadata", "name")?.string } : names
    for name in names {
      _ = try await client.delete(path + [name])
      dependencies.output.write("\(Place.kind.kind) '\(Printable.line(name))' deleted\n")
    }
    return ConcludingStatus.succeeded.rawValue
  }
}

/// `lint` of both kinds of templates.
struct TemplateLintCommand<Place: TemplatePlace>: Verb {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: "lint",
      abstract: "Check manifests of \(Place.noun)s.",
      discussion: """
        Objects of other kinds are left out. It is argosy lint --kinds \(Place.kind.plural).

        EXAMPLES
          argosy \(Place.verb) lint templates/
          argosy \(Place.verb) lint a.yaml b.yaml -o simple
        """)
  }

  @OptionGroup var lint: KindLintArguments
  @OptionGroup(title: "Server") var server: ServerArguments

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    try await lint.run([Place.kind.plural], server, dependencies)
  }
}
