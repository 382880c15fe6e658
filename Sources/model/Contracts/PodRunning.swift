import Glibc
package import KubeModel

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
  /// As a kubelet does it: `preStop` hooks, SIGTERM, SIGKILL after so many seconds. May be asked for again with fewer.
  case within(seconds: Int64)
}

/// The machine lacks what a start needs at the moment: file descriptors, processes, memory, room on the disk. Nothing was started, and the same
/// start may succeed later.
package struct MachineExhausted: Error, Sendable, Hashable, CustomStringConvertible {
  package var description: String

  /// nil when the error number says something else.
  package init?(_ description: String, number: Int32) {
    guard [EMFILE, ENFILE, ENOMEM, EAGAIN, ENOSPC, EDQUOT].contains(number) else { return nil }
    self.description = description
  }
}

/// Runs pods: as processes of this machine in namespaces, or through podman or docker.
///
/// The run outlives this process; `adopt` takes one over that an earlier process had started.
package protocol PodRunning: Sendable {
  /// Starts the pod whose plan lies in `directory`. `observe` is called from a thread of the runner at each change of the report that the
  /// runner notices, at least once when all containers run and once with `isFinished` at the end, which is
  /// ``PodReport/lackFailure`` where the pod is to be started again. Throws when nothing was started, ``MachineExhausted``
  /// when that may be otherwise soon.
  func start(_ plan: PodPlan, directory: String, observe: @escaping @Sendable (PodReport) -> Void) throws -> PodRun
  /// Takes over a pod that an earlier process started in `directory`; false when it was never started there. A pod whose supervisor died
  /// without a last word is reported finished with a `failure`.
  func adopt(directory: String, observe: @escaping @Sendable (PodReport) -> Void) throws -> Bool
  /// Stops the pod in `directory`; its end is told by `observe`. Does nothing when it is over.
  func stop(directory: String, _ manner: StopManner)
  /// Runs a command in a container of the pod in `directory`; `request.container` names it. Throws `badRequest` when the container does not run,
  /// `internalError` when the command cannot be started.
  func exec(
    directory: String, _ request: ExecRequest, output: @escaping @Sendable (ExecOutput) -> Void
  ) throws(KubeStatus) -> any ExecSession
  /// Has the pod in `directory` look into its containers' directories: `stdin.closed` there ends the standard input once nobody writes
  /// to `stdin` any more, `size` (`<columns> <rows>`) is the terminal's size.
  func notice(directory: String)
  /// Starts no more pods, and gives back what it keeps for the next ones. Pods that run go on.
  func end()
}

extension PodRunning {
  package func notice(directory: String) {}
  package func end() {}

  package func exec(
    directory: String, _ request: ExecRequest, output: @escaping @Sendable (ExecOutput) -> Void
  ) throws(KubeStatus) -> any ExecSession { throw KubeStatus(.badRequest, "commands in containers are not supported here") }
}
