import Basics
import Contracts
import JSONValue
import KubeModel

/// What is still in a namespace that is being deleted, as its conditions tell it (Kubernetes' `namespaceConditionUpdater`).
struct NamespaceRemains: Sendable {
  private var kinds: [(kind: ResourceKind, count: Int)] = []
  private var finalizers: [String: Int] = [:]
  private var refused = 0

  var isEmpty: Bool { kinds.isEmpty && refused == 0 }

  /// - Parameter objects: those that wait for somebody.
  mutating func note(_ kind: ResourceKind, _ objects: [Resource], refused: Int) {
    self.refused += refused
    guard !objects.isEmpty else { return }
    kinds.append((kind, objects.count))
    for object in objects { for finalizer in object.pendingFinalizers { finalizers[finalizer, default: 0] += 1 } }
  }

  func status(after status: JSON, at now: Instant) -> JSON {
    let remaining = kinds.map { "\($0.kind.plural).\($0.kind.group) has \($0.count) resource instances" }
    let waiting = finalizers.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value) resource instances" }
    var conditions = status["conditions"]?.array ?? []
    func set(_ type: String, _ isTrue: Bool, _ reason: String, _ message: String) {
      let value: JSON = isTrue ? "True" : "False"
      if let index = conditions.firstIndex(where: { $0["type"]?.string == type }) {
        if conditions[index]["status"] != value { conditions[index]["lastTransitionTime"] = .string(now.rfc3339) }
        conditions[index]["status"] = value
        conditions[index]["reason"] = .string(reason)
        conditions[index]["message"] = .string(message)
      } else {
        conditions.append([
          "type": .string(type), "status": value, "lastTransitionTime": .string(now.rfc3339), "reason": .string(reason),
          "message": .string(message),
        ])
      }
    }
    set("NamespaceDeletionDiscoveryFailure", false, "ResourcesDiscovered", "All resources successfully discovered")
    set("NamespaceDeletionGroupVersionParsingFailure", false, "ParsedGroupVersions", "All legacy kube types successfully parsed")
    set(
      "NamespaceDeletionContentFailure", false, "ContentDeleted",
      "All content successfully deleted, may be waiting on finalization")
    set(
      "NamespaceContentRemaining", !remaining.isEmpty, remaining.isEmpty ? "ContentRemoved" : "SomeResourcesRemain",
      remaining.isEmpty ? "All content successfully removed" : "Some resources are remaining: " + remaining.joined(separator: ", "))
    set(
      "NamespaceFinalizersRemaining", !waiting.isEmpty, waiting.isEmpty ? "ContentHasNoFinalizers" : "SomeFinalizersRemain",
      waiting.isEmpty
        ? "All content-preserving finalizers finished"
        : "Some content in the namespace has finalizers remaining: " + waiting.joined(separator: ", "))
    var result = status
    result["phase"] = "Terminating"
    result["conditions"] = .array(conditions)
    return result
  }
}
