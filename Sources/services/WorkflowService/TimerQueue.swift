import Basics
import HeapModule
import WorkflowCore

/// The timers of all runs, by time. Setting a timer again moves it.
struct TimerQueue {
  private struct Entry: Comparable {
    var time: Instant
    var key: Key
    static func < (left: Entry, right: Entry) -> Bool { left.time < right.time }
    static func == (left: Entry, right: Entry) -> Bool { left.time == right.time && left.key == right.key }
  }
  private struct Key: Hashable {
    var uid: String
    var timer: TimerID
  }

  /// May hold entries that were moved or removed; `times` has the truth.
  private var heap: Heap<Entry> = []
  private var times: [Key: Instant] = [:]

  mutating func set(_ uid: String, _ timer: TimerID, at time: Instant) {
    let key = Key(uid: uid, timer: timer)
    times[key] = time
    heap.insert(Entry(time: time, key: key))
  }

  mutating func remove(_ uid: String, _ timer: TimerID) { times[Key(uid: uid, timer: timer)] = nil }

  mutating func removeAll(of uid: String) {
    for key in times.keys where key.uid == uid { times[key] = nil }
  }

  /// When the next timer is due; may be earlier than that when timers were moved.
  var earliest: Instant? { times.isEmpty ? nil : heap.min?.time }

  /// Takes out the timers that are due, earliest first.
  mutating func due(at now: Instant) -> [(uid: String, timer: TimerID)] {
    var result: [(uid: String, timer: TimerID)] = []
    while let entry = heap.min, entry.time <= now || times[entry.key] != entry.time {
      heap.removeMin()
      if times[entry.key] == entry.time {
        times[entry.key] = nil
        result.append((entry.key.uid, entry.key.timer))
      }
    }
    return result
  }
}
