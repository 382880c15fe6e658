import ArgoModel
import Basics
import JSONValue
import KubeModel
import Templating

/// What is settled once when a run begins: parameters, metadata, volumes and claims.
extension RunState {
  mutating func resolveGlobals() throws(RunFailure) {
    for parameter in spec.arguments.parameters {
      if let value = parameter.value {
        header.parameters.append((parameter.name, value))
      } else if let reference = parameter.valueFrom?.configMapKeyRef {
        switch readConfigMap(reference) {
        case .success(let value): header.parameters.append((parameter.name, value))
        case .failure(let failure):
          guard let fallback = parameter.valueFrom?.defaultValue, !failure.isFailure else {
            throw RunFailure(
              "failed to set global parameters: failed to set global parameter \(parameter.name) from configmap with name \(reference.name) and key \(reference.key): \(failure.message)"
            )
          }
          header.parameters.append((parameter.name, fallback))
        }
      } else if let fallback = parameter.defaultValue ?? parameter.valueFrom?.defaultValue {
        header.parameters.append((parameter.name, fallback))
      } else {
        throw RunFailure(
          "failed to set global parameters: either value or valueFrom must be specified in order to set global parameter \(parameter.name)")
      }
    }
    // Values of parameters may name what is known of the workflow itself.
    for place in header.parameters.indices where header.parameters[place].value.contains("{{") {
      let text = CompiledText(header.parameters[place].value)
      if let value = try? evaluate(text, Frame(), isStrict: false) { header.parameters[place].value = value }
    }
  }

  /// The workflow's volumes, with what is known of the workflow itself filled in.
  mutating func resolveVolumes() throws(RunFailure) {
    var volumes: [JSON] = []
    for volume in spec.volumes { volumes.append(try evaluate(CompiledTree(volume), Frame(), isStrict: false)) }
    header.volumes = volumes
  }

  /// The workflow's artifact arguments, with what is known of the workflow itself filled in.
  var workflowArtifacts: [JSON] {
    spec.arguments.artifacts.map { artifact in
      (try? evaluate(CompiledTree(artifact.json), Frame(), isStrict: false)) ?? artifact.json
    }
  }

  /// Labels and annotations that the specification gives the workflow. What is wrong with them is an Error of the workflow.
  mutating func resolveMetadata() throws(RunFailure) {
    guard let metadata = spec.json.present("workflowMetadata") else { return }
    for (key, value) in metadata["labels"]?.object ?? [:] {
      guard let text = value.anyString else { continue }
      let label = try evaluate(CompiledText(text), Frame(), isStrict: false)
      try checkLabel(key, label, source: "")
      header.labels[key] = label
    }
    for (key, value) in metadata["annotations"]?.object ?? [:] {
      if let text = value.anyString { header.annotations[key] = try evaluate(CompiledText(text), Frame(), isStrict: false) }
    }
    for (key, source) in (metadata["labelsFrom"]?.object ?? [:]).sortedByKey() {
      guard let expression = source["expression"]?.string else { continue }
      let quoted = JSON.string(expression).text()
      let value: ExprValue
      do throws(RunFailure) {
        value = try evaluate(expression: expression, Frame())
      } catch {
        throw RunFailure("failed to evaluate label \(JSON.string(key).text()) expression \(quoted): \(error.message)")
      }
      guard case .string(let text) = value else {
        throw RunFailure(
          "failed to evaluate label \(JSON.string(key).text()) expression \(quoted) evaluted to \(value.typeName) but must be a string")
      }
      try checkLabel(key, text, source: " and expression \(quoted)")
      header.labels[key] = text
    }
  }

  private func checkLabel(_ key: String, _ value: String, source: String) throws(RunFailure) {
    guard let problem = labelProblem(value) else { return }
    throw RunFailure("invalid label value \(JSON.string(value).text()) for label \(JSON.string(key).text())\(source): \(problem)")
  }

  /// What Kubernetes says of a text that cannot be the value of a label.
  private func labelProblem(_ text: String) -> String? {
    var problems: [String] = []
    if text.utf8.count > 63 { problems.append("must be no more than 63 bytes") }
    if !isLabelText(text) {
      problems.append(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
      )
    }
    return problems.isEmpty ? nil : problems.joined(separator: ";")
  }

  private func isLabelText(_ text: String) -> Bool {
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
    let bytes = Array(text.utf8)
    guard let first = bytes.first, let last = bytes.last else { return true }
    return isAlphanumeric(first) && isAlphanumeric(last)
      && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
  }

  mutating func makeClaims() {
    for template in spec.volumeClaimTemplates {
      guard let volume = template.at("metadata", "name")?.string else { continue }
      let claim = "\(name)-\(volume)"
      var json = (try? evaluate(CompiledTree(template), Frame(), isStrict: false)) ?? template
      var metadata = json["metadata"] ?? .object([:])
      metadata["name"] = .string(claim)
      metadata["namespace"] = .string(namespace)
      var labels = metadata["labels"] ?? .object([:])
      labels[ArgoKey.workflow] = .string(name)
      metadata["labels"] = labels
      metadata["ownerReferences"] = [ownerReference]
      json["metadata"] = metadata
      header.claims.append((volume, claim))
      header.volumes.append(["name": .string(volume), "persistentVolumeClaim": ["claimName": .string(claim)]])
      effects.append(.createClaim(Resource(.persistentVolumeClaim, json: json)))
    }
  }

  mutating func deleteClaims() {
    guard !header.claims.isEmpty, spec.volumeClaimGCStrategy == "OnWorkflowCompletion" || header.phase == .succeeded else { return }
    for claim in header.claims { effects.append(.deleteClaim(name: claim.claim)) }
    header.claims = []
  }
}
