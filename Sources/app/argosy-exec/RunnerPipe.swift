import Glibc

/// The pipe on which a supervisor says to the runner that started it that something has happened: one letter each. The runner may be gone.
struct RunnerPipe: Sendable {
  enum Letter: Unicode.Scalar {
    /// The report has changed.
    case report = "R"
    /// The last report is written.
    case finished = "F"
    /// The disk is full, and the pod waits for room.
    case fullDisk = "D"
  }

  /// Negative: nobody listens.
  let descriptor: Int32

  /// The runner that started the pod lives.
  var hasListener: Bool {
    guard descriptor >= 0 else { return false }
    var entry = pollfd(fd: descriptor, events: 0, revents: 0)
    return poll(&entry, 1, 0) == 0
  }

  func tell(_ letter: Letter) {
    guard descriptor >= 0 else { return }
    var byte = UInt8(ascii: letter.rawValue)
    _ = write(descriptor, &byte, 1)
  }

  /// Makes a directory of the pod where it is not there.
  func makeDirectory(_ path: String) { _ = waitingForRoom { mkdir(path, 0o755) == 0 || errno == EEXIST } }

  /// Does what writes, again and again while the disk is full: for the few bytes without which nobody would know how a pod ended.
  func waitingForRoom(_ write: () -> Bool) -> Bool {
    var isTold = false
    while !write() {
      guard errno == ENOSPC || errno == EDQUOT else { return false }
      if !isTold { tell(.fullDisk) }
      isTold = true
      usleep(100_000)
    }
    return true
  }
}
