import Basics
import HeapModule

/// What is due at a time, earliest first; one time for each key. Setting a key again moves it.
struct DueQueue<Key: Hashable & Sendable>: Sendable {
  private struct Entry: Comparable, Sendable {
    var time: Instant
    var key: Key
    static func < (left: Entry, right: Entry) -> Bool { left.time < right.time }
    static func == (left: Entry, right: Entry) -> Bool { left.time == right.time && left.key == right.key }
  }

  /// May hold entries that were moved or removed; `times` has the truth.
  private var heap: Heap<Entry> = []
  private var times: [Key: Instant] = [:]

  mutating func set(_ key: Key, at time: Instant) {
    guard times.updateValue(time, forKey: key) != time else { return }
    heap.insert(Entry(time: time, key: key))
  }

  mutating func remove(_ key: Key) {
    guard times.removeValue(forKey: key) != nil else { return }
    forgetMoved()
  }

  /// Makes the heap anew when most of it is not true any more, and gives back the memory of many that are gone.
  private mutating func forgetMoved() {
    guard heap.count > 64, heap.count > 4 * times.count else { return }
    times = Dictionary(uniqueKeysWithValues: times.map { ($0.key, $0.value) })
    heap = Heap(times.map { Entry(time: $0.value, key: $0.key) })
  }

  func contains(_ key: Key) -> Bool { times[key] != nil }

  /// When the next is due; may be earlier than that when keys were moved.
  var earliest: Instant? { times.isEmpty ? nil : heap.min?.time }

  /// Takes out what is due, earliest first.
  mutating func due(at now: Instant) -> [Key] {
    var result: [Key] = []
    while let entry = heap.min, entry.time <= now || times[entry.key] != entry.time {
      heap.removeMin()
      if times[entry.key] == entry.time {
        times[entry.key] = nil
        result.append(entry.key)
      }
    }
    // Both keep their memory, whatever is taken out of them.
    if times.isEmpty, !result.isEmpty { (heap, times) = ([], [:]) }
    return result
  }
}
