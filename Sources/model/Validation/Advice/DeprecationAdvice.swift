import JSONValue

/// What still works and should be written otherwise.
extension AdviceRun {
  func adviseDeprecations() {
    for (template, references) in zip(templates, references) {
      for call in template.calls where !call.json.text(at: "onExit").isEmpty {
        say(
          "deprecated-field", "onExit of a \(call.group == nil ? "task" : "step") is deprecated",
          hint: "write hooks: {exit: {template: \(call.json.text(at: "onExit"))}}", at: call.path["onExit"])
      }
      adviseDeprecated(references)
    }
    var settings = spec
    settings["templates"] = nil
    adviseDeprecated(ReferenceScanner.references(in: settings, at: path))
    for (index, volume) in spec.elements("volumes").enumerated() where volume.holds("gitRepo") {
      say(
        "deprecated-field", "volumes of the kind gitRepo are deprecated", hint: "use an input artifact with git",
        at: path["volumes"][index]["gitRepo"])
    }
  }

  private func adviseDeprecated(_ references: [LocatedReference]) {
    for reference in references where reference.name.count == 2 && reference.name[0] == "workflow" && !reference.isExpression {
      guard ["parameters", "annotations", "labels"].contains(reference.name[1]) else { continue }
      let name = reference.name.joined(separator: ".")
      say("deprecated-tag", "{{\(name)}} is deprecated", hint: "write {{\(name).json}}", at: reference.path)
    }
  }
}
