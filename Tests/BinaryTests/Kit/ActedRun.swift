import JSONValue
import Testing

/// A run over a kept state that is driven by commands from outside.
struct ActedRun: Sendable {
  let bench: Bench
  let state: String

  /// Starts `argosy run` over the state.
  func start(_ arguments: [String]) throws -> Child {
    try bench.start([Parts.argosy, "run"] + arguments + ["--state", state, "-o", "json"])
  }

  /// Runs a command on the state to its end.
  @discardableResult func command(_ arguments: String...) async throws -> Outcome {
    try await bench.run([Parts.argosy] + arguments + ["--state", state])
  }

  /// The newest workflow as `get` shows it; nil before there is one.
  func view() async throws -> WorkflowView? {
    let outcome = try await command("get", "@latest", "-o", "json")
    return outcome.status == 0 ? (try? JSON.parse(outcome.out)).map { WorkflowView(json: $0) } : nil
  }

  /// The nodes that wait to be resumed, once there are some.
  func suspended(_ child: Child) async throws -> [WorkflowView.Node] {
    var found: [WorkflowView.Node] = []
    try await eventually("a node is suspended", else: { "\(child.outcome)" }) {
      found = try await view()?.nodes.filter { $0.type == "Suspend" && $0.phase == "Running" } ?? []
      return !found.isEmpty || !child.isRunning
    }
    return found
  }
}
