import Basics
import WorkflowCore

/// The timers of all runs, by time.
struct TimerQueue {
  private struct Key: Hashable, Sendable {
    var uid: String
    var timer: TimerID
  }
  private var queue = DueQueue<Key>()

  mutating func set(_ uid: String, _ timer: TimerID, at time: Instant) { queue.set(Key(uid: uid, timer: timer), at: time) }

  mutating func remove(_ uid: String, _ timer: TimerID) { queue.remove(Key(uid: uid, timer: timer)) }

  mutating func removeAll(of uid: String) { queue.removeAll { $0.uid == uid } }

  /// When the next timer is due; may be earlier than that when timers were moved.
  var earliest: Instant? { queue.earliest }

  /// Takes out the timers that are due, earliest first.
  mutating func due(at now: Instant) -> [(uid: String, timer: TimerID)] {
    queue.due(at: now).map { ($0.uid, $0.timer) }
  }
}
