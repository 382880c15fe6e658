import JSONValue
import Templating

/// What a task waits for.
private struct TaskNode {
  var json: JSON
  var path: FieldPath
  var name: String
  /// Names in order of appearance; `true` for a condition about the items of a loop.
  var dependencies: [(name: String, isAboutItems: Bool)]

  var isLoop: Bool { !json.elements("withItems").isEmpty || !json.text(at: "withParam").isEmpty || json.holds("withSequence") }
}

/// Who waits for whom. Questions are answered when they are asked: most are about a direct dependency, and a set of all ancestors for every task of
/// a long chain would be quadratic.
final class TaskGraph {
  private let dependencies: [String: [String]]
  private var last: (task: String, ancestors: Set<String>)?

  init(_ dependencies: [String: [String]]) { self.dependencies = dependencies }

  func task(_ name: String, waitsFor other: String) -> Bool {
    if dependencies[name]?.contains(other) == true { return true }
    if let last, last.task == name { return last.ancestors.contains(other) }
    var open = dependencies[name] ?? []
    var seen: Set<String> = []
    while let next = open.popLast() {
      if seen.insert(next).inserted { open += dependencies[next] ?? [] }
    }
    last = (name, seen)
    return seen.contains(other)
  }
}

extension ValidationRun {
  func checkDAG(_ template: CallableTemplate, in origin: TemplateOrigin, scope: inout TagScope) {
    let name = template.name
    let path = template.path["dag"]["tasks"]
    checkNonLeaf(template)
    let tasks = template.list("dag", "tasks").enumerated().map { index, json in
      TaskNode(json: json, path: path[index], name: json.text(at: "name"), dependencies: dependencies(of: json))
    }
    if tasks.isEmpty {
      report("dag-tasks", "templates.\(name) must have at least one task", at: template.path["dag"])
      return
    }
    checkNames(tasks.map(\.json), .field, prefix: "templates.\(name).tasks", at: path)
    checkDependencies(tasks, template)
    checkCycles(tasks, templateName: name)
    checkTargets(template.json["dag"]?.text(at: "target") ?? "", tasks, scope, name, at: template.path["dag"]["target"])

    var called: [(template: CallableTemplate, origin: TemplateOrigin)?] = []
    for task in tasks {
      var found: (template: CallableTemplate, origin: TemplateOrigin)?
      nested("templates.\(name).tasks.\(task.name)") { found = resolve(task.json, in: origin, at: task.path) }
      called.append(found)
      addOutputs(of: found?.template, as: "tasks.\(task.name)", to: &scope, isAggregate: task.isLoop, isAncestor: false)
    }
    let shared = TagScope.Shared(scope)
    let graph = TaskGraph(Dictionary(tasks.map { ($0.name, $0.dependencies.map(\.name)) }, uniquingKeysWith: { first, _ in first }))
    let names = Set(tasks.map(\.name))
    for (task, found) in zip(tasks, called) {
      var hooks = hookScope(of: task, in: template, names: names, graph)
      hooks.beginsWithoutOutputs = beginsWithoutOutputs(found)
      check(task, in: graph, calling: found, in: origin, scope: shared, hooks: hooks, prefix: "templates.\(name).tasks.\(task.name)")
    }
  }

  /// What the hooks of a task see: itself, what it waits for, and of the others what there is by chance.
  private func hookScope(of task: TaskNode, in template: CallableTemplate, names: Set<String>, _ graph: TaskGraph) -> HookScope {
    var scope = HookScope(name: task.name, isLoop: task.isLoop, isDAG: true, isIdle: isNever(task.json.text(at: "when")))
    let name = task.name
    scope.variables.step = { other in
      if !names.contains(other) { return isTemplated(other) ? .unknown : .value(.nil) }
      return other == name || graph.task(name, waitsFor: other) ? ForeseenVariables.begun : .unknown
    }
    scope.variables.names = { names.sorted() }
    scope.variables.inputs = ForeseenVariables.inputs(of: template)
    if template.name.isEmpty { scope.variables.item = .unknown }
    return scope
  }

  private func check(
    _ task: TaskNode, in graph: TaskGraph, calling found: (template: CallableTemplate, origin: TemplateOrigin)?,
    in origin: TemplateOrigin, scope: TagScope.Shared, hooks: HookScope, prefix: String
  ) {
    var own = TagScope()
    own.base = scope
    own.decides = { name in
      let words = name.split(separator: ".")
      return words.count == 3 && words[0] == "tasks" && words[2] == "status" && graph.task(task.name, waitsFor: String(words[1]))
    }
    addItems(of: task.json, to: &own, prefix: prefix, at: task.path)
    if let found {
      nested(prefix) {
        visit(
          found.template, in: found.origin, calledAt: callPlace(task.json, task.path), outer: task.json.holds("inline") ? own : TagScope())
      }
    }
    checkCallTags(task.json, own, prefix: prefix, at: task.path)
    var hooked = own
    hooked.insert("tasks.\(task.name).status")
    checkHookTags(task.json["hooks"], hooked, isLoop: task.isLoop, of: "tasks.\(task.name)", prefix: prefix, at: task.path["hooks"])
    let arguments = task.json["arguments"] ?? [:]
    checkArguments(arguments, prefix: "\(prefix).arguments.", allowsEmptyValues: false, at: task.path["arguments"])
    checkArgumentDependencies(arguments, task, graph, prefix: prefix)
    checkHooks(task.json["hooks"], prefix: prefix, in: origin, scope: hooks, at: task.path["hooks"])
    checkExitTemplate(task.json, prefix: prefix, in: origin, at: task.path)
    checkWhen(task.json.text(at: "when"), prefix: prefix, at: task.path["when"])
    if let found {
      nested(prefix) { checkSupplied(found.template, by: arguments, at: argumentsPlace(task.json, task.path)) }
    }
  }

