internal import JSONValue
internal import KubeModel
internal import Validation
internal import YAMLText

/// A variable that a tag may use, and what it is.
struct Variable: Sendable, Hashable {
  var name: String
  var detail: String
}

/// The variables that may be used at a place of a workflow (specification, section 3.3).
struct VariableScope {
  let workspace: Workspace
  let spec: JSON
  /// The template that the place is in, and the step or task of it; nil for none.
  let template: JSON?
  let step: JSON?

  var variables: [Variable] {
    var result: [Variable] = []
    if let template {
      result += inputs(of: template)
      result += others(in: template)
      result += items
      if !isCaller(template) { result.append(Variable(name: "pod.name", detail: "the pod of this node")) }
      result.append(Variable(name: "node.name", detail: "the full name of this node"))
      if template["retryStrategy"]?.isNull == false || spec["retryStrategy"]?.isNull == false { result += Self.retries }
    }
    return result + workflow
  }

  private func isCaller(_ template: JSON) -> Bool { template["steps"] != nil || template["dag"] != nil }

  private func names(_ json: JSON?, _ list: String) -> [JSON] { (json?[list]?.array ?? []).filter { $0["name"]?.string?.isEmpty == false } }

  private func inputs(of template: JSON) -> [Variable] {
    let inputs = template["inputs"]
    return names(inputs, "parameters").map { Variable(name: "inputs.parameters.\($0["name"]?.string ?? "")", detail: Self.detail(of: $0)) }
      + names(inputs, "artifacts").flatMap { artifact -> [Variable] in
        let name = artifact["name"]?.string ?? ""
        return [
          Variable(name: "inputs.artifacts.\(name)", detail: "an artifact"),
          Variable(name: "inputs.artifacts.\(name).path", detail: "where the artifact lies in the container"),
        ]
      }
  }

  private static func detail(of parameter: JSON) -> String {
    if let text = parameter["description"]?.string { return text }
    if let value = parameter["value"] ?? parameter["default"], !value.isNull { return "default \(value.string ?? value.text(.go))" }
    return "a parameter"
  }

  /// Steps of the groups before, or the other tasks.
  private func others(in template: JSON) -> [Variable] {
    var result: [Variable] = []
    let own = step?["name"]?.string
    for group in template["steps"]?.array ?? [] {
      let steps = group.array ?? []
      if let own, steps.contains(where: { $0["name"]?.string == own }) { break }
      for step in steps { result += outcome("steps", of: step) }
    }
    let waiting: Set<String> = own.map { self.waiting(for: $0, in: template) } ?? []
    for task in template["dag"]?["tasks"]?.array ?? [] where own == nil || task["name"]?.string != own {
      if let name = task["name"]?.string, waiting.contains(name) { continue }
      result += outcome("tasks", of: task)
    }
    return result
  }

  /// The tasks that wait for one, also by way of others: they have nothing to give to it.
  private func waiting(for name: String, in template: JSON) -> Set<String> {
    var waiters: [String: [String]] = [:]
    for task in template.at("dag", "tasks")?.array ?? [] {
      var needs = (task["dependencies"]?.array ?? []).compactMap(\.string)
      let terms = (task["depends"]?.string ?? "").unicodeScalars.split { !Words.isLetter($0) && $0 != "." }
      needs += terms.compactMap { $0.split(separator: ".").first.map { String($0) } }
      for need in needs { waiters[need, default: []].append(task["name"]?.string ?? "") }
    }
    var found: Set<String> = []
    var open = waiters[name] ?? []
    while let next = open.popLast() { if found.insert(next).inserted { open += waiters[next] ?? [] } }
    return found
  }

