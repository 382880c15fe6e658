import JSONValue
import Testing

/// The example that asks a service and writes under a lock.
@Suite("Settings", .needs("python3"))
struct SettingsTests {
  private static let folder = Project.examples + "/settings"

  @Test("the README's commands sum up what the service says, and a second run takes what is new")
  func readme() async throws {
    let bench = try Bench()
    try bench.file("settings.yaml", Files.text(Self.folder + "/settings.yaml"))
    let commands = try Readme.commands(Self.folder + "/README.md").split(separator: "\n")
    try await bench.shell(commands.prefix(2).joined(separator: "\n"))
    let server = try await Server(
      ["python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "--directory", bench.path("served"), "0"], directory: bench.directory)
    let rest = commands.dropFirst(2).joined(separator: "\n")
      .replacing(all: "argosy run settings.yaml", with: "argosy run settings.yaml -p service=\(server.url)")
    #expect(try await bench.shell(rest).contains("{'parameters': [{'name': 'total', 'value': '9'}]}"))
    try await bench.shell("echo '{\"replicas\": 5}' > served/us.json")
    #expect(try await bench.shell(rest).contains("{'parameters': [{'name': 'total', 'value': '11'}]}"))
    try await bench.shell("echo '{\"replicas\": 0}' > served/eu.json")
    let failed = try await bench.argosy(
      "run", "settings.yaml", "--state", "state", "-p", "service=\(server.url)", "-o", "json")
    #expect(failed.status == 1, "\(failed)")
    #expect(try failed.workflow().nodes(of: "ask").contains { $0.message.contains("successCondition") }, "\(failed)")
  }
}
