package import JSONValue
package import KubeModel

/// What a list tells of an archived workflow: the object without what is large.
package enum ArchiveSummary {
  /// Of the status; nodes, templates, outputs are left out.
  private static let statusFields = [
    "phase", "startedAt", "finishedAt", "progress", "message", "estimatedDuration", "resourcesDuration", "conditions",
  ]
  private static let metadataFields = ["name", "generateName", "namespace", "uid", "creationTimestamp", "labels", "ownerReferences"]
  private static let specFields = ["entrypoint", "workflowTemplateRef", "priority", "suspend", "shutdown"]
  /// The paths of the members that a summary has as the whole workflow has them, unless ``isCut(_:)``.
  package static let members =
    metadataFields.map { "metadata." + $0 } + specFields.map { "spec." + $0 } + statusFields.map { "status." + $0 } + [
      "apiVersion", "kind",
    ]

  /// Whether a summary has less of the message than the workflow.
  package static func isCut(_ summary: Resource) -> Bool { (summary.status["message"]?.string?.utf8.count ?? 0) > messageLimit }
  /// A longer value of a parameter or annotation is left out, in bytes of UTF-8.
  private static let valueLimit = 1024
  /// A longer message is cut, in bytes of UTF-8.
  private static let messageLimit = 4096

  /// The summary of a whole workflow.
  package static func summary(of workflow: Resource) -> JSON {
    var metadata = chosen(metadataFields, of: workflow.metadata)
    let annotations = (workflow.metadata["annotations"]?.object ?? [:]).filter { isShort($0.value) }
    if !annotations.isEmpty { metadata["annotations"] = .object(JSONObject(annotations.map { ($0.key, $0.value) })) }
    var spec = chosen(specFields, of: workflow.spec)
    let parameters = (workflow.spec.at("arguments", "parameters")?.array ?? []).map { parameter in
      var parameter = parameter
      if !isShort(parameter["value"]) { parameter["value"] = nil }
      return parameter
    }
    if !parameters.isEmpty { spec["arguments"] = ["parameters": .array(parameters)] }
    var status = chosen(statusFields, of: workflow.status)
    if let message = status["message"]?.string, message.utf8.count > messageLimit {
      status["message"] = .string(String(decoding: message.utf8.prefix(messageLimit), as: UTF8.self) + "…")
    }
    return [
      "apiVersion": .string(workflow.kind.apiVersion), "kind": .string(workflow.kind.kind), "metadata": .object(metadata),
      "spec": .object(spec), "status": .object(status),
    ]
  }

  private static func chosen(_ fields: [String], of json: JSON) -> JSONObject {
    var result = JSONObject()
    for field in fields { result[field] = json[field] }
    return result
  }

  private static func isShort(_ value: JSON?) -> Bool { (value?.string?.utf8.count ?? 0) <= valueLimit }
}

/// The texts of a workflow that full-text search looks into.
package struct ArchiveText: Sendable, Hashable {
  /// Of the workflow, its templates' reference and its nodes.
  package var names: String
  /// `name=value` of the workflow's arguments and outputs.
  package var parameters: String
  /// Of the workflow, its nodes and conditions.
  package var messages: String

  /// Of each of the three at most so many bytes are kept.
  private static let limit = 16_384

  package init(of workflow: Resource) {
    var names = Collector(limit: Self.limit)
    var parameters = Collector(limit: Self.limit)
    var messages = Collector(limit: Self.limit)
    names.add(workflow.name)
    names.add(workflow.spec.at("workflowTemplateRef", "name")?.string)
    parameters.add(workflow.spec.at("arguments", "parameters"))
    parameters.add(workflow.status.at("outputs", "parameters"))
    messages.add(workflow.status["message"]?.string)
    for condition in workflow.status["conditions"]?.array ?? [] { messages.add(condition["message"]?.string) }
    for (_, node) in workflow.status["nodes"]?.object ?? [:] where !(names.isFull && messages.isFull) {
      names.add(node["displayName"]?.string)
      messages.add(node["message"]?.string)
    }
    self.names = names.text
    self.parameters = parameters.text
    self.messages = messages.text
  }

  /// Lines, each once, up to a size.
  private struct Collector {
    let limit: Int
    private var lines: [String] = []
    private var known: Set<String> = []
    private var size = 0
    private(set) var isFull = false

    init(limit: Int) { self.limit = limit }

    var text: String { lines.joined(separator: "\n") }

    mutating func add(_ line: String?) {
      guard let line, !line.isEmpty, !isFull, known.insert(line).inserted else { return }
      let room = limit - size
      if line.utf8.count > room {
        isFull = true
        lines.append(String(decoding: line.utf8.prefix(room), as: UTF8.self))
      } else {
        lines.append(line)
        size += line.utf8.count + 1
      }
    }

    mutating func add(_ parameters: JSON?) {
      for parameter in parameters?.array ?? [] {
        guard let name = parameter["name"]?.string else { continue }
        add(parameter["value"].map { "\(name)=\($0.string ?? $0.text())" } ?? name)
      }
    }
  }
}
