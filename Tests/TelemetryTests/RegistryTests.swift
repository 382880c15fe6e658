import Basics
import JSONValue
import Telemetry
import Testing

private let start = Instant(seconds: 1_700_000_000)

private func sample(
  _ name: String, _ change: MetricSample.Change, _ labels: [(String, String)] = [], help: String = "a help"
) -> MetricSample {
  MetricSample(name: name, help: help, labels: labels.map { MetricLabel($0.0, $0.1) }, change: change)
}

@Suite struct RegistryTests {
  private func text(_ samples: [MetricSample]) -> String {
    var registry = MetricsRegistry()
    for sample in samples { _ = registry.apply(sample, owner: "u", at: start) }
    return registry.text(at: start)
  }

  @Test("counters add up, gauges are set, raised and lowered") func numbers() {
    let page = text([
      sample("c", .count(1)), sample("c", .count(2.5)), sample("g", .set(7), help: "gauge"), sample("g", .add(3), help: "gauge"),
      sample("g", .subtract(0.5), help: "gauge"),
    ])
    #expect(
      page == """
        # HELP argo_workflows_c a help
        # TYPE argo_workflows_c counter
        argo_workflows_c 3.5
        # HELP argo_workflows_g gauge
        # TYPE argo_workflows_g gauge
        argo_workflows_g 9.5

        """)
  }

  @Test("series are told apart by their labels, whatever the order; the last of one name counts") func series() {
    let page = text([
      sample("c", .count(1), [("b", "2"), ("a", "1")]), sample("c", .count(1), [("a", "1"), ("b", "2")]),
      sample("c", .count(1), [("a", "0"), ("a", "x")]),
    ])
    #expect(page.hasSuffix("counter\nargo_workflows_c{a=\"1\",b=\"2\"} 2\nargo_workflows_c{a=\"x\"} 1\n"))
  }

  @Test("help and labels are escaped") func escaping() {
    let page = text([sample("c", .count(1), [("l", "a\"b\\c\nd")], help: "one \\ two\n\"three\"")])
    #expect(page.contains("# HELP argo_workflows_c one \\\\ two\\n\"three\"\n"))
    #expect(page.contains("argo_workflows_c{l=\"a\\\"b\\\\c\\nd\"} 1\n"))
  }

  @Test("a histogram counts by the buckets of its first sample") func histogram() {
    let page = text([
      sample("h", .observe(3, buckets: [10, 1, 5, 5])), sample("h", .observe(5, buckets: [2])), sample("h", .observe(11, buckets: [])),
    ])
    #expect(
      page.hasSuffix(
        """
        histogram
        argo_workflows_h_bucket{le="1"} 0
        argo_workflows_h_bucket{le="5"} 2
        argo_workflows_h_bucket{le="10"} 2
        argo_workflows_h_bucket{le="+Inf"} 3
        argo_workflows_h_sum 19
        argo_workflows_h_count 3

        """))
  }

  @Test("who comes first decides on kind and help") func identity() {
    let descriptor = MetricDescriptor(kind: .counter, help: "a help")
    #expect(descriptor.problem(of: sample("c", .count(1))) == nil)
    #expect(
      descriptor.problem(of: sample("c", .count(1), help: "other")) == "help for metric c is already set to a help, it cannot be changed")
    #expect(descriptor.problem(of: sample("c", .set(1))) == "found existing counter for custom metric c of type Gauge")
    #expect(descriptor.problem(of: sample("c", .observe(1, buckets: []))) == "found existing counter for custom metric c of type Histogram")
    #expect(text([sample("c", .count(1)), sample("c", .set(9)), sample("c", .count(1), help: "x")]).hasSuffix("argo_workflows_c 1\n"))
  }

  @Test("a clock runs until its end, or its workflow's") func clocks() {
    var registry = MetricsRegistry()
    _ = registry.apply(sample("a", .clock(since: start, until: nil)), owner: "u", at: start)
    _ = registry.apply(sample("b", .clock(since: start, until: start + TimeSpan(seconds: 2))), owner: "u", at: start)
    let later = start + TimeSpan(seconds: 10)
    #expect(registry.text(at: later).contains("argo_workflows_a 10\n"))
    #expect(registry.text(at: later).contains("argo_workflows_b 2\n"))
    #expect(registry.settle(owner: "other", at: later).isEmpty)
    #expect(registry.settle(owner: "u", at: later).keys.sorted() == ["a"])
    #expect(registry.text(at: later + TimeSpan(seconds: 5)).contains("argo_workflows_a 10\n"))
    #expect(registry.forget(owner: "u").count == 2)
    #expect(registry.text(at: later).isEmpty)
  }

  @Test("what nobody changes goes after the time to live, running clocks stay") func expiry() {
    var registry = MetricsRegistry(timeToLive: TimeSpan(seconds: 60))
    _ = registry.apply(sample("c", .count(1)), owner: "u", at: start)
    _ = registry.apply(sample("r", .clock(since: start, until: nil)), owner: "u", at: start)
    let later = start + TimeSpan(seconds: 61)
    #expect(!registry.text(at: later).contains("argo_workflows_c"))
    #expect(registry.expire(at: start + TimeSpan(seconds: 60)).isEmpty)
    #expect(registry.expire(at: later).keys.sorted() == ["c"])
    #expect(registry.text(at: later).contains("argo_workflows_r 61\n"))
  }

  @Test("a registry is what was kept of it, change by change") func keeping() {
    let samples = [
      sample("c", .count(1), [("a", "1")]), sample("c", .count(0.1), [("a", "1")]), sample("c", .count(.infinity), [("a", "2")]),
      sample("g", .set(.nan)), sample("h", .observe(2, buckets: [1, 3])), sample("h", .observe(4, buckets: [])),
      sample("r", .clock(since: start, until: nil)), sample("s", .clock(since: start, until: nil)),
    ]
    var registry = MetricsRegistry()
    var kept: [String: JSON] = [:]
    func keep(_ name: String, _ change: JSON) { kept[name] = (kept[name] ?? .object([:])).merged(with: change) }
    for sample in samples { if let change = registry.apply(sample, owner: sample.name, at: start) { keep(sample.name, change) } }
    for (name, change) in registry.settle(owner: "r", at: start + TimeSpan(seconds: 3)) { keep(name, change) }
    for (name, change) in registry.forget(owner: "s") { keep(name, change) }
    var restored = MetricsRegistry()
    for (name, json) in kept { restored.restore(name, json) }
    let later = start + TimeSpan(seconds: 9)
    #expect(restored.text(at: later) == registry.text(at: later))
    #expect(restored.text(at: later).contains("argo_workflows_g NaN\n"))
    #expect(restored.text(at: later).contains("argo_workflows_c{a=\"2\"} +Inf\n"))
    #expect(restored.descriptor("h") == MetricDescriptor(kind: .histogram, help: "a help"))
    #expect(restored.descriptor("x") == nil)
  }
}
