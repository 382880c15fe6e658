import Contracts
import Glibc
import PodRunners
import Processes
import Synchronization
import Testing

/// A directory for one pod and what came of it.
final class Bench: Sendable {
  /// Nil where tests cannot run pods in namespaces; the reason is told by the trait.
  static let canIsolate = SandboxCapabilities.probe(stateDirectory: "/tmp").canIsolate

  let base: String
  let directory: String
  let runner: SandboxRunner
  private let reports = Mutex<[PodReport]>([])

  /// - Parameter runner: one that other pods have too; nil: one of its own.
  init(runner: SandboxRunner? = nil) throws {
    var template = Array("/tmp/argosy-pod-XXXXXX".utf8CString)
    base = try #require(mkdtemp(&template).map { String(cString: $0) })
    directory = base + "/pod"
    self.runner = try runner ?? SandboxRunner()
  }

  deinit {
    runner.stop(directory: directory, .immediately)
    _ = try? Command.run(["rm", "-rf", base])
  }

  var all: [PodReport] { reports.withLock { $0 } }
  var observe: @Sendable (PodReport) -> Void {
    { [weak self] report in self?.reports.withLock { $0.append(report) } }
  }

  func path(_ name: String) -> String { base + "/" + name }

  func plan(_ containers: [PodPlan.Container], isolation: PodPlan.Isolation = .namespaces, grace: Int = 20, deadline: Int64? = nil)
    -> PodPlan
  {
    PodPlan(podName: "pod", isolation: isolation, root: "/", deadline: deadline, gracePeriod: grace, containers: containers)
  }

  func start(_ plan: PodPlan) throws { _ = try runner.start(plan, directory: directory, observe: observe) }

  /// Waits for a report that fits; fails after a minute.
  func wait(_ isWanted: (PodReport) -> Bool) async throws -> PodReport {
    for _ in 0..<6000 {
      if let report = all.first(where: isWanted) { return report }
      try await Task.sleep(for: .milliseconds(10))
    }
    throw ProcessError("no such report: \(all)")
  }

  func finish() async throws -> PodReport { try await wait(\.isFinished) }

  func run(_ plan: PodPlan) async throws -> PodReport {
    try start(plan)
    return try await finish()
  }

  /// Runs a shell script as the only container.
  func shell(
    _ script: String, mounts: [PodPlan.Mount] = [], directory: String = "/", env: [String] = [], captures: Bool = false,
    outputs: [PodPlan.Output] = [], isolation: PodPlan.Isolation = .namespaces, grace: Int = 20
  ) async throws -> PodReport {
    try await run(
      plan(
        [.shell("main", script, mounts: mounts, directory: directory, env: env, captures: captures, outputs: outputs)],
        isolation: isolation, grace: grace))
  }

  func text(_ path: String) throws -> String {
    let outcome = try Command.run(["cat", directory + "/" + path], outputLimit: 1 << 30)
    guard outcome.status == 0 else { throw ProcessError(outcome.stderrText) }
    return outcome.stdoutText
  }

  /// What a container printed, without times and tags.
  func lines(_ container: String = "main", _ stream: String = "stdout") throws -> [String] {
    try text("containers/\(container)/log").split(separator: "\n").compactMap { line in
      let fields = line.split(separator: " ", maxSplits: 3, omittingEmptySubsequences: false)
      return fields.count == 4 && fields[1] == stream ? String(fields[3]) : nil
    }
  }

  func write(_ name: String, _ text: String) throws { _ = try Command.run(["tee", path(name)], stdin: Array(text.utf8)) }
}

extension PodPlan.Container {
  static let path = "PATH=/usr/local/bin:/usr/bin:/bin"

  static func shell(
    _ name: String, _ script: String, role: Role = .main, mounts: [PodPlan.Mount] = [], directory: String = "/", env: [String] = [],
    captures: Bool = false, outputs: [PodPlan.Output] = []
  ) -> PodPlan.Container {
    PodPlan.Container(
      name: name, role: role, argv: ["sh", "-c", script], env: [path] + env, workingDirectory: directory, mounts: mounts,
      capturesResult: captures, outputs: outputs)
  }
}

/// Processes of the machine whose command line holds a text.
func processes(with text: String) throws -> Int {
  let outcome = try Command.run(["ps", "-ww", "-eo", "args"])
  return outcome.stdoutText.split(separator: "\n").count { $0.contains(text) }
}
