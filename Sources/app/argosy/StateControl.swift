import ArgoModel
import Basics
import CommandLine
import Contracts
import JSONValue
import KubeModel
import WorkflowCore
import WorkflowService

/// Answers what is asked of the runs of a state directory.
struct StateControl: Sendable {
  let store: any ResourceStoring
  let workflows: WorkflowService

  /// The workflows that the request was carried out for, as they are then. Throws what refuses it.
  func answer(_ request: StateRequest) throws -> [JSON] {
    if request.verb == .list { return try list(request) }
    let keys = try keys(request)
    if request.isDryRun { return keys.map { ["metadata": ["name": .string($0.name)]] } }
    if request.verb == .get { return try keys.map { try workflow($0) } }
    let command = try command(request)
    return try keys.map { key in
      do throws(KubeStatus) {
        return ["metadata": ["name": .string(try workflows.act(key, command).name)]]
      } catch {
        // As the original words it for these two.
        let verb = request.verb
        guard verb == .suspend || verb == .resume else { throw error }
        throw KubeStatus(error.reason, "failed to \(verb.rawValue) \(key.name): \(error.message)")
      }
    }
  }

  private func workflow(_ key: ResourceKey) throws -> JSON {
    guard let workflow = try workflows.workflow(key) else { throw KubeStatus.notFound(key) }
    return workflow.json
  }

  private func list(_ request: StateRequest) throws -> [JSON] {
    let labels = try LabelSelector.parse(request.labels)
    let found = try store.list(.workflow, namespace: request.namespace.isEmpty ? nil : request.namespace, labels: labels)
    return try found.map { try workflows.workflow($0.key)?.json ?? $0.json }
  }

  /// The workflows that are meant, each once. `@latest` is the newest.
  func keys(_ request: StateRequest) throws -> [ResourceKey] {
    var keys: [ResourceKey] = []
    func add(_ key: ResourceKey) { if !keys.contains(key) { keys.append(key) } }
    if !request.labels.isEmpty {
      for workflow in try store.list(.workflow, namespace: request.namespace, labels: try LabelSelector.parse(request.labels)) {
        add(workflow.key)
      }
    }
    for name in request.names {
      guard name == "@latest" else {
        let key = ResourceKey(.workflow, namespace: request.namespace, name: name)
        guard try store.get(key) != nil else { throw KubeStatus.notFound(key) }
        add(key)
        continue
      }
      let all = try store.list(.workflow, namespace: request.namespace, labels: .everything)
      guard let newest = all.max(by: { ($0.created, $0.resourceVersion ?? 0) < ($1.created, $1.resourceVersion ?? 0) }) else {
        throw KubeStatus(.notFound, "no workflows found")
      }
      add(newest.key)
    }
    return keys
  }

  private func command(_ request: StateRequest) throws -> RunCommand {
    let selector: NodeSelector?
    do {
      selector = request.selector.isEmpty ? nil : try NodeSelector(parsing: request.selector)
    } catch {
      throw KubeStatus(.badRequest, "unable to parse node field selector '\(request.selector)': \(error)")
    }
    switch request.verb {
    case .stop: return .stop(message: request.message, selector: selector)
    case .terminate: return .terminate
    case .suspend: return .suspend
    case .resume: return .resume(selector: selector)
    case .set, .get, .list:
      guard let selector else {
        throw KubeStatus(.badRequest, "'set' currently only targets suspend nodes, use a node field selector to target them")
      }
      let outputs = Dictionary(request.outputs.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
      return .set(
        selector: selector, outputParameters: outputs, message: request.message, phase: request.phase.isEmpty ? nil : request.phase)
    }
  }
}

extension Resource {
  fileprivate var created: Int64 { creationTimestamp?.milliseconds ?? 0 }
}
