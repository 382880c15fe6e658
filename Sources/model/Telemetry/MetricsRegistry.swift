import Basics
import JSONValue

/// All custom metrics as they stand: a value that is changed by samples, written as Prometheus' text, and kept family by family as JSON.
package struct MetricsRegistry: Sendable, Hashable {
  private var families: [String: MetricFamily] = [:]
  /// Workflows that have, or had, clocks: of all others there is nothing to end.
  private var clockOwners: Set<String> = []
  /// How long a series that nobody changes stays; nil: for ever (`metricsConfig.metricsTTL`).
  package var timeToLive: TimeSpan?

  package init(timeToLive: TimeSpan? = nil) { self.timeToLive = timeToLive }

  package var isEmpty: Bool { families.isEmpty }
  package func descriptor(_ name: String) -> MetricDescriptor? { families[name]?.descriptor }

  /// Takes a sample of a workflow. One that does not fit the name's descriptor, or is not what a series of these labels can take, changes
  /// nothing. Returns the changes to the stored family (see ``MetricsRegistry/stored(_:)``), nil when there are none.
  package mutating func apply(_ sample: MetricSample, owner: String, at now: Instant) -> JSON? {
    if let known = families[sample.name]?.descriptor, known.problem(of: sample) != nil { return nil }
    // Taken out, so that changing it does not copy its series.
    let known = families.removeValue(forKey: sample.name)
    var family = known ?? MetricFamily(descriptor: sample.descriptor, buckets: [])
    if known == nil, case .observe(_, let buckets) = sample.change { family.buckets = Self.ordered(buckets) }
    if case .clock = sample.change { clockOwners.insert(owner) }
    let key = SeriesKey(sample.labels)
    var series = family.series[key] ?? MetricSeries(buckets: family.buckets.count)
    series.take(sample.change, buckets: family.buckets, owner: owner)
    series.updatedAt = now
    family.series[key] = series
    families[sample.name] = family
    var change = family.header
    change["series"] = .object([key.text: series.json])
    return .object(change)
  }

  /// Ends the clocks of a workflow that is over. Returns the changes to stored families by name.
  package mutating func settle(owner: String, at now: Instant) -> [String: JSON] {
    changeClocks(of: owner) { series in
      guard series.clock?.until == nil else { return false }
      series.clock?.until = now
      series.updatedAt = now
      return true
    }
  }

  /// Removes the clocks of a workflow that was deleted. Returns the changes to stored families by name.
  package mutating func forget(owner: String) -> [String: JSON] {
    guard clockOwners.remove(owner) != nil else { return [:] }
    var changes: [String: JSON] = [:]
    for (name, family) in families {
      var members = JSONObject()
      for (key, series) in family.series where series.clock?.owner == owner {
        families[name]?.series[key] = nil
        members[key.text] = .null
      }
      if !members.isEmpty { changes[name] = ["series": .object(members)] }
    }
    return changes
  }

  /// Removes what nobody has changed for longer than the time to live. Returns the changes to stored families by name.
  package mutating func expire(at now: Instant) -> [String: JSON] {
    guard let timeToLive, timeToLive > .zero else { return [:] }
    var changes: [String: JSON] = [:]
    for (name, family) in families {
      var members = JSONObject()
      for (key, series) in family.series where series.isOver(at: now, timeToLive: timeToLive) {
        families[name]?.series[key] = nil
        members[key.text] = .null
      }
      if !members.isEmpty { changes[name] = ["series": .object(members)] }
    }
    return changes
  }

  private mutating func changeClocks(of owner: String, _ change: (inout MetricSeries) -> Bool) -> [String: JSON] {
    guard clockOwners.contains(owner) else { return [:] }
    var changes: [String: JSON] = [:]
    for (name, family) in families where family.descriptor.kind == .gauge {
      var members = JSONObject()
      for (key, series) in family.series where series.clock?.owner == owner {
        var series = series
        guard change(&series) else { continue }
        families[name]?.series[key] = series
        members[key.text] = series.json
      }
      if !members.isEmpty { changes[name] = ["series": .object(members)] }
    }
    return changes
  }

  private static func ordered(_ buckets: [Double]) -> [Double] {
    var result: [Double] = []
    for bucket in buckets.filter({ !$0.isNaN && $0 != .infinity }).sorted() where result.last != bucket { result.append(bucket) }
    return result
  }

  // MARK: Keeping

  /// A family as it is kept; nil when there is none. What the changing functions return is a merge patch of it.
  package func stored(_ name: String) -> JSON? { families[name]?.json }

  /// Takes back a family that was kept; what cannot be read is left out.
  package mutating func restore(_ name: String, _ json: JSON) {
    guard let family = MetricFamily(json) else { return }
    families[name] = family
    for series in family.series.values { if let owner = series.clock?.owner { clockOwners.insert(owner) } }
  }

  // MARK: Writing

  /// Prometheus' text format (version 0.0.4): families and series in order, names with the prefix `argo_workflows_`.
  package func text(at now: Instant) -> String {
    var output = ""
    for (name, family) in families.sorted(by: { $0.key.utf8.lexicographicallyPrecedes($1.key.utf8) }) {
      let series = family.series.filter { series in timeToLive.map { !series.value.isOver(at: now, timeToLive: $0) } ?? true }
      guard !series.isEmpty else { continue }
      let full = "argo_workflows_" + name
      output += "# HELP \(full) \(MetricText.help(family.descriptor.help))\n# TYPE \(full) \(family.descriptor.kind.rawValue)\n"
      for (key, value) in series.sorted(by: { $0.key.text.utf8.lexicographicallyPrecedes($1.key.text.utf8) }) {
        value.write(full, labels: key.labels, buckets: family.buckets, at: now, to: &output)
      }
    }
    return output
  }
}
