/// What `argosy-exec` is told: everything about one pod that must be known to run it without the server. The node service writes it
/// as `plan.json` into the pod's directory; all paths in it are absolute paths of this machine unless said otherwise.
package struct PodPlan: Sendable, Hashable {
  /// `namespaces`: own mount, PID and IPC namespaces per container (user too when not root). `none`: plain processes.
  package enum Isolation: String, Sendable { case namespaces, none }

  package struct Mount: Sendable, Hashable {
    /// A file or directory of this machine.
    package var source: String
    /// Absolute path inside the container; made where it does not exist.
    package var target: String
    package var isReadOnly: Bool
    package init(source: String, target: String, isReadOnly: Bool) {
      self.source = source
      self.target = target
      self.isReadOnly = isReadOnly
    }
  }

  /// A file or directory that is copied out of the container's file system when its process has ended.
  package struct Output: Sendable, Hashable {
    /// Absolute path inside the container.
    package var path: String
    /// File name below `<pod directory>/outputs/` to copy to. A path that is not there leaves nothing there.
    package var name: String
    package init(path: String, name: String) {
      self.path = path
      self.name = name
    }
  }

  package struct Container: Sendable, Hashable {
    package enum Role: String, Sendable { case initial, main, sidecar }
    package var name: String
    package var role: Role
    /// Program and arguments; a program without a slash is looked up in the container's PATH.
    package var argv: [String]
    /// The whole environment as `NAME=value`.
    package var env: [String]
    package var workingDirectory: String
    package var mounts: [Mount]
    /// Numeric user and group to run as; nil: unchanged.
    package var user: UInt32?
    package var group: UInt32?
    /// Memory limit in bytes and CPU limit in thousandths of a core, applied by cgroup where writable.
    package var memoryLimit: Int64?
    package var cpuLimit: Int64?
    /// Keep the last 256 KiB of standard output as `containers/<name>/result`.
    package var capturesResult: Bool
    package var outputs: [Output]

    // What few containers have.

    /// Other mains that must have ended with 0 before this one begins (a container set's graph).
    package var dependencies: [String] = []
    /// How often the command is run until it succeeds; 0: not at all, which is a success (a container set's `retryStrategy`).
    package var attempts = 1
    /// Milliseconds between two attempts.
    package var attemptPause: Int64 = 0
    /// Why the container cannot run: it ends with 64 and this message without having started.
    package var refusal: String?
    /// Wait for the files `before` and `after` in the container's directory of the executor's contract.
    package var pausesBefore = false
    package var pausesAfter = false
    package var probes: [ContainerProbe] = []
    package var postStart: ContainerAction?
    package var preStop: ContainerAction?
    /// File in the container whose text is the message of a failure; nil: `/dev/termination-log`, where there is one.
    package var terminationMessagePath: String?
    /// Without such a text the end of the log is the message of a failure.
    package var fallsBackToLogs = false
    /// Numeric supplementary groups.
    package var supplementaryGroups: [UInt32] = []
    /// Bit n: Linux capability n is taken away.
    package var droppedCapabilities: UInt64 = 0
    package var forbidsNewPrivileges = false
    package var isRootReadOnly = false

    package init(
      name: String, role: Role, argv: [String], env: [String], workingDirectory: String, mounts: [Mount], user: UInt32? = nil,
      group: UInt32? = nil, memoryLimit: Int64? = nil, cpuLimit: Int64? = nil, capturesResult: Bool = false, outputs: [Output] = []
    ) {
      self.name = name
      self.role = role
      self.argv = argv
      self.env = env
      self.workingDirectory = workingDirectory
      self.mounts = mounts
      self.user = user
      self.group = group
      self.memoryLimit = memoryLimit
      self.cpuLimit = cpuLimit
      self.capturesResult = capturesResult
      self.outputs = outputs
    }
  }

  package var podName: String
  package var isolation: Isolation
  /// Root directory that containers see copy-on-write; `/` for this machine's own.
  package var root: String
  /// Milliseconds since 1970 when all containers are to be stopped; nil: never.
  package var deadline: Int64?
  /// Seconds between SIGTERM and SIGKILL.
  package var gracePeriod: Int
  /// Init containers (one after the other, in this order), then mains and sidecars (together).
  package var containers: [Container]
  /// The pod has a directory `argo`: `/var/run/argo` of its containers, where the supervisor writes `ctr/<container>/exitcode`, `stdout` and
  /// `combined`, and obeys `ctr/<container>/signal` (spec section 4.1).
  package var sharesContract = false

  package init(podName: String, isolation: Isolation, root: String, deadline: Int64?, gracePeriod: Int, containers: [Container]) {
    self.podName = podName
    self.isolation = isolation
    self.root = root
    self.deadline = deadline
    self.gracePeriod = gracePeriod
    self.containers = containers
  }
}

/// What `argosy-exec` reports: `status.json` in the pod's directory, replaced atomically at each change.
package struct PodReport: Sendable, Hashable {
  package struct Container: Sendable, Hashable {
    package var name: String
    /// Milliseconds since 1970; nil while it has not started or ended.
    package var startedAt: Int64?
    package var finishedAt: Int64?
    /// As a shell would say it: 128 + signal for a killed process, 64 when the program could not be started (Argo's emissary).
    package var exitCode: Int32?
    package var signal: Int32?
    /// Why it could not be started or was stopped: what Argo's executor says of a program that is not there, `OOMKilled`, `DeadlineExceeded`.
    package var message: String?
    /// What the readiness probes that the supervisor polls have come to; nil: there are none.
    package var isReady: Bool?
    package init(name: String) { self.name = name }
  }

  /// Process ID of the supervisor and its start time in clock ticks (field 22 of `/proc/PID/stat`), which tell a reused PID.
  package var supervisor: Int32
  package var supervisorStart: UInt64
  package var containers: [Container]
  /// The pod is over: nothing of it runs any more.
  package var isFinished: Bool
  /// The supervisor itself failed: namespaces refused, a mount impossible. The pod then never started or was stopped.
  package var failure: String?
  /// The pod was stopped at its deadline.
  package var isPastDeadline: Bool
  /// Something that the user of the pod is to be told, though nothing failed.
  package var note: String?

  package init(supervisor: Int32, supervisorStart: UInt64, containers: [Container]) {
    self.supervisor = supervisor
    self.supervisorStart = supervisorStart
    self.containers = containers
    isFinished = false
    failure = nil
    isPastDeadline = false
    note = nil
  }
}
