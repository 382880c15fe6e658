import Contracts
import Crypto
import Glibc

/// Digests of a file or a part of it, read once and never whole in memory.
struct FileDigests: Equatable {
  var md5: [UInt8]
  var sha256: [UInt8]

  init(of path: String, range: Range<Int64>? = nil) throws(ArtifactFailure) {
    let file = try Descriptor(path, O_RDONLY | O_NOFOLLOW)
    let whole = 0..<Int64(clamping: try file.status(path).size)
    let range = range ?? whole
    let source = FileSource(file, name: path, from: UInt64(range.lowerBound), count: UInt64(range.count))
    let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: Files.chunk, alignment: 8)
    defer { buffer.deallocate() }
    var md5 = Insecure.MD5()
    var sha256 = SHA256()
    while true {
      let count = try source.read(into: buffer)
      if count == 0 { break }
      let part = UnsafeRawBufferPointer(rebasing: buffer[..<count])
      md5.update(bufferPointer: part)
      sha256.update(bufferPointer: part)
    }
    self.md5 = Array(md5.finalize())
    self.sha256 = Array(sha256.finalize())
  }
}

/// Digests of short texts.
package enum Digest {
  static func sha256(_ bytes: [UInt8]) -> [UInt8] { Array(SHA256.hash(data: bytes)) }
  /// RFC 1321.
  package static func md5(_ bytes: [UInt8]) -> [UInt8] { Array(Insecure.MD5.hash(data: bytes)) }
  static func hmacSHA256(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key)))
  }
  static func hmacSHA1(_ bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    Array(HMAC<Insecure.SHA1>.authenticationCode(for: bytes, using: SymmetricKey(data: key)))
  }

  static func hex(_ bytes: [UInt8]) -> String {
    let digits = Array("0123456789abcdef".utf8)
    return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
  }
}