  private func outcome(_ root: String, of call: JSON) -> [Variable] {
    guard let name = call["name"]?.string, !name.isEmpty else { return [] }
    let base = "\(root).\(name)"
    let called = target(of: call)
    var result = [
      Variable(name: "\(base).status", detail: "the node's phase"), Variable(name: "\(base).id", detail: "the node's ID"),
      Variable(name: "\(base).startedAt", detail: "when it began"), Variable(name: "\(base).finishedAt", detail: "when it ended"),
    ]
    let isPlain = called.map { !isCaller($0) } ?? true
    if isPlain {
      result.append(Variable(name: "\(base).outputs.result", detail: "what it wrote to its standard output"))
      result.append(Variable(name: "\(base).exitCode", detail: "the exit code"))
      result.append(Variable(name: "\(base).ip", detail: "the address of a daemon"))
    }
    let outputs = called?["outputs"]
    for parameter in names(outputs, "parameters") {
      result.append(Variable(name: "\(base).outputs.parameters.\(parameter["name"]?.string ?? "")", detail: Self.detail(of: parameter)))
    }
    for artifact in names(outputs, "artifacts") {
      result.append(Variable(name: "\(base).outputs.artifacts.\(artifact["name"]?.string ?? "")", detail: "an artifact"))
    }
    return result
  }

  /// The template that a step or task calls.
  func target(of call: JSON) -> JSON? {
    if let inline = call["inline"], !inline.isNull { return inline }
    if let reference = call["templateRef"], !reference.isNull {
      let stored = workspace.template(reference["name"]?.string ?? "", isClusterScope: reference["clusterScope"]?.bool ?? false)
      return stored?.spec["templates"]?.array?.first { $0["name"] == reference["template"] }
    }
    guard let name = call["template"]?.string else { return nil }
    return spec["templates"]?.array?.first { $0["name"]?.string == name }
  }

  private var items: [Variable] {
    guard let step else { return [] }
    var result: [Variable] = []
    if let list = step["withItems"]?.array {
      result.append(Variable(name: "item", detail: "one of the items"))
      for (key, _) in list.first?.object ?? [:] { result.append(Variable(name: "item.\(key)", detail: "a member of the item")) }
    } else if step["withParam"] != nil || step["withSequence"] != nil {
      result.append(Variable(name: "item", detail: "one of the items"))
    }
    return result
  }

  private var workflow: [Variable] {
    var result = Self.globals
    for parameter in names(spec["arguments"], "parameters") {
      result.append(Variable(name: "workflow.parameters.\(parameter["name"]?.string ?? "")", detail: Self.detail(of: parameter)))
    }
    return result
  }

  private static let retries = [
    Variable(name: "retries", detail: "which attempt this is, from 0"),
    Variable(name: "lastRetry.exitCode", detail: "of the attempt before"),
    Variable(name: "lastRetry.status", detail: "phase of the attempt before"), Variable(name: "lastRetry.duration", detail: "in seconds"),
    Variable(name: "lastRetry.message", detail: "of the attempt before"),
  ]

  private static let globals = [
    Variable(name: "workflow.name", detail: "the workflow's name"),
    Variable(name: "workflow.namespace", detail: "the workflow's namespace"),
    Variable(name: "workflow.uid", detail: "the workflow's UID"),
    Variable(name: "workflow.serviceAccountName", detail: "the service account that it runs as"),
    Variable(name: "workflow.mainEntrypoint", detail: "the entrypoint's name"),
    Variable(name: "workflow.parameters.json", detail: "all parameters as a JSON list"),
    Variable(name: "workflow.annotations.json", detail: "all annotations as JSON"),
    Variable(name: "workflow.labels.json", detail: "all labels as JSON"),
    Variable(name: "workflow.creationTimestamp", detail: "when the workflow was made (RFC 3339)"),
    Variable(name: "workflow.creationTimestamp.s", detail: "when the workflow was made, in seconds since 1970"),
    Variable(name: "workflow.scheduledTime", detail: "for which time a cron workflow made it"),
    Variable(name: "workflow.priority", detail: "the workflow's priority"),
    Variable(name: "workflow.duration", detail: "how long it has run, in seconds"),
    Variable(name: "workflow.status", detail: "the workflow's phase, for exit handlers"),
    Variable(name: "workflow.failures", detail: "the nodes that failed as JSON, for exit handlers"),
  ]
}
