import ArgoModel
import Basics
import JSONValue
import Telemetry
import Templating

/// One entry of `metrics.prometheus`, compiled.
struct CompiledMetric: Sendable {
  let name: String
  let help: String
  let kind: MetricKind?
  let isRealtime: Bool
  /// The value as written.
  let value: String
  let tree: CompiledTree

  init(_ json: JSON) {
    name = json["name"]?.string ?? ""
    help = json["help"]?.string ?? ""
    kind = [MetricKind.gauge, .histogram, .counter].first { json.present($0.rawValue) != nil }
    isRealtime = kind == .gauge && json.at("gauge", "realtime")?.bool == true
    value = kind.flatMap { json.at($0.rawValue, "value")?.anyString } ?? ""
    tree = CompiledTree(json)
  }

  /// Those of a template or specification.
  static func all(_ metrics: JSON?) -> [CompiledMetric] { (metrics?.list("prometheus") ?? []).map { CompiledMetric($0) } }
}

/// Custom metrics (spec 1.9): samples are effects of the decision that ends a node or the workflow, so that each is counted once.
extension RunState {
  /// Samples of a node that has been made: of its real-time gauges.
  mutating func emitClocks(ofNode node: Int) {
    guard let metrics = nodes[node].template?.metrics, !metrics.isEmpty else { return }
    emit(metrics, ofNode: node, clocksOnly: true)
  }

  /// Samples of a node that has ended, or come up as a daemon.
  mutating func emitMetrics(ofNode node: Int) {
    guard let metrics = nodes[node].template?.metrics, !metrics.isEmpty, nodes[node].details.memoization?.isHit != true else { return }
    emit(metrics, ofNode: node, clocksOnly: false)
  }

  /// Whether the end of a node is told by its metrics: attempts are told when the next one begins, the last one by its Retry node; daemons
  /// when they come up.
  func tellsMetricsAtEnd(_ node: Int) -> Bool {
    if case .attempt = nodes[node].origin { return false }
    return !(nodes[node].template?.template.isDaemon == true && isOrWasUp(node))
  }

  private func isOrWasUp(_ daemon: Int) -> Bool {
    nodes[daemon].type == .retry ? nodes[daemon].counts.attempts.last.map { nodes[$0].hasRun } ?? false : nodes[daemon].hasRun
  }

  /// Samples of the workflow: of its real-time gauges when it begins, of all when it ends.
  mutating func emitWorkflowMetrics(clocksOnly: Bool) {
    guard !workflowMetrics.isEmpty else { return }
    emit(workflowMetrics, ofNode: clocksOnly ? nil : 0, clocksOnly: clocksOnly)
  }

  private mutating func emit(_ metrics: [CompiledMetric], ofNode node: Int?, clocksOnly: Bool) {
    let frame = metricFrame(node)
    for metric in metrics where metric.isRealtime || !clocksOnly {
      do throws(RunFailure) {
        guard let sample = try sample(of: metric, frame, ofNode: node) else { continue }
        declaredMetrics[sample.name] = declaredMetrics[sample.name] ?? sample.descriptor
        effects.append(.emitMetric(sample))
      } catch {
        reportMetricsError(error.message)
      }
    }
  }

  /// The names that a metric knows besides those of the workflow.
  private func metricFrame(_ node: Int?) -> Frame {
    var frame = Frame()
    frame.locals = ["duration": "0", "status": NodePhase.pending.rawValue, "resourcesDuration.cpu": "0", "resourcesDuration.memory": "0"]
    guard let node else { return frame }
    frame.inputs = nodes[node].inputs
    if nodes[node].template?.isInline == true, let boundary = nodes[node].boundary {
      frame.outer = Frame.OuterFrame(boundary: boundary, item: nodes[node].details.item)
    }
    frame.locals.add(callerNames(of: node))
    frame.locals["node.name"] = nodes[node].name
    frame.locals["pod.name"] = nodes[node].podName
    frame.locals["duration"] = fixed6(((nodes[node].finishedAt ?? now) - nodes[node].startedAt).seconds)
    frame.locals["status"] = nodes[node].phase.rawValue
    if case .attempt(let number) = nodes[node].origin { frame.locals["retries"] = String(number) }
    if !nodes[node].children.isEmpty { frame.locals["retries"] = String(nodes[node].children.count - 1) }
    for (name, seconds) in nodeStatus(node, withChildren: false)["resourcesDuration"]?.object ?? [:] {
      frame.locals["resourcesDuration.\(name)"] = seconds.anyString
    }
    if let outputs = nodes[node].outputs {
      frame.locals["outputs.result"] = outputs["result"]?.string
      frame.locals["exitCode"] = outputs["exitCode"]?.string
      for parameter in outputs.list("parameters") {
        frame.locals["outputs.parameters.\(parameter["name"]?.string ?? "")"] = parameter.present("value")?.anyString ?? ""
      }
    }
    return frame
  }

