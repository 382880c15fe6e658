import ArgoModel
import JSONValue

/// What all nodes have in common that were started in the same way from the same template: held once for all of them.
final class NodeSource: Sendable {
  /// The run's name.
  let run: String
  /// nil until resolved: groups, and nodes that failed before that.
  let template: CompiledTemplate?
  /// What the node's own reference was looked up in (`templateScope`).
  let scope: String
  let label: RunState.ReferenceLabel
  /// What the names of pods begin with.
  let podPrefix: String
  /// That and the dash after it.
  let podBytes: [UInt8]
  /// What the nodes' status says of it: `templateName`, `templateRef`, `templateScope`; and that as text.
  let members: JSONObject
  let membersText: [UInt8]
  /// The template's key, as JSON text; empty without a template.
  let keyText: [UInt8]
  /// What IDs and names of pods begin with within JSON.
  let idText: [UInt8]
  let podText: [UInt8]

  init(run: String, template: CompiledTemplate?, scope: String, label: RunState.ReferenceLabel, format: NodeNames.PodNameFormat) {
    self.run = run
    self.template = template
    self.scope = scope
    self.label = label
    podPrefix = NodeNames.podPrefix(workflow: run, template: label.podTemplate, format: format)
    podBytes = Array("\(podPrefix)-".utf8)
    var members = JSONObject()
    if !label.name.isEmpty { members["templateName"] = .string(label.name) }
    members["templateRef"] = label.ref
    if !scope.isEmpty { members["templateScope"] = .string(scope) }
    self.members = members
    membersText = Array(JSON.object(members).bytes().dropFirst().dropLast())
    keyText = template.map { JSON.string($0.key).bytes() } ?? []
    idText = Array(JSON.string("\(run)-").bytes().dropFirst().dropLast())
    podText = Array(JSON.string("\(podPrefix)-").bytes().dropFirst().dropLast())
  }

  func isEqual(_ template: CompiledTemplate?, _ scope: String, _ label: RunState.ReferenceLabel) -> Bool {
    self.template === template && self.scope == scope && self.label == label
  }
}

/// The sources that nodes of a run have.
struct NodeSources: Sendable {
  private struct Key: Hashable {
    var template: ObjectIdentifier?
    var scope: String
    var name: String
  }
  private var known: [Key: NodeSource] = [:]
  private var last: NodeSource?
  /// Of nodes that nothing is known of yet.
  private var bare: NodeSource?

  mutating func bare(run: String, format: NodeNames.PodNameFormat) -> NodeSource {
    if let bare { return bare }
    let source = NodeSource(run: run, template: nil, scope: "", label: RunState.ReferenceLabel(), format: format)
    bare = source
    return source
  }

  mutating func source(
    run: String, template: CompiledTemplate?, scope: String, label: RunState.ReferenceLabel, format: NodeNames.PodNameFormat
  ) -> NodeSource {
    if let last, last.isEqual(template, scope, label) { return last }
    let key = Key(template: template.map { ObjectIdentifier($0) }, scope: scope, name: label.name)
    if let found = known[key], found.label == label {
      last = found
      return found
    }
    let source = NodeSource(run: run, template: template, scope: scope, label: label, format: format)
    known[key] = source
    last = source
    return source
  }
}

extension RunState {
  /// Says what a node was started from.
  mutating func setSource(_ node: Int, _ template: CompiledTemplate?, scope: String, label: ReferenceLabel = ReferenceLabel()) {
    nodes[node].source = source(template, scope: scope, label: label)
  }

  mutating func source(_ template: CompiledTemplate?, scope: String, label: ReferenceLabel = ReferenceLabel()) -> NodeSource {
    sources.source(run: name, template: template, scope: scope, label: label, format: identity.podNameFormat)
  }
}
