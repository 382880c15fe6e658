import Basics
import Glibc

/// Columns and rows of a terminal.
package struct TerminalSize: Sendable, Hashable {
  package var columns: Int
  package var rows: Int

  package init(columns: Int, rows: Int) {
    self.columns = columns
    self.rows = rows
  }

  /// What is assumed of a terminal that does not say.
  package static let usual = TerminalSize(columns: 80, rows: 24)
}

/// What this process can ask of its terminal and clock.
package enum Terminal {
  /// Whether a file descriptor is a terminal.
  package static func isTerminal(_ descriptor: CInt) -> Bool { isatty(descriptor) == 1 }

  /// The size of the terminal at a file descriptor.
  package static func size(_ descriptor: CInt) -> TerminalSize {
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0, size.ws_row > 0 else { return .usual }
    return TerminalSize(columns: Int(size.ws_col), rows: Int(size.ws_row))
  }

  /// A variable of this process's environment.
  package static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// The present moment.
  package static func now() -> Instant {
    var time = timespec()
    clock_gettime(CLOCK_REALTIME, &time)
    return Instant(milliseconds: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
  }

  /// Seconds east of UTC of the local time zone at an instant.
  package static func utcOffset(_ instant: Instant) -> Int64 {
    var seconds = time_t(instant.seconds)
    var local = tm()
    return localtime_r(&seconds, &local) == nil ? 0 : Int64(local.tm_gmtoff)
  }

  /// The context of this moment for a style.
  package static func context(_ style: DisplayStyle) -> DisplayContext {
    DisplayContext(style: style, now: now(), utcOffset: utcOffset)
  }

  /// Milliseconds of a clock that only goes forward.
  static func monotonicMilliseconds() -> Int64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000
  }
}
