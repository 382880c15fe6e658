import CSQLite
import CZlib

/// How the documents of the archive are written. Numbers that were stored once keep their meaning.
enum ArchiveForm {
  /// JSON text in zlib's format (RFC 1950).
  static let deflated: Int64 = 1

  /// A document larger than this is deflated quickly rather than well: who waits for that is a workflow's end.
  private static let largeDocument = 256 << 10

  /// The bytes to store; nil when there is no memory for them.
  static func deflate(_ text: [UInt8]) -> [UInt8]? {
    var size = compressBound(UInt(text.count))
    let level: Int32 = text.count > largeDocument ? 1 : 6
    var isDone = false
    let result = [UInt8](unsafeUninitializedCapacity: Int(size)) { buffer, filled in
      isDone = compress2(buffer.baseAddress, &size, text, UInt(text.count), level) == Z_OK
      filled = isDone ? Int(size) : 0
    }
    return isDone ? result : nil
  }

  /// The text of a stored document of so many bytes. Throws `SQLITE_CORRUPT` when it is damaged or of a form that this version does not know.
  static func text(_ stored: [UInt8], form: Int64, size: Int64, of subject: String) throws(StoreFailure) -> [UInt8] {
    guard form == deflated else {
      throw .database(code: SQLITE_CORRUPT, message: "\(subject) is stored in a form that this version does not know (\(form))")
    }
    // Deflate makes at most 1032 bytes of one (zlib's documentation): a larger size is not the document's.
    guard size >= 0, size <= Int64(stored.count) * 1032 + 64 else {
      throw .database(code: SQLITE_CORRUPT, message: "\(subject) is damaged")
    }
    var isWhole = false
    let text = [UInt8](unsafeUninitializedCapacity: max(1, Int(size))) { buffer, filled in
      var length = UInt(size)
      isWhole = uncompress(buffer.baseAddress, &length, stored, UInt(stored.count)) == Z_OK && length == UInt(size)
      filled = isWhole ? Int(length) : 0
    }
    guard isWhole else { throw .database(code: SQLITE_CORRUPT, message: "\(subject) is damaged") }
    return text
  }
}
