internal import Contracts

/// Merges the logs of many containers by time, from portions: what is handed out is in order as far as it was there. A log is opened only when it may
/// have the next line, so that of a workflow with thousands of pods only those are open that ran at the same time.
struct LogMerge {
  /// A log that is yet to be opened.
  struct Source {
    /// Says which log it is; a second one of this is not taken.
    var id: String
    var pod: String
    /// When the pod was started, as the beginning of a time of RFC 3339 without its zone; empty: not known. No line is older.
    var start: [UInt8]
    var open: () -> Opening
  }

  enum Opening {
    case opened(any LogCursor)
    /// It may be there later.
    case notYet
    case never
  }

  private struct Active {
    var id: String
    var pod: String
    var cursor: any LogCursor
    var lines: ArraySlice<LogLine>
  }

  private var known: Set<String> = []
  /// Not opened yet, the latest start first.
  private var waiting: [Source] = []
  private var active: [Active] = []
  /// Logs that get nothing more once what is there is read.
  private var ended: Set<String> = []
  private static let portion = 64 << 10

  /// Nothing is left to be read, now or later.
  var isOver: Bool { waiting.isEmpty && active.isEmpty }

  mutating func add(_ source: Source) {
    guard known.insert(source.id).inserted else { return }
    let place = waiting.firstIndex { !source.start.lexicographicallyPrecedes($0.start) } ?? waiting.endIndex
    waiting.insert(source, at: place)
  }

  /// The container has ended: what it printed is in its log.
  mutating func end(_ id: String) { if known.contains(id) { ended.insert(id) } }

  /// Hands out all lines that are there now, in order of their times, in batches of one pod. False from `take`: no more is wanted.
  ///
  /// - Returns: false when `take` has said so.
  mutating func drain(_ take: (_ pod: String, _ lines: ArraySlice<LogLine>) -> Bool) -> Bool {
    var deferred: [Source] = []
    // Each began before all that still wait.
    defer { waiting.append(contentsOf: deferred.reversed()) }
    while true {
      refill()
      let first = active.indices.filter { !active[$0].lines.isEmpty }.min { precedes($0, $1) }
      if let next = waiting.last, first.map({ !isBefore(active[$0].lines, next.start) }) ?? true {
        waiting.removeLast()
        if let left = begin(next) { deferred.append(left) }
        continue
      }
      guard let first else { return true }
      let batch = batch(of: first)
      active[first].lines = active[first].lines.dropFirst(batch.count)
      guard take(active[first].pod, batch) else { return false }
    }
  }

  /// Opens a log; gives it back when that is not possible yet.
  private mutating func begin(_ source: Source) -> Source? {
    // Asked before it is opened, so that what was printed before the end is there.
    let isEnded = ended.contains(source.id)
    switch source.open() {
    case .opened(let cursor): active.append(Active(id: source.id, pod: source.pod, cursor: cursor, lines: []))
    case .notYet where !isEnded: return source
    case .notYet, .never: ended.remove(source.id)
    }
    return nil
  }

  /// Gets lines of the logs that have none at hand, and lets go of those that are over.
  private mutating func refill() {
    for index in active.indices.reversed() where active[index].lines.isEmpty {
      let isEnded = ended.contains(active[index].id)
      active[index].lines = active[index].cursor.next(about: Self.portion)[...]
      guard active[index].lines.isEmpty, isEnded else { continue }
      active[index].lines = active[index].cursor.rest()[...]
      guard active[index].lines.isEmpty else { continue }
      ended.remove(active[index].id)
      active.remove(at: index)
    }
  }

  /// The lines at the head of a log that come before the first lines of all others.
  private func batch(of index: Int) -> ArraySlice<LogLine> {
    let lines = active[index].lines
    let others = active.indices.filter { $0 != index }.compactMap { active[$0].lines.first?.time }
    var bound = others.min { $0.lexicographicallyPrecedes($1) }
    if let start = waiting.last?.start, bound.map({ start.lexicographicallyPrecedes($0) }) ?? true { bound = start }
    guard let bound else { return lines }
    return lines.prefix(max(1, lines.prefix { $0.time.lexicographicallyPrecedes(bound) }.count))
  }

  private func isBefore(_ lines: ArraySlice<LogLine>, _ start: [UInt8]) -> Bool {
    lines.first.map { $0.time.lexicographicallyPrecedes(start) } ?? false
  }

  private func precedes(_ left: Int, _ right: Int) -> Bool {
    guard let first = active[left].lines.first, let second = active[right].lines.first else { return false }
    return first.time == second.time ? left < right : first.time.lexicographicallyPrecedes(second.time)
  }
}
