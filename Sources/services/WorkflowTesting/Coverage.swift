import JSONValue
import KubeModel

/// What tests have run of a workflow: its templates, and both ways of every `when`.
package struct Coverage: Sendable, Hashable {
  package struct Branch: Sendable, Hashable, Comparable {
    /// `template.step`
    package var name: String
    package var condition: String
    package static func < (left: Branch, right: Branch) -> Bool { left.name < right.name }
  }

  /// By file.
  package var templates: [String: Set<String>] = [:]
  package var runTemplates: [String: Set<String>] = [:]
  package var branches: [String: Set<Branch>] = [:]
  package var taken: [String: Set<Branch>] = [:]
  package var skipped: [String: Set<Branch>] = [:]

  package init() {}

  init(_ test: WorkflowTest, _ rehearsal: Rehearsal, _ nodes: NodeViews) {
    let file = test.workflowFile
    var conditions: [String: Branch] = [:]
    for resource in test.resources {
      let spec = resource.kind == .cronWorkflow ? resource.spec["workflowSpec"] ?? [:] : resource.spec
      for template in spec["templates"]?.array ?? [] {
        let name = template["name"]?.string ?? ""
        templates[file, default: []].insert(name)
        let steps = (template["steps"]?.array ?? []).flatMap { $0.array ?? [] } + (template.at("dag", "tasks")?.array ?? [])
        for step in steps {
          guard let condition = step["when"]?.string, !condition.isEmpty, let step = step["name"]?.string else { continue }
          let branch = Branch(name: "\(name).\(step)", condition: condition)
          branches[file, default: []].insert(branch)
          conditions[branch.name] = branch
        }
      }
    }
    for node in nodes.all {
      if node.type != "Skipped" { runTemplates[file, default: []].insert(node.templateName) }
      guard let boundary = nodes[node.boundaryID] else { continue }
      guard let branch = conditions["\(boundary.templateName).\(NodeView.withoutParentheses(node.displayName))"] else { continue }
      if node.phase == "Omitted" { continue }
      if node.type == "Skipped" {
        if node.message.hasPrefix("when ") { skipped[file, default: []].insert(branch) }
      } else {
        taken[file, default: []].insert(branch)
      }
    }
  }

  package mutating func add(_ other: Coverage) {
    templates.merge(other.templates) { $0.union($1) }
    runTemplates.merge(other.runTemplates) { $0.union($1) }
    branches.merge(other.branches) { $0.union($1) }
    taken.merge(other.taken) { $0.union($1) }
    skipped.merge(other.skipped) { $0.union($1) }
  }

  /// A line a file, then what was never run and which conditions never went both ways.
  package var text: String {
    var result = ""
    for file in templates.keys.sorted() {
      let (all, run) = (templates[file] ?? [], runTemplates[file] ?? [])
      let conditions = branches[file] ?? []
      let (yes, no) = (taken[file] ?? [], skipped[file] ?? [])
      let ways = conditions.intersection(yes).count + conditions.intersection(no).count
      result += "\(file): \(all.intersection(run).count) of \(all.count) templates"
      result += conditions.isEmpty ? "\n" : ", \(ways) of \(conditions.count * 2) branches\n"
      for name in all.subtracting(run).sorted() { result += "  never run: template \(name)\n" }
      for branch in conditions.sorted() {
        if !yes.contains(branch) { result += "  never true: \(branch.name) when \(branch.condition)\n" }
        if !no.contains(branch) { result += "  never false: \(branch.name) when \(branch.condition)\n" }
      }
    }
    return result
  }
}
