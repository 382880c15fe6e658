import JSONValue

extension ValidationRun {
  /// Reports templates that call themselves, directly or through others of the same origin, without any condition on the way.
  ///
  /// A call has a condition when it has `when`, a loop over a list that may be empty, or a `depends` about another result than success.
  /// Iterative: the length of a chain of calls is the user's.
  func checkRecursion(_ origin: TemplateOrigin) {
    let graph = Dictionary(
      origin.templates.map { ($0.name, certainCalls(of: $0)) }, uniquingKeysWith: { first, _ in first })
    var done: Set<String> = []
    for template in origin.templates where !done.contains(template.name) {
      var chain: [(name: String, next: Int)] = [(template.name, 0)]
      var onChain: Set<String> = [template.name]
      while let last = chain.last {
        let calls = graph[last.name] ?? []
        guard last.next < calls.count else {
          done.insert(last.name)
          onChain.remove(last.name)
          chain.removeLast()
          continue
        }
        chain[chain.count - 1].next += 1
        let next = calls[last.next]
        if onChain.contains(next.name) {
          let cycle = chain.map(\.name).drop { $0 != next.name } + [next.name]
          report(
            "endless-recursion", "templates.\(next.name) calls itself without end: \(cycle.joined(separator: " -> "))",
            hint: "give one of the calls a condition (when)", at: next.path)
        } else if !done.contains(next.name), graph[next.name] != nil {
          chain.append((next.name, 0))
          onChain.insert(next.name)
        }
      }
    }
  }

  private func certainCalls(of template: CallableTemplate) -> [(name: String, path: FieldPath)] {
    var calls: [(name: String, path: FieldPath)] = []
    func add(_ holder: JSON, _ path: FieldPath) {
      let name = holder.text(at: "template")
      let hasCondition =
        !holder.text(at: "when").isEmpty || !holder.text(at: "withParam").isEmpty || holder.holds("withSequence")
        || holder.text(at: "depends").contains(".")
      if !name.isEmpty, !isTemplated(name), !hasCondition { calls.append((name, path["template"])) }
    }
    for (group, steps) in template.list("steps").enumerated() {
      for (index, step) in (steps.array ?? []).enumerated() { add(step, template.path["steps"][group][index]) }
    }
    for (index, task) in template.list("dag", "tasks").enumerated() { add(task, template.path["dag"]["tasks"][index]) }
    return calls
  }
}
