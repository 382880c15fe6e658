import ArgoModel
import Basics
import JSONValue
import Templating

/// From where variables are seen.
struct Frame: Sendable {
  /// The Steps or DAG node whose steps, tasks and inputs are in scope.
  var boundary: Int?
  /// The loop's value.
  var item: JSON?
  /// Names that are known by themselves: `pod.name`, `node.name`, `retries` …
  var locals = Locals()
  /// Inputs of the template that is being filled in, instead of the boundary's.
  var inputs: JSON?
  /// What an inline template sees around it.
  var outer: OuterFrame?
  /// The step that a hook belongs to.
  var own: (name: String, node: Int)?

  struct OuterFrame: Sendable {
    var boundary: Int
    var item: JSON?
  }
}

extension RunState {
  /// A substitution in a frame. `references`: what expressions in the text read.
  func substitution(_ frame: Frame, references: [[String]], isStrict: Bool) -> Substitution {
    var substitution = Substitution(scope: references.isEmpty ? EmptyScope() : gather(references, frame)) { [self] name in
      value(name, frame)
    }
    substitution.evaluatesExpressions = world.limits.evaluatesExpressionTags
    if isStrict { substitution.strictPrefixes = ["steps.", "tasks."] } else { substitution.keepsFailedExpressions = true }
    return substitution
  }

  func evaluate(_ tree: CompiledTree, _ frame: Frame, isStrict: Bool = true) throws(RunFailure) -> JSON {
    if case .constant(let json) = tree.tree { return json }
    do throws(SubstitutionError) {
      return try tree.tree.apply(substitution(frame, references: tree.references, isStrict: isStrict))
    } catch {
      throw RunFailure(error.description)
    }
  }

  func evaluate(_ text: CompiledText, _ frame: Frame, isStrict: Bool = true) throws(RunFailure) -> String {
    guard text.template.hasTags else { return text.source }
    do throws(SubstitutionError) {
      return try substitution(frame, references: text.references, isStrict: isStrict).apply(to: text.template)
    } catch {
      throw RunFailure(error.description)
    }
  }

  /// The value of an expression (`expression`, `fromExpression`). Tags in it are replaced first; those that nothing replaces stay.
  func evaluate(expression source: String, _ frame: Frame) throws(RunFailure) -> ExprValue {
    let source = source.contains("{{") ? try evaluate(CompiledText(source), frame, isStrict: false) : source
    do throws(ExpressionError) {
      let expression = try Expression(compiling: source)
      return try expression.evaluate(in: gather(expression.references.map(\.path), frame))
    } catch {
      throw RunFailure(error.description)
    }
  }

  /// Whether a hook's or retry's condition holds.
  func evaluate(condition source: String, _ frame: Frame) throws(RunFailure) -> Bool {
    switch try evaluate(expression: source, frame) {
    case .bool(let value): return value
    case .string("true"): return true
    case .string("false"): return false
    case let other: throw RunFailure("unable to cast expression result '\(describe(other))' to bool")
    }
  }

  private func describe(_ value: ExprValue) -> String {
    if case .string(let text) = value { return text }
    return value.json?.text(.go) ?? value.typeName
  }

  /// Values for expressions, gathered beforehand for the names that the expressions read.
  private func gather(_ references: [[String]], _ frame: Frame) -> ValueScope {
    var roots: [String: ExprValue] = [:]
    for path in references {
      guard let root = path.first else { continue }
      let second = path.count > 1 ? path[1] : nil
      switch root {
      case "steps", "tasks":
        var members: [String: ExprValue] = [:]
        if case .map(let held)? = roots[root] { members = held }
        if let second {
          if members[second] == nil, let value = stepObject(second, root, frame) { members[second] = value }
        } else {
          for name in stepNames(root, frame) where members[name] == nil { members[name] = stepObject(name, root, frame) }
        }
        roots[root] = .map(members)
      case "inputs" where roots[root] == nil: roots[root] = inputsObject(frame)
      case "workflow":
        var members: [String: ExprValue] = [:]
        if case .map(let held)? = roots[root] { members = held }
        for name in second.map({ [$0] }) ?? Self.workflowMembers where members[name] == nil {
          if let value = workflowObject(name) { members[name] = value }
        }
        roots[root] = .map(members)
      case "item" where roots[root] == nil: roots[root] = itemObject(frame)
      default:
        guard roots[root] == nil else { continue }
        if case .text(let text) = value(root, frame) {
          roots[root] = .string(text)
        } else if let second, case .text = value("\(root).\(second)", frame) {
          var members: [String: ExprValue] = [:]
          for name in ["exitCode", "status", "duration", "message", "name"] {
            if case .text(let text) = value("\(root).\(name)", frame) { members[name] = .string(text) }
          }
          roots[root] = .map(members)
        } else if let members = localMembers(root, frame) {
          roots[root] = members
        }
      }
    }
    return ValueScope(roots, now: now, random: world.random)
  }

  /// Locals whose names begin with `root.` as nested maps.
  private func localMembers(_ root: String, _ frame: Frame) -> ExprValue? {
    var result: ExprValue?
    for (name, text) in frame.locals where name.hasPrefix(root + ".") {
      let steps = name.split(separator: ".", omittingEmptySubsequences: false).dropFirst().map(String.init)
      result = Self.inserting(.string(text), at: steps[...], into: result)
    }
    return result
  }

  private static func inserting(_ value: ExprValue, at path: ArraySlice<String>, into tree: ExprValue?) -> ExprValue {
    guard let first = path.first else { return value }
    var members: [String: ExprValue] = [:]
    if case .map(let held)? = tree { members = held }
    members[first] = inserting(value, at: path.dropFirst(), into: members[first])
    return .map(members)
  }

  private func inputsObject(_ frame: Frame) -> ExprValue? {
    var inputs = frame.inputs
    if inputs == nil, let boundary = frame.boundary { inputs = nodes[boundary].inputs ?? .object([:]) }
    guard let inputs else { return nil }
    var parameters: [String: ExprValue] = [:]
    for parameter in inputs.list("parameters") {
      if let name = parameter["name"]?.string, let value = parameter.present("value")?.anyString { parameters[name] = .string(value) }
    }
    var artifacts: [String: ExprValue] = [:]
    for artifact in inputs.list("artifacts") {
      if let name = artifact["name"]?.string { artifacts[name] = ExprValue(artifact) }
    }
    return .map(["parameters": .map(parameters), "artifacts": .map(artifacts)])
  }

  private func itemObject(_ frame: Frame) -> ExprValue? {
    var item = frame.item
    if item == nil, let outer = frame.outer { item = outer.item }
    if item == nil, let boundary = frame.boundary, nodes[boundary].template?.isInline == true { item = nodes[boundary].details.item }
    guard let item else { return nil }
    guard let object = item.object else { return .string(LoopItem.text(item)) }
    var members: [String: ExprValue] = [:]
    for (key, value) in object { members[key] = .string(LoopItem.printed(value)) }
    return .map(members)
  }
}
