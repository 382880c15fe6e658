package import Basics
package import JSONValue
package import KubeModel

/// How long a finished workflow is kept (`spec.ttlStrategy`, spec 1.1).
package struct TTLStrategy: Sendable, Hashable {
  package var secondsAfterCompletion: Int64?
  package var secondsAfterSuccess: Int64?
  package var secondsAfterFailure: Int64?

  /// nil where there is no strategy.
  package init?(_ json: JSON?) {
    guard let json, json.object != nil else { return nil }
    secondsAfterCompletion = json["secondsAfterCompletion"]?.looseInt
    secondsAfterSuccess = json["secondsAfterSuccess"]?.looseInt
    secondsAfterFailure = json["secondsAfterFailure"]?.looseInt
  }

  /// How long a workflow that ended in this phase is kept; nil: for ever. `secondsAfterFailure` means Failed only: one in Error has
  /// `secondsAfterCompletion` alone.
  package func span(after phase: WorkflowPhase) -> TimeSpan? {
    let seconds: Int64? =
      switch phase {
      case .failed: secondsAfterFailure ?? secondsAfterCompletion
      case .succeeded: secondsAfterSuccess ?? secondsAfterCompletion
      case .error: secondsAfterCompletion
      case .unknown, .pending, .running: nil
      }
    return seconds.map { TimeSpan(seconds: $0) }
  }
}

/// When the pods of a workflow are deleted (`spec.podGC`, spec 1.1 and 2.21). It travels with each pod, so that whoever sees the pod's end
/// knows what is to become of it.
package struct PodGC: Sendable, Hashable {
  package enum Strategy: String, Sendable, Hashable, CaseIterable {
    case onPodCompletion = "OnPodCompletion"
    case onPodSuccess = "OnPodSuccess"
    case onWorkflowCompletion = "OnWorkflowCompletion"
    case onWorkflowSuccess = "OnWorkflowSuccess"
  }

  package var strategy: Strategy
  /// What Argo waits by default is for the controller's configuration to say (`podGCDeleteDelayDuration`, 5 seconds).
  package var delay: TimeSpan?
  /// Pods that do not match are kept.
  package var selector = LabelSelector.everything

  /// nil where pods are kept.
  package init?(_ json: JSON?) {
    guard let strategy = json?["strategy"]?.string.flatMap(Strategy.init(rawValue:)) else { return nil }
    self.strategy = strategy
    delay = json?["deleteDelayDuration"]?.string.flatMap { try? GoDuration(parsing: $0).timeSpan }
    selector = LabelSelector(json: json?["labelSelector"])
  }

  /// Reads the annotation of a pod: `<strategy>/<delay>`.
  package init?(annotation: String?) {
    guard let parts = annotation?.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false), let first = parts.first,
      let strategy = Strategy(rawValue: String(first))
    else { return nil }
    self.strategy = strategy
    delay = parts.count > 1 ? try? GoDuration(parsing: String(parts[1])).timeSpan : nil
  }

  /// The annotation's value.
  package var annotation: String {
    "\(strategy.rawValue)/\(delay.map { GoDuration(nanoseconds: $0.milliseconds &* 1_000_000).description } ?? "")"
  }

  /// Whether a pod that is over is to go, given whether it succeeded and the phase of its workflow.
  package func collects(podSucceeded: Bool, workflow phase: WorkflowPhase) -> Bool {
    switch strategy {
    case .onPodCompletion: true
    case .onPodSuccess: podSucceeded
    case .onWorkflowCompletion: phase.isCompleted
    case .onWorkflowSuccess: phase == .succeeded
    }
  }
}

/// How many finished workflows are kept by phase (`retentionPolicy` of the controller's configuration). A number that is not given is 0,
/// as in Argo: with a policy, each phase needs its own.
package struct RetentionPolicy: Sendable, Hashable {
  package var completed: Int64
  package var failed: Int64
  package var errored: Int64

  package init?(_ json: JSON?) {
    guard let json, json.object != nil else { return nil }
    completed = json["completed"]?.looseInt ?? 0
    failed = json["failed"]?.looseInt ?? 0
    errored = json["errored"]?.looseInt ?? 0
  }

  /// How many of a phase are kept; nil for phases that are no end.
  package func limit(of phase: WorkflowPhase) -> Int64? {
    switch phase {
    case .succeeded: completed
    case .failed: failed
    case .error: errored
    case .unknown, .pending, .running: nil
    }
  }
}
