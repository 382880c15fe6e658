import JSONValue
import Synchronization
import Testing

@testable import CommandLine

@Suite("The flags of server") struct ServerFlagTests {
  private final class Seen: Sendable {
    let options = Mutex<ServerOptions?>(nil)
  }

  private func run(_ line: String, _ environment: [String: String] = [:]) async -> (status: Int32, options: ServerOptions?, errors: String)
  {
    let seen = Seen()
    let errors = MemorySink()
    let dependencies = CommandDependencies(
      run: { _ in 0 }, lint: { _ in LintOutcome(exitStatus: 0) { _, _ in "" } }, probe: { [] }, parseDocument: { _ in .null },
      server: { options in
        seen.options.withLock { $0 = options }
        return 0
      }, program: .argo, output: MemorySink(), errors: errors, isTerminal: false,
      environment: { environment[$0] })
    let status = await ArgosyCommandLine.main(["server"] + line.split(separator: " ").map(String.init), dependencies: dependencies)
    return (status, seen.options.withLock { $0 }, errors.text)
  }

  @Test("how much of the past of Terraform's states is kept")
  func terraform() async throws {
    let options = try #require(await run("--tfstate-versions 5 --tfstate-days 0").options)
    #expect(options.terraformVersions == 5 && options.terraformDays == 0)
    let refused = await run("--tfstate-days=-1")
    #expect(refused.options == nil && refused.errors.contains("--tfstate-days must be a number"), "\(refused)")
  }

  @Test("the original's flags are taken, with their meaning")
  func original() async throws {
    let outcome = await run(
      "--auth-mode client --auth-mode=server -p 0 --secure=false --namespaced --managed-namespace team --base-href /argo --api-rate-limit 5 "
        + "--x-frame-options SAMEORIGIN --access-control-allow-origin * --allowed-link-protocol https --event-async-dispatch=true "
        + "--event-worker-count 2 --event-operation-queue-size 3")
    let options = try #require(outcome.options, "\(outcome)")
    var expected = ServerOptions()
    (expected.port, expected.isInsecure) = (0, true)
    expected.argo.authModes = [.client, .server]
    (expected.argo.baseHref, expected.argo.managedNamespace, expected.argo.rateLimit) = ("/argo/", "team", 5)
    (expected.argo.frameOptions, expected.argo.allowedOrigin, expected.argo.linkProtocols) = ("SAMEORIGIN", "*", ["https"])
    (expected.argo.dispatchesEventsLater, expected.argo.eventWorkers, expected.argo.eventQueueSize) = (true, 2, 3)
    #expect(options == expected && outcome.errors == "")
    #expect(await run("--namespaced -n mine").options?.argo.managedNamespace == "mine")
    #expect(await run("").options == ServerOptions())
  }

  @Test("variables stand for flags that are not given")
  func variables() async {
    let environment = [
      "ARGO_BASE_HREF": "/argo", "ARGO_SECURE": "false", "ARGO_AUTH_MODE": "server", "ARGO_PORT": "1", "ARGO_NAMESPACED": "true",
      "ARGO_MANAGED_NAMESPACE": "team", "ARGO_SERVER": "elsewhere:1",
    ]
    let options = await run("-p 7 --auth-mode client", environment).options
    #expect(options?.argo.baseHref == "/argo/" && options?.isInsecure == true && options?.port == 7)
    #expect(options?.argo.authModes == [.client] && options?.argo.managedNamespace == "team")
    #expect(await run("--secure", environment).options?.isInsecure == false)
    #expect(await run("", ["ARGO_PORT": "x"]).status == 1)
  }

  @Test("flags without a meaning here are accepted, and said once each")
  func remarks() async {
    let outcome = await run(
      "--configmap other --tls-certificate-secret-name s -b --kube-api-qps 20 --kube-api-burst 30 --log-format json --loglevel debug --hsts=false "
        + "--managed-namespace x")
    #expect(outcome.status == 0 && outcome.options?.argo.managedNamespace == nil)
    #expect(outcome.errors.split(separator: "\n").count == 6 && outcome.errors.contains("argo: --configmap other:"), "\(outcome.errors)")
  }

  @Test(
    "A server without login is for this machine, unless somebody says otherwise in words",
    arguments: [
      ("--auth-mode server", true), ("--auth-mode server --listen 0.0.0.0:2746", false),
      ("--auth-mode server --listen 0.0.0.0:2746 --allow-unauthenticated-network", true), ("--listen 0.0.0.0:2746", true),
      ("--auth-mode sso", false), ("--auth-mode none", false), ("--base-href argo", false), ("--event-worker-count 0", false),
      ("--port 99999", false), ("--secure=false --listen 10.0.0.1:1", false),
    ])
  func authModes(line: String, isTaken: Bool) async {
    let outcome = await run(line)
    #expect((outcome.options != nil) == isTaken && outcome.errors.isEmpty == isTaken, "\(outcome)")
  }
}
