import Basics

/// How many workflows may be under way at once (`parallelism`, `namespaceParallelism` of the controller and the label
/// `workflows.argoproj.io/parallelism-limit` of a namespace; 0: no limit).
package struct RunLimits: Sendable, Hashable {
  package var total = 0
  package var namespaceDefault = 0
  /// Of namespaces that say their own.
  package var namespaces: [String: Int] = [:]
  package init() {}

  func limit(of namespace: String) -> Int { namespaces[namespace] ?? namespaceDefault }
}

/// Which workflows may begin (spec 2.16): those with a higher priority first, then the older. A namespace that is at its own limit holds
/// nobody else up. Workflows under way are never sent back.
package struct RunThrottle: Sendable {
  /// What Argo says of a workflow that has to wait.
  package static let message = "Workflow processing has been postponed because too many workflows are already running"

  private struct Entry: Comparable, Sendable {
    var priority: Int64
    var created: Instant
    var number: Int
    var uid: String
    static func < (left: Entry, right: Entry) -> Bool {
      (right.priority, left.created, left.number) < (left.priority, right.created, right.number)
    }
  }

  private var limits: RunLimits
  /// The namespaces of the workflows under way and of those that wait.
  private var running: [String: String] = [:]
  private var waiting: [String: String] = [:]
  private var counts: [String: Int] = [:]
  /// By namespace; may hold some that wait no longer.
  private var queues: [String: Heap<Entry>] = [:]
  private var number = 0

  package init(limits: RunLimits = RunLimits()) { self.limits = limits }

  package func isUnderWay(_ uid: String) -> Bool { running[uid] != nil }
  package func isWaiting(_ uid: String) -> Bool { waiting[uid] != nil }

  /// A workflow that is under way, whatever the limits say.
  package mutating func admit(_ uid: String, namespace: String) {
    waiting[uid] = nil
    guard running.updateValue(namespace, forKey: uid) == nil else { return }
    counts[namespace, default: 0] += 1
  }

  /// A workflow that wants to begin; answers all that may begin now, in order.
  package mutating func add(_ uid: String, namespace: String, priority: Int64, created: Instant) -> [String] {
    guard running[uid] == nil, waiting[uid] == nil else { return [] }
    number += 1
    waiting[uid] = namespace
    queues[namespace, default: Heap()].insert(Entry(priority: priority, created: created, number: number, uid: uid))
    return drain()
  }

  /// A workflow that is over or gone; answers those that may begin now.
  package mutating func remove(_ uid: String) -> [String] {
    waiting[uid] = nil
    guard let namespace = running.removeValue(forKey: uid), let count = counts[namespace] else { return [] }
    counts[namespace] = count > 1 ? count - 1 : nil
    return drain()
  }

  package mutating func setLimits(_ limits: RunLimits) -> [String] {
    guard limits != self.limits else { return [] }
    self.limits = limits
    return drain()
  }

  private mutating func drain() -> [String] {
    var admitted: [String] = []
    while limits.total <= 0 || running.count < limits.total {
      var best: (entry: Entry, namespace: String)?
      for namespace in Array(queues.keys) {
        let limit = limits.limit(of: namespace)
        if limit > 0, counts[namespace, default: 0] >= limit { continue }
        guard let entry = first(namespace) else { continue }
        if let found = best, found.entry < entry { continue }
        best = (entry, namespace)
      }
      guard let best else { break }
      _ = queues[best.namespace]?.popFirst()
      admit(best.entry.uid, namespace: best.namespace)
      admitted.append(best.entry.uid)
    }
    return admitted
  }

  private mutating func first(_ namespace: String) -> Entry? {
    while let entry = queues[namespace]?.first {
      if waiting[entry.uid] != nil { return entry }
      _ = queues[namespace]?.popFirst()
    }
    queues[namespace] = nil
    return nil
  }
}
