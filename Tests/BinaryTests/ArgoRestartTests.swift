import Glibc
import Testing

/// What follows a run while its server goes and comes again.
@Suite(.needsKubectl) struct ArgoRestartTests {
  @Test("who waits for a run goes on waiting when the server is restarted") func restart() async throws {
    let cluster = try await ArgoCommandTests().served()
    let bench = cluster.bench
    try bench.file(
      "held.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: held}
      spec:
        entrypoint: main
        templates: [{name: main, suspend: {}}]
      """)
    #expect(try await bench.run(["argo", "submit", "-n", "argo", "held.yaml", "-o", "name"]).out == "held\n")
    let waiting = try bench.start(["argo", "wait", "-n", "argo", "held"])
    let watching = try bench.start(["argo", "watch", "-n", "argo", "held"])
    try await eventually("the watch shows the run", else: { watching.outcome.description }) {
      watching.outcome.out.contains("Running (Suspended)")
    }
    try await eventually("both have their streams") {
      try await cluster.ok("get --raw /metrics").contains("\napiserver_longrunning_requests 2\n")
    }
    #expect(try await cluster.stop().status == 0)
    let address = String(cluster.url.dropFirst("https://".count))
    let second = try bench.start([Parts.argosy, "server", "--data", cluster.data, "--listen", address, "--log", "errors"])
    try await eventually("the server is back", within: .seconds(600), else: { second.outcome.description }) {
      second.outcome.out.contains(" serves http")
    }
    #expect(waiting.isRunning && watching.isRunning)
    try await eventually("the run is resumed") { try await bench.run(["argo", "resume", "-n", "argo", "held"]).status == 0 }
    let waited = try await waiting.wait()
    #expect(waited.status == 0 && waited.out.hasPrefix("held Succeeded at "), "\(waited)")
    let watched = try await watching.wait()
    #expect(watched.status == 0 && watched.out.contains("Status:              Succeeded"), "\(watched)")
    second.signal(SIGTERM, group: false)
    #expect(try await second.wait().status == 0)
  }

  @Test("who follows a log has each line once, however often the server is restarted or killed") func logs() async throws {
    let cluster = try await ArgoCommandTests().served()
    let bench = cluster.bench
    try Files.makeDirectories(bench.path("d"))
    try bench.file(
      "counting.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: counting}
      spec:
        entrypoint: main
        volumes: [{name: d, hostPath: {path: "\(bench.path("d"))"}}]
        templates:
          - name: main
            steps: [[{name: a, template: count}, {name: b, template: count}]]
          - name: count
            container:
              image: busybox
              command: [sh, -c, "i=0; until test -e /d/stop; do i=$((i+1)); echo $i; sleep 0.03; done; echo end"]
              volumeMounts: [{name: d, mountPath: /d}]
      """)
    #expect(try await bench.run(["argo", "submit", "-n", "argo", "counting.yaml", "-o", "name"]).out == "counting\n")
    let following = try bench.start(["argo", "logs", "-n", "argo", "@latest", "-f"])
    let late = try bench.start(["argo", "logs", "-n", "argo", "counting", "-f", "--tail", "1", "--timestamps"])
    func count() -> Int { following.outcome.out.split(separator: "\n").count }
    func goesOn() async throws {
      let before = count()
      try await eventually("lines come", else: { following.outcome.description }) { count() > before + 20 }
    }
    try await goesOn()
    try await eventually("the other one follows too", else: { late.outcome.description }) { !late.outcome.out.isEmpty }
    var server = cluster.server
    for signal in [SIGTERM, SIGKILL] {
      server.signal(signal, group: false)
      _ = try await server.wait()
      let address = String(cluster.url.dropFirst("https://".count))
      server = try bench.start([Parts.argosy, "server", "--data", cluster.data, "--listen", address, "--log", "errors"])
      try await goesOn()
    }
    try bench.file("d/stop", "")
    let followed = try await following.wait()
    #expect(followed.status == 0 && followed.err.isEmpty, "\(followed)")
    let lines = followed.out.split(separator: "\n")
    let byPod = Dictionary(grouping: lines) { $0.prefix { $0 != ":" } }.mapValues { $0.map { $0.split(separator: " ").last ?? "" } }
    #expect(byPod.count == 2)
    for (pod, texts) in byPod { #expect(texts == (1..<texts.count).map { "\($0)" } + ["end"], "\(pod): \(texts)") }
    let tail = try await late.wait()
    #expect(tail.status == 0, "\(tail)")
    let numbers = Dictionary(grouping: tail.out.split(separator: "\n")) { $0.prefix { $0 != ":" } }.mapValues { lines in
      lines.compactMap { Int($0.split(separator: " ").last ?? "") }
    }
    for (pod, found) in numbers { #expect(found == Array((found.first ?? 0)..<(found.first ?? 0) + found.count), "\(pod): \(found)") }
    server.signal(SIGTERM, group: false)
    #expect(try await server.wait().status == 0)
  }

  @Test("a client whom the server has no time for comes back when it says so") func busy() async throws {
    let bench = try Bench()
    let server = try bench.start([
      Parts.argosy, "server", "--data", "data", "--listen", "127.0.0.1:0", "--auth-mode", "server", "--api-rate-limit", "1",
    ])
    try await eventually("the server serves", else: { server.outcome.description }) { server.outcome.out.contains(" serves https://") }
    for _ in 0..<4 {
      let listed = try await bench.run([
        Parts.argosy, "list", "-n", "default", "--kubeconfig", "/dev/null", "-s", Self.address(server), "-k",
      ])
      #expect(listed.status == 0 && listed.out.contains("No workflows found"), "\(listed)")
    }
    server.signal(SIGTERM, group: false)
    #expect(try await server.wait().status == 0)
  }

  private static func address(_ server: Child) -> String {
    let text = server.outcome.out
    guard let range = text.firstRange(of: " serves https://") else { return "" }
    return String(text[range.upperBound...].prefix { !$0.isWhitespace })
  }
}
