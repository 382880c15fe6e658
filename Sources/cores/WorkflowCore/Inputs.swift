import ArgoModel
import Basics
import JSONValue
import Templating

/// Arguments with their values.
struct BoundArguments: Sendable {
  /// `name` with `value` or `valueFrom`.
  var parameters: [JSON] = []
  var artifacts: [JSON] = []
  /// Parameters whose value is an output that a skipped node does not have.
  var absent: Set<String> = []
}

extension RunState {
  /// The values of arguments in a frame.
  func bind(_ arguments: CompiledArguments, _ frame: Frame, isStrict: Bool = true) throws(RunFailure) -> BoundArguments {
    var bound = BoundArguments()
    for parameter in arguments.parameters {
      if let tag = parameter.onlyTag, value(tag, frame) == .absent {
        bound.absent.insert(parameter.name)
        continue
      }
      var json = try evaluate(parameter.tree, frame, isStrict: isStrict)
      if let value = json.present("value") { json["value"] = .string(value.anyString ?? "") }
      bound.parameters.append(json)
    }
    for source in arguments.artifacts {
      do throws(RunFailure) {
        if let artifact = try resolve(source, frame) { bound.artifacts.append(artifact) }
      } catch {
        if source.isOptional { continue }
        // Steps and hooks say which part of the work it was; DAGs do not.
        let isSteps = frame.boundary.flatMap { nodes[$0].template?.isSteps } ?? true
        guard source.from != nil || source.fromExpression != nil, isSteps || !isStrict else { throw error }
        throw RunFailure("unable to resolve references: \(error.message)")
      }
    }
    return bound
  }

  /// The artifact that an argument or output stands for; nil when it has neither a source nor a location.
  func resolve(_ source: CompiledArtifactSource, _ frame: Frame, keepsGlobalName: Bool = false) throws(RunFailure) -> JSON? {
    guard source.from != nil || source.fromExpression != nil else {
      let json = try evaluate(source.tree, frame)
      return located(json)
    }
    var found: JSON
    if let expression = source.fromExpression {
      let value = try evaluate(expression: expression, frame)
      guard case .map = value, let json = value.json else {
        throw RunFailure("Variable {{\(source.name)}} is not an artifact")
      }
      found = json
    } else if let from = source.from {
      found = try artifact(from, frame)
    } else {
      return nil
    }
    found["name"] = .string(source.name)
    // What the producer says of its own file does not concern the consumer.
    for key in ["path", "mode", "recurseMode", "from", "fromExpression"] { found[key] = nil }
    if !keepsGlobalName { found["globalName"] = nil }
    if source.isOptional { found["optional"] = true }
    if let subPath = source.subPath {
      found = append(try evaluate(subPath, frame, isStrict: false), toKeyOf: found)
    }
    return found
  }

  private func artifact(_ from: CompiledText, _ frame: Frame) throws(RunFailure) -> JSON {
    var name = from.source.trimmed
    if case .expression(let text)? = from.template.onlyTag {
      let value = try evaluate(expression: text, frame)
      guard case .map = value, let json = value.json else { throw RunFailure("Unable to resolve: \"=\(text)\"") }
      return json
    }
    if name.hasPrefix("{{") { name = String(name.dropFirst(2)) }
    if name.hasSuffix("}}") { name = String(name.dropLast(2)) }
    name = name.trimmed
    if name.contains("{{") { name = try evaluate(CompiledText(name), frame, isStrict: false).trimmed }
    guard let found = artifact(name, frame) else { throw RunFailure("Unable to resolve: \"\(name)\"") }
    return found
  }

  private func append(_ subPath: String, toKeyOf artifact: JSON) -> JSON {
    guard var place = ArtifactPlace(artifact), !place.key.isEmpty else { return artifact }
    place.key = place.key.hasSuffix("/") ? place.key + subPath : "\(place.key)/\(subPath)"
    var artifact = artifact
    artifact[place.kind] = place.json
    return artifact
  }