  private func dependencies(of task: JSON) -> [(name: String, isAboutItems: Bool)] {
    let depends = task.text(at: "depends")
    if depends.isEmpty { return task.elements("dependencies").compactMap(\.string).map { ($0, false) } }
    return dependsTerms(depends).map { ($0.task, $0.result == "AnySucceeded" || $0.result == "AllFailed") }
  }

  private func checkDependencies(_ tasks: [TaskNode], _ template: CallableTemplate) {
    let name = template.name
    let usesDepends = tasks.contains { !$0.json.text(at: "depends").isEmpty }
    let byName = Dictionary(tasks.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
    for task in tasks {
      let prefix = "templates.\(name).tasks.\(task.name)"
      let lists = !task.json.elements("dependencies").isEmpty
      if usesDepends || lists, let first = task.name.utf8.first, first >= 0x30, first <= 0x39 {
        report(
          "dag-task-name", "\(prefix) name cannot begin with a digit when using either 'depends' or 'dependencies'", at: task.path["name"])
      }
      if usesDepends, lists {
        report(
          "dag-depends", "templates.\(name) cannot use both 'depends' and 'dependencies' in the same DAG template",
          at: task.path["dependencies"])
      }
      if usesDepends, task.json.holds("continueOn") {
        report(
          "dag-continue-on",
          "templates.\(name) cannot use 'continueOn' when using 'depends'. Instead use 'dep-task.Failed'/'dep-task.Errored'",
          at: task.path["continueOn"])
      }
      let depends = task.json.text(at: "depends")
      let place = task.path[depends.isEmpty ? "dependencies" : "depends"]
      if !depends.isEmpty, !isTemplated(depends) { checkDepends(depends, prefix: prefix, at: place) }
      for dependency in task.dependencies where !isTemplated(dependency.name) {
        guard let target = byName[dependency.name] else {
          let near = nearest(to: dependency.name, in: tasks.map(\.name)).map { "did you mean '\($0)'?" }
          report("dag-dependency", "\(prefix) dependency '\(dependency.name)' not defined", hint: near, at: place)
          continue
        }
        if dependency.isAboutItems, !target.isLoop {
          report(
            "dag-dependency",
            "\(prefix) dependency '\(dependency.name)' uses an items-based condition such as .AnySucceeded or .AllFailed but does not "
              + "contain any items", at: place)
        }
      }
    }
  }

  /// Reports the first cycle that each task is part of, once a cycle. Iterative: the length of a chain of tasks is the user's.
  private func checkCycles(_ tasks: [TaskNode], templateName: String) {
    let graph = Dictionary(tasks.map { ($0.name, $0.dependencies.map(\.name)) }, uniquingKeysWith: { first, _ in first })
    var done: Set<String> = []
    for task in tasks where !done.contains(task.name) {
      var chain: [(name: String, next: Int)] = [(task.name, 0)]
      var onChain: Set<String> = [task.name]
      while let last = chain.last {
        let dependencies = graph[last.name] ?? []
        guard last.next < dependencies.count else {
          done.insert(last.name)
          onChain.remove(last.name)
          chain.removeLast()
          continue
        }
        chain[chain.count - 1].next += 1
        let next = dependencies[last.next]
        if onChain.contains(next) {
          let cycle = chain.map(\.name).drop { $0 != next } + [next]
          let place = tasks.first { $0.name == last.name }?.path ?? FieldPath()
          report(
            "dag-cycle", "templates.\(templateName).tasks dependency cycle detected: \(cycle.joined(separator: "->"))", at: place)
        } else if !done.contains(next), graph[next] != nil {
          chain.append((next, 0))
          onChain.insert(next)
        }
      }
    }
  }

  private func checkTargets(_ target: String, _ tasks: [TaskNode], _ scope: TagScope, _ name: String, at path: FieldPath) {
    checkTags(.string(target), scope, prefix: "templates.\(name).targets", at: path)
    if isTemplated(target) { return }
    for wanted in target.split(separator: " ") where !tasks.contains(where: { $0.name == wanted }) {
      let near = nearest(to: String(wanted), in: tasks.map(\.name)).map { "did you mean '\($0)'?" }
      report("dag-target", "templates.\(name).targets: target '\(wanted)' is not defined", hint: near, at: path)
    }
  }

  private func checkArgumentDependencies(_ arguments: JSON, _ task: TaskNode, _ graph: TaskGraph, prefix: String) {
    for (field, key, word) in [("parameters", "value", "parameter"), ("artifacts", "from", "artifact")] {
      for (index, argument) in arguments.elements(field).enumerated() {
        let text = argument.text(at: key)
        guard text.hasPrefix("{{tasks.") else { continue }
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        guard words.count > 2, !graph.task(task.name, waitsFor: String(words[1])) else { continue }
        report(
          "dag-missing-dependency", "\(prefix) missing dependency '\(words[1])' for \(word) '\(argument.text(at: "name"))'",
          at: task.path["arguments"][field][index][key])
      }
    }
  }
}
