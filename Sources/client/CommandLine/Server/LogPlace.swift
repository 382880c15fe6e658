import ArgoClient
import Basics
import JSONValue

/// How far a workflow's log was read, so that a stream that broke goes on with the next line: of each pod the time of the last line that came, and how many
/// had that time.
struct LogPlace: Sendable {
  private struct Line: Sendable {
    var time: String
    var count: Int
  }

  /// The server tells the times of lines, and the end.
  private(set) var isKnown = false
  /// The last line has come.
  private(set) var isOver = false
  private let asked: ArgoClient.Query
  private var begun: Instant?
  private var isResumed = false
  private var pods: [String: Line] = [:]
  /// Pods whose lines are passed over until the one behind the last that came: how many of that line's time are left.
  private var seeking: [String: Int] = [:]
  private let clock: @Sendable () -> ContinuousClock.Instant
  private let start: ContinuousClock.Instant

  /// - Parameter asked: what the user wants of the log.
  init(_ asked: ArgoClient.Query, clock: @escaping @Sendable () -> ContinuousClock.Instant = { .now }) {
    self.asked = asked
    self.clock = clock
    start = clock()
  }

  /// What the server is to be asked next.
  var query: ArgoClient.Query {
    var result: ArgoClient.Query = []
    for (name, value) in asked {
      switch name {
      // The last lines are others now: of pods that printed nothing before, those since then are wanted.
      case "logOptions.tailLines" where isResumed:
        guard let begun else { continue }
        result.append(("logOptions.sinceTime.seconds", String(begun.seconds)))
        result.append(("logOptions.sinceTime.nanos", String((begun.milliseconds - begun.seconds * 1000) * 1_000_000)))
      // The same moment is longer ago.
      case "logOptions.sinceSeconds" where isResumed:
        let passed = (clock() - start).components.seconds
        result.append((name, Int64(value).map { String($0 + passed + 1) } ?? value))
      default: result.append((name, value))
      }
    }
    return result + [("resumable", "true")]
  }

  /// The stream broke: the next one begins anew.
  mutating func lost() {
    isResumed = true
    seeking = pods.mapValues(\.count)
  }

  /// Whether a result is a line that has not come yet.
  mutating func takes(_ entry: JSON) -> Bool {
    if let time = entry["begun"]?.string {
      isKnown = true
      if begun == nil { begun = Instant(rfc3339: time) }
      return false
    }
    if entry["ended"]?.bool == true {
      isOver = true
      return false
    }
    guard let pod = entry["podName"]?.string, let time = entry["time"]?.string else { return true }
    if let left = seeking[pod], let last = pods[pod] {
      if time < last.time { return false }
      seeking[pod] = nil
      if time == last.time {
        if left > 1 { seeking[pod] = left - 1 }
        return false
      }
    }
    if pods[pod]?.time == time { pods[pod]?.count += 1 } else { pods[pod] = Line(time: time, count: 1) }
    return true
  }
}
