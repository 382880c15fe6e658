import Basics
import Contracts
import JSONValue
import KubeModel

/// The graph and the retries of a container set (spec sections 1.4 and 4.2).
struct ContainerSet {
  private let json: JSON

  /// Nil for other templates.
  init?(_ template: JSON) {
    guard let json = template["containerSet"] else { return nil }
    self.json = json
  }

  private var members: [JSON] { json["containers"]?.array ?? [] }

  /// Throws ``PodFailure`` where some containers would wait for ever.
  func check() throws(PodFailure) {
    var open = members.map { (name: $0["name"]?.string ?? "", dependencies: dependencies(of: $0)) }
    var met: Set<String> = []
    while let next = open.firstIndex(where: { $0.dependencies.allSatisfy(met.contains) }) { met.insert(open.remove(at: next).name) }
    if let stuck = open.first {
      throw PodFailure("containerSet: the dependencies of container \"\(stuck.name)\" can never be met")
    }
  }

  private func dependencies(of container: JSON) -> [String] { (container["dependencies"]?.array ?? []).compactMap(\.string) }

  /// Tells a container of the set what it waits for and how often its command is run.
  func apply(to plan: inout PodPlan.Container) {
    guard let container = members.first(where: { $0["name"]?.string == plan.name }) else { return }
    plan.dependencies = dependencies(of: container)
    guard let retries = json.at("retryStrategy", "retries") else { return }
    // N attempts in all, and none for 0: what the original does, other than its documentation says.
    plan.attempts = max(0, Int(clamping: retries.int ?? retries.string.flatMap { Int64($0) } ?? 0))
    guard let text = json.at("retryStrategy", "duration")?.string, !text.isEmpty else { return }
    do throws(DurationError) {
      let pause = try GoDuration(parsing: text)
      if pause.nanoseconds < 0 {
        plan.refusal = "failed to get retry strategy: duration has to be positive, current duration: \(pause) "
      } else {
        plan.attemptPause = pause.timeSpan.milliseconds
      }
    } catch {
      plan.refusal = "failed to get retry strategy: \(error)"
    }
  }
}
