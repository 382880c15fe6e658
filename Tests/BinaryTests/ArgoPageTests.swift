import Testing

/// Runs what docs/argo-cli.md tells its reader to type.
@Suite(.needsKubectl) struct ArgoPageTests {
  private static let page = Project.root + "/docs/argo-cli.md"

  @Test("the page's commands work in their order") func page() async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    bench.set("HOME", bench.directory)
    bench.set("KUBECONFIG", "")
    bench.set("ARGOSY_DATA", cluster.data)
    try bench.file("hello.yaml", try Readme.block("yaml", of: Self.page))
    let commands = try Readme.commands(Self.page)
    let printed = try await bench.shell("kubectl() { \(Kubectl.path(Kubectl.newest)) \"$@\"; }\n" + commands, within: .seconds(300))
    #expect(printed.contains("Status:              Succeeded"), "\(printed)")
    #expect(printed.contains("Created \"number\"") && printed.contains("✔ no linting errors found!"), "\(printed)")
    #expect(printed.contains("Forked From:"), "\(printed)")
    #expect(printed.contains("' deleted\n") && printed.contains("' deleted (dry-run)\n"), "\(printed)")
  }
}
