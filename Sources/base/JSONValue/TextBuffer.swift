/// Bytes that are written one after the other. It cannot be copied, so that an append need not look for other owners as an array's must, and is a few
/// instructions in whoever appends.
package struct TextBuffer: ~Copyable {
  @usableFromInline var start: UnsafeMutablePointer<UInt8>
  @usableFromInline var capacity: Int
  @usableFromInline var count = 0

  /// - Parameter capacity: for how many bytes there is room at first.
  package init(capacity: Int) {
    self.capacity = max(16, capacity)
    start = .allocate(capacity: self.capacity)
  }

  deinit { start.deallocate() }

  /// What was appended.
  package var bytes: [UInt8] { Array(UnsafeBufferPointer(start: start, count: count)) }

  /// Forgets what was appended and keeps the memory.
  package mutating func removeAll() { count = 0 }

  /// The last byte; 0 where there is none.
  @inlinable package var last: UInt8 { @inline(__always) get { count == 0 ? 0 : start[count - 1] } }

  @inlinable @inline(__always) package mutating func append(_ byte: UInt8) {
    if count == capacity { grow(by: 1) }
    start[count] = byte
    count += 1
  }

  @inlinable @inline(__always) package mutating func append(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard let from = bytes.baseAddress else { return }
    if capacity - count < bytes.count { grow(by: bytes.count) }
    (start + count).update(from: from, count: bytes.count)
    count += bytes.count
  }

  @inlinable @inline(__always) package mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { append($0) } }

  @inlinable @inline(__always) package mutating func append(_ text: StaticString) {
    append(UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  @inlinable @inline(__always) package mutating func append(_ text: String) {
    var text = text
    text.withUTF8 { append($0) }
  }

  /// Appends the key of a member of a JSON object, which follows another unless its brace was appended last.
  mutating func append(member key: StaticString) {
    let length = key.utf8CodeUnitCount
    // One look for room, for the comma, the quotes and the colon too.
    if capacity - count < length + 4 { grow(by: length + 4) }
    if last != UInt8(ascii: "{") {
      start[count] = UInt8(ascii: ",")
      count += 1
    }
    let place = start + count
    place[0] = UInt8(ascii: "\"")
    (place + 1).update(from: key.utf8Start, count: length)
    place[length + 1] = UInt8(ascii: "\"")
    place[length + 2] = UInt8(ascii: ":")
    count += length + 3
  }

  /// Appends a whole number in decimal.
  package mutating func append(decimal value: Int64) {
    if capacity - count < 20 { grow(by: 20) }
    if value < 0 { append(UInt8(ascii: "-")) }
    var rest = value.magnitude
    var digits = 1
    var limit: UInt64 = 10
    while rest >= limit {
      digits += 1
      if digits == 20 { break }
      limit &*= 10
    }
    count += digits
    var place = start + count
    while rest >= 10 {
      let next = rest / 100
      let pair = UInt32(truncatingIfNeeded: rest &- next &* 100)
      let ten = pair / 10
      place -= 2
      place[1] = UInt8(truncatingIfNeeded: 0x30 &+ pair &- ten &* 10)
      place[0] = UInt8(truncatingIfNeeded: 0x30 &+ ten)
      rest = next
      digits -= 2
    }
    if digits == 1 { place[-1] = UInt8(truncatingIfNeeded: 0x30 &+ rest) }
  }

  @usableFromInline @inline(never) mutating func grow(by more: Int) {
    let larger = max(capacity * 2, count + more)
    let room = UnsafeMutablePointer<UInt8>.allocate(capacity: larger)
    room.update(from: start, count: count)
    start.deallocate()
    start = room
    capacity = larger
  }
}
