import JSONValue

extension ValidationRun {
  func checkOutputs(_ template: CallableTemplate, _ scope: TagScope) {
    let (name, path) = (template.name, template.path["outputs"])
    let parameters = template.list("outputs", "parameters")
    let artifacts = template.list("outputs", "artifacts")
    checkNames(parameters, .parameterOrArtifact, prefix: "templates.\(name).outputs.parameters ", at: path["parameters"])
    checkNames(artifacts, .parameterOrArtifact, prefix: "templates.\(name).outputs.artifacts ", at: path["artifacts"])
    if !template.isLeaf, let outputs = template.json["outputs"] {
      checkTags(outputs, scope, prefix: "templates.\(name).outputs", at: path)
    }
    for (index, artifact) in artifacts.enumerated() {
      let reference = "templates.\(name).outputs.artifacts.\(artifact.text(at: "name"))"
      let place = path["artifacts"][index]
      if template.isLeaf {
        checkPath(artifact, name: reference, at: place)
      } else if !artifact.text(at: "path").isEmpty {
        report("artifact-path", "\(reference).path only valid in container/script templates", at: place["path"])
      }
      checkGlobalName(artifact, reference: reference, at: place)
      checkLocation(artifact, prefix: reference, at: place)
      let expression = artifact.text(at: "fromExpression")
      if !expression.isEmpty { checkExpression(expression, what: "fromExpression", prefix: reference, at: place["fromExpression"]) }
    }
    for (index, parameter) in parameters.enumerated() {
      check(parameter, of: template, scope, at: path["parameters"][index])
    }
  }

  private func checkGlobalName(_ output: JSON, reference: String, at path: FieldPath) {
    let name = output.text(at: "globalName")
    if name.isEmpty || holdsParameterTag(name) { return }
    if let complaint = NameRule.parameterOrArtifact.complaints(name).first {
      report("global-name", "\(reference).globalName: \(complaint)", at: path["globalName"])
    }
  }

  private func check(_ parameter: JSON, of template: CallableTemplate, _ scope: TagScope, at path: FieldPath) {
    let reference = "templates.\(template.name).outputs.parameters.\(parameter.text(at: "name"))"
    checkGlobalName(parameter, reference: reference, at: path)
    guard let source = parameter["valueFrom"]?.object.map({ JSON.object($0) }) else {
      if !parameter.holds("value") {
        report("output-value", "\(reference) does not have valueFrom or value specified", at: path)
      }
      return
    }
    if parameter.holds("value") {
      report("output-value", "\(reference) has both valueFrom and value specified, choose one", at: path)
      return
    }
    let place = path["valueFrom"]
    var kinds = ["path", "jqFilter", "jsonPath", "parameter", "expression"].filter { !source.text(at: $0).isEmpty }
    let type = template.typeName
    switch type {
    case "DAG", "Steps":
      if kinds.contains("expression"), kinds.contains("parameter") {
        report(
          "output-value", "\(reference) shouldn't have both `from` and `expression` specified in `ValueFrom` for \(type) templates",
          at: place)
        return
      }
    default: break
    }
    if source.holds("supplied") { kinds.append("supplied") }
    if kinds.isEmpty {
      report(
        "output-value", "valueFrom type unspecified. choose one of: path, jqFilter, jsonPath, parameter, raw, expression", at: place)
      return
    }
    if kinds.count > 1 {
      report("output-value", "multiple valueFrom types specified. choose one of: path, jqFilter, jsonPath, parameter, raw", at: place)
      return
    }
    switch type {
    case "Container", "ContainerSet", "Script":
      if kinds != ["path"] { report("output-value", "\(reference).path must be specified for \(type) templates", at: place) }
    case "Resource":
      if kinds != ["jqFilter"], kinds != ["jsonPath"] {
        report("output-value", "\(reference) .jqFilter or jsonPath must be specified for \(type) templates", at: place)
      }
    case "DAG", "Steps":
      if kinds != ["parameter"], kinds != ["expression"] {
        report("output-value", "\(reference).parameter or expression must be specified for \(type) templates", at: place)
      }
    default: break
    }
    let expression = source.text(at: "expression")
    if !expression.isEmpty {
      checkExpression(expression, what: "valueFrom.expression", prefix: reference, at: place["expression"])
      if !isTemplated(expression) {
        // A default stands in for what fails.
        let isStrict = !source.holds("default")
        checkComparisons(expression, isStrict: isStrict, prefix: reference, at: place["expression"])
        var strict = scope
        strict.needsExpressions = true
        if isStrict { judgeReferences(expression, strict, prefix: reference, at: place["expression"]) }
      }
    }
  }
}
