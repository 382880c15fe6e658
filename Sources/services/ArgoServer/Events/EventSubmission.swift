internal import ArgoModel
internal import Basics
internal import Contracts
internal import JSONValue
internal import KubeModel
internal import Templating

/// One event before one WorkflowEventBinding: whether it is meant, and the workflow that comes of it. Messages are Argo's
/// (`server/event/dispatch/operation.go`); all of them are `internalError`.
struct EventSubmission: Sendable {
  let binding: Resource
  private let scope: ValueScope
  private let suffix: String

  /// - Parameter suffix: what the names of workflows end with whose binding gives none.
  init(_ event: IncomingEvent, binding: Resource, now: Instant, suffix: String) {
    self.binding = binding
    self.suffix = suffix
    let metadata = event.metadata.mapValues { ExprValue.array($0.map { .string($0) }) }
    scope = ValueScope(
      [
        "namespace": .string(event.namespace.isEmpty ? binding.namespace : event.namespace), "discriminator": .string(event.discriminator),
        "metadata": .map(metadata), "payload": ExprValue(event.payload),
      ], now: now,
      random: {
        var generator = SystemRandomNumberGenerator()
        return generator.next()
      })
  }

  private var submit: JSON? { binding.spec["submit"].flatMap { $0.object == nil ? nil : $0 } }

  /// Whether the selector holds.
  func matches() throws(KubeStatus) -> Bool {
    // Argo's own manifests say `selector: true`, which is no string.
    let selector = binding.spec.at("event", "selector")
    let text = selector?.string ?? selector?.text() ?? ""
    let value = try value(of: text, "failed to evaluate workflow template expression")
    guard case .bool(let isMatch) = value else {
      throw Self.failure(
        "failed to evaluate workflow template expression: unable to cast expression result '\((try? value.insertedText()) ?? value.typeName)' to bool"
      )
    }
    return isMatch
  }

  /// The template that is to be submitted; nil: the binding submits nothing.
  var template: ResourceKey? {
    guard let submit else { return nil }
    let reference = submit["workflowTemplateRef"] ?? [:]
    let name = reference["name"]?.string ?? ""
    return reference["clusterScope"]?.bool == true
      ? ResourceKey(.clusterWorkflowTemplate, namespace: "", name: name)
      : ResourceKey(.workflowTemplate, namespace: binding.namespace, name: name)
  }

  /// The workflow that the event makes of its template.
  func workflow(from template: Resource) throws(KubeStatus) -> Resource {
    let isClusterScope = template.kind == .clusterWorkflowTemplate
    var reference: JSONObject = ["name": .string(template.name)]
    if isClusterScope { reference["clusterScope"] = true }
    var workflow = Resource(
      .workflow,
      json: [
        "metadata": ["generateName": .string(template.name + "-"), "namespace": .string(binding.namespace)],
        "spec": ["workflowTemplateRef": .object(reference)],
      ])
    workflow.setLabel(isClusterScope ? ArgoKey.clusterWorkflowTemplate : ArgoKey.workflowTemplate, template.name)
    // labelsFrom needs the parameters, and is for the engine.
    let own = template.spec["workflowMetadata"]
    for (key, value) in own?["labels"]?.object ?? [:] { workflow.setLabel(key, value.string) }
    for (key, value) in own?["annotations"]?.object ?? [:] { workflow.setAnnotation(key, value.string) }
    try setMetadata(&workflow)
    if workflow.name.isEmpty { workflow.name = (workflow.generateName ?? "") + suffix }
    try setArguments(&workflow)
    return workflow
  }

  /// What the binding says of name, labels and annotations: each is an expression.
  private func setMetadata(_ workflow: inout Resource) throws(KubeStatus) {
    let metadata = submit?["metadata"] ?? [:]
    if let text = metadata["name"]?.string, !text.isEmpty { workflow.name = try string(of: text, "name") }
    if let text = metadata["generateName"]?.string, !text.isEmpty {
      let prefix = try string(of: text, "generateName")
      var changed = workflow.metadata
      changed["generateName"] = .string(prefix)
      workflow.metadata = changed
    }
    for (key, value) in metadata["labels"]?.object ?? [:] {
      workflow.setLabel(key, try string(of: value.string ?? value.text(), "label \"\(key)\""))
    }
    for (key, value) in metadata["annotations"]?.object ?? [:] {
      workflow.setAnnotation(key, try string(of: value.string ?? value.text(), "annotation \"\(key)\""))
    }
  }

  private func setArguments(_ workflow: inout Resource) throws(KubeStatus) {
    let arguments = submit?["arguments"] ?? [:]
    var parameters: [JSON] = []
    for parameter in arguments["parameters"]?.array ?? [] {
      let name = parameter["name"]?.string ?? ""
      guard let source = parameter["valueFrom"], source.object != nil else {
        throw Self.failure("malformed workflow template parameter \"\(name)\": valueFrom is nil")
      }
      let value = try value(of: source["event"]?.string ?? "", "failed to evaluate workflow template parameter \"\(name)\" expression")
      let text: String
      do throws(ExpressionError) { text = try value.insertedText() } catch {
        throw Self.failure("failed to convert result to JSON \"\(name)\" expression: \(error)")
      }
      parameters.append(["name": .string(name), "value": .string(text)])
    }
    var given: JSONObject = [:]
    if !parameters.isEmpty { given["parameters"] = .array(parameters) }
    if let artifacts = arguments["artifacts"]?.array, !artifacts.isEmpty { given["artifacts"] = .array(artifacts) }
    guard !given.isEmpty else { return }
    var spec = workflow.spec
    spec["arguments"] = .object(given)
    workflow.spec = spec
  }

  private func string(of text: String, _ what: String) throws(KubeStatus) -> String {
    let value = try value(of: text, "failed to evaluate workflow \(what) expression")
    guard case .string(let result) = value else {
      throw Self.failure("workflow \(what) expression must evaluate to a string, not a \(value.typeName)")
    }
    return result
  }

  private func value(of text: String, _ what: String) throws(KubeStatus) -> ExprValue {
    do throws(ExpressionError) { return try Expression(compiling: text).evaluate(in: scope) } catch {
      throw Self.failure("\(what): \(error)")
    }
  }

  private static func failure(_ message: String) -> KubeStatus { KubeStatus(.internalError, message) }
}
