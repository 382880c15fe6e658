import Basics
import JSONValue

/// Lines `Key: value` with the keys padded, as Go's `%-20s %v` prints them.
struct KeyBlock {
  /// Columns of a key; one blank follows.
  let width: Int
  private(set) var text = ""

  init(width: Int) { self.width = width }

  mutating func add(_ key: String, _ value: String) {
    let key = Printable.line(key)
    text += key + String(repeating: " ", count: max(0, width - key.unicodeScalars.count)) + " " + Printable.line(value) + "\n"
  }

  mutating func add(_ key: String, _ time: Instant?, _ context: DisplayContext) { add(key, Humanize.timestamp(time, context)) }
}
