import Glibc
import Testing
import WorkflowCore

/// Random workflows in a world that shuffles, repeats and loses what it tells and that loses its memory after any commit.
///
/// `ARGOSY_SEEDS=5000` runs more seeds, `ARGOSY_SEED=17` one alone, `ARGOSY_FIRST_SEED=1000` others.
@Suite struct SimulationTests {
  static let chunk = 10
  static let chunks: [[UInt64]] = {
    if let one = variable("ARGOSY_SEED") { return [[one]] }
    let first = variable("ARGOSY_FIRST_SEED") ?? 1
    let seeds = Array(first..<first + (variable("ARGOSY_SEEDS") ?? 300)).filter { disabledSeeds[$0] == nil }
    return stride(from: 0, to: seeds.count, by: chunk).map { Array(seeds[$0..<min($0 + chunk, seeds.count)]) }
  }()

  private static func variable(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
  }

  @Test("a seed that failed once does not fail again", arguments: failedSeeds)
  func regression(seed: UInt64) { Trial(seed: seed).runAll() }

  @Test("a seed that failed once does not fail again when its run goes on", arguments: failedSeedsOfGoingOn)
  func regressionGoingOn(seed: UInt64) { GoingOn(seed: seed).run() }

  @Test("random workflows keep their promises in a hostile world", arguments: chunks)
  func random(seeds: [UInt64]) { for seed in seeds { Trial(seed: seed).runAll() } }

  @Test("a crash after any commit changes nothing", arguments: SmallWorkflow.all)
  func crashes(workflow: SmallWorkflow) {
    for seed: UInt64 in 1...2 { Trial(seed: seed, workflow: workflow.simulated).runCrashes() }
  }

  @Test("a stop or terminate at any moment ends the run", arguments: SmallWorkflow.all)
  func shutdowns(workflow: SmallWorkflow) {
    Trial(seed: 1, workflow: workflow.simulated).runShutdowns()
  }

  @Test("retries, forks and memoized resubmissions of random runs end, run nothing twice, and mend what failed", arguments: chunks)
  func goingOn(seeds: [UInt64]) { for seed in seeds { GoingOn(seed: seed).run() } }
}
