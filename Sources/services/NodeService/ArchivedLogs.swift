import Basics
import Contracts
import Glibc

/// Turns a container's log file into what the container printed, as Argo archives it: both streams, in order, without times.
enum ArchivedLogs {
  /// Writes the plain text of the log `source` to `destination`; false when there is no log. Memory is bounded whatever its size.
  static func extract(_ source: String, to destination: String) throws(FileError) -> Bool {
    let input = LocalFiles.open(source, O_RDONLY)
    guard input >= 0 else { return false }
    defer { close(input) }
    let output = LocalFiles.open(destination, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o644)
    guard output >= 0 else { throw FileError("open", destination) }
    defer { close(output) }
    var held: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 1 << 18)
    while true {
      let count = read(input, &chunk, chunk.count)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { break }
      held += chunk[..<count]
      guard let end = held.lastIndex(of: 0x0A) else { continue }
      var text: [UInt8] = []
      for record in held[...end].split(separator: 0x0A) {
        guard let entry = ContainerLogEntry(record) else { continue }
        text += entry.bytes
        if !entry.isPartial { text.append(0x0A) }
      }
      held.removeFirst(end + 1)
      try write(text, to: output, destination)
    }
    return true
  }

  private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(FileError) {
    var done = 0
    while done < bytes.count {
      let count = bytes[done...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw FileError("write", path) }
      done += count
    }
  }
}
