import Basics
import JSONValue

/// All series of one name.
struct MetricFamily: Sendable, Hashable {
  var descriptor: MetricDescriptor
  /// Upper bounds in ascending order, without infinity.
  var buckets: [Double]
  var series: [SeriesKey: MetricSeries] = [:]

  init(descriptor: MetricDescriptor, buckets: [Double]) {
    self.descriptor = descriptor
    self.buckets = buckets
  }

  var header: JSONObject {
    [
      "kind": .string(descriptor.kind.rawValue), "help": .string(descriptor.help),
      "buckets": .array(buckets.map { .string(MetricText.number($0)) }),
    ]
  }

  var json: JSON {
    var object = header
    object["series"] = .object(JSONObject(series.map { ($0.key.text, $0.value.json) }))
    return .object(object)
  }

  init?(_ json: JSON) {
    guard let kind = json["kind"]?.string.flatMap(MetricKind.init(rawValue:)) else { return nil }
    descriptor = MetricDescriptor(kind: kind, help: json["help"]?.string ?? "")
    buckets = (json["buckets"]?.array ?? []).compactMap { $0.string.flatMap(Double.init) }
    for (text, value) in json["series"]?.object ?? [:] {
      guard let key = SeriesKey(text: text), let restored = MetricSeries(value, buckets: buckets.count) else { continue }
      series[key] = restored
    }
  }
}

/// The labels of a series: each name once, in order.
struct SeriesKey: Sendable, Hashable {
  let labels: [MetricLabel]
  /// The labels as a JSON object.
  let text: String

  init(_ labels: [MetricLabel]) {
    var values: [String: String] = [:]
    for label in labels { values[label.name] = label.value }
    self.labels = values.sorted { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }.map { MetricLabel($0.key, $0.value) }
    text = JSON.object(JSONObject(self.labels.map { ($0.name, .string($0.value)) })).text(.compact)
  }

  init?(text: String) {
    guard let object = (try? JSON.parse(text))?.object else { return nil }
    self.init(object.compactMap { member in member.value.string.map { MetricLabel(member.key, $0) } })
  }
}

/// One series: a number, a clock, or a histogram's counts.
struct MetricSeries: Sendable, Hashable {
  struct Clock: Sendable, Hashable {
    var since: Instant
    var until: Instant?
    var owner: String
  }

  /// Of a histogram the sum.
  var value = 0.0
  var clock: Clock?
  /// Observations by bucket, each in one only; the last is what exceeds all bounds.
  var counts: [UInt64]
  var updatedAt = Instant(milliseconds: 0)

  init(buckets: Int) { counts = Array(repeating: 0, count: buckets + 1) }

  mutating func take(_ change: MetricSample.Change, buckets: [Double], owner: String) {
    switch change {
    case .count(let step), .add(let step): value += step
    case .subtract(let step): value -= step
    case .set(let new): value = new
    case .observe(let observed, _):
      value += observed
      let place = buckets.firstIndex { observed <= $0 } ?? buckets.count
      counts[place] &+= 1
    case .clock(let since, let until): clock = Clock(since: since, until: until, owner: owner)
    }
    // What is set by hand is no clock any more. Argo's goes on running then; a gauge of both kinds is of no use either way.
    if case .clock = change {} else { clock = nil }
  }

  func reading(at now: Instant) -> Double { clock.map { (($0.until ?? now) - $0.since).seconds } ?? value }

  func isOver(at now: Instant, timeToLive: TimeSpan) -> Bool {
    guard timeToLive > .zero, clock == nil || clock?.until != nil else { return false }
    return now - updatedAt > timeToLive
  }

  var json: JSON {
    var object: JSONObject = ["value": .string(MetricText.number(value)), "updatedAt": .int(updatedAt.milliseconds)]
    if counts.contains(where: { $0 > 0 }) { object["counts"] = .array(counts.map { .int(Int64(clamping: $0)) }) }
    // As null where there is none, since what is stored is patched.
    object["clock"] = .null
    if let clock {
      object["clock"] = [
        "since": .int(clock.since.milliseconds), "until": clock.until.map { .int($0.milliseconds) } ?? .null, "owner": .string(clock.owner),
      ]
    }
    return .object(object)
  }

  init?(_ json: JSON, buckets: Int) {
    guard let value = json["value"]?.string.flatMap(Double.init) else { return nil }
    self.init(buckets: buckets)
    self.value = value
    updatedAt = Instant(milliseconds: json["updatedAt"]?.int ?? 0)
    let kept = (json["counts"]?.array ?? []).map { UInt64(clamping: $0.int ?? 0) }
    if kept.count == counts.count { counts = kept }
    if let held = json["clock"], let since = held["since"]?.int {
      clock = Clock(
        since: Instant(milliseconds: since), until: held["until"]?.int.map { Instant(milliseconds: $0) }, owner: held["owner"]?.string ?? ""
      )
    }
  }
}
