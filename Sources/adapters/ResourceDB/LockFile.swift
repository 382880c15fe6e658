import Glibc
import KubeModel

/// An exclusive advisory lock on `FILE.lock`, so that two processes never serve one database. The kernel drops it when the process ends;
/// the file stays, because removing it would let two processes hold locks on two files of one name.
struct LockFile: ~Copyable {
  private let descriptor: Int32

  /// Takes the lock of a database. Fails with `serviceUnavailable`, naming the process that holds it, when it is still held after so many
  /// milliseconds of `patience`.
  init(ofDatabase file: String, patience: UInt32 = 0) throws(KubeStatus) {
    let path = file + ".lock"
    let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else {
      throw DatabaseFile.failure("\(path) cannot be opened")
    }
    var waited: UInt32 = 0
    while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
      let code = errno
      if code == EINTR { continue }
      if code == EWOULDBLOCK, waited < patience {
        usleep(10_000)
        waited += 10
        continue
      }
      defer { close(descriptor) }
      guard code == EWOULDBLOCK else { throw KubeStatus(.serviceUnavailable, "\(path) cannot be locked: \(errorText(code))") }
      let holder = LockFile.holder(descriptor).map { "process \($0)" } ?? "another process"
      throw KubeStatus(.serviceUnavailable, "\(file) is in use by \(holder): stop it or choose another data directory")
    }
    self.descriptor = descriptor
    let text = Array("\(getpid())\n".utf8)
    if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
  }

  deinit { close(descriptor) }

  /// The process number in a lock file.
  private static func holder(_ descriptor: Int32) -> Int? {
    var buffer = [UInt8](repeating: 0, count: 24)
    let count = pread(descriptor, &buffer, buffer.count, 0)
    guard count > 0 else { return nil }
    return Int(String(decoding: buffer[..<count].prefix { (0x30...0x39).contains($0) }, as: UTF8.self))
  }
}

/// The system's words for an `errno`.
func errorText(_ code: Int32) -> String { String(cString: strerror(code)) }
