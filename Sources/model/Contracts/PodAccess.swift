package import Basics
package import KubeModel

/// What of a container's log is wanted (`kubectl logs`).
package struct LogOptions: Sendable, Hashable {
  /// Empty: the pod's only container, or its default one.
  package var container = ""
  package var follows = false
  package var hasTimestamps = false
  /// Only lines at or after this time.
  package var since: Instant?
  /// Only the last lines; nil: all.
  package var tailLines: Int?
  /// At most so many bytes.
  package var limitBytes: Int?
  /// The run before the last restart.
  package var isPrevious = false
  /// Only what the container printed there; nil: both.
  package var stream: Stream?
  package enum Stream: String, Sendable, Hashable { case output = "Stdout", error = "Stderr" }
  package init() {}
}

/// A command to run in a container that runs (`kubectl exec`).
package struct ExecRequest: Sendable, Hashable {
  package var container = ""
  package var command: [String]
  package var hasInput = false
  package var hasTerminal = false
  package init(command: [String]) { self.command = command }
}

/// How a command in a container ended.
package enum ExecOutcome: Sendable, Hashable {
  case exited(Int32)
  case failed(String)
}

/// A command that runs in a container, or the container's own process. Output comes to the sink given at the start; calls are quick.
package protocol ExecSession: Sendable {
  /// Takes bytes for the standard input; none close it. False: much is waiting, so send no more before ``ExecOutput/wantsInput``. What comes after
  /// the input's or the command's end is dropped.
  @discardableResult func send(_ bytes: [UInt8]) -> Bool
  /// The terminal's new size.
  func resize(columns: UInt16, rows: UInt16)
  /// Ends the command with all its processes: the client is gone. Nothing is told any more but the end.
  func cancel()
}

/// What a command in a container says, from one thread of the runner, in order. The sink may block: the command then waits with its output.
package enum ExecOutput: Sendable {
  case standardOutput([UInt8])
  case standardError([UInt8])
  /// Input that waited has been taken: more may be sent.
  case wantsInput
  /// The last word.
  case ended(ExecOutcome)
}

/// Logs of and commands in the pods of this machine.
package protocol PodAccessing: Sendable {
  /// Gives the log to `sink` piece by piece until it returns false, or until the end: with `follows` the end of the container. While nothing
  /// is printed a follower calls `sink` with an empty piece every second, so that it can say that the reader is gone. Throws `badRequest`
  /// when the pod has no such container, several and none is named, or when it has no log yet, in Kubernetes' words; nothing has been given then.
  /// Blocks its thread.
  func readLog(of pod: Resource, _ options: LogOptions, sink: @escaping @Sendable ([UInt8]) -> Bool) throws(KubeStatus)
  /// Starts a command in a container. Throws `badRequest` when the container does not run. Blocks for some milliseconds.
  func exec(in pod: Resource, _ request: ExecRequest, output: @escaping @Sendable (ExecOutput) -> Void) throws(KubeStatus)
    -> any ExecSession
  /// Joins the container's own process (`kubectl attach`): what it prints from now on, and its standard input where the container has `stdin`. `command`
  /// of the request does not matter. The end is told as
  /// success, whatever the process's exit code, as a kubelet tells it.
  func attach(to pod: Resource, _ request: ExecRequest, output: @escaping @Sendable (ExecOutput) -> Void) throws(KubeStatus)
    -> any ExecSession
}
