import Basics

/// Reads Argo's durations: a whole number of seconds, or Go's notation (`1h30m`, `2.5s`, `100ms`); nil when it is neither.
func parseDuration(_ text: String) -> TimeSpan? { (try? GoDuration(argo: text.trimmed))?.timeSpan }

/// A duration as Argo's messages say it: `4 seconds`, `1 minute 30 seconds`: the two largest units.
func humanDuration(_ span: TimeSpan) -> String {
  let seconds = max(0, span.milliseconds / 1000)
  let parts: [(Int64, String)] = [
    (seconds / 86_400, "day"), (seconds / 3600 % 24, "hour"), (seconds / 60 % 60, "minute"), (seconds % 60, "second"),
  ]
  guard let first = parts.firstIndex(where: { $0.0 > 0 }) else { return "0 seconds" }
  return parts[first..<min(first + 2, parts.count)].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)\($0.0 == 1 ? "" : "s")" }.joined(
    separator: " ")
}
