import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Testing
import WorkflowCore

/// All the runs of one workflow, and what must be equal among them.
struct Trial {
  let seed: UInt64
  let workflow: SimulatedWorkflow

  init(seed: UInt64, workflow: SimulatedWorkflow? = nil) {
    self.seed = seed
    self.workflow = workflow ?? WorkflowGenerator.workflow(seed: seed)
  }

  /// How a run ended.
  struct Outcome {
    var status: String
    var phase: String
    var phases: [String: String]
    var elapsed: Int64
    var commits: Int
  }

  func runAll() {
    guard let plain = run("plain", Perturbation(seed: seed, repetitionPercent: 25)) else { return }
    guard let again = run("again", Perturbation(seed: seed, restoringPercent: share(plain, of: 150))) else { return }
    if plain.status != again.status { report("again", "the same seed ended differently:\n\(plain.status)\n\(again.status)", []) }
    var hostile = Perturbation(seed: seed &+ 1, disturbsMessages: true, repetitionPercent: 25, restoringPercent: share(plain, of: 150))
    compare("hostile", plain, run("hostile", hostile), hostile)
    hostile = Perturbation(seed: seed &+ 2, disturbsMessages: true, crashPercent: 15)
    compare("crashing", plain, run("crashing", hostile), hostile)
    var random = SeededRandom(seed, "commands")
    hostile = Perturbation(
      seed: seed &+ 3, disturbsMessages: random.chance(50), crashPercent: random.chance(50) ? 5 : 0, repetitionPercent: 25)
    let moment = Int64(random.below(Int(plain.elapsed) + 1000))
    switch random.below(4) {
    case 0: hostile.commands = [(moment, .stop(message: nil))]
    case 1: hostile.commands = [(moment, .terminate)]
    case 2: hostile.commands = [(moment, .stop(message: nil)), (moment + Int64(random.below(3000)), .terminate)]
    default: hostile.commands = [(moment, .suspend), (moment + Int64(random.below(60_000)), .resume())]
    }
    _ = run("commanded", hostile)
  }

  /// One run for each commit of the plain one, with a crash right after it.
  func runCrashes() {
    guard let plain = run("plain", Perturbation(seed: seed, repetitionPercent: 100, restoringPercent: 100)) else { return }
    for commit in 1...plain.commits {
      let perturbation = Perturbation(seed: seed, crashAfterCommit: commit)
      compare("crash after commit \(commit)", plain, run("crash after commit \(commit)", perturbation), perturbation)
    }
  }

  /// Runs that are ended at moments spread over the plain one, in each way.
  func runShutdowns() {
    guard let plain = run("plain", Perturbation(seed: seed)) else { return }
    for moment in stride(from: 0, through: plain.elapsed, by: max(500, Int64.Stride(plain.elapsed / 6))) {
      for command in [RunCommand.stop(message: nil), .terminate] {
        let perturbation = Perturbation(
          seed: seed, crashPercent: 10, repetitionPercent: 10, restoringPercent: 10, commands: [(moment, command)])
        _ = run("\(command) at \(moment) ms", perturbation)
      }
    }
  }

  /// A percentage that makes about so many checks in a run, whose cost grows with the square of its size.
  private func share(_ plain: Outcome, of budget: Int) -> Int {
    min(100, budget * 100 / max(1, plain.commits * max(1, plain.phases.count)))
  }

  private func compare(_ name: String, _ plain: Outcome, _ other: Outcome?, _ perturbation: Perturbation) {
    guard let other, !workflow.isTimingDependent, plain.phases != other.phases else { return }
    var lines: [String] = []
    for node in Set(plain.phases.keys).union(other.phases.keys).sorted() where plain.phases[node] != other.phases[node] {
      lines.append("\(node): \(plain.phases[node] ?? "none") without, \(other.phases[node] ?? "none") with")
    }
    report(name, "nodes ended differently than in a kind world:\n  " + lines.joined(separator: "\n  "), trace(perturbation))
  }

  private func run(_ name: String, _ perturbation: Perturbation) -> Outcome? {
    var world = SimulationWorld(workflow, seed: seed, perturbation: perturbation)
    do throws(Violation) {
      try world.runToEnd()
    } catch {
      report(name, error.description, trace(perturbation))
      return nil
    }
    var phases: [String: String] = [:]
    for node in world.view.nodes { phases[node.name] = node.phase }
    phases[""] = world.state.phase.rawValue
    return Outcome(
      status: world.state.status().text(.canonical), phase: world.state.phase.rawValue, phases: phases, elapsed: world.elapsed,
      commits: world.commits)
  }

  /// The same run once more, with everything written down.
  private func trace(_ perturbation: Perturbation) -> [String] {
    var world = SimulationWorld(workflow, seed: seed, perturbation: perturbation)
    world.keepsTrace = true
    do throws(Violation) { try world.runToEnd() } catch {}
    return world.trace
  }

  private func report(_ run: String, _ problem: String, _ trace: [String]) {
    Issue.record(
      """
      seed \(seed), run "\(run)": \(problem)
      --- manifest
      \(workflow.text)
      --- trace (the last of \(trace.count))
      \(trace.suffix(60).joined(separator: "\n"))
      --- end of seed \(seed)
      """)
  }
}
