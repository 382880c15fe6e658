import ArgoModel
import Basics
import JSONValue

/// The last run of the same template or cron workflow that succeeded: what a new run's durations are estimated from (spec 2.20).
package struct Baseline: Sendable, Hashable {
  /// The name of its workflow, with which the names of its nodes begin.
  package var workflow: String
  /// In whole seconds.
  package var duration: Int64
  /// By node ID, in whole seconds; empty where only the workflow's is known.
  package var nodes: [String: Int64]

  package init(workflow: String, duration: Int64, nodes: [String: Int64] = [:]) {
    self.workflow = workflow
    self.duration = duration
    self.nodes = nodes
  }

  /// The labels that say which runs are alike, in the order in which they are asked.
  package static let labels = [ArgoKey.workflowTemplate, ArgoKey.clusterWorkflowTemplate, ArgoKey.cronWorkflow]

  /// How long the node of this name took, seen from a workflow of another name.
  func duration(ofNode node: String, workflow name: String) -> Int64? {
    guard !nodes.isEmpty, node.utf8.starts(with: name.utf8) else { return nil }
    return nodes[NodeNames.id(workflow: workflow, node: workflow + node.dropFirst(name.count))]
  }
}

extension Baseline {
  /// The baseline that a finished workflow makes: `status` as Argo's clients see it.
  package init?(workflow: String, status: JSON) {
    func seconds(_ json: JSON) -> Int64? {
      guard let start = json["startedAt"]?.string.flatMap(Instant.init(rfc3339:)),
        let end = json["finishedAt"]?.string.flatMap(Instant.init(rfc3339:))
      else { return nil }
      return (end - start).milliseconds / 1000
    }
    guard let duration = seconds(status) else { return nil }
    var nodes: [String: Int64] = [:]
    for (id, node) in status["nodes"]?.object ?? [:] { nodes[id] = seconds(node) }
    self.init(workflow: workflow, duration: duration, nodes: nodes)
  }
}
