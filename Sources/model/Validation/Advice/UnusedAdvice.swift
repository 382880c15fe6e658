import JSONValue
import KubeModel

/// Parameters that nothing reads, templates that nothing calls.
extension AdviceRun {
  func adviseUnused() {
    for (template, references) in zip(templates, references) { adviseInputs(of: template, references) }
    adviseArguments()
    adviseTemplates()
  }

  private func adviseInputs(of template: CallableTemplate, _ references: [LocatedReference]) {
    let parameters = template.list("inputs", "parameters")
    // A plugin gets the whole template, and a step may read its own from the environment.
    if parameters.isEmpty || template.has("plugin") || mentions(template.json, "ARGO_TEMPLATE") { return }
    var uses = NameUses(of: "inputs", "parameters")
    uses.add(references)
    for (index, parameter) in parameters.enumerated() {
      let name = parameter.text(at: "name")
      if name.isEmpty || isTemplated(name) || uses.contains(name) { continue }
      say(
        "unused-parameter", "templates.\(template.name).inputs.parameters.\(name) is never used",
        hint: "use {{inputs.parameters.\(name)}} or remove it", at: template.path["inputs"]["parameters"][index])
    }
  }

  private func adviseArguments() {
    let parameters = spec["arguments"]?.elements("parameters") ?? []
    if parameters.isEmpty { return }
    var uses = NameUses(of: "workflow", "parameters")
    for references in references { uses.add(references) }
    var settings = spec
    settings["templates"] = nil
    uses.add(ReferenceScanner.references(in: settings, at: path))
    uses.add(ReferenceScanner.references(in: resource.metadata, at: FieldPath("metadata")))
    var entries: [JSON] = []
    for stored in storedSpecs() {
      guard let stored else { return }  // what it uses is not known
      uses.add(ReferenceScanner.references(in: stored, at: path))
      entries += stored.elements("templates")
    }
    entries += templates.map(\.json)
    // The entry and exit templates take the workflow's arguments as their inputs.
    let base = spec["workflowTemplateRef"].flatMap { options.catalog($0.text(at: "name"), $0["clusterScope"]?.bool ?? false) }?.spec
    let called = ["entrypoint", "onExit"].flatMap { key in [spec, base].map { $0?.text(at: key) ?? "" } }.filter { !$0.isEmpty }
    if called.contains(where: isTemplated) { return }
    var taken: Set<String> = []
    for entry in entries where called.contains(entry.text(at: "name")) || isTemplateResource {
      for input in entry["inputs"]?.elements("parameters") ?? [] { taken.insert(input.text(at: "name")) }
    }
    for (index, parameter) in parameters.enumerated() {
      let name = parameter.text(at: "name")
      if name.isEmpty || uses.contains(name) || taken.contains(name) { continue }
      say(
        "unused-parameter", "arguments.parameters.\(name) is never used", hint: "use {{workflow.parameters.\(name)}} or remove it",
        at: path["arguments"]["parameters"][index])
    }
  }

  /// The specs of all stored templates that this object refers to, directly or through others; nil for one that is not there.
  private func storedSpecs() -> [JSON?] {
    var result: [JSON?] = []
    var seen: Set<String> = []
    var open = [spec]
    while let next = open.popLast() {
      var wanted: [JSON] = []
      if next.holds("workflowTemplateRef"), let reference = next["workflowTemplateRef"] { wanted.append(reference) }
      Self.collect("templateRef", in: next, &wanted)
      for reference in wanted {
        let (name, isClusterScope) = (reference.text(at: "name"), reference["clusterScope"]?.bool ?? false)
        guard seen.insert("\(isClusterScope)/\(name)").inserted else { continue }
        let stored = options.catalog(name, isClusterScope)?.spec
        result.append(stored)
        if let stored { open.append(stored) }
      }
    }
    return result
  }

  private static func collect(_ key: String, in value: JSON, _ result: inout [JSON]) {
    switch value {
    case .object(let members):
      for (name, member) in members {
        if name == key, member.object != nil { result.append(member) } else { collect(key, in: member, &result) }
      }
    case .array(let elements): for element in elements { collect(key, in: element, &result) }
    default: break
    }
  }

  private func adviseTemplates() {
    if isTemplateResource { return }
    let entry = spec.text(at: "entrypoint")
    if entry.isEmpty || isTemplated(entry) { return }
    var calls: [String: [String]] = [:]
    var isOpen = false
    func names(_ holder: JSON) -> [String] {
      var found = [holder.text(at: "template"), holder.text(at: "onExit")]
      for (_, hook) in holder["hooks"]?.object ?? [:] { found.append(hook.text(at: "template")) }
      for call in (holder["inline"].map { CallableTemplate(json: $0, path: FieldPath()).calls } ?? []) { found += names(call.json) }
      if found.contains(where: isTemplated) { isOpen = true }
      return found
    }
    for template in templates where !template.name.isEmpty {
      calls[template.name, default: []] += template.calls.flatMap { names($0.json) }
    }
    var open = [entry] + names(spec)
    if isOpen { return }
    var seen: Set<String> = []
    while let next = open.popLast() {
      guard seen.insert(next).inserted else { continue }
      open += calls[next] ?? []
    }
    for template in templates where !template.name.isEmpty && !seen.contains(template.name) {
      say(
        "unused-template", "template '\(template.name)' is never called", hint: "call it or remove it", at: template.path["name"])
    }
  }

  private func mentions(_ value: JSON, _ word: String) -> Bool {
    switch value {
    case .string(let text): text.contains(word)
    case .array(let elements): elements.contains { mentions($0, word) }
    case .object(let members): members.contains { mentions($0.value, word) }
    default: false
    }
  }
}
