import Basics
import Synchronization

/// The time as HTTP writes it (RFC 9110 section 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPDate {
  private static let last = Mutex<(second: Int64, text: String)>((0, ""))

  static func now() -> String {
    let instant = SystemClock.now()
    return last.withLock { last in
      if last.second != instant.seconds { last = (instant.seconds, instant.formatted("%a, %d %b %Y %H:%M:%S GMT")) }
      return last.text
    }
  }
}
