import ArgoModel
import JSONValue
import KubeModel

/// New Workflow objects made from earlier ones (`argo resubmit`, spec 2.13; fork).
package enum Resubmission {
  /// Labels that belong to one run only.
  private static let dropped: Set<String> = [
    ArgoKey.creator, ArgoKey.creator + "-email", ArgoKey.creator + "-preferred-username", ArgoKey.phase, ArgoKey.completed,
    ArgoKey.archivingStatus, ForkKey.from,
  ]

  /// A specification without what ended its run, and with parameters set anew: those given first, then the others.
  package static func renewed(_ spec: JSON, parameters: [ParameterValue]) -> JSON {
    var spec = spec
    if spec["shutdown"] != nil { spec["shutdown"] = nil }
    if spec["activeDeadlineSeconds"]?.looseInt == 0 { spec["activeDeadlineSeconds"] = nil }
    return withParameters(spec, parameters)
  }

  /// A specification with parameters set anew, as names and values only: those given first, then the others untouched (spec 5.3).
  package static func withParameters(_ spec: JSON, _ parameters: [ParameterValue]) -> JSON {
    guard !parameters.isEmpty else { return spec }
    var spec = spec
    let names = Set(parameters.map(\.name))
    var arguments = spec["arguments"] ?? .object([:])
    let others = arguments.list("parameters").filter { !names.contains($0["name"]?.string ?? "") }
    arguments["parameters"] = .array(parameters.map { ["name": .string($0.name), "value": .string($0.value)] } + others)
    spec["arguments"] = arguments
    return spec
  }

  /// The beginning of the names of runs made from a workflow.
  static func prefix(of workflow: Resource) -> String {
    workflow.generateName.flatMap { $0.isEmpty ? nil : $0 } ?? workflow.name + "-"
  }

  /// The object without a name: its labels, annotations, owners and specification.
  static func copy(of workflow: Resource, parameters: [ParameterValue], labels added: [String: String]) -> Resource {
    var metadata = JSONObject()
    metadata["namespace"] = .string(workflow.namespace)
    metadata["generateName"] = .string(prefix(of: workflow))
    var labels = JSONObject()
    for (key, value) in workflow.metadata["labels"]?.object ?? [:] where !dropped.contains(key) { labels[key] = value }
    for (key, value) in added.sorted(by: { $0.key < $1.key }) { labels[key] = .string(value) }
    metadata["labels"] = .object(labels)
    var annotations = JSONObject()
    for (key, value) in workflow.metadata["annotations"]?.object ?? [:] where !ForkKey.annotations.contains(key) {
      annotations[key] = value
    }
    if !annotations.isEmpty { metadata["annotations"] = .object(annotations) }
    metadata["ownerReferences"] = workflow.metadata["ownerReferences"]
    var json = JSONObject()
    json["apiVersion"] = workflow.json["apiVersion"]
    json["kind"] = workflow.json["kind"]
    json["metadata"] = .object(metadata)
    json["spec"] = renewed(workflow.spec, parameters: parameters)
    return Resource(.workflow, json: .object(json))
  }
}

/// Labels and annotations that tell where a forked run comes from.
package enum ForkKey {
  /// Label and annotation: the workflow that the run was forked from.
  package static let from = "argosy.io/forked-from"
  /// Annotation: the name of the node, in the earlier run, from which on it runs again.
  package static let node = "argosy.io/forked-from-node"
  /// Annotation: what was edited, as JSON (`parameters`, `inputs`, `outputs`).
  package static let edits = "argosy.io/fork-edits"

  static let annotations: Set<String> = [from, node, edits]
}

/// A new run that is made from an earlier one.
package struct DerivedRun: Sendable {
  /// Not stored yet; with a `generateName`, and with a name where nodes are taken over.
  package var workflow: Resource
  package var reuse: ReuseTable
}

extension RunState {
  /// The workflow submitted again. With `memoized` what succeeded is not run again: its nodes are Skipped, with their outputs.
  ///
  /// - Parameters:
  ///   - workflow: the run's Workflow object, as it is stored.
  ///   - suffix: the end of the new name, five of `a`-`z` and `0`-`9`; used when memoized.
  package func resubmission(
    of workflow: Resource, memoized: Bool, parameters: [ParameterValue] = [], suffix: String
  ) throws(RunRefusal) -> DerivedRun {
    guard !memoized || header.phase == .failed || header.phase == .error else {
      throw RunRefusal("workflow must be Failed/Error to resubmit in memoized mode")
    }
    var copy = Resubmission.copy(of: workflow, parameters: parameters, labels: [ArgoKey.resubmittedFrom: workflow.name])
    guard memoized else { return DerivedRun(workflow: copy, reuse: ReuseTable()) }
    copy.name = Resubmission.prefix(of: workflow) + suffix
    return DerivedRun(workflow: copy, reuse: memoizedNodes())
  }

  /// What a memoized resubmission takes over: pods that succeeded, and what the run itself has taken over.
  private func memoizedNodes() -> ReuseTable {
    var table = ReuseTable()
    let isExit = exitHandlerNodes()
    let paths = derivedPaths()
    for index in nodes.indices where !isExit[index] {
      guard let path = paths[index], nodes[index].type == .pod || nodes[index].isReused, nodes[index].phase.isFulfilled,
        !nodes[index].phase.isFailedOrError, nodes[index].template?.template.isDaemon != true
      else { continue }
      table.set(earlier(index, phase: .skipped), at: path)
    }
    return table
  }

  /// What stands for a node in a run made from this one.
  func earlier(_ index: Int, phase: NodePhase) -> ReuseTable.Earlier {
    let node = nodes[index]
    var message = phase.isFailedOrError && !node.message.isEmpty ? node.message : "original pod: \(node.id)"
    if node.isReused { message = node.message }
    return ReuseTable.Earlier(
      phase: phase, message: message, outputs: node.outputs, hostNodeName: node.hostNodeName, podIP: node.details.podIP)
  }

  /// For each node its path in a run made from this one, where a retry begins with what was its last attempt here; nil for nodes of
  /// earlier attempts, which such a run has not.
  func derivedPaths() -> [String?] {
    var paths: [String?] = []
    paths.reserveCapacity(nodes.count)
    for node in nodes {
      guard let around = enclosing(node.index) else {
        paths.append(String(path(node.name)))
        continue
      }
      guard let base = paths[around] else {
        paths.append(nil)
        continue
      }
      if case .attempt = node.origin {
        paths.append(nodes[around].counts.attempts.last == node.index ? NodeNames.attempt(base, 0) : nil)
      } else if node.name.utf8.starts(with: nodes[around].name.utf8) {
        paths.append(base + String(Substring(node.name.utf8.dropFirst(nodes[around].name.utf8.count))))
      } else {
        paths.append(nil)
      }
    }
    return paths
  }
}
