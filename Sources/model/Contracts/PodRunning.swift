/// A pod that was started.
package struct PodRun: Sendable, Hashable {
  /// The pod's directory: `plan.json`, `status.json`, `outputs/`, `containers/<name>/{log,result}`.
  package var directory: String
  package init(directory: String) { self.directory = directory }
}

/// How a pod is being stopped.
package enum StopManner: Sendable, Hashable {
  /// SIGTERM, then SIGKILL after the plan's grace period.
  case gracefully
  /// SIGKILL at once.
  case immediately
}

/// Runs pods: as processes of this machine in namespaces, or through podman or docker.
///
/// The run outlives this process; `adopt` takes one over that an earlier process had started.
package protocol PodRunning: Sendable {
  /// Starts the pod whose plan lies in `directory`. `observe` is called from a thread of the runner at each change of the report that the
  /// runner notices, at least once when all containers run and once with `isFinished` at the end. Throws when nothing was started.
  func start(_ plan: PodPlan, directory: String, observe: @escaping @Sendable (PodReport) -> Void) throws -> PodRun
  /// Takes over a pod that an earlier process started in `directory`; false when it was never started there. A pod whose supervisor died
  /// without a last word is reported finished with a `failure`.
  func adopt(directory: String, observe: @escaping @Sendable (PodReport) -> Void) throws -> Bool
  /// Stops the pod in `directory`; its end is told by `observe`. Does nothing when it is over.
  func stop(directory: String, _ manner: StopManner)
}