  /// The inputs of a template: for each parameter the argument, else its own value, `valueFrom` or default (spec 2.19).
  func bindInputs(_ template: CompiledTemplate, _ arguments: BoundArguments, _ frame: Frame) throws(RunFailure) -> JSON? {
    let declared = template.template.inputs
    guard !declared.parameters.isEmpty || !declared.artifacts.isEmpty else { return nil }
    var parameters: [JSON] = []
    // Those whose value the template says itself, which may name other inputs.
    var own: [Int] = []
    for (place, parameter) in declared.parameters.enumerated() {
      var json = parameter.json
      let argument = arguments.parameters.first { $0["name"]?.string == parameter.name }
      if let value = argument?.present("value") {
        json["value"] = .string(value.anyString ?? "")
        json["valueFrom"] = nil
        // Texts of the declaration itself may hold tags, the value may not.
        if let own = parameter.json.present("default")?.anyString {
          json["default"] = .string((try? evaluate(CompiledText(own), frame, isStrict: false)) ?? own)
        }
      } else {
        json = try evaluate(template.inputParameters[place], frame, isStrict: false)
        if let valueFrom = argument?.present("valueFrom") {
          json["valueFrom"] = valueFrom
          json["value"] = nil
        }
        if json.present("value") == nil, argument?.present("valueFrom") == nil, let fallback = json.present("default") {
          json["value"] = fallback
        }
        if arguments.absent.contains(parameter.name), json.present("value") == nil, json.present("valueFrom") == nil {
          throw RunFailure(
            "inputs.parameters.\(parameter.name): argument references an absent optional (skipped/omitted node output with no default)")
        }
        if let value = json.present("value") {
          json["value"] = .string(value.anyString ?? "")
          own.append(place)
        } else {
          json["value"] = .string(try configMapValue(of: json, name: parameter.name))
          json["valueFrom"] = nil
        }
      }
      parameters.append(json)
    }
    var inner = frame
    inner.inputs = ["parameters": .array(parameters)]
    for place in own {
      guard let text = parameters[place]["value"]?.string, text.contains("{{") else { continue }
      parameters[place]["value"] = .string(try evaluate(CompiledText(text), inner, isStrict: false))
    }
    inner.inputs = ["parameters": .array(parameters)]
    var artifacts: [JSON] = []
    for (place, artifact) in declared.artifacts.enumerated() {
      let own = located(try evaluate(template.inputArtifacts[place], inner, isStrict: false))
      let argument = arguments.artifacts.first { $0["name"]?.string == artifact.name }
      let ownView = Artifact(own)
      let hasOwn = ownView.hasLocation || ownView.key != nil
      if !artifact.isOptional, !hasOwn {
        guard let argument else { throw RunFailure("inputs.artifacts.\(artifact.name) was not supplied") }
        let view = Artifact(argument)
        if !view.hasLocation, view.key == nil { throw RunFailure("inputs.artifacts.\(artifact.name) missing location information") }
      }
      guard var given = argument else {
        artifacts.append(own)
        continue
      }
      for field in ["path", "mode", "recurseMode"] { given[field] = own[field] }
      if artifact.isOptional { given["optional"] = true }
      if given["archive"] == nil { given["archive"] = own["archive"] }
      artifacts.append(given)
    }
    var inputs = JSONObject()
    if !parameters.isEmpty { inputs["parameters"] = .array(parameters) }
    if !artifacts.isEmpty { inputs["artifacts"] = .array(artifacts) }
    return .object(inputs)
  }

  private func configMapValue(of parameter: JSON, name: String) throws(RunFailure) -> String {
    let valueFrom = parameter.present("valueFrom").map { ValueFrom($0) }
    guard let valueFrom else { throw RunFailure("inputs.parameters.\(name) was not supplied") }
    guard let reference = valueFrom.configMapKeyRef else {
      if let fallback = valueFrom.defaultValue { return fallback }
      if let expression = valueFrom.expression {
        return try evaluate(expression: expression, Frame()).json.flatMap(\.anyString) ?? ""
      }
      if valueFrom.isSupplied { throw RunFailure("inputs.parameters.\(name) was not supplied") }
      throw RunFailure("inputs.parameters.\(name) was not supplied")
    }
    switch readConfigMap(reference) {
    case .success(let value): return value
    case .failure(let failure):
      if !failure.isFailure, let fallback = valueFrom.defaultValue { return fallback }
      throw RunFailure("unable to retrieve inputs.parameters.\(name) from ConfigMap: \(failure.message)")
    }
  }

  /// A key of a parameter ConfigMap. `isFailure` in the error tells what a default does not mend: a ConfigMap of the wrong type.
  func readConfigMap(_ reference: ConfigMapKeyRef) -> Result<String, RunFailure> {
    switch world.configMapValue(namespace, reference.name, reference.key) {
    case .value(let value): .success(value)
    case .configMapMissing:
      .failure(
        RunFailure(
          "ConfigMap '\(namespace)/\(reference.name)' does not exist. Please make sure it has the label \(ArgoKey.configMapType): Parameter to be detectable by the controller"
        ))
    case .keyMissing: .failure(RunFailure("ConfigMap '\(reference.name)' does not have the key '\(reference.key)'"))
    case .notAParameterConfigMap:
      .failure(
        RunFailure(
          "ConfigMap '\(reference.name)' needs to have the label '\(ArgoKey.configMapType): Parameter' to load parameters", isFailure: true)
      )
    }
  }
}
