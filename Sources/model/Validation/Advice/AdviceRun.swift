import JSONValue
import KubeModel
import Templating

/// What lint says beyond what the engine refuses: warnings about what is likely a mistake. None of them keeps an object from running.
///
/// Works on objects whose shape is right; what the rules of ``ValidationRun`` call errors is not said again.
final class AdviceRun {
  let options: WorkflowValidator.Options
  let resource: Resource
  /// The workflow's spec (of a CronWorkflow, that of the workflow in it) and where it stands.
  let spec: JSON
  let path: FieldPath
  /// The templates of the spec, then those written inline in steps and tasks.
  let templates: [CallableTemplate]
  /// What each template of `templates` names, in its order.
  let references: [[LocatedReference]]
  private(set) var findings: [Finding] = []
  private var said: Set<Finding> = []
  private var literals: [String: [String]?] = [:]
  private var places: [String: Int] = [:]

  /// Whether others may call the templates with other arguments.
  var isTemplateResource: Bool { resource.kind == .workflowTemplate || resource.kind == .clusterWorkflowTemplate }

  init?(_ resource: Resource, _ options: WorkflowValidator.Options) {
    self.resource = resource
    self.options = options
    let (spec, path): (JSON, FieldPath)
    switch resource.kind {
    case .workflow, .workflowTemplate, .clusterWorkflowTemplate: (spec, path) = (resource.spec, FieldPath("spec"))
    case .cronWorkflow: (spec, path) = (resource.spec["workflowSpec"] ?? [:], FieldPath("spec", "workflowSpec"))
    default: return nil
    }
    self.spec = spec
    self.path = path
    let named = spec.elements("templates").enumerated().map { CallableTemplate(json: $1, path: path["templates"][$0]) }
    templates = named + named.flatMap(\.inlineTemplates)
    references = templates.map { ReferenceScanner.references(in: $0.json, at: $0.path) }
    for (index, template) in named.enumerated() where places[template.name] == nil { places[template.name] = index }
  }

  /// All advice about the object.
  static func findings(for resource: Resource, _ options: WorkflowValidator.Options) -> [Finding] {
    guard let run = AdviceRun(resource, options) else { return [] }
    run.adviseUnused()
    run.adviseReferences()
    run.adviseTypes()
    run.advisePastes()
    run.adviseSecrets()
    run.adviseDeprecations()
    run.advisePrograms()
    run.adviseStatus()
    run.adviseNames()
    return run.findings
  }

  func say(_ rule: String, _ message: String, hint: String? = nil, at path: FieldPath, inner: TextPlace? = nil) {
    let finding = Finding(severity: .warning, rule: rule, message: message, hint: hint, path: path, inner: inner)
    if said.insert(finding).inserted { findings.append(finding) }
  }

  /// The template that a step, a task or a hook calls, where it can be told; stored ones come from the catalog.
  func called(by holder: JSON) -> CallableTemplate? {
    if holder.holds("inline"), let inline = holder["inline"] { return CallableTemplate(json: inline, path: FieldPath()) }
    if holder.holds("templateRef"), let reference = holder["templateRef"] {
      let (name, wanted) = (reference.text(at: "name"), reference.text(at: "template"))
      guard let stored = options.catalog(name, reference["clusterScope"]?.bool ?? false) else { return nil }
      return stored.spec.elements("templates").first { $0.text(at: "name") == wanted }.map { CallableTemplate(json: $0, path: FieldPath()) }
    }
    return places[holder.text(at: "template")].map { templates[$0] }
  }

  // MARK: Values that are written in the manifest

