import ArgoModel
import Basics
import JSONValue
import Templating

/// Outputs of Steps and DAG templates, and those lifted to the workflow (spec 2.19).
extension RunState {
  /// The outputs that a Steps or DAG template takes from its scope; nil when it declares none.
  func outputs(of node: Int) throws(RunFailure) -> JSON? {
    guard let template = nodes[node].template else { return nil }
    let declared = template.template.outputs
    if let problem = aggregateProblem(in: node) { throw RunFailure(problem) }
    guard !declared.isEmpty else { return nil }
    let frame = Frame(boundary: node)
    var parameters: [JSON] = []
    for parameter in declared.parameters {
      guard let valueFrom = parameter.valueFrom else { throw RunFailure("output parameters must have a valueFrom specified") }
      let value = try outputValue(parameter.name, valueFrom, frame)
      var json = parameter.json
      json["valueFrom"] = nil
      json["value"] = .string(value)
      if let globalName = parameter.globalName {
        json["globalName"] = .string(try evaluate(CompiledText(globalName), frame, isStrict: false))
      }
      parameters.append(json)
    }
    var artifacts: [JSON] = []
    for source in template.outputArtifacts where source.from != nil || source.fromExpression != nil {
      do throws(RunFailure) {
        // Its global name is that of the step which made it; one that the template gives it has no effect in Argo.
        if let artifact = try resolve(source, frame, keepsGlobalName: true) { artifacts.append(artifact) }
      } catch {
        if source.isOptional, error.message.contains("Unable to resolve") { continue }
        throw RunFailure("unable to resolve outputs from scope: \(error.message)")
      }
    }
    var outputs = JSONObject()
    if !parameters.isEmpty { outputs["parameters"] = .array(parameters) }
    if !artifacts.isEmpty { outputs["artifacts"] = .array(artifacts) }
    return outputs.isEmpty ? nil : .object(outputs)
  }

  private func outputValue(_ name: String, _ valueFrom: ValueFrom, _ frame: Frame) throws(RunFailure) -> String {
    let fallback = try valueFrom.defaultValue.map { text throws(RunFailure) in try evaluate(CompiledText(text), frame, isStrict: false) }
    if let expression = valueFrom.expression {
      do throws(RunFailure) {
        let value = try evaluate(expression: expression, frame)
        if value.isNil { throw RunFailure("failed to evaluate expression \(JSON.string(expression).text())") }
        return try value.insertedTextOrFailure()
      } catch {
        if let fallback { return fallback }
        throw error
      }
    }
    guard let parameter = valueFrom.parameter else { return fallback ?? "" }
    var tag = parameter.trimmed
    let compiled = CompiledText(tag)
    if case .expression(let text)? = compiled.template.onlyTag {
      if let value = try? evaluate(expression: text, frame), !value.isNil { return try value.insertedTextOrFailure() }
      if let fallback { return fallback }
      throw RunFailure("Unable to resolve: \"=\(text)\"")
    }
    if tag.hasPrefix("{{") { tag = String(tag.dropFirst(2)) }
    if tag.hasSuffix("}}") { tag = String(tag.dropLast(2)) }
    tag = tag.trimmed
    if tag.contains("{{") { tag = try evaluate(CompiledText(tag), frame, isStrict: false).trimmed }
    switch value(tag, frame) {
    case .text(let text): return text
    case .absent:
      if let fallback { return fallback }
      throw RunFailure(
        "output parameter \(JSON.string(name).text()): \(JSON.string(parameter).text()) is an absent optional (skipped/omitted node output with no default)"
      )
    case .unknown:
      if let fallback { return fallback }
      throw RunFailure("Unable to resolve: \"\(tag)\"")
    }
  }

  private func aggregateProblem(in node: Int) -> String? {
    if let progress = nodes[node].counts.dag {
      for task in progress.node where task >= 0 { if let problem = nodes[Int(task)].counts.aggregates[0]?.problem { return problem } }
      return nil
    }
    return nil
  }

  /// Lifts outputs with a `globalName` to the workflow when their node ends; the last writer wins. A DAG lifts none of its own, but when it
  /// has succeeded those of its tasks once more, in the order in which they are declared.
  mutating func liftGlobals(_ node: Int) {
    if nodes[node].type == .dag, nodes[node].details.memoization?.isHit != true {
      guard nodes[node].phase == .succeeded, let progress = nodes[node].counts.dag else { return }
      for task in progress.node where task >= 0 { liftOutputs(Int(task)) }
    } else if nodes[node].type != .retry || nodes[node].details.memoization?.isHit == true {
      liftOutputs(node)
    }
  }

  private mutating func liftOutputs(_ node: Int) {
    guard let outputs = nodes[node].outputs else { return }
    func lift(_ list: [JSON], into target: inout [JSON]) -> Bool {
      var isChanged = false
      for item in list {
        guard let globalName = item["globalName"]?.string, !globalName.isEmpty else { continue }
        var lifted = item
        lifted["name"] = .string(globalName)
        for key in ["globalName", "path", "valueFrom"] { lifted[key] = nil }
        if let place = target.firstIndex(where: { $0["name"]?.string == globalName }) {
          target[place] = lifted
        } else {
          target.append(lifted)
        }
        isChanged = true
      }
      return isChanged
    }
    let parameters = lift(outputs.list("parameters").filter { $0.present("value") != nil }, into: &header.outputParameters)
    let artifacts = lift(outputs.list("artifacts"), into: &header.outputArtifacts)
    if parameters || artifacts { isHeaderChanged = true }
  }
}

extension ExprValue {
  func insertedTextOrFailure() throws(RunFailure) -> String {
    do throws(ExpressionError) { return try insertedText() } catch { throw RunFailure(error.description) }
  }
}
