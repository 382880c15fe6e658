import Glibc
import JSONValue
import Testing

/// The encryption of stored Secrets, and entries of kubeconfigs, by the real program.
@Suite("Secrets and kubeconfigs", .needs())
struct SecretsTests {
  private static let objects = """
    apiVersion: v1
    kind: Secret
    metadata: {name: creds, namespace: default}
    stringData: {password: topsecret-word}
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata: {name: robot, namespace: default}

    """

  private static let workflow = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: teller}
    spec:
      entrypoint: main
      volumes: [{name: notes, hostPath: {path: NOTES, type: DirectoryOrCreate}}]
      templates:
        - name: main
          steps:
            - - {name: a, template: tell}
            - - {name: b, template: tell}
        - name: tell
          container:
            image: busybox
            command: [sh, -c, "echo $PASSWORD | tr a-z A-Z >> /notes/ledger; while ! test -e /notes/go; do sleep 0.1; done"]
            env: [{name: PASSWORD, valueFrom: {secretKeyRef: {name: creds, key: password}}}]
            volumeMounts: [{name: notes, mountPath: /notes}]
    """

  private static let flow = objects + "---\n" + workflow

  /// Whether a word, or its Base64, lies in a file of the database.
  private func isStored(_ bench: Bench, _ words: String...) -> Bool {
    Files.names(bench.path("state")).filter { $0.hasPrefix("argosy.db") }.contains { name in
      let bytes = Files.bytes(bench.path("state/\(name)")) ?? []
      return words.contains { Files.contains(bytes, Array($0.utf8)) }
    }
  }

  private func mode(of path: String) -> mode_t {
    var information = stat()
    return stat(path, &information) == 0 ? information.st_mode : 0
  }

  private func key(_ outcome: Outcome) -> String { String(outcome.out.split(separator: " ").last ?? "").trimmed }

  @Test("Secrets are encrypted by the command, read by runs, and encrypted anew while a run goes on")
  func rotation() async throws {
    let bench = try Bench()
    try bench.file("flow.yaml", Self.flow.replacing(all: "NOTES", with: bench.path("notes")))
    let run = ActedRun(bench: bench, state: "state")
    let killed = try run.start(["flow.yaml"])
    try await eventually("the first step runs", else: { "\(killed.outcome)" }) {
      bench.lines("notes/ledger").count == 1 || !killed.isRunning
    }
    let early = try await bench.argosy("secrets", "rotate-key", "--data", "state")
    #expect(early.status == 1 && early.err.contains("are not encrypted"), "\(early)")
    killed.signal(SIGKILL, group: false)
    _ = try await killed.wait()
    #expect(isStored(bench, "topsecret", "dG9wc2VjcmV0"))

    let first = try await bench.run(["env", "ARGOSY_DATA=" + bench.path("state"), Parts.argosy, "secrets", "rotate-key"])
    #expect(first.status == 0 && first.out.contains("of Secrets encrypted with the key"), "\(first)")
    #expect(!isStored(bench, "topsecret", "dG9wc2VjcmV0"))
    #expect(mode(of: bench.path("state/keys/secrets.key")) & 0o777 == 0o600)

    // The run goes on with what is encrypted, and another key comes meanwhile.
    let child = try run.start(["--resume"])
    var second = try await bench.argosy("secrets", "rotate-key", "--data", "state")
    try await eventually("the run listens", else: { "\(second)" }) {
      if second.status != 0 { second = try await bench.argosy("secrets", "rotate-key", "--data", "state") }
      return second.status == 0 || !child.isRunning
    }
    #expect(key(second) != key(first), "\(first) \(second)")
    try bench.file("notes/go", "")
    let outcome = try await child.wait()
    #expect(outcome.status == 0, "\(outcome)")
    #expect(bench.lines("notes/ledger") == ["TOPSECRET-WORD", "TOPSECRET-WORD"])
    #expect(bench.lines("state/keys/secrets.key").count == 1)
    #expect(bench.text("state/keys/secrets.key").hasPrefix(key(second)))
    #expect(!isStored(bench, "topsecret", "dG9wc2VjcmV0"))

    // Without its key the database is refused, and left as it is.
    let lost = bench.path("state/keys/secrets.key")
    try #require(rename(lost, bench.path("kept.key")) == 0)
    let before = Files.bytes(bench.path("state/argosy.db"))
    let refused = try await bench.argosy("list", "--state", "state")
    #expect(refused.status != 0 && refused.err.contains("holds encrypted Secrets"), "\(refused)")
    #expect(Files.bytes(bench.path("state/argosy.db")) == before)
    // Also by those who would make a key.
    let other = try await bench.argosy("secrets", "rotate-key", "--data", "state")
    #expect(other.status != 0 && other.err.contains("which is not among this server's keys"), "\(other)")
    #expect(!bench.exists("state/keys/secrets.key"))
    try #require(rename(bench.path("kept.key"), lost) == 0)
    #expect(chmod(lost, 0o644) == 0)
    let loose = try await bench.argosy("list", "--state", "state")
    #expect(loose.status != 0 && loose.err.contains("chmod 600"), "\(loose)")
    #expect(chmod(lost, 0o600) == 0)
    #expect(try await bench.argosy("list", "--state", "state").status == 0)
    #expect(await bench.settled().isEmpty)
  }

  @Test("a change of the key that is killed at any moment loses no Secret", .timeLimit(.minutes(20)))
  func killedRotation() async throws {
    let bench = try Bench()
    try bench.file("flow.yaml", Self.flow.replacing(all: "NOTES", with: bench.path("notes")))
    try bench.file("notes/go", "")
    let many = (0..<200).map { number in
      "apiVersion: v1\nkind: Secret\nmetadata: {name: s\(number)}\nstringData: {word: topsecret-\(number)-\(String(repeating: "x", count: 2000))}\n"
    }
    try bench.file("many.yaml", many.joined(separator: "---\n"))
    let run = try await bench.argosy("run", "flow.yaml", "--with", "many.yaml", "--state", "state")
    #expect(run.status == 0, "\(run)")
    var kills = 0
    for round in 0..<12 {
      let child = try bench.start([Parts.argosy, "secrets", "rotate-key", "--data", "state"])
      usleep(UInt32(round * 15_000))
      if child.isRunning { kills += 1 }
      child.signal(SIGKILL, group: false)
      _ = try await child.wait()
      let list = try await bench.argosy("list", "--state", "state")
      #expect(list.status == 0, "round \(round): \(list)")
    }
    #expect(kills > 0)
    let last = try await bench.argosy("secrets", "rotate-key", "--data", "state")
    #expect(last.status == 0, "\(last)")
    #expect(bench.lines("state/keys/secrets.key").count == 1)
    #expect(!isStored(bench, "topsecret", "dG9wc2VjcmV0"))
    try bench.file("second.yaml", Self.workflow.replacing(all: "NOTES", with: bench.path("notes")).replacing(all: "teller", with: "second"))
    let second = try await bench.argosy("run", "second.yaml", "--state", "state")
    #expect(second.status == 0, "\(second)")
    #expect(bench.lines("notes/ledger") == Array(repeating: "TOPSECRET-WORD", count: 4))
  }

  @Test("a kubeconfig entry goes into a file that keeps all else, or alone to the output")
  func kubeconfig() async throws {
    let bench = try Bench()
    try bench.file("flow.yaml", Self.flow.replacing(all: "NOTES", with: bench.path("notes")))
    try bench.file("notes/go", "")
    let run = try await bench.argosy("run", "flow.yaml", "--state", "state")
    #expect(run.status == 0, "\(run)")
    let none = try await bench.argosy("kubeconfig", "--data", "nowhere")
    #expect(none.status == 1 && none.err.contains("there is no server's data in nowhere"), "\(none)")

    let alone = try await bench.argosy("kubeconfig", "--data", "state")
    #expect(alone.status == 0 && alone.out.contains("server: https://127.0.0.1:2746") && alone.out.contains("client-key-data:"), "\(alone)")
    #expect(mode(of: bench.path("state/keys")) & 0o777 == 0o700)

    try bench.file(
      "config",
      """
      # mine
      apiVersion: v1
      kind: Config
      current-context: old
      clusters: [{name: old, cluster: {server: "https://old:6443"}}]
      contexts: [{name: old, context: {cluster: old, user: old}}]
      users: [{name: old, user: {token: abc}}]
      """)
    let merged = try await bench.argosy("kubeconfig", "--data", "state", "--server", "https://box:1", "-o", "config")
    #expect(merged.status == 0 && merged.err.contains("comments in") && merged.out.contains("context \"argosy\" written to"), "\(merged)")
    #expect(mode(of: bench.path("config")) & 0o777 == 0o600)
    let text = bench.text("config")
    for part in ["https://old:6443", "token: abc", "https://box:1", "current-context: argosy"] { #expect(text.contains(part), "\(text)") }
    #expect(!bench.exists("config.lock"))

    bench.set("KUBECONFIG", bench.path("other") + ":/nowhere")
    let account = try await bench.argosy(
      "kubeconfig", "--data", "state", "--merge", "--service-account", "default/robot", "--duration", "1h", "--name", "box")
    #expect(account.status == 0, "\(account)")
    #expect(bench.text("other").contains("name: box-default-robot") && bench.text("other").contains("token: ey"), "\(bench.text("other"))")
    let unknown = try await bench.argosy("kubeconfig", "--data", "state", "--service-account", "default/nobody")
    #expect(unknown.status == 1 && unknown.err.contains("serviceaccounts \"nobody\" not found"), "\(unknown)")
    let wrong = try await bench.argosy("kubeconfig", "--data", "state", "--service-account", "nobody")
    #expect(wrong.status == 2, "\(wrong)")

    for (name, content) in [("list", "[1, 2]"), ("broken", "a: [1"), ("two", "kind: Config\n---\nkind: Config\n"), ("pod", "kind: Pod")] {
      try bench.file(name, content)
      let refused = try await bench.argosy("kubeconfig", "--data", "state", "-o", name)
      #expect(refused.status == 1 && refused.err.contains("was left as it is"), "\(refused)")
      #expect(bench.text(name) == content)
    }
    try bench.file("config.lock", "")
    let locked = try await bench.argosy("kubeconfig", "--data", "state", "-o", "config")
    #expect(locked.status == 1 && locked.err.contains("being changed by another program"), "\(locked)")
    #expect(bench.text("config") == text)
  }
}

extension String {
  var trimmed: String { String(self.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed()) }
}
