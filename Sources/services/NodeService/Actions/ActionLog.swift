import Basics
import Glibc

/// The log of a pod that this process carries out itself, in the form of every container's (Kubernetes' CRI format).
struct ActionLog: Sendable {
  let path: String
  private static let longestPiece = 16 << 10

  /// The log of the container `main`.
  init(podDirectory: String) { path = podDirectory + "/containers/main/log" }

  /// Adds a text, each of its lines a record. A log that cannot be written is no reason to fail.
  func write(_ text: String) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    let time = SystemClock.now().rfc3339Milliseconds.dropLast() + "000000Z"
    var output: [UInt8] = []
    for line in text.utf8.split(separator: 0x0A, omittingEmptySubsequences: false) {
      var rest = line[...]
      repeat {
        let piece = rest.prefix(Self.longestPiece)
        rest = rest.dropFirst(piece.count)
        output += Array("\(time) stderr \(rest.isEmpty ? "F" : "P") ".utf8)
        output += piece
        output.append(0x0A)
      } while !rest.isEmpty
    }
    var start = 0
    while start < output.count {
      let count = output[start...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return }
      start += count
    }
  }
}
