import ArgoModel
import Basics
import JSONValue
import KubeModel
import Telemetry

/// What can happen to a run. Every case can be told apart from a stale or repeated one by the names in it, so late and duplicate events
/// change nothing.
package enum RunEvent: Sendable {
  /// The run was stored and is to begin.
  case submitted
  /// The state of a pod, as it is now; skipped intermediate states are no loss.
  case podObserved(PodObservation)
  /// A pod that was created is not there any more and never told its end.
  case podLost(podName: String)
  /// The state of an HTTP or Plugin node's task, as the agent told it last.
  case taskObserved(TaskObservation)
  /// The task of a node is not there any more and never told its end.
  case taskLost(nodeID: String)
  case timerFired(TimerID)
  case commanded(RunCommand)
  /// What the lock table says to a request of the run.
  case locks(LockHolder, LockTable.Answer)
  /// Something that the run may look at has changed (a ConfigMap, the time): evaluate again what waits.
  case wake
}

/// What a user asks of a run.
package enum RunCommand: Sendable {
  /// With a selector: fail the suspended nodes that match, with `message`. Without: no new nodes but exit handlers.
  case stop(message: String?, selector: NodeSelector? = nil)
  /// Stop everything, exit handlers too.
  case terminate
  case suspend
  /// Without a selector: resume the run and all its suspended nodes. `by`: what their messages say of who did it; empty: nothing.
  case resume(selector: NodeSelector? = nil, by: String = "")
  /// Set outputs, message or phase of the suspended nodes that match.
  case set(selector: NodeSelector, outputParameters: [String: String], message: String?, phase: String?)
  /// The workflow's own limits are these from now on; nil: none.
  case adjust(RunLimitEdit)
}

/// What a user may change of a run's limits while it runs, by a change of the Workflow's specification.
package struct RunLimitEdit: Sendable, Hashable {
  package var parallelism: Int64?
  package var activeDeadlineSeconds: Int64?
  package init(parallelism: Int64? = nil, activeDeadlineSeconds: Int64? = nil) {
    self.parallelism = parallelism
    self.activeDeadlineSeconds = activeDeadlineSeconds
  }
  /// What a Workflow's specification says.
  package init(spec: JSON) {
    parallelism = spec["parallelism"]?.looseInt
    activeDeadlineSeconds = spec["activeDeadlineSeconds"]?.looseInt
  }
}

/// What names a timer of a run: the same timer set again replaces the earlier one.
package struct TimerID: Sendable, Hashable, CustomStringConvertible {
  /// The node's, or -1.
  private let number: Int32

  package static let deadline = TimerID(number: -1)
  package static func node(_ index: Int) -> TimerID { TimerID(number: Int32(index)) }

  package var node: Int? { number < 0 ? nil : Int(number) }
  package var name: String { node.map { "node/\($0)" } ?? "deadline" }
  package var description: String { name }
}

/// What the shell is to do once the decision is committed. Each is idempotent by its name.
package enum RunEffect: Sendable, Hashable {
  case createPod(Resource)
  /// `immediately`: SIGKILL instead of SIGTERM and the pod's grace period.
  case stopPod(name: String, immediately: Bool)
  case setTimer(TimerID, at: Instant)
  case cancelTimer(TimerID)
  /// Hands a task to the agent: a WorkflowTaskSet.
  case createTask(Resource)
  /// Takes the task of this name back: whatever the agent does for it is of no use any more.
  case deleteTask(name: String)
  /// Ask the lock table; its answer comes as an event, before anything is committed when it can be given at once.
  case requestLocks(LockRequest)
  /// Tell the lock table that the holder has or wants nothing any more.
  case releaseLocks(LockHolder)
  case createClaim(Resource)
  case deleteClaim(name: String)
  /// Delete artifacts that are of no more use; see ``RunState/artifactGCTask(_:)``.
  case collectArtifacts(Resource)
  /// A custom metric that the workflow tells; to be counted in the transaction that records the decision.
  case emitMetric(MetricSample)
  /// Sets one key of a memoization cache: a ConfigMap of the run's namespace with the label `workflows.argoproj.io/configmap-type: Cache`,
  /// made where there is none; one that another labels is left alone.
  case saveCacheEntry(cache: String, key: String, entry: String)
  /// The run is over; nothing follows but the end of pods being stopped.
  case finished
}

/// What a run may know of the world around it at one event.
package struct World: Sendable {
  /// What there is at a key of a ConfigMap.
  package enum ConfigMapAnswer: Sendable, Hashable {
    case value(String)
    case configMapMissing
    case keyMissing
    /// The ConfigMap lacks the label `workflows.argoproj.io/configmap-type: Parameter`.
    case notAParameterConfigMap
  }

  /// What there is at a key of a memoization cache.
  package enum CacheAnswer: Sendable, Hashable {
    case entry(String)
    /// No ConfigMap, or none or an empty text at this key.
    case missing
    /// The ConfigMap lacks the label `workflows.argoproj.io/configmap-type: Cache`; the label that it has.
    case notACache(label: String?)
  }

  package struct Limits: Sendable, Hashable {
    /// How deep templates may nest (Argo's 100).
    package var templateDepth = 100
    /// The most items one loop may expand to.
    package var loopItems = 1_000_000
    /// Whether `{{=…}}` is evaluated (`EXPRESSION_TEMPLATES`); if not, it stays as it is written.
    package var evaluatesExpressionTags = true
    /// A regular expression of messages that `OnTransientError` tries again as well (`TRANSIENT_ERROR_PATTERN`).
    package var transientErrorPattern: String?
    package init() {}
  }

  package var now: Instant
  package var configMapValue: @Sendable (_ namespace: String, _ name: String, _ key: String) -> ConfigMapAnswer
  /// What custom metrics of a name are, when there are any.
  package var metric: @Sendable (_ name: String) -> MetricDescriptor? = { _ in nil }
  /// Memoization caches, with what was decided to be saved and is not stored yet.
  package var cacheEntry: @Sendable (_ namespace: String, _ cache: String, _ key: String) -> CacheAnswer = { _, _, _ in .missing }
  /// What the random functions of expressions draw from.
  package var random: @Sendable () -> UInt64 = { UInt64.random(in: .min ... .max) }
  package var limits: Limits
  /// What durations are estimated from.
  package var baseline: Baseline?
  /// Finds the artifact repository that `artifactRepositoryRef` names, or the default one where it is nil. Asked once, when the run begins.
  package var artifactRepository: @Sendable (_ reference: JSON?) -> ArtifactRepositoryAnswer = { _ in .found(.own) }

  package init(
    now: Instant, limits: Limits = Limits(),
    configMapValue: @escaping @Sendable (_ namespace: String, _ name: String, _ key: String) -> ConfigMapAnswer = { _, _, _ in
      .configMapMissing
    }
  ) {
    self.now = now
    self.limits = limits
    self.configMapValue = configMapValue
  }
}

/// What came of looking for an artifact repository.
package enum ArtifactRepositoryAnswer: Sendable, Hashable {
  case found(ArtifactRepository)
  /// Why there is none, in Argo's words.
  case failed(String)
}
