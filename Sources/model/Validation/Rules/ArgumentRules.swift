import JSONValue

extension ValidationRun {
  /// The rules of arguments: names, values, enumerations, artifact locations. `prefix` ends in a dot.
  func checkArguments(_ arguments: JSON, prefix: String, allowsEmptyValues: Bool, at path: FieldPath) {
    let parameters = arguments.elements("parameters")
    checkNames(parameters, .parameterOrArtifact, prefix: "\(prefix)parameters", at: path["parameters"])
    checkNames(arguments.elements("artifacts"), .parameterOrArtifact, prefix: "\(prefix)artifacts", at: path["artifacts"])
    for (index, parameter) in parameters.enumerated() where !parameter.text(at: "name").isEmpty {
      checkArgument(
        parameter, name: prefix + parameter.text(at: "name"), allowsEmptyValues: allowsEmptyValues, at: path["parameters"][index])
    }
    for (index, artifact) in arguments.elements("artifacts").enumerated() where !artifact.text(at: "name").isEmpty {
      let name = prefix + artifact.text(at: "name")
      let place = path["artifacts"][index]
      let (from, expression) = (artifact.text(at: "from"), artifact.text(at: "fromExpression"))
      if from.isEmpty, expression.isEmpty, !hasLocationOrKey(artifact) {
        report("artifact-location", "\(name).from, artifact location, or key is required", at: place)
      }
      if !from.isEmpty, !expression.isEmpty {
        report("artifact-from", "\(name) shouldn't have both `from` and `fromExpression` in Artifact", at: place)
      }
      if !expression.isEmpty { checkExpression(expression, what: "fromExpression", prefix: name, at: place["fromExpression"]) }
    }
  }

  private func checkArgument(_ parameter: JSON, name: String, allowsEmptyValues: Bool, at path: FieldPath) {
    let value = parameter["value"]?.scalarText
    let source = parameter["valueFrom"]?.object
    if value == nil, source == nil, !allowsEmptyValues {
      report("argument-value", "\(name).value or \(name).valueFrom is required", at: path)
    }
    if let source {
      let allowed = source["configMapKeyRef"] != nil || source["supplied"] != nil || !(source["event"]?.string ?? "").isEmpty
      let forbidden = ["path", "jsonPath", "parameter", "expression"].contains { !(source[$0]?.string ?? "").isEmpty }
      if !allowed || forbidden {
        report("argument-value-from", "\(name).valueFrom only allows: default, configMapKeyRef and supplied", at: path["valueFrom"])
      }
    }
    guard let choices = parameter["enum"]?.array else { return }
    if choices.isEmpty {
      report("parameter-enum", "\(name).enum should contain at least one value", at: path["enum"])
    } else if let value {
      if !isTemplated(value), !choices.contains(where: { $0.scalarText == value }) {
        report("parameter-enum", "\(name).value should be present in \(name).enum list", at: path["value"])
      }
    } else if !allowsEmptyValues {
      report("argument-value", "\(name).value is required", at: path)
    }
  }

  /// Reports inputs of `template` that `arguments` and the template's own values leave open.
  func checkSupplied(_ template: CallableTemplate, by arguments: JSON, at path: FieldPath) {
    let given = arguments.elements("parameters")
    for parameter in template.list("inputs", "parameters") {
      let name = parameter.text(at: "name")
      if parameter.holds("value") || parameter.holds("default") || parameter["valueFrom"]?["configMapKeyRef"] != nil { continue }
      if given.contains(where: { $0.text(at: "name") == name }) { continue }
      let near = nearest(to: name, in: given.map { $0.text(at: "name") }).map { "the argument \"\($0)\" has no input of its name" }
      report("argument-missing", "templates.\(template.name) inputs.parameters.\(name) was not supplied", hint: near, at: path)
    }
    let artifacts = arguments.elements("artifacts")
    for artifact in template.list("inputs", "artifacts") where artifact["optional"]?.bool != true && !hasLocationOrKey(artifact) {
      let name = artifact.text(at: "name")
      if artifacts.contains(where: { $0.text(at: "name") == name }) { continue }
      report("argument-missing", "templates.\(template.name) inputs.artifacts.\(name) was not supplied", at: path)
    }
  }

  /// Whether the artifact says where it is kept, at least by a key.
  func hasLocationOrKey(_ artifact: JSON) -> Bool {
    ArtifactKind.allCases.contains { kind in artifact[kind.rawValue]?.object.map { !$0.isEmpty } ?? false }
  }
}

/// The places an artifact can be kept in, by their fields.
enum ArtifactKind: String, CaseIterable {
  case s3, gcs, oss, azure, hdfs, artifactory, git, http, raw, plugin
}
