import JSONValue
import Testing

/// SIGKILL at random moments over many workflows of all shapes, to the engine and to supervisors of pods. `make torture` runs it at length: `ARGOSY_TORTURE_WORKFLOWS`,
/// `ARGOSY_TORTURE_KILLS` and `ARGOSY_TORTURE_SEED` say how long and which.
@Suite("Torture", .needs())
struct TortureTests {
  private static func setting(_ name: String) -> Int? { Parts.environment["ARGOSY_TORTURE_\(name)"].flatMap { Int($0) } }

  /// Seeds that once failed stay here.
  private static let seeds: [Int] = setting("SEED").map { [$0] } ?? [1]

  @Test("killed at random moments, every workflow ends as it would have and no step runs twice", .timeLimit(.minutes(30)), arguments: seeds)
  func kills(seed: Int) async throws {
    let bench = try Bench()
    let kills = Self.setting("KILLS") ?? 10
    let mix = TortureMix(seed: UInt64(clamping: seed), workflows: Self.setting("WORKFLOWS") ?? 24, notes: bench.path("notes"))
    try Files.makeDirectories(bench.path("notes"))
    try bench.file("flow.yaml", mix.manifest)
    let done = try await torture(bench, kills: kills, seed: seed)
    print(
      "torture: seed \(seed), \(mix.expectations.count) workflows, \(done.engine) kills of the engine, \(done.supervisors) of supervisors")
    #expect(done.engine >= kills / 2, "the work was over too soon")
    #expect(done.supervisors > 0 || kills < 50, "no supervisor was killed")

    let outcome = try await bench.argosy("list", "--state", "state", "-o", "json")
    let workflows = (try JSON.parse(outcome.out).array ?? []).map { WorkflowView(json: $0) }
    let byName = Dictionary(uniqueKeysWithValues: workflows.map { ($0.name, $0) })
    let ledger = Ledger(bench.lines("notes/ledger"))
    #expect(ledger.overlaps == 0, "seed \(seed): two steps had one lock at once")
    for expected in mix.expectations {
      guard let workflow = byName[expected.name] else {
        Issue.record("seed \(seed): \(expected.name) is lost")
        continue
      }
      #expect(workflow.phase == expected.phase, "seed \(seed): \(workflow.table)")
      let started = ledger.starts.filter { $0.key.hasPrefix(expected.name + "-") }
      let twice = started.filter { $0.value > 1 }
      #expect(twice.isEmpty, "seed \(seed): ran twice: \(twice) in \(workflow.table)")
      // Every start is some pod's of the workflow, every pod that ended well has started and ended.
      let pods = Set(workflow.pods.map { $0.json["id"]?.string ?? "" })
      for pod in started.keys {
        #expect(pods.contains(Ledger.node(of: pod, in: expected.name)), "seed \(seed): \(pod) is nobody's: \(workflow.table)")
      }
      let ended = Set(ledger.ends.filter { $0.key.hasPrefix(expected.name + "-") }.map { Ledger.node(of: $0.key, in: expected.name) })
      for pod in workflow.pods where pod.phase == "Succeeded" {
        #expect(ended.contains(pod.json["id"]?.string ?? ""), "seed \(seed): \(pod.name) never ran: \(workflow.table)")
      }
      if !expected.isVictim {
        #expect(started.count == expected.pods, "seed \(seed): \(started.count) of \(expected.pods): \(workflow.table)")
      }
    }

    try bench.file("afterwards.yaml", mix.afterwards(notes: bench.path("notes")))
    let after = try await bench.argosy("run", "afterwards.yaml", "--state", "state", within: .seconds(180))
    #expect(after.status == 0, "seed \(seed): a lock is still held: \(after)")
    #expect(await bench.settled().isEmpty)
    let left = try await bench.shell(
      "grep -F \"$PWD\" /proc/mounts || true; find /sys/fs/cgroup -path '*argosy*' -name '*\(mix.expectations[0].name)-*' || true")
    #expect(left.isEmpty, "seed \(seed): \(left)")
  }

  /// Runs `flow.yaml` to its end over many kills. Bash does it, since a pause of this process lasts long while other tests run.
  private func torture(_ bench: Bench, kills: Int, seed: Int) async throws -> (engine: Int, supervisors: Int) {
    let counts = try await bench.shell(
      """
      RANDOM=\(seed & 0x7FFF) engine=0 supervisors=0 arguments=flow.yaml
      while :; do
        size=$(stat -c %s notes/ledger 2> /dev/null || echo 0)
        '\(Parts.argosy)' run $arguments --state state --max-pods 12 > run.log 2>&1 & run=$!
        if [ $engine -lt \(kills) ]; then
          # Something has to happen in each life, or the work would never end.
          until [ "$(stat -c %s notes/ledger 2> /dev/null || echo 0)" -gt $size ] || ! kill -0 $run 2> /dev/null; do sleep 0.01; done
          sleep 0.$((RANDOM % 6))$((RANDOM % 10))
          # The supervisor, or the container's first process, which has its arguments.
          victim=$(pgrep -f "argosy-exec .*$PWD/state/pods/[^ ]*_victim-" | shuf -n 1 || true)
          if [ -n "$victim" ] && kill -KILL $victim 2> /dev/null; then supervisors=$((supervisors + 1)); fi
          if kill -KILL $run 2> /dev/null; then engine=$((engine + 1)); fi
        fi
        status=0; wait $run 2> /dev/null || status=$?
        [ $status = 137 ] || break
        arguments=--resume
      done
      echo $engine $supervisors
      """, within: .seconds(1500))
    let numbers = counts.split(whereSeparator: { !$0.isNumber }).compactMap { Int($0) }
    return (numbers.first ?? 0, numbers.last ?? 0)
  }

  /// What the steps have noted.
  private struct Ledger {
    var starts: [String: Int] = [:]
    var ends: [String: Int] = [:]
    var overlaps = 0

    init(_ lines: [String]) {
      for line in lines {
        let words = line.split(separator: " ").map(String.init)
        switch words.first {
        case "start": starts[words[1], default: 0] += 1
        case "end": ends[words[1], default: 0] += 1
        default: overlaps += 1
        }
      }
    }

    /// A pod is named `<workflow>-<template>-<hash>`, its node `<workflow>-<hash>`.
    static func node(of pod: String, in workflow: String) -> String { "\(workflow)-\(pod.split(separator: "-").last ?? "")" }
  }
}
