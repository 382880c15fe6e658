import Basics

/// Says when it is worth while to give memory back to the system: a while after many rows were written, or after a large run is over. What deciding and
/// committing needed lies between what stays, and glibc keeps it otherwise.
struct TrimRhythm {
  /// So few rows leave too little behind.
  static let rows = 4096
  /// Between two times at least. Giving back takes some milliseconds, and what is needed at once is given again.
  static let pause = TimeSpan(seconds: 2)

  private var count = 0
  /// When it is to be done next; nil: not for now.
  private(set) var next: Instant?

  mutating func note(rows: Int, at now: Instant) {
    count += rows
    if count >= Self.rows, next == nil { next = now + Self.pause }
  }

  /// Whether it is time; if so, it counts as done.
  mutating func isDue(at now: Instant) -> Bool {
    guard let next, next <= now else { return false }
    count = 0
    self.next = nil
    return true
  }
}
