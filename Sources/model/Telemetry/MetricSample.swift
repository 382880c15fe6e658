import Basics

/// What kind of Prometheus metric a name stands for.
package enum MetricKind: String, Sendable, Hashable {
  case gauge, counter, histogram
}

/// One label of a series.
package struct MetricLabel: Sendable, Hashable {
  package var name: String
  package var value: String
  package init(_ name: String, _ value: String) {
    self.name = name
    self.value = value
  }
}

/// One thing that a workflow says of a custom metric (spec 1.9).
package struct MetricSample: Sendable, Hashable {
  package enum Change: Sendable, Hashable {
    case count(Double)
    case set(Double)
    case add(Double)
    case subtract(Double)
    /// One observation, with the buckets that the histogram gets when it is new.
    case observe(Double, buckets: [Double])
    /// A gauge of the seconds since a moment: until now, or until another moment.
    case clock(since: Instant, until: Instant?)
  }

  /// Without the prefix `argo_workflows_`.
  package var name: String
  package var help: String
  /// As written; of labels with one name the last counts.
  package var labels: [MetricLabel]
  package var change: Change

  package init(name: String, help: String, labels: [MetricLabel], change: Change) {
    self.name = name
    self.help = help
    self.labels = labels
    self.change = change
  }

  package var descriptor: MetricDescriptor { MetricDescriptor(kind: kind, help: help) }

  private var kind: MetricKind {
    switch change {
    case .count: .counter
    case .observe: .histogram
    case .set, .add, .subtract, .clock: .gauge
    }
  }

  var isClock: Bool { if case .clock = change { true } else { false } }
}

/// What all series of a name have in common: whoever came first decides.
package struct MetricDescriptor: Sendable, Hashable {
  package var kind: MetricKind
  package var help: String
  package init(kind: MetricKind, help: String) {
    self.kind = kind
    self.help = help
  }

  /// Why a sample does not fit a name that is taken, in Argo's words; nil when it does.
  package func problem(of sample: MetricSample) -> String? {
    if sample.help != help { return "help for metric \(sample.name) is already set to \(help), it cannot be changed" }
    let wanted = sample.descriptor.kind
    guard wanted != kind else { return nil }
    let word = wanted.rawValue.prefix(1).uppercased() + wanted.rawValue.dropFirst()
    return "found existing \(kind.rawValue) for custom metric \(sample.name) of type \(word)"
  }
}
