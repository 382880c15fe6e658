import Glibc
import JSONValue
import Testing

/// A machine that fails under a run: a clear word, no wrong state, and the run goes on when the cause is gone.
@Suite("Faults of the machine", .needs())
struct FaultTests {
  private static let isRoot = ConditionTrait.enabled(if: Parts.isRoot, "only root may mount")

  /// Steps, each of which gives its number back.
  private func manifest(
    _ bench: Bench, parallelism: Int = 2, steps: Int = 30, pause: String = "sleep 0.2; ", initial: String? = nil
  ) throws {
    let initContainers = initial.map { "\n      initContainers: [{name: first, image: busybox, command: [\($0)]}]" } ?? ""
    try bench.file(
      "flow.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: flow}
      spec:
        entrypoint: main
        volumes: [{name: bench, hostPath: {path: \(bench.directory)}}]
        parallelism: \(parallelism)
        templates:
          - name: main
            steps: [[{name: step, template: note, arguments: {parameters: [{name: i, value: "{{item}}"}]}, withSequence: {count: "\(steps)"}}]]
            outputs: {parameters: [{name: did, valueFrom: {parameter: "{{steps.step.outputs.result}}"}}]}
          - name: note
            inputs: {parameters: [{name: i}]}
            container: {image: busybox, command: [sh, -c], args: ["\(pause)echo {{inputs.parameters.i}}"], volumeMounts: [{name: bench, mountPath: /bench}]}\(initContainers)
      """)
  }

  private func check(_ outcome: Outcome, steps: Int = 30) throws {
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.phase == "Succeeded", "\(workflow.table)")
    let results = try JSON.parse(workflow.node("flow").output("did") ?? "").array ?? []
    #expect(results == (0..<steps).map { .int(Int64($0)) }, "\(workflow.table)")
  }

  @Test("on a full disk the run waits and says so, and goes on when there is room", isRoot)
  func fullDisk() async throws {
    let bench = try Bench()
    // All but the first steps wait for the full disk, and end on it.
    try manifest(bench, pause: "[ {{inputs.parameters.i}} -lt 4 ] || while [ ! -e /bench/full ]; do sleep 0.1; done; sleep 0.5; ")
    try Files.makeDirectories(bench.path("state"))
    try await bench.shell("mount -t tmpfs -o size=16m argosy-test state")
    do {
      let child = try bench.start([Parts.argosy, "run", "flow.yaml", "--state", "state", "-o", "json"])
      try await eventually("a step has ended", else: { "\(child.outcome)" }) {
        child.outcome.err.contains("Succeeded") || !child.isRunning
      }
      try await bench.shell(
        "dd if=/dev/zero of=state/filler bs=64k 2> /dev/null || true; dd if=/dev/zero of=state/filler2 bs=4k count=64 2> /dev/null || true; touch full"
      )
      try await eventually("the disk is said to be full", else: { "\(child.outcome)" }) {
        child.outcome.err.contains("is full") || !child.isRunning
      }
      #expect(child.isRunning, "\(child.outcome)")
      try await bench.shell("rm state/filler state/filler2")
      try check(try await child.wait())
    } catch {
      try await bench.shell("umount -l state")
      throw error
    }
    #expect(await bench.settled().isEmpty)
    try await bench.shell("umount state")
  }

  @Test(
    "where the machine allows no more open files or processes, pods wait for them",
    arguments: [("ulimit -n 128", nil), ("pids", nil), ("pids", "sleep, '0.3'")] as [(String, String?)])
  func noDescriptors(limit: String, initial: String?) async throws {
    let bench = try Bench()
    // The shell starts nothing: what it would start nobody could wait for. With init containers the supervisors fill the machine before a main runs.
    try manifest(bench, parallelism: 80, steps: 80, pause: "", initial: initial)
    let group = "/sys/fs/cgroup/pids/argosy-test-\(bench.directory.suffix(6))"
    if limit == "pids" {
      guard Parts.isRoot, mkdir(group, 0o755) == 0 else { return }
      try Files.write(group + "/pids.max", Array("40".utf8))
    }
    defer { rmdir(group) }
    let script = limit == "pids" ? "echo $BASHPID > \(group)/cgroup.procs" : limit
    let outcome = try await bench.run(["bash", "-c", "\(script); exec '\(Parts.argosy)' run flow.yaml -o json"])
    try check(outcome, steps: 80)
    #expect(await bench.settled().isEmpty)
  }

  @Test("on a read-only file system a kept state is refused with the remedy, and nothing of it is changed")
  func readOnly() async throws {
    let bench = try Bench()
    try manifest(bench, steps: 2)
    #expect(try await bench.argosy("run", "flow.yaml", "--state", "state").status == 0)
    // Root writes everywhere but there.
    let (forbid, allow) =
      Parts.isRoot
      ? ("mount --bind state state && mount -o remount,ro,bind state", "umount -l state") : ("chmod 500 state", "chmod 700 state")
    let hashes = "find state -type f | sort | xargs sha256sum"
    try await bench.shell("\(hashes) > before; rm -f state/argosy.db.lock; \(forbid)")
    do {
      let commands = [
        ["run", "flow.yaml", "--state", "state"], ["run", "--state", "state", "--resume"], ["list", "--state", "state"],
        ["server", "--data", "state", "--listen", "127.0.0.1:0"],
      ]
      for arguments in commands {
        let outcome = try await bench.argosy(arguments)
        #expect(outcome.status != 0 && outcome.err.contains("or choose another directory"), "\(arguments): \(outcome)")
      }
    } catch {
      try await bench.shell(allow)
      throw error
    }
    try await bench.shell("\(allow); \(hashes) > after; grep -v argosy.db.lock before | cmp - after")
  }

  @Test("a database with a damaged page is refused in words, and nothing of it is changed")
  func damagedPage() async throws {
    let bench = try Bench()
    try manifest(bench, parallelism: 8)
    #expect(try await bench.argosy("run", "flow.yaml", "--state", "state").status == 0)
    try await bench.shell(
      "dd if=/dev/zero of=state/argosy.db bs=4096 seek=5 count=3 conv=notrunc 2> /dev/null; sha256sum state/argosy.db > before")
    for arguments in [["run", "--state", "state", "--resume"], ["list", "--state", "state"]] {
      let outcome = try await bench.argosy(arguments)
      #expect(outcome.status != 0 && outcome.err.contains("argosy.db is damaged"), "\(outcome)")
    }
    try await bench.shell("sha256sum -c before")
  }
}
