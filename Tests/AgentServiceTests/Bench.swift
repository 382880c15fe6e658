import Basics
import Contracts
import Glibc
import HTTPAccess
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import AgentService

/// Secrets of the store, as the node service reads them.
struct StoreSecrets: SecretReading {
  let store: ResourceDatabase
  func secret(namespace: String, name: String, key: String) -> [UInt8]? {
    guard let secret = try? store.get(ResourceKey(.secret, namespace: namespace, name: name)) else { return nil }
    return secret.json.at("data", key)?.string.flatMap { Base64.decode($0) }
  }
}

/// An agent with the real client over a store in memory.
final class Bench: Sendable {
  let store: ResourceDatabase
  private let agent: Mutex<AgentService>
  private let settings: AgentSettings

  init(_ change: (inout AgentSettings) -> Void = { _ in }) throws {
    store = try ResourceDatabase(file: ":memory:")
    var settings = AgentSettings()
    // A busy machine must not look like a plugin that hangs: the call would be made once more.
    settings.pluginTimeout = TimeSpan(seconds: 300)
    settings.pluginBackoff = TimeSpan(milliseconds: 20)
    change(&settings)
    self.settings = settings
    agent = Mutex(Self.makeAgent(store, settings))
  }

  private static func makeAgent(_ store: ResourceDatabase, _ settings: AgentSettings) -> AgentService {
    AgentService(store: store, caller: HTTPCaller(), secrets: StoreSecrets(store: store), settings: settings)
  }

  static func with(_ change: (inout AgentSettings) -> Void = { _ in }, _ body: (Bench) async throws -> Void) async throws {
    let bench = try Bench(change)
    try bench.agent.withLock { $0 }.start()
    do { try await body(bench) } catch {
      bench.stop()
      throw error
    }
    bench.stop()
  }

  func stop() { agent.withLock { $0 }.stop() }

  /// Another agent takes over, as after a restart.
  func restart() throws {
    stop()
    let next = Self.makeAgent(store, settings)
    agent.withLock { $0 = next }
    try next.start()
  }

  /// Hands a template to the agent, as the engine does.
  func add(_ node: String, _ template: JSON, run: String = "wf", plugins: JSON? = nil) throws {
    var template = template
    template["name"] = "main"
    var spec: JSON = ["tasks": .object([node: template])]
    spec["executorPlugins"] = plugins
    try store.create(
      Resource(
        .workflowTaskSet,
        json: [
          "metadata": [
            "name": .string(node), "namespace": "default", "labels": ["workflows.argoproj.io/workflow": .string(run)],
            "ownerReferences": [["kind": "Workflow", "name": .string(run), "uid": .string("uid-\(run)")]],
          ], "spec": spec,
        ]))
  }

  func remove(_ node: String) throws { try store.commit([.delete(key(node))]) }

  private func key(_ node: String) -> ResourceKey { ResourceKey(.workflowTaskSet, namespace: "default", name: node) }

  /// What was told of a node so far.
  func told(_ node: String) throws -> JSON? { try store.get(key(node))?.status.at("nodes", node) }

  /// The final result of a node.
  func result(_ node: String) async throws -> JSON {
    var found: JSON?
    try await eventually("node \(node) ends", else: { "\((try? told(node)) ?? "nothing was told")" }) {
      found = try told(node)
      let phase = found?["phase"]?.string ?? "Pending"
      return phase != "Pending" && phase != "Running"
    }
    return try #require(found)
  }

  /// The result of an `http` template.
  func http(_ members: JSON, node: String = "wf-1") async throws -> JSON {
    try add(node, ["http": members])
    return try await result(node)
  }

  /// What the server's `/echo` saw.
  func echo(_ members: JSON) async throws -> Echo {
    let result = try await http(members)
    #expect(result["phase"] == "Succeeded", "\(result)")
    return Echo(json: try JSON.parse(try #require(result.at("outputs", "result")?.string)))
  }
}

struct Echo {
  var json: JSON
  var method: String { json["method"]?.string ?? "" }
  var path: String { json["path"]?.string ?? "" }
  var body: [UInt8] { (json["body"]?.array ?? []).compactMap { $0.int.map { UInt8(truncatingIfNeeded: $0) } } }
  /// Values of a header whose name is written so.
  func header(_ name: String) -> [String] {
    (json["headers"]?.array ?? []).filter { $0[0]?.string == name }.compactMap { $0[1]?.string }
  }
}

struct Late: Error, CustomStringConvertible { var description: String }

/// Waits until something is true.
func eventually(
  _ what: String, within limit: Duration = .seconds(180), else state: () -> String = { "" }, _ isTrue: () async throws -> Bool
) async throws {
  let deadline = ContinuousClock.now + limit
  while try await !isTrue() {
    if ContinuousClock.now > deadline { throw Late(description: "not within \(limit): \(what)\n\(state())") }
    try await Task.sleep(for: .milliseconds(10))
  }
}
