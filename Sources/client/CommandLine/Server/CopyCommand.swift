import ArgoClient
import ArgumentParser
import Basics
import JSONValue

/// `argosy cp`.
struct CopyCommand: ServerVerb {
  static let configuration = CommandConfiguration(
    commandName: "cp",
    abstract: "Copy the output artifacts of a workflow of a server.",
    discussion: """
      EXAMPLES
        argosy cp my-wf ./out -n argo
        argosy cp @latest ./out --template-name build
        argosy cp my-wf ./out --artifact-name report --path '{workflowName}/{templateName}'
      """)

  @Argument(help: ArgumentHelp("The workflow; @latest is the newest.", valueName: "workflow"), completion: .workflows)
  var workflow: String

  @Argument(help: ArgumentHelp("Where the files go.", valueName: "directory"), completion: .directory)
  var directory: String

  @Option(name: .customLong("node-id"), help: ArgumentHelp("Artifacts of this node only.", valueName: "id"))
  var nodeID = ""

  @Option(help: ArgumentHelp("Artifacts of nodes of this template only.", valueName: "name"))
  var templateName = ""

  @Option(help: ArgumentHelp("Artifacts of this name only.", valueName: "name"))
  var artifactName = ""

  @Option(
    help: ArgumentHelp(
      "The directory below it, of {namespace}, {workflowName}, {nodeId}, {templateName} and {artifactName}.", valueName: "path"))
  var path = "{namespace}/{workflowName}/{nodeId}/outputs/{artifactName}"

  @OptionGroup(title: "Server") var server: ServerArguments

  func serve(_ client: ArgoClient, _ dependencies: CommandDependencies) async throws -> Int32 {
    let found: JSON
    do throws(ClientFailure) {
      found = try await client.workflow(workflow, namespace: client.connection.namespace)
    } catch {
      throw ClientFailure("failed to get workflow: \(error.message)", code: error.code, status: error.status)
    }
    let named = WorkflowName(found, fallback: client.connection.namespace)
    for (id, node) in found.at("status", "nodes")?.object ?? [:] {
      let template = node.at("templateRef", "template")?.string ?? node["templateName"]?.string ?? ""
      if !nodeID.isEmpty && id != nodeID || !templateName.isEmpty && template != templateName { continue }
      for artifact in node.at("outputs", "artifacts")?.array ?? [] {
        guard let name = artifact["name"]?.string, artifactName.isEmpty || name == artifactName, artifact["deleted"]?.bool != true else {
          continue
        }
        let values = [
          "templateName": template, "namespace": named.namespace, "workflowName": named.name, "nodeId": id, "artifactName": name,
        ]
        let place = directory + "/" + Self.filled(path, values)
        try LocalFiles.makeDirectories(place)
        let file = Self.fileName(artifact, name)
        do {
          _ = try await client.download(["artifacts", named.namespace, named.name, id, name], to: "\(place)/\(file)")
        } catch let failure as ClientFailure {
          throw ClientFailure(
            "failed to get and store artifact data: \(name) of \(id): \(failure.message)", code: failure.code, status: failure.status)
        }
        dependencies.output.write("Created \(JSON.string(file).text())\n")
      }
    }
    return ConcludingStatus.succeeded.rawValue
  }

  /// The path with the values in it, each as one name: none leads elsewhere.
  static func filled(_ path: String, _ values: [String: String]) -> String {
    var result = ""
    var rest = path[...]
    while let open = rest.firstIndex(of: "{") {
      result += rest[..<open]
      rest = rest[open...]
      guard let close = rest.firstIndex(of: "}"), let value = values[String(rest[rest.index(after: open)..<close])] else {
        result.append(rest.removeFirst())
        continue
      }
      result += oneName(value)
      rest = rest[rest.index(after: close)...]
    }
    return result + rest
  }

  /// The last part of the key under which the artifact is stored.
  static func fileName(_ artifact: JSON, _ name: String) -> String {
    let places = [
      ("s3", "key"), ("gcs", "key"), ("oss", "key"), ("azure", "blob"), ("hdfs", "path"), ("local", "key"), ("artifactory", "url"),
      ("http", "url"),
    ]
    for (kind, field) in places {
      guard let key = artifact.at(kind, field)?.string, let last = key.prefix(while: { $0 != "?" }).split(separator: "/").last else {
        continue
      }
      return oneName(String(last))
    }
    return oneName(name)
  }

  private static func oneName(_ text: String) -> String {
    let name = text.replacing("/", with: "_").replacing("\0", with: "_")
    return name == "." || name == ".." ? "_" : name
  }
}
