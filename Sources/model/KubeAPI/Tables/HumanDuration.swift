package import Basics

/// Spans of time as `kubectl get` prints them (`apimachinery/pkg/util/duration.HumanDuration`): `45s`, `3m20s`, `5h`, `12d`.
package enum HumanDuration {
  package static func text(_ span: TimeSpan) -> String {
    let seconds = span.milliseconds / 1000
    if seconds < -1 { return "<invalid>" }
    if seconds < 0 { return "0s" }
    if seconds < 120 { return "\(seconds)s" }
    let minutes = seconds / 60
    if minutes < 10 { return pair(minutes, "m", seconds % 60, "s") }
    if minutes < 180 { return "\(minutes)m" }
    let hours = minutes / 60
    if hours < 8 { return pair(hours, "h", minutes % 60, "m") }
    if hours < 48 { return "\(hours)h" }
    if hours < 192 { return pair(hours / 24, "d", hours % 24, "h") }
    let days = hours / 24
    if days < 730 { return "\(days)d" }
    if days < 2920 { return pair(days / 365, "y", days % 365, "d") }
    return "\(days / 365)y"
  }

  /// How long ago a time is; `<unknown>` where there is none.
  package static func since(_ time: Instant?, now: Instant) -> String { time.map { text(now - $0) } ?? "<unknown>" }

  private static func pair(_ large: Int64, _ unit: String, _ small: Int64, _ smallUnit: String) -> String {
    small == 0 ? "\(large)\(unit)" : "\(large)\(unit)\(small)\(smallUnit)"
  }
}
