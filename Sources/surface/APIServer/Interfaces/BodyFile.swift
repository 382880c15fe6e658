import Basics
import Glibc
internal import KubeModel
import NIOCore

/// A request's body in a file, which goes with this object.
final class BodyFile: Sendable {
  let path: String
  private let descriptor: Int32

  /// Throws `internalError` when the file cannot be made.
  init(in directory: String) throws(KubeStatus) {
    var template = Array("\(directory)/argosy-upload-XXXXXX".utf8CString)
    let descriptor = mkstemp(&template)
    guard descriptor >= 0 else { throw KubeStatus(.internalError, "\(FileError("create a file in", directory))") }
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    self.descriptor = descriptor
    path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  deinit {
    close(descriptor)
    unlink(path)
  }

  func append(_ buffer: ByteBuffer) throws(KubeStatus) {
    let isWritten = buffer.withUnsafeReadableBytes { bytes in
      var offset = 0
      while offset < bytes.count {
        let count = write(descriptor, bytes.baseAddress.map { $0 + offset }, bytes.count - offset)
        if count < 0, errno == EINTR { continue }
        guard count > 0 else { return false }
        offset += count
      }
      return true
    }
    guard isWritten else { throw KubeStatus(.internalError, "\(FileError("write", path))") }
  }
}
