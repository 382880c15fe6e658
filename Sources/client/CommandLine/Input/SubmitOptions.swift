import JSONValue
import KubeModel

/// What a submission changes in the Workflow that it submits.
package struct SubmitOptions: Sendable, Hashable {
  package var entrypoint: String?
  package var name: String?
  package var generateName: String?
  /// Used where the manifest names none.
  package var namespace: String?
  package var labels: [LabelArgument]
  /// In the order in which they shall stand.
  package var parameters: [ParameterArgument]
  package var serviceAccount: String?
  package var priority: Int32?
  package var annotations: [LabelArgument] = []

  package init(
    entrypoint: String? = nil, name: String? = nil, generateName: String? = nil, namespace: String? = nil,
    labels: [LabelArgument] = [], parameters: [ParameterArgument] = []
  ) {
    self.entrypoint = entrypoint
    self.name = name
    self.generateName = generateName
    self.namespace = namespace
    self.labels = labels
    self.parameters = parameters
  }

  /// The workflow with these options applied. Given parameters come first in `spec.arguments.parameters`, as a name and a value only;
  /// the others follow untouched (spec section 5.3).
  package func apply(to workflow: Resource) -> Resource {
    var result = workflow
    if let entrypoint { result.json["spec", default: .object([:])]["entrypoint"] = .string(entrypoint) }
    if let serviceAccount { result.json["spec", default: .object([:])]["serviceAccountName"] = .string(serviceAccount) }
    if let priority { result.json["spec", default: .object([:])]["priority"] = .int(Int64(priority)) }
    if !parameters.isEmpty { override(&result.json["spec", default: .object([:])]) }
    if let generateName { result.json["metadata", default: .object([:])]["generateName"] = .string(generateName) }
    if let name { result.name = name }
    if let namespace, result.namespace.isEmpty { result.namespace = namespace }
    for label in labels { result.setLabel(label.name, label.value) }
    for annotation in annotations {
      result.json["metadata", default: .object([:])]["annotations", default: .object([:])][annotation.name] = .string(annotation.value)
    }
    return result
  }

  private func override(_ spec: inout JSON) {
    let names = Set(parameters.map(\.name))
    let given = parameters.map { JSON.object(["name": .string($0.name), "value": .string($0.value)]) }
    let originals = (spec.at("arguments", "parameters")?.array ?? []).filter { parameter in
      !(parameter["name"]?.string.map(names.contains) ?? false)
    }
    spec["arguments", default: .object([:])]["parameters"] = .array(given + originals)
  }
}

extension JSON {
  /// The member to be edited in place, made of a default where there is none.
  fileprivate subscript(key: String, default value: @autoclosure () -> JSON) -> JSON {
    get { self[key] ?? value() }
    _modify {
      var member = self[key] ?? value()
      self[key] = .null
      defer { self[key] = member }
      yield &member
    }
  }
}
