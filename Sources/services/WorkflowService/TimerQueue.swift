import Basics
import WorkflowCore

/// The timers of all runs, by time.
struct TimerQueue {
  private struct Key: Hashable, Sendable {
    var uid: String
    var timer: TimerID
  }
  private var queue = DueQueue<Key>()
  /// The timers that are set, by run.
  private var timers: [String: Set<TimerID>] = [:]

  mutating func set(_ uid: String, _ timer: TimerID, at time: Instant) {
    queue.set(Key(uid: uid, timer: timer), at: time)
    timers[uid, default: []].insert(timer)
  }

  mutating func remove(_ uid: String, _ timer: TimerID) {
    queue.remove(Key(uid: uid, timer: timer))
    forget(uid, timer)
  }

  mutating func removeAll(of uid: String) {
    for timer in timers.removeValue(forKey: uid) ?? [] { queue.remove(Key(uid: uid, timer: timer)) }
  }

  /// When the next timer is due; may be earlier than that when timers were moved.
  var earliest: Instant? { queue.earliest }

  /// Takes out the timers that are due, earliest first.
  mutating func due(at now: Instant) -> [(uid: String, timer: TimerID)] {
    let due = queue.due(at: now)
    for key in due { forget(key.uid, key.timer) }
    return due.map { ($0.uid, $0.timer) }
  }

  private mutating func forget(_ uid: String, _ timer: TimerID) {
    timers[uid]?.remove(timer)
    if timers[uid]?.isEmpty == true { timers[uid] = nil }
  }
}
