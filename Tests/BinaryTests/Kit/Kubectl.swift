import Glibc
import Testing

/// Real kubectl programs of several versions.
enum Kubectl {
  private static let directories = ["/usr/lib/google-cloud-sdk/bin"]

  /// By version (`1.27`), and `main` for the one on the path.
  static let programs: [(version: String, path: String)] = {
    var result: [(String, String)] = []
    let places = Parts.path.split(separator: ":").map(String.init) + directories
    for version in (24...40).map({ "1.\($0)" }) {
      if let place = places.first(where: { Files.isExecutable("\($0)/kubectl.\(version)") }) {
        result.append((version, "\(place)/kubectl.\(version)"))
      }
    }
    if result.isEmpty, let path = Parts.path(of: "kubectl") { result.append(("main", path)) }
    return result
  }()

  /// The oldest, one of the middle and the newest.
  static let chosen: [String] = {
    let all = programs.map(\.version)
    guard all.count > 3, let first = all.first, let last = all.last else { return all }
    return [first, all[all.count / 2], last]
  }()
  static var newest: String { programs.last?.version ?? "" }
  static func path(_ version: String) -> String { programs.first { $0.version == version }?.path ?? "kubectl" }
}

extension Trait where Self == ConditionTrait {
  /// Skips where there is no kubectl.
  static var needsKubectl: Self {
    .enabled(if: !Kubectl.programs.isEmpty && Parts.isBuilt, "missing here: kubectl, or the built argosy")
  }
}

/// One `argosy server` on a free port, with data of its own, and kubectl that talks to it as the administrator.
final class ServedCluster: Sendable {
  let bench: Bench
  let server: Child
  let url: String
  let data: String

  /// - Parameter arguments: further ones of `argosy server`.
  init(bench: Bench? = nil, _ arguments: String...) async throws {
    let bench = try bench ?? Bench()
    self.bench = bench
    data = bench.path("data")
    bench.set("KUBECONFIG", bench.path("kubeconfig"))
    let server = try bench.start([Parts.argosy, "server", "--data", data, "--listen", "127.0.0.1:0", "--log", "errors"] + arguments)
    self.server = server
    var found: String?
    try await eventually("argosy server tells its address", within: .seconds(180), else: { server.outcome.description }) {
      found = server.outcome.out.split(separator: "\n").first { $0.contains(" serves http") }?.split(separator: " ").last.map(String.init)
      return found != nil || !server.isRunning
    }
    url = try #require(found, "argosy server ended: \(server.outcome)")
    let written = try await bench.run([Parts.argosy, "kubeconfig", "--data", data, "--output", bench.path("kubeconfig")])
    #expect(written.status == 0, "\(written)")
  }

  /// Runs kubectl, with words as a shell would split them at spaces.
  func kubectl(_ words: String, version: String = Kubectl.newest, input: String? = nil, within limit: Duration = .seconds(600)) async throws
    -> Outcome
  {
    try await kubectl(words.split(separator: " ").map(String.init), version: version, input: input, within: limit)
  }

  func kubectl(_ arguments: [String], version: String = Kubectl.newest, input: String? = nil, within limit: Duration = .seconds(600))
    async throws -> Outcome
  {
    try await bench.run([Kubectl.path(version)] + arguments, input: input, within: limit)
  }

  /// Runs kubectl; fails the test when it fails. Gives what it printed.
  @discardableResult func ok(
    _ words: String, version: String = Kubectl.newest, input: String? = nil, within limit: Duration = .seconds(600),
    _ location: SourceLocation = #_sourceLocation
  ) async throws -> String {
    let outcome = try await kubectl(words, version: version, input: input, within: limit)
    #expect(outcome.status == 0, "kubectl \(words)\n\(outcome)", sourceLocation: location)
    return outcome.out
  }

  /// Ends the server by a signal and waits for it.
  func stop() async throws -> Outcome {
    server.signal(SIGTERM, group: false)
    return try await server.wait()
  }
}
