import ArgumentParser
import Basics
import JSONValue

/// `argosy executor-plugin`.
struct ExecutorPluginCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "executor-plugin",
    abstract: "Manage executor plugins.",
    discussion: """
      EXAMPLES
        argosy executor-plugin build hello-plugin/
      """,
    subcommands: [ExecutorPluginBuildCommand.self])
}

/// `argosy executor-plugin build`.
struct ExecutorPluginBuildCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "build",
    abstract: "Make the ConfigMap and the README of an executor plugin.",
    discussion: """
      Reads plugin.yaml and, where there is one, the program in server.*, which becomes the container's argument. Writes
      <name>-executor-plugin-configmap.yaml and README.md beside them.

      EXAMPLES
        argosy executor-plugin build hello-plugin/
        kubectl apply -n argo -f hello-plugin/hello-executor-plugin-configmap.yaml
      """)

  @Argument(help: ArgumentHelp("The plugin's directory.", valueName: "dir"), completion: .directory)
  var directory: String

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    await dependencies.failing {
      let base = directory.hasSuffix("/") ? String(directory.dropLast()) : directory
      let file = try InputFiles.read("\(base)/plugin.yaml")
      let document: JSON
      do { document = try dependencies.parseDocument(file) } catch { throw SubmitFailure("\(file.name): \(error)") }
      var plugin = ExecutorPluginManifest(document)
      let programs = LocalFiles.names(in: base).filter { $0.hasPrefix("server.") }.sorted()
      if programs.count > 1 { throw SubmitFailure("plugin \(plugin.name) has more than one server.* file") }
      if let program = programs.first {
        plugin.program = String(decoding: try InputFiles.read("\(base)/\(program)").bytes, as: UTF8.self)
      }
      let header = "# This is an auto-generated file. DO NOT EDIT\n"
      let outputs = [
        (
          "\(base)/\(plugin.name)-executor-plugin-configmap.yaml", header + dependencies.yaml(try plugin.configMap(yaml: dependencies.yaml))
        ),
        ("\(base)/README.md", plugin.readme),
      ]
      for (path, text) in outputs {
        if LocalFiles.exists(path) {
          try InputFiles.replace(path, with: Array(text.utf8))
        } else {
          try LocalFiles.write(Array(text.utf8), to: path)
        }
        dependencies.output.write("\(path) created\n")
      }
      return ConcludingStatus.succeeded.rawValue
    }
  }
}

/// The manifest of an executor plugin (`plugin.yaml`).
struct ExecutorPluginManifest {
  private let document: JSON
  /// The program of a `server.*` file, for the container's arguments.
  var program: String?

  init(_ document: JSON) { self.document = document }

  var name: String { document.at("metadata", "name")?.string ?? "" }

  private var container: JSON {
    var container = document.at("spec", "sidecar", "container") ?? .object([:])
    if let program { container["args"] = [.string(program)] }
    return container
  }

  private func check() throws(SubmitFailure) {
    func unknown(_ json: JSON?, _ known: Set<String>, _ path: String) -> String? {
      (json?.object ?? [:]).first { !known.contains($0.key) }.map { "plugin.yaml: unknown field \"\(path)\($0.key)\"" }
    }
    let sidecar = document.at("spec", "sidecar")
    let problem =
      unknown(document, ["apiVersion", "kind", "metadata", "spec"], "") ?? unknown(document["spec"], ["sidecar"], "spec.")
      ?? unknown(sidecar, ["automountServiceAccountToken", "container"], "spec.sidecar.")
    if let problem { throw SubmitFailure(problem) }
    if name.isEmpty || name.contains("/") { throw SubmitFailure("plugin.yaml: metadata.name must be a name of Kubernetes") }
    func isThere(_ json: JSON?) -> Bool { json.map { !$0.isNull } ?? false }
    if (container["ports"]?.array ?? []).isEmpty { throw SubmitFailure("sidecar is invalid: at least one port is mandatory") }
    if !isThere(container.at("resources", "requests")) { throw SubmitFailure("sidecar is invalid: resources requests are mandatory") }
    if !isThere(container.at("resources", "limits")) { throw SubmitFailure("sidecar is invalid: resources limits are mandatory") }
    if !isThere(container["securityContext"]) { throw SubmitFailure("sidecar is invalid: security context is mandatory") }
  }

  /// The ConfigMap by which the plugin is installed; keys are sorted.
  func configMap(yaml: (JSON) -> String) throws(SubmitFailure) -> JSON {
    try check()
    var labels: JSONObject = ["workflows.argoproj.io/configmap-type": document["kind"] ?? "ExecutorPlugin"]
    for (key, value) in document.at("metadata", "labels")?.object ?? [:] { labels[key] = value }
    var metadata: JSONObject = ["labels": .object(labels), "name": .string(name + "-executor-plugin")]
    let annotations = document.at("metadata", "annotations")?.object ?? [:]
    if !annotations.isEmpty { metadata["annotations"] = .object(annotations) }
    if let namespace = document.at("metadata", "namespace")?.string, !namespace.isEmpty { metadata["namespace"] = .string(namespace) }
    let mounts = document.at("spec", "sidecar", "automountServiceAccountToken")?.bool ?? false
    return Self.sorted([
      "apiVersion": "v1", "kind": "ConfigMap", "metadata": .object(metadata),
      "data": [
        "sidecar.automountServiceAccountToken": mounts ? "true" : "false",
        "sidecar.container": .string(yaml(Self.sorted(container))),
      ],
    ])
  }

  static func sorted(_ json: JSON) -> JSON { (try? JSON.parse(json.bytes(.canonical))) ?? json }

  var readme: String {
    func annotation(_ key: String) -> String { document.at("metadata", "annotations", "workflows.argoproj.io/" + key)?.string ?? "" }
    return """
      <!-- This is an auto-generated file. DO NOT EDIT -->
      # \(name)

      * Needs: \(annotation("version"))
      * Image: \(container["image"]?.string ?? "")

      \(annotation("description"))

      Install:

          kubectl apply -f \(name)-executor-plugin-configmap.yaml

      Uninstall:

          kubectl delete cm \(name)-executor-plugin

      """
  }
}
