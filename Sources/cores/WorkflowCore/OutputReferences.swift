/// Which steps' outputs the text of a template reads: one pass over its JSON (Argo matches a regular expression per step).
struct OutputReferences: Sendable {
  /// Names followed by `.outputs`.
  private(set) var outputs: Set<String> = []
  /// Names followed by `.outputs.result`.
  private(set) var results: Set<String> = []
  /// Something is read by a name that is only known when it runs.
  private(set) var isDynamic = false

  /// `prefix` is `steps` or `tasks`.
  init(_ text: String, prefix: String) {
    let bytes = Array(text.utf8)
    let wanted = Array(prefix.utf8)
    var position = 0
    while position + wanted.count < bytes.count {
      guard bytes[position] == wanted[0], bytes[position..<position + wanted.count].elementsEqual(wanted) else {
        position += 1
        continue
      }
      position += wanted.count
      var next = position
      var name: ArraySlice<UInt8> = []
      if bytes[next] == UInt8(ascii: ".") || bytes[next] == UInt8(ascii: "?") {
        next += bytes[next] == UInt8(ascii: "?") ? 2 : 1
        let start = next
        while next < bytes.count, Self.isNamePart(bytes[next]) { next += 1 }
        guard start <= next, start < bytes.count else { continue }
        name = bytes[start..<next]
        if name.isEmpty, bytes[start] == UInt8(ascii: "{") { isDynamic = true }
      } else if bytes[next] == UInt8(ascii: "[") {
        next += 1
        while next < bytes.count, bytes[next] == UInt8(ascii: "\\") || bytes[next] == UInt8(ascii: "\"") || bytes[next] == UInt8(ascii: "'")
        {
          next += 1
        }
        let start = next
        while next < bytes.count, Self.isNamePart(bytes[next]) { next += 1 }
        name = bytes[start..<next]
        while next < bytes.count, bytes[next] != UInt8(ascii: "]"), next - start < 256 { next += 1 }
        next += 1
        if name.isEmpty { isDynamic = true }
      }
      guard !name.isEmpty else { continue }
      let rest = bytes[min(next, bytes.count)...].prefix(18)
      let step = String(decoding: name, as: UTF8.self)
      if rest.starts(with: ".outputs".utf8) || rest.starts(with: "?.outputs".utf8) {
        outputs.insert(step)
        if rest.starts(with: ".outputs.result".utf8) || rest.starts(with: "?.outputs?.result".utf8)
          || rest.starts(with: "?.outputs.result".utf8)
        {
          results.insert(step)
        }
      }
    }
  }

  private static func isNamePart(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
      || byte == UInt8(ascii: "_")
  }
}
