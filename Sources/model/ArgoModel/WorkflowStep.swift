package import JSONValue

/// What a step of a `steps` template and a task of a `dag` template have in common: which template to run, with what, how often, and when.
package struct WorkflowStep: Sendable {
  package var json: JSON
  package var name: String
  package var template: String?
  package var templateRef: TemplateRef?
  package var inline: Template?
  package var arguments: Arguments
  /// nil when absent; an empty list is a loop over nothing.
  package var withItems: [JSON]?
  package var withParam: String?
  package var withSequence: Sequence?
  package var when: String?
  package var continueOn: ContinueOn
  /// By name in ascending order, with `exit` replaced by `onExit` where that is given.
  package var hooks: [(name: String, hook: LifecycleHook)]

  package init(_ json: JSON) {
    self.json = json
    name = json["name"]?.string ?? ""
    template = json.text("template")
    templateRef = json.present("templateRef").map(TemplateRef.init)
    inline = json.present("inline").map(Template.init)
    arguments = Arguments(json["arguments"])
    withItems = json.present("withItems")?.array
    withParam = json.present("withParam")?.anyString
    withSequence = json.present("withSequence").map(Sequence.init)
    when = json.text("when")
    continueOn = ContinueOn(json["continueOn"])
    hooks = LifecycleHook.hooks(json["hooks"])
    if let onExit = json.text("onExit") {
      hooks.removeAll { $0.name == "exit" }
      hooks.append((name: "exit", hook: LifecycleHook(template: onExit)))
    }
  }

  /// It is expanded: it has `withItems`, `withParam` or `withSequence`.
  package var isLoop: Bool { withItems?.isEmpty == false || withParam?.isEmpty == false || withSequence != nil }
  package var exitHook: LifecycleHook? { hooks.first { $0.name == "exit" }?.hook }
}

/// A task of a `dag` template.
package struct DAGTask: Sendable {
  package var step: WorkflowStep
  package var dependencies: [String]
  package var depends: String?

  package init(_ json: JSON) {
    step = WorkflowStep(json)
    dependencies = json.list("dependencies").compactMap(\.string)
    depends = json.text("depends")
  }

  package var name: String { step.name }
  package var json: JSON { step.json }
}

/// A graph of tasks.
package struct DAGTemplate: Sendable {
  package var tasks: [DAGTask]
  /// Names of tasks separated by spaces; may hold tags.
  package var target: String?
  package var failFast: Bool

  package init(_ json: JSON) {
    tasks = json.list("tasks").map(DAGTask.init)
    target = json.text("target")
    failFast = json["failFast"]?.bool ?? true
  }
}
