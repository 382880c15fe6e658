import Contracts
import KubeModel
import Synchronization

/// Decoded objects by key, at most about a given size of JSON text. Two generations: what was used since the last turn, and what was
/// used in the turn before; when the first is full it becomes the second, which is dropped. So the hot set stays without lists of ages.
final class ResourceCache: Sendable {
  private struct Entry {
    var resource: Resource
    var bytes: Int
  }

  private struct State {
    var young: [ResourceKey: Entry] = [:]
    var old: [ResourceKey: Entry] = [:]
    var youngBytes = 0
    /// Counts the calls of `apply`: a reader puts an object only when nothing was committed since it began to read.
    var commits: UInt64 = 0

    mutating func put(_ key: ResourceKey, _ entry: Entry, limit: Int) {
      remove(key)
      guard entry.bytes <= limit / 4 else { return }
      if youngBytes + entry.bytes > limit / 2 {
        swap(&old, &young)
        young.removeAll(keepingCapacity: true)
        youngBytes = 0
      }
      young[key] = entry
      youngBytes += entry.bytes
    }

    mutating func remove(_ key: ResourceKey) {
      if let entry = young.removeValue(forKey: key) {
        youngBytes -= entry.bytes
      } else if !old.isEmpty {
        old[key] = nil
      }
    }
  }

  private let state = Mutex(State())
  private let limit: Int

  /// `limit`: bytes of JSON text of all objects held; decoded they take several times as much. 0 holds nothing.
  init(limit: Int) { self.limit = max(0, limit) }

  /// The object, if it is here, and the number of commits so far (for `offer`).
  func get(_ key: ResourceKey) -> (resource: Resource?, commits: UInt64) {
    state.withLock { state in
      if let entry = state.young[key] { return (entry.resource, state.commits) }
      if let entry = state.old[key] {
        state.put(key, entry, limit: limit)
        return (entry.resource, state.commits)
      }
      return (nil, state.commits)
    }
  }

  /// The object, if it is here in this version; leaves its age as it is.
  func peek(_ key: ResourceKey, resourceVersion: Int64) -> Resource? {
    let found = state.withLock { $0.young[key]?.resource ?? $0.old[key]?.resource }
    return found?.resourceVersion == resourceVersion ? found : nil
  }

  /// Keeps an object that was read from the database, unless something was committed since `commits` was asked for.
  func offer(_ resource: Resource, bytes: Int, key: ResourceKey, commits: UInt64) {
    state.withLock { state in
      if state.commits == commits { state.put(key, Entry(resource: resource, bytes: bytes), limit: limit) }
    }
  }

  /// Takes over the changes of a commit, before anyone is told of it.
  func apply(_ changes: [ObjectChange]) {
    state.withLock { state in
      state.commits += 1
      for change in changes {
        if change.event.change == .deleted {
          state.remove(change.key)
        } else {
          state.put(change.key, Entry(resource: change.event.resource, bytes: change.bytes), limit: limit)
        }
      }
    }
  }
}
