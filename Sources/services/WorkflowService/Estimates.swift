import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// Finds what a new run's durations are estimated from.
struct Estimates {
  let store: any ResourceStoring

  /// Above this many units of work a baseline's nodes are not read: only the workflow as a whole is estimated then.
  static let maximumNodes = 5_000

  /// The newest workflow that succeeded among those with the same label as this one; nil where there is none. `labels`: those that the run
  /// will have.
  func baseline(namespace: String, labels: [String: String]) -> Baseline? {
    guard let label = Baseline.labels.first(where: { labels[$0] != nil }), let value = labels[label] else { return nil }
    let selector = LabelSelector([.equals(label, value), .equals(ArgoKey.phase, WorkflowPhase.succeeded.rawValue)])
    guard let alike = try? store.list(.workflow, namespace: namespace, labels: selector),
      let newest = alike.max(by: { ($0.creationTimestamp?.milliseconds ?? 0) < ($1.creationTimestamp?.milliseconds ?? 0) })
    else { return nil }
    let work = newest.status["progress"]?.string?.split(separator: "/").last.flatMap { Int($0) } ?? 0
    guard work <= Self.maximumNodes, let row = try? store.runs(uid: newest.uid).first, let rows = try? store.nodes(ofRun: newest.uid),
      let status = try? RunState.status(of: row, nodes: rows)
    else { return Baseline(workflow: newest.name, status: newest.status) }
    return Baseline(workflow: newest.name, status: status)
  }
}
