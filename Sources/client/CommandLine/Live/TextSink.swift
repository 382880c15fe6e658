import Glibc
import Synchronization

/// Where text goes: a file descriptor, or memory in tests.
package protocol TextSink: Sendable {
  /// Writes the whole text before it returns; may block. What cannot be written is dropped.
  func write(_ text: String)
}

/// An open file descriptor, which stays the caller's.
package struct DescriptorSink: TextSink {
  private let descriptor: CInt

  package init(_ descriptor: CInt) { self.descriptor = descriptor }

  package static let standardOutput = DescriptorSink(STDOUT_FILENO)
  package static let standardError = DescriptorSink(STDERR_FILENO)

  package func write(_ text: String) {
    var text = text
    text.withUTF8 { buffer in
      var rest = UnsafeRawBufferPointer(buffer)
      while let start = rest.baseAddress, !rest.isEmpty {
        let count = Glibc.write(descriptor, start, rest.count)
        if count > 0 {
          rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        } else if count < 0, errno == EAGAIN {
          var request = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          _ = poll(&request, 1, 1000)
        } else if count < 0, errno == EINTR {
          continue
        } else {
          return
        }
      }
    }
  }
}

/// Keeps what is written, for tests.
package final class MemorySink: TextSink {
  private let content = Mutex("")

  package init() {}

  package func write(_ text: String) { content.withLock { $0 += text } }

  /// Everything written so far.
  package var text: String { content.withLock { $0 } }
}