  /// The sample of a metric; nil when its `when` is false. The messages are Argo's.
  private func sample(of metric: CompiledMetric, _ frame: Frame, ofNode node: Int?) throws(RunFailure) -> MetricSample? {
    guard !metric.help.isEmpty else { throw RunFailure("metric '\(metric.name)' must contain a help string under 'help: ' field") }
    let json = try substituted(metric, frame)
    if let when = json["when"]?.anyString, !when.isEmpty {
      do throws(WhenError) {
        guard try WhenCondition.evaluate(when) else { return nil }
      } catch {
        throw RunFailure("unable to compute 'when' clause for metric '\(name)': \(error)")
      }
    }
    let name = json["name"]?.anyString ?? ""
    func refused(_ reason: String) -> RunFailure { RunFailure("could not construct metric '\(name)': \(reason)") }
    var sample = MetricSample(name: name, help: json["help"]?.anyString ?? "", labels: Self.labels(json), change: .count(0))
    if metric.isRealtime {
      sample.change = try clock(metric, ofNode: node)
    } else {
      let text = metric.kind.flatMap { json.at($0.rawValue, "value")?.anyString } ?? ""
      guard let kind = metric.kind else { throw refused("invalid metric spec") }
      switch kind {
      case .counter: sample.change = .count(0)
      case .histogram: sample.change = .observe(0, buckets: Self.buckets(json))
      case .gauge: sample.change = .set(0)
      }
      try fits(sample, refused)
      let value: Double
      do throws(RunFailure) { value = try Self.float(text) } catch { throw refused(error.message) }
      switch (kind, json.at("gauge", "operation")?.string) {
      case (.counter, _): sample.change = .count(value)
      case (.histogram, _): sample.change = .observe(value, buckets: Self.buckets(json))
      case (.gauge, "Add"): sample.change = .add(value)
      case (.gauge, "Sub"): sample.change = .subtract(value)
      case (.gauge, _): sample.change = .set(value)
      }
    }
    try fits(sample, refused)
    return sample
  }

  private func substituted(_ metric: CompiledMetric, _ frame: Frame) throws(RunFailure) -> JSON {
    if case .constant(let json) = metric.tree.tree { return json }
    var substitution = substitution(frame, references: metric.tree.references, isStrict: true)
    // Every name must be known.
    substitution.strictPrefixes = [""]
    do throws(SubstitutionError) {
      return try metric.tree.tree.apply(substitution)
    } catch {
      throw RunFailure("unable to substitute parameters for metric '\(metric.name)': \(error.description)")
    }
  }

  private func clock(_ metric: CompiledMetric, ofNode node: Int?) throws(RunFailure) -> MetricSample.Change {
    guard metric.value.hasPrefix("{{"), metric.value.hasSuffix("}}"), metric.value.utf8.count >= 4 else {
      throw RunFailure("real time metrics can only be used with metric variables")
    }
    let variable = String(metric.value.dropFirst(2).dropLast(2)).trimmed
    switch (variable, node) {
    case ("workflow.duration", _): return .clock(since: header.startedAt ?? now, until: header.finishedAt)
    case ("duration", let node?):
      let isOver = nodes[node].phase.isFulfilled
      return .clock(since: nodes[node].startedAt, until: isOver ? nodes[node].finishedAt : nil)
    default: throw RunFailure("'\(variable)' is not available as a real time metric")
    }
  }

  private func fits(_ sample: MetricSample, _ refused: (String) -> RunFailure) throws(RunFailure) {
    guard Self.isMetricName(sample.name) else {
      throw refused("metric name is invalid: names may only contain alphanumeric characters or '_'")
    }
    if let problem = (declaredMetrics[sample.name] ?? world.metric(sample.name))?.problem(of: sample) { throw refused(problem) }
  }

  private mutating func reportMetricsError(_ message: String) {
    isHeaderChanged = true
    // Argo's grows without end.
    guard header.metricsError.utf8.count < 16_384 else { return }
    header.metricsError += header.metricsError.isEmpty ? message : ", \(message)"
  }

  // MARK: Parts

  private static func isMetricName(_ name: String) -> Bool {
    guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
    return name.utf8.allSatisfy(isWordByte)
  }

  private static func isWordByte(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "_")
  }

  private static func labels(_ json: JSON) -> [MetricLabel] {
    json.list("labels").map { label in
      let key = (label["key"]?.anyString ?? "").utf8.map { isWordByte($0) ? $0 : UInt8(ascii: "_") }
      let name = String(decoding: key, as: UTF8.self)
      return MetricLabel(name.utf8.first.map { (0x30...0x39).contains($0) } ?? true ? "_" + name : name, label["value"]?.anyString ?? "")
    }
  }

  private static func buckets(_ json: JSON) -> [Double] {
    (json.at("histogram", "buckets")?.array ?? []).compactMap { $0.anyString.flatMap { Double($0) } }
  }

  /// A number as Go's `strconv.ParseFloat` reads it.
  private static func float(_ text: String) throws(RunFailure) -> Double {
    guard let value = Double(text), !text.utf8.contains(UInt8(ascii: "(")) else {
      throw RunFailure("strconv.ParseFloat: parsing \(JSON.string(text).text()): invalid syntax")
    }
    let isNamed = text.utf8.contains { $0 | 0x20 == UInt8(ascii: "n") }
    guard value.isFinite || isNamed else {
      throw RunFailure("strconv.ParseFloat: parsing \(JSON.string(text).text()): value out of range")
    }
    return value
  }
}
