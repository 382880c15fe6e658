import KubeModel

/// The text of an object as it is stored: its JSON without `metadata.resourceVersion`, which is in a column of its own.
enum StoredText {
  private static let metadata = Array("\"metadata\":{".utf8)

  /// The text with its version, without reading it: the version is put in at the beginning of `metadata`. Nil when the text is not of the form in which
  /// objects of the kind are stored (it is of another version of the kind, or lacks something).
  static func shown(_ text: [UInt8], kind: ResourceKind, resourceVersion: Int64) -> [UInt8]? {
    let apiVersion = Array("\"apiVersion\":\"\(kind.apiVersion)\"".utf8)
    guard let place = places(of: [metadata, apiVersion], in: text)?[0].advanced(by: metadata.count), text[place] != UInt8(ascii: "}") else {
      return nil
    }
    let version = Array("\"resourceVersion\":\"\(resourceVersion)\",".utf8)
    var result: [UInt8] = []
    result.reserveCapacity(text.count + version.count)
    result += text[..<place]
    result += version
    result += text[place...]
    return result
  }

  /// Where members of the document itself begin with these texts; nil when one is missing. Each text is a member's name in quotes and the beginning of its value.
  private static func places(of members: [[UInt8]], in text: [UInt8]) -> [Int]? {
    var found = members.map { _ in -1 }
    var missing = members.count
    text.withUnsafeBufferPointer { bytes in
      var depth = 0
      var position = 0
      while position < bytes.count {
        switch bytes[position] {
        case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
        case UInt8(ascii: "}"), UInt8(ascii: "]"): depth -= 1
        case UInt8(ascii: "\""):
          if depth == 1 {
            for (index, member) in members.enumerated() where found[index] < 0 && bytes[position...].starts(with: member) {
              found[index] = position
              missing -= 1
              if missing == 0 { return }
            }
          }
          position += 1
          while position < bytes.count, bytes[position] != UInt8(ascii: "\"") { position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1 }
        default: break
        }
        position += 1
      }
    }
    return missing == 0 ? found : nil
  }
}