  /// Everything that a tag can stand for, when all of it is written in the manifest; nil when some is only known at run time.
  func literals(of name: [String], in template: CallableTemplate, depth: Int = 0) -> [String]? {
    guard name.count == 3, name[1] == "parameters", depth < 8 else { return nil }
    switch name[0] {
    case "workflow":
      let parameters = spec["arguments"]?.elements("parameters") ?? []
      guard !isTemplateResource, let text = parameters.first(where: { $0.text(at: "name") == name[2] })?["value"]?.scalarText,
        !isTemplated(text)
      else { return nil }
      return [text]
    case "inputs":
      guard !isTemplateResource, !template.name.isEmpty else { return nil }
      let key = "\(template.name)/\(name[2])"
      if let held = literals[key] { return held }
      literals[key] = .some(nil)  // a template that passes its own input on to itself
      let found = collectLiterals(name[2], template, depth)
      literals[key] = .some(found)
      return found
    default: return nil
    }
  }

  private func collectLiterals(_ name: String, _ template: CallableTemplate, _ depth: Int) -> [String]? {
    let input = template.list("inputs", "parameters").first { $0.text(at: "name") == name }
    let own = (input?["value"] ?? input?["default"])?.scalarText
    var result: Set<String> = []
    var calls = 0
    func add(_ arguments: JSON?, _ caller: CallableTemplate?) -> Bool {
      calls += 1
      let given = arguments?.elements("parameters").first { $0.text(at: "name") == name }
      guard let text = given?["value"]?.scalarText ?? (given == nil ? own : nil) else { return false }
      if !isTemplated(text) {
        result.insert(text)
        return result.count <= 64
      }
      guard let caller, case .simple(let tag, _)? = TagTemplate(compiling: text).onlyTag,
        let more = literals(of: tag.split(separator: ".").map(String.init), in: caller, depth: depth + 1)
      else { return false }
      result.formUnion(more)
      return result.count <= 64
    }
    for entry in ["entrypoint", "onExit"] where spec.text(at: entry) == template.name {
      if !add(spec["arguments"], nil) { return nil }
    }
    for (_, hook) in spec["hooks"]?.object ?? [:] where hook.text(at: "template") == template.name {
      if !add(hook["arguments"], nil) { return nil }
    }
    for caller in templates {
      for call in caller.calls {
        for holder in [call.json] + (call.json["hooks"]?.object?.values.map { $0 } ?? []) where holder.text(at: "template") == template.name
        {
          if !add(holder["arguments"], caller) { return nil }
        }
        if isTemplated(call.json.text(at: "template")) || call.json.text(at: "onExit") == template.name { return nil }
      }
    }
    return calls == 0 ? nil : result.sorted()
  }
}

/// A step or a task: who calls.
struct TemplateCall {
  var json: JSON
  var path: FieldPath
  /// The group of a step; nil for a task.
  var group: Int?

  var name: String { json.text(at: "name") }
  var isLoop: Bool { !json.elements("withItems").isEmpty || !json.text(at: "withParam").isEmpty || json.holds("withSequence") }
}

extension CallableTemplate {
  /// The steps or tasks.
  var calls: [TemplateCall] {
    var result: [TemplateCall] = []
    for (group, steps) in list("steps").enumerated() {
      for (index, step) in (steps.array ?? []).enumerated() {
        result.append(TemplateCall(json: step, path: path["steps"][group][index], group: group))
      }
    }
    for (index, task) in list("dag", "tasks").enumerated() {
      result.append(TemplateCall(json: task, path: path["dag"]["tasks"][index], group: nil))
    }
    return result
  }

  fileprivate var inlineTemplates: [CallableTemplate] {
    calls.compactMap { call in
      call.json.holds("inline") ? call.json["inline"].map { CallableTemplate(json: $0, path: call.path["inline"]) } : nil
    }
  }

  /// The containers of a pod, each with its place.
  var containers: [(json: JSON, path: FieldPath)] {
    var result: [(JSON, FieldPath)] = []
    for field in ["container", "script"] where has(field) { result.append((json[field] ?? [:], path[field])) }
    for field in ["sidecars", "initContainers"] {
      for (index, container) in list(field).enumerated() { result.append((container, path[field][index])) }
    }
    for (index, container) in list("containerSet", "containers").enumerated() {
      result.append((container, path["containerSet"]["containers"][index]))
    }
    return result
  }
}
