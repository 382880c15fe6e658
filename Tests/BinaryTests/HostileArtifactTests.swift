import Glibc
import JSONValue
import Testing

/// What users' programs write is looked at with a real browser by somebody whom the server lets do everything.
@Suite("Hostile artifacts", .needs("curl", "chromium-headless-shell")) struct HostileArtifactTests {
  /// Runs its script in three ways, the last of them in the name of who looks at it.
  private static let page = """
    <html><body><p id="text">a report</p>
    <script>document.getElementById('text').append(' - the script' + ' ran')</script>
    <img src="x" onerror="document.getElementById('text').append(' - the script' + ' ran')">
    <svg onload="document.getElementById('text').append(' - the script' + ' ran')"></svg>
    <script>var request = new XMLHttpRequest(); request.open('DELETE', '/api/v1/workflows/default/hostile', false); request.send()</script>
    </body></html>
    """
  private static let picture = """
    <svg xmlns="http://www.w3.org/2000/svg"><text id="text">a picture</text>
    <script>document.getElementById('text').textContent = 'the script' + ' ran'</script></svg>
    """

  /// What a browser shows of an address, as a document.
  private func shown(_ address: String, _ bench: Bench) async throws -> String {
    let outcome = try await bench.run([
      "chromium-headless-shell", "--no-sandbox", "--disable-gpu", "--user-data-dir=\(bench.path("browser"))", "--timeout=20000",
      "--dump-dom",
      address,
    ])
    #expect(outcome.status == 0, "\(outcome)")
    return outcome.out
  }

  @Test("a page and a picture that an artifact holds are shown, and their scripts do not run") func inert() async throws {
    let bench = try Bench()
    let page = try bench.file("page.html", Self.page)
    // The browser runs them where nobody forbids it.
    #expect(try await shown("file://\(page)", bench).contains("a report - the script ran"))

    let cluster = try await ServedCluster(bench: bench, "--insecure-http", "--auth-mode", "server")
    func send(_ method: String, _ path: String, _ body: String = "") async throws -> ArgoCurl.Answer {
      let words = body.isEmpty ? [] : ["--data-binary", body]
      return ArgoCurl.answer(try await bench.run(["curl", "-sS", "-D", "-", "-X", method, cluster.url + path] + words).out)
    }
    let workflow: JSON = [
      "metadata": ["name": "hostile"],
      "spec": [
        "entrypoint": "main",
        "templates": [
          [
            "name": "main",
            "container": [
              "image": "busybox", "command": ["sh", "-c"],
              "args": [
                .string(
                  "mkdir /out; cat > /out/page.html <<'END'\n\(Self.page)\nEND\ncat > /out/picture.svg <<'END'\n\(Self.picture)\nEND\n"
                    + "cat /out/page.html; touch \"/out/<img src=x onerror=document.body.append('the-script'+'-ran')>\"")
              ],
            ], "outputs": ["artifacts": [["name": "out", "path": "/out", "archive": ["none": [:]]]]],
          ]
        ],
      ],
    ]
    let created = try await send("POST", "/api/v1/workflows/default", JSON.object(["workflow": workflow]).text())
    #expect(created.status == 200, "\(created)")
    try await eventually("the workflow has ended", within: .seconds(600)) {
      try await send("GET", "/api/v1/workflows/default/hostile?fields=status.phase").json.at("status", "phase")?.string == "Succeeded"
    }
    let files = "\(cluster.url)/artifact-files/default/workflows/hostile/hostile/outputs/out"
    for (address, text) in [("\(files)/page.html", "a report"), ("\(files)/picture.svg", "a picture"), ("\(files)/", "page.html</a>")] {
      let document = try await shown(address, bench)
      #expect(document.contains(text), "\(document)")
      #expect(!document.contains("the script ran") && !document.contains("the-script-ran"), "\(document)")
    }
    let log = try await shown("\(cluster.url)/api/v1/workflows/default/hostile/log?logOptions.container=main", bench)
    #expect(log.contains("a report"), "\(log)")
    #expect(!log.contains("the script ran"), "\(log)")
    #expect(try await send("GET", "/api/v1/workflows/default/hostile").status == 200, "a page deleted the workflow")
  }
}
