/// What takes the members of one object, one after the other and each key once: a value (``JSONObject``) or the text of one (``JSONText``). Whoever
/// describes an object to it need not know which.
package protocol JSONMembers: ~Copyable {
  mutating func append(_ key: StaticString, _ value: JSON)
  mutating func append(_ key: StaticString, string: String)
  mutating func append(_ key: StaticString, int: Int64)
  /// A value that is there as compact text.
  mutating func append(_ key: StaticString, text: [UInt8])
  /// A string without what needs escapes.
  mutating func append(_ key: StaticString, plain bytes: UnsafeBufferPointer<UInt8>)
  /// A string without what needs escapes and a number after it, in one string.
  mutating func append(_ key: StaticString, plain prefix: [UInt8], number: Int64)
  /// What follows after so many bytes of a string.
  mutating func append(_ key: StaticString, tailOf string: String, after start: Int)
  /// Members that are there as compact text too, without braces.
  mutating func append(members: JSONObject, text: [UInt8])
}

extension JSONMembers where Self: ~Copyable {
  @inlinable package mutating func append(_ key: StaticString, string: String?) { if let string { append(key, string: string) } }
  @inlinable package mutating func append(_ key: StaticString, int: Int64?) { if let int { append(key, int: int) } }
  @inlinable package mutating func append(_ key: StaticString, _ value: JSON?) { if let value { append(key, value) } }
}

extension JSONObject: JSONMembers {
  package mutating func append(_ key: StaticString, _ value: JSON) { append(key.description, value) }
  package mutating func append(_ key: StaticString, string: String) { append(key.description, .string(string)) }
  package mutating func append(_ key: StaticString, int: Int64) { append(key.description, .int(int)) }
  package mutating func append(_ key: StaticString, text: [UInt8]) { append(key.description, (try? JSON.parse(text)) ?? .null) }
  package mutating func append(_ key: StaticString, plain bytes: UnsafeBufferPointer<UInt8>) {
    append(key.description, .string(String(decoding: bytes, as: UTF8.self)))
  }
  package mutating func append(_ key: StaticString, plain prefix: [UInt8], number: Int64) {
    append(key.description, .string(String(decoding: prefix, as: UTF8.self) + String(number)))
  }
  package mutating func append(_ key: StaticString, tailOf string: String, after start: Int) {
    append(key.description, .string(start == 0 ? string : String(decoding: string.utf8.dropFirst(start), as: UTF8.self)))
  }
  package mutating func append(members: JSONObject, text: [UInt8]) { for (key, value) in members { append(key, value) } }
}

/// The compact text of an object that is never made as a value: the members follow each other, and ``finish()`` ends it. Keys must need no escapes.
///
/// What it is asked for is compiled into whoever describes something: keys are known there, and then are a few stores.
package struct JSONText: ~Copyable, JSONMembers {
  @usableFromInline var buffer: TextBuffer

  /// - Parameter capacity: how many bytes it will have, about.
  package init(capacity: Int) {
    buffer = TextBuffer(capacity: capacity)
    buffer.append(UInt8(ascii: "{"))
  }

  package mutating func append(_ key: StaticString, _ value: JSON) {
    name(key)
    buffer.append(value.bytes())
  }
  @inlinable package mutating func append(_ key: StaticString, string: String) {
    name(key)
    var string = string
    string.withUTF8 { quote($0) }
  }
  @inlinable package mutating func append(_ key: StaticString, int: Int64) {
    name(key)
    buffer.append(decimal: int)
  }
  @inlinable package mutating func append(_ key: StaticString, text: [UInt8]) {
    name(key)
    buffer.append(text)
  }
  @inlinable package mutating func append(_ key: StaticString, plain bytes: UnsafeBufferPointer<UInt8>) {
    name(key)
    buffer.append(UInt8(ascii: "\""))
    buffer.append(bytes)
    buffer.append(UInt8(ascii: "\""))
  }
  @inlinable package mutating func append(_ key: StaticString, plain prefix: [UInt8], number: Int64) {
    name(key)
    buffer.append(UInt8(ascii: "\""))
    buffer.append(prefix)
    buffer.append(decimal: number)
    buffer.append(UInt8(ascii: "\""))
  }
  @inlinable package mutating func append(_ key: StaticString, tailOf string: String, after start: Int) {
    name(key)
    var string = string
    string.withUTF8 { quote(UnsafeBufferPointer(rebasing: $0[start...])) }
  }
  @inlinable package mutating func append(members: JSONObject, text: [UInt8]) {
    guard !text.isEmpty else { return }
    separate()
    buffer.append(text)
  }
  /// A value whose compact text `body` appends.
  @inlinable package mutating func appendText(_ key: StaticString, _ body: (inout TextBuffer) -> Void) {
    name(key)
    body(&buffer)
  }
  /// A list of whole numbers.
  @inlinable package mutating func append(_ key: StaticString, ints: some Collection<Int>) {
    name(key)
    buffer.append(UInt8(ascii: "["))
    for value in ints {
      if buffer.last != UInt8(ascii: "[") { buffer.append(UInt8(ascii: ",")) }
      buffer.append(decimal: Int64(value))
    }
    buffer.append(UInt8(ascii: "]"))
  }
  /// A member that is an object itself, whose members `body` adds.
  @inlinable package mutating func append(_ key: StaticString, _ body: (inout JSONText) -> Void) {
    name(key)
    buffer.append(UInt8(ascii: "{"))
    body(&self)
    buffer.append(UInt8(ascii: "}"))
  }

  /// The whole text. What comes next begins another object.
  package mutating func finish() -> [UInt8] {
    buffer.append(UInt8(ascii: "}"))
    let text = buffer.bytes
    buffer.removeAll()
    buffer.append(UInt8(ascii: "{"))
    return text
  }

  @usableFromInline mutating func quote(_ bytes: UnsafeBufferPointer<UInt8>) {
    guard JSONWriter.isPlain(bytes) else {
      var writer = JSONWriter(style: .compact)
      writer.string(bytes)
      buffer.append(writer.output)
      return
    }
    buffer.append(UInt8(ascii: "\""))
    buffer.append(bytes)
    buffer.append(UInt8(ascii: "\""))
  }

  @usableFromInline mutating func separate() { if buffer.last != UInt8(ascii: "{") { buffer.append(UInt8(ascii: ",")) } }

  @usableFromInline mutating func name(_ key: StaticString) { buffer.append(member: key) }
}
