internal import ArgoModel
internal import Basics
package import JSONValue
package import KubeModel
package import WorkflowCore

/// What a submission changes in the Workflow that it makes (Argo's `SubmitOpts`, spec 5.3).
package struct SubmitOptions: Sendable {
  package var name = ""
  package var generateName = ""
  package var entrypoint = ""
  package var serviceAccount = ""
  package var podPriorityClassName = ""
  package var priority: Int64?
  package var labels: [(name: String, value: String)] = []
  package var annotations: [(name: String, value: String)] = []
  package var parameters: [ParameterValue] = []
  /// New keys of argument artifacts, by the artifacts' names.
  package var artifacts: [String: String] = [:]
  package var ownerReference: JSON?
  /// The workflow comes back as it would be sent; nothing is stored.
  package var isDryRun = false
  /// The workflow comes back as the server would have it; nothing is stored.
  package var isServerDryRun = false

  package init() {}

  /// Reads the member `submitOptions` of a request, whose types were checked. Throws `badRequest` in Argo's words.
  package init(json: JSON) throws(KubeStatus) {
    func text(_ member: String) -> String { json[member]?.string ?? "" }
    func texts(_ member: String) -> [String] { json[member]?.array?.compactMap(\.string) ?? [] }
    (name, generateName) = (text("name"), text("generateName"))
    entrypoint = text("entryPoint").isEmpty ? text("entrypoint") : text("entryPoint")
    serviceAccount = text("serviceAccount").isEmpty ? text("serviceAccountName") : text("serviceAccount")
    podPriorityClassName = text("podPriorityClassName")
    priority = json["priority"]?.int
    labels = try Self.pairs(text("labels"), of: "labels")
    annotations = try Self.pairs(text("annotations"), of: "Annotations")
    parameters = try Self.parameters(texts("parameters"))
    for item in texts("artifacts") {
      let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else {
        throw KubeStatus(.badRequest, "expected artifact of the form: NAME=KEY. Received: \(item)")
      }
      artifacts[String(parts[0])] = String(parts[1])
    }
    ownerReference = json["ownerReference"].flatMap { $0.isNull ? nil : $0 }
    isDryRun = json["dryRun"]?.bool ?? false
    isServerDryRun = json["serverDryRun"]?.bool ?? false
  }

  /// Reads parameters: `name=value` each, split at the first `=`. Throws `badRequest`.
  package static func parameters(_ items: [String]) throws(KubeStatus) -> [ParameterValue] {
    var result: [ParameterValue] = []
    for item in items {
      guard let place = item.firstIndex(of: "=") else {
        throw KubeStatus(.badRequest, "expected parameter of the form: NAME=VALUE. Received: \(item)")
      }
      result.append(ParameterValue(String(item[..<place]), String(item[item.index(after: place)...])))
    }
    return result
  }

  /// Reads `a=b,c=d`.
  private static func pairs(_ text: String, of what: String) throws(KubeStatus) -> [(name: String, value: String)] {
    guard !text.isEmpty else { return [] }
    var result: [(name: String, value: String)] = []
    for item in text.split(separator: ",", omittingEmptySubsequences: false) {
      let parts = item.split(separator: "=", omittingEmptySubsequences: false)
      let problem = parts.count != 2 ? "unexpected label spec: \(item)" : parts[0].isEmpty ? "unexpected empty label key" : nil
      if let problem {
        throw KubeStatus(.badRequest, "expected \(what) of the form: NAME1=VALUE2,NAME2=VALUE2. Received: \(text): \(problem)")
      }
      result.append((String(parts[0]), String(parts[1])))
    }
    return result
  }

  /// Applies them, but for the artifacts.
  package func apply(to workflow: inout Resource) {
    var spec = workflow.spec
    if !entrypoint.isEmpty { spec["entrypoint"] = .string(entrypoint) }
    if !serviceAccount.isEmpty { spec["serviceAccountName"] = .string(serviceAccount) }
    if !podPriorityClassName.isEmpty { spec["podPriorityClassName"] = .string(podPriorityClassName) }
    if let priority { spec["priority"] = .int(priority) }
    workflow.spec = Resubmission.withParameters(spec, parameters)
    for (name, value) in labels { workflow.setLabel(name, value) }
    for (name, value) in annotations { workflow.setAnnotation(name, value) }
    var metadata = workflow.metadata
    if !generateName.isEmpty { metadata["generateName"] = .string(generateName) }
    if !name.isEmpty { metadata["name"] = .string(name) }
    if let ownerReference { metadata["ownerReferences"] = .array((metadata["ownerReferences"]?.array ?? []) + [ownerReference]) }
    workflow.metadata = metadata
  }
}
