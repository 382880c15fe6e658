import Basics
import Contracts
import KubeModel

/// Something for a controller to look at.
struct WorkItem: Sendable, Hashable {
  var key: ResourceKey
  /// Of an object that is gone: which one of that name it was.
  var uid = ""
  init(_ key: ResourceKey, uid: String = "") {
    self.key = key
    self.uid = uid
  }
}

/// A control loop for one subject. It keeps nothing that the store does not say again: what it does follows from what is stored, so that it may be
/// done twice, or again after a restart.
protocol Controller: Sendable {
  /// For messages.
  var name: String { get }
  func watches(_ kind: ResourceKind) -> Bool
  /// What is to be looked at because of a change. Runs on the committing thread: quick, and without the store.
  func concerned(by event: WatchEvent) -> [WorkItem]
  /// What is to be looked at after a start.
  func initial() throws(KubeStatus) -> [WorkItem]
  /// Brings the store nearer to what ought to be. Returns when to look again although nothing changes; nil: never. What it throws is tried again
  /// later.
  func reconcile(_ item: WorkItem, at now: Instant) throws(KubeStatus) -> Instant?
}

extension ResourceStoring {
  /// Commits several writes together, and where that is refused each alone. Returns how many were refused then.
  func commitEach(_ writes: [Write]) throws(KubeStatus) -> Int {
    var refused = 0
    var rest = writes[...]
    while !rest.isEmpty {
      let batch = Array(rest.prefix(200))
      rest = rest.dropFirst(200)
      do throws(KubeStatus) {
        try commit(batch)
      } catch {
        guard batch.count > 1, error.isOfOneWrite else { throw error }
        for write in batch {
          do throws(KubeStatus) { try commit([write]) } catch {
            guard error.isOfOneWrite else { throw error }
            refused += 1
          }
        }
      }
    }
    return refused
  }
}

extension KubeStatus {
  /// It lies in what was to be written, not in the store.
  var isOfOneWrite: Bool {
    switch reason {
    case .internalError, .serviceUnavailable, .tooManyRequests, .timeout: false
    default: true
    }
  }
}
