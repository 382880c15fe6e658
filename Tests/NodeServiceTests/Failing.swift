import Contracts
import KubeModel
import Synchronization

/// A store whose next commits fail.
final class Failing: Sendable {
  let count = Atomic<Int>(0)
  func over(_ store: any ResourceStoring) -> any ResourceStoring { Store(failing: self, inner: store) }

  private struct Store: ResourceStoring {
    let failing: Failing
    let inner: any ResourceStoring
    func get(_ key: ResourceKey) throws(KubeStatus) -> Resource? { try inner.get(key) }
    func list(_ kind: ResourceKind, namespace: String?, labels: LabelSelector) throws(KubeStatus) -> [Resource] {
      try inner.list(kind, namespace: namespace, labels: labels)
    }
    func owned(by uid: String) throws(KubeStatus) -> [Resource] { try inner.owned(by: uid) }
    func commit(_ writes: [Write]) throws(KubeStatus) -> [Resource?] {
      if failing.count.load(ordering: .sequentiallyConsistent) > 0 {
        failing.count.subtract(1, ordering: .sequentiallyConsistent)
        throw KubeStatus(.internalError, "no space left")
      }
      return try inner.commit(writes)
    }
    func watch(_ kinds: Set<ResourceKind>, handler: @escaping @Sendable ([WatchEvent]) -> Void) -> any WatchHandle {
      inner.watch(kinds, handler: handler)
    }
    func runs(uid: String?) throws(KubeStatus) -> [RunRow] { try inner.runs(uid: uid) }
    func nodes(ofRun uid: String) throws(KubeStatus) -> [NodeRow] { try inner.nodes(ofRun: uid) }
  }
}
