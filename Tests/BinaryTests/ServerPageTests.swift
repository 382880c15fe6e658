import Glibc
import Testing

@Suite(.needsKubectl) struct ServerPageTests {
  @Test("the page's commands do what it says") func page() async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    let page = Project.root + "/docs/server.md"
    try bench.file("hello.yaml", try Readme.block("yaml", of: page))
    #expect(symlink(Kubectl.path(Kubectl.newest), bench.path("bin/kubectl")) == 0)
    bench.set("ARGOSY_DATA", cluster.data)
    let printed = try await bench.shell(try Readme.commands(page))
    #expect(printed.contains("hello from a server"), "\(printed)")
    #expect(printed.contains("Succeeded"), "\(printed)")
  }
}
