package import JSONValue

/// Takes messages out of a stream of bytes and puts them into one, as the Language Server Protocol frames them: header fields, an empty line, JSON.
package struct MessageFraming: Sendable {
  package struct Failure: Error, Sendable, Hashable, CustomStringConvertible { package var description: String }

  /// The largest message in bytes.
  private static let limit = 64 << 20
  private static let headLimit = 4096
  private var waiting: [UInt8] = []
  private var start = 0

  package init() {}

  package mutating func append(_ bytes: [UInt8]) {
    if start > 1 << 16, start * 2 > waiting.count {
      waiting.removeFirst(start)
      start = 0
    }
    waiting += bytes
  }

  /// The next whole message's bytes; nil when more has to come first. Throws for what is no such stream: it cannot be gone on with.
  package mutating func next() throws(Failure) -> [UInt8]? {
    guard let end = endOfHead() else {
      guard waiting.count - start <= Self.headLimit else { throw Failure(description: "the message's header does not end") }
      return nil
    }
    var length: Int?
    for line in waiting[start..<end].split(separator: 0x0A) {
      let text = String(decoding: line.filter { $0 != 0x0D }, as: UTF8.self)
      let parts = text.split(separator: ":", maxSplits: 1)
      guard parts.count == 2 else { throw Failure(description: "a header line has no colon: \(text.prefix(100))") }
      if parts[0].lowercased() == "content-length" { length = Int(parts[1].filter { $0 != " " }) }
    }
    guard let length, length >= 0, length <= Self.limit else { throw Failure(description: "the message has no proper Content-Length") }
    let body = end + 4
    guard waiting.count - body >= length else { return nil }
    defer { start = body + length }
    return Array(waiting[body..<body + length])
  }

  private func endOfHead() -> Int? {
    var index = start
    let last = min(waiting.count, start + Self.headLimit) - 3
    while index < last {
      if waiting[index] == 0x0D, waiting[index + 1] == 0x0A, waiting[index + 2] == 0x0D, waiting[index + 3] == 0x0A { return index }
      index += 1
    }
    return nil
  }

  /// A message as it is sent.
  package static func frame(_ message: JSON) -> [UInt8] {
    let body = message.bytes(.compact)
    return Array("Content-Length: \(body.count)\r\n\r\n".utf8) + body
  }
}
