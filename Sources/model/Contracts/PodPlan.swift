/// What `argosy-exec` is told: everything about one pod that must be known to run it without the server. The node service writes it
/// as `plan.json` into the pod's directory; all paths in it are absolute paths of this machine unless said otherwise.
package struct PodPlan: Sendable, Hashable {
  /// `namespaces`: own mount, PID and IPC namespaces per container (user too when not root). `none`: plain processes.
  package enum Isolation: String, Sendable { case namespaces, none }

  /// Whether containers that have ended are run again (Kubernetes' `restartPolicy`).
  package enum RestartPolicy: String, Sendable { case never = "Never", onFailure = "OnFailure", always = "Always" }

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
    /// An init container that runs beside the mains (Kubernetes' sidecar): the next one begins when it has started, and it is always restarted.
    package var isSidecar = false
    /// What is written into the named pipe `containers/<name>/stdin` is the process's standard input.
    package var hasInput = false
    /// The process has a terminal, whose other side the supervisor has.
    package var hasTerminal = false

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

  /// The exit status of a supervisor that has given the pod up: see ``PodReport/lackFailure``.
  package static let givenUpStatus: Int32 = 75

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
  /// Pods with the same name here may have each other's scratch space after one another, where nothing was written into it; nil: this one shares
  /// with none.
  package var scratchGroup: String?
  /// The pod is one that a user made: all its containers are equal, each is restarted as this says, and the pod is over when none runs and none will.
  /// Nil: a workflow's, which ends with its mains.
  package var restartPolicy: RestartPolicy?
  /// Milliseconds before the second restart of a container; doubled each time up to five minutes. The first one is made at once.
  package var restartPause: Int64 = 10_000

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
    /// The program could not be started at all.
    package var isRefused = false
    /// How often the container was run again.
    package var restarts = 0
    /// How the run before ended.
    package var previous: Ending?
    /// Why it is not run again yet (`CrashLoopBackOff`), in the words that users read.
    package var waits: String?
    /// Whether the startup probe has passed; nil: there is none.
    package var hasPassedStartup: Bool?
    /// The container's first process, as the machine numbers it, while it runs: whose namespaces others join.
    package var process: Int32?
    /// What the readiness probes that the supervisor polls have come to; nil: there are none.
    package var isReady: Bool?
    package init(name: String) { self.name = name }

    /// One run's end, members as the container's.
    package struct Ending: Sendable, Hashable {
      package var startedAt: Int64?
      package var finishedAt: Int64?
      package var exitCode: Int32
      package var signal: Int32?
      package var message: String?
      package var isRefused: Bool
    }

    /// How the run that is told of ended; nil while it goes on.
    package var ending: Ending? {
      exitCode.map {
        Ending(startedAt: startedAt, finishedAt: finishedAt, exitCode: $0, signal: signal, message: message, isRefused: isRefused)
      }
    }
  }

  /// The ``failure`` of a pod whose supervisor ended without a last word.
  package static let diedFailure = "pod supervisor died"
  /// The ``failure`` of a pod for which the machine had no processes, memory or open files: no main of it has run, and it is to be started anew.
  package static let lackFailure = "the machine has no process or no memory for its containers"

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
  /// Where the layers and the `/tmp` of the pod's only container lie, where that is outside of the pod's directory.
  package var scratch: String?

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
