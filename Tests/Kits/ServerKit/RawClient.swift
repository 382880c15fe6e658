import Glibc

/// Why a test cannot go on.
package struct TestFailure: Error {
  package var message: String
  package init(message: String) { self.message = message }
}

/// A TCP connection; reads give up after a long while.
package final class RawClient: Sendable {
  private let descriptor: Int32

  package init(port: Int, seconds: Int = 120) throws {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    var patience = timeval(tv_sec: seconds, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = UInt16(port).bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let status = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard status == 0 else { throw TestFailure(message: "connect: \(String(cString: strerror(errno)))") }
  }

  deinit { close(descriptor) }

  @discardableResult package func send(_ text: String) -> Bool { send(Array(text.utf8)) }

  @discardableResult package func send(_ bytes: [UInt8]) -> Bool {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// nil when nothing comes in time; empty at the end.
  package func read() -> [UInt8]? {
    var chunk = [UInt8](repeating: 0, count: 65_536)
    let count = recv(descriptor, &chunk, chunk.count, 0)
    return count < 0 ? (errno == ECONNRESET ? [] : nil) : Array(chunk[..<count])
  }

  package func readAll() -> [UInt8] {
    var result: [UInt8] = []
    while let bytes = read(), !bytes.isEmpty { result += bytes }
    return result
  }

  /// Reads to the end of a chunked body, or of the connection. Nil when neither comes.
  package func readStream() -> [UInt8]? {
    var result: [UInt8] = []
    while result.suffix(5) != Array("0\r\n\r\n".utf8)[...] {
      guard let bytes = read() else { return nil }
      if bytes.isEmpty { break }
      result += bytes
    }
    return result
  }

  /// Reads so many bytes at least.
  package func read(atLeast count: Int) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      guard let more = read(), !more.isEmpty else {
        throw TestFailure(message: "the connection ended or stalled after \(bytes.count) bytes")
      }
      bytes += more
    }
    return bytes
  }

  /// Reads until the text is there.
  package func read(until isEnough: (String) -> Bool) throws -> String {
    var bytes: [UInt8] = []
    while true {
      let text = String(decoding: bytes, as: UTF8.self)
      if isEnough(text) { return text }
      guard let more = read(), !more.isEmpty else {
        throw TestFailure(message: "the connection ended or stalled after: \(text.suffix(2000))")
      }
      bytes += more
    }
  }
}
