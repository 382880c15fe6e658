import Contracts
import KubeModel
import Synchronization

/// How many objects of a kind there are, in all or in a namespace: counted once, then kept up with the commits.
final class ObjectCounts: Sendable {
  private struct Place: Hashable {
    var kind: String
    /// Nil: in all namespaces.
    var namespace: String?
  }

  private struct Entry {
    var count: Int
    /// The revision of the snapshot that was counted: it may have commits that `apply` is told of later.
    var revision: Int64
  }

  private struct State {
    var counts: [Place: Entry] = [:]
    /// Counts the calls of `apply`: a count is kept only when nothing was committed since it began.
    var commits: UInt64 = 0
  }

  private static let limit = 1000
  private let state = Mutex(State())

  /// The count, if it is known, and the number of commits so far (for `offer`).
  func get(_ kind: ResourceKind, namespace: String?) -> (count: Int?, commits: UInt64) {
    state.withLock { ($0.counts[Place(kind: kind.qualifiedPlural, namespace: namespace)]?.count, $0.commits) }
  }

  /// Keeps what was counted in a snapshot, unless something was committed since `commits` was asked for.
  func offer(_ count: Int, at revision: Int64, _ kind: ResourceKind, namespace: String?, commits: UInt64) {
    state.withLock { state in
      guard state.commits == commits else { return }
      if state.counts.count >= Self.limit { state.counts = [:] }
      state.counts[Place(kind: kind.qualifiedPlural, namespace: namespace)] = Entry(count: count, revision: revision)
    }
  }

  /// Takes over the changes of a commit.
  func apply(_ changes: [ObjectChange]) {
    state.withLock { state in
      state.commits += 1
      guard !state.counts.isEmpty else { return }
      for change in changes where change.event.change != .modified {
        let step = change.event.change == .added ? 1 : -1
        let kind = change.key.kind.qualifiedPlural
        for place in [Place(kind: kind, namespace: nil), Place(kind: kind, namespace: change.key.namespace)] {
          guard let entry = state.counts[place], (change.event.resource.resourceVersion ?? 0) > entry.revision else { continue }
          state.counts[place]?.count += step
        }
      }
    }
  }
}
