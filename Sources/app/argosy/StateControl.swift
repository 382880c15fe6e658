import ArgoServer
import CommandLine
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// Answers what is asked of the runs of a state directory.
struct StateControl: Sendable {
  let store: any ResourceStoring
  let actions: RunActions

  /// - Parameter index: knows the newest workflow; nil: the store is asked.
  init(store: any ResourceStoring, workflows: any WorkflowActing, index: WorkflowIndex? = nil) {
    self.store = store
    actions = RunActions(store: store, acting: workflows, index: index)
  }

  /// The workflows that the request was carried out for, as they are then. Throws what refuses it.
  func answer(_ request: StateRequest) throws -> [JSON] {
    // Only told, to be recorded.
    if request.verb == .backup { return [] }
    if request.verb == .list { return try list(request) }
    let keys = try keys(request)
    if request.isDryRun { return keys.map { ["metadata": ["name": .string($0.name)]] } }
    if request.verb == .get { return try keys.map { try workflow($0) } }
    if request.verb == .explain { return try keys.map { try explained($0) } }
    let verb = try verb(request)
    // What is wrong with it is told before anything is done.
    _ = try actions.command(verb)
    return try keys.map { key in
      do throws(KubeStatus) {
        return ["metadata": ["name": .string(try actions.perform(verb, on: key).name)]]
      } catch {
        // As the original words it for these two.
        guard verb == .suspend || request.verb == .resume else { throw error }
        throw KubeStatus(error.reason, "failed to \(request.verb.rawValue) \(key.name): \(error.message)")
      }
    }
  }

  private func workflow(_ key: ResourceKey) throws -> JSON {
    guard let workflow = try actions.acting.workflow(key) else { throw KubeStatus.notFound(key) }
    return workflow.json
  }

  /// The workflow with the history of its nodes.
  private func explained(_ key: ResourceKey) throws -> JSON {
    guard let workflow = try actions.acting.workflow(key) else { throw KubeStatus.notFound(key) }
    var json = workflow.json
    json[WorkflowServer.historyMember] = try actions.acting.history(workflow)
    return json
  }

  private func list(_ request: StateRequest) throws -> [JSON] {
    let labels = try LabelSelector.parse(request.labels)
    let found = try store.list(.workflow, namespace: request.namespace.isEmpty ? nil : request.namespace, labels: labels)
    return try found.map { try actions.acting.workflow($0.key)?.json ?? $0.json }
  }

  /// The workflows that are meant, each once. `@latest` is the newest.
  func keys(_ request: StateRequest) throws -> [ResourceKey] {
    try actions.keys(namespace: request.namespace, names: request.names, labels: request.labels)
  }

  private func verb(_ request: StateRequest) throws -> RunVerb {
    switch request.verb {
    case .stop: return .stop(selector: request.selector, message: request.message)
    case .terminate: return .terminate
    case .suspend: return .suspend
    case .resume: return .resume(selector: request.selector)
    case .set, .get, .explain, .list:
      let outputs = Dictionary(request.outputs.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
      return .set(selector: request.selector, outputs: outputs, message: request.message, phase: request.phase)
    case .rotateKey, .token, .backup: throw KubeStatus(.badRequest, "this process serves no keys: it is of another version")
    }
  }
}
