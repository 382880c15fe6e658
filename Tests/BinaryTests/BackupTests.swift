import Glibc
import JSONValue
import Testing

/// Backups of a server that runs, and going on with them.
@Suite("Backup and restore", .needsKubectl) struct BackupTests {
  /// A server on restored data, reached with the credentials of the first one.
  private final class Restored: Sendable {
    let child: Child
    let url: String

    init(_ bench: Bench, data: String) async throws {
      let child = try bench.start([Parts.argosy, "server", "--data", data, "--listen", "127.0.0.1:0", "--log", "errors"])
      self.child = child
      var found: String?
      try await eventually("the restored server tells its address", within: .seconds(600), else: { child.outcome.description }) {
        found = child.outcome.out.split(separator: "\n").first { $0.contains(" serves http") }?.split(separator: " ").last.map(String.init)
        return found != nil || !child.isRunning
      }
      url = try #require(found, "argosy server ended: \(child.outcome)")
    }
  }

  private static func workflow(_ name: String, _ marks: String) -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: \(name), namespace: default}
    spec:
      entrypoint: main
      volumes:
      - {name: d, hostPath: {path: "\(marks)"}}
      - {name: data, persistentVolumeClaim: {claimName: data}}
      templates:
      - name: main
        steps:
        - - {name: first, template: first}
        - - {name: second, template: second}
        - - {name: third, template: third, arguments: {artifacts: [{name: in, from: "{{steps.first.outputs.artifacts.made}}"}]}}
      - name: first
        container:
          image: alpine
          command: [sh, -c, "echo first of \(name) | tee -a /d/first-\(name); echo kept > /data/\(name); echo artifact of \(name) > /tmp/made"]
          volumeMounts: [{name: d, mountPath: /d}, {name: data, mountPath: /data}]
        outputs: {artifacts: [{name: made, path: /tmp/made}]}
      - name: second
        container:
          image: alpine
          command: [sh, -c, "echo second >> /d/second-\(name); while [ ! -e /d/go-\(name) ]; do sleep 0.05; done"]
          volumeMounts: [{name: d, mountPath: /d}]
      - name: third
        inputs: {artifacts: [{name: in, path: /tmp/in}]}
        container:
          image: alpine
          command: [sh, -c, "cat /tmp/in /data/\(name); echo $WORD"]
          env: [{name: WORD, valueFrom: {secretKeyRef: {name: word, key: word}}}]
          volumeMounts: [{name: data, mountPath: /data}]
    ---

    """
  }

  private static let claim = """
    apiVersion: v1
    kind: PersistentVolumeClaim
    metadata: {name: data, namespace: default}
    spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Mi}}}
    ---

    """

  private func phase(_ name: String, _ phase: String, _ cluster: ServedCluster, _ more: String = "") async throws {
    try await cluster.ok("wait \(more) --for=jsonpath={.status.phase}=\(phase) wf/\(name) --timeout=120s", within: .seconds(150))
  }

  @Test("a backup of a server under load is restored, and what ran at that moment goes on", arguments: ["copy.tar.gz", "copy"])
  func goesOn(form: String) async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    let marks = bench.path("marks")
    try Files.makeDirectories(marks)
    try await cluster.ok("create secret generic word --from-literal=word=sesame")
    try await cluster.ok("create sa robot")
    try await cluster.ok("create rolebinding robot --clusterrole=view --serviceaccount=default:robot")
    let token = try await cluster.ok("create token robot").trimmed
    try bench.file("objects.yaml", Self.claim + Self.workflow("done", marks) + Self.workflow("open", marks))
    try await cluster.ok("create --validate=false -f objects.yaml")
    try bench.file("marks/go-done", "")
    try await phase("done", "Succeeded", cluster)
    try await eventually("the second step of open runs", within: .seconds(600)) { bench.exists("marks/second-open") }

    // Writers that go on while the backup is made.
    let load = try bench.start([
      "bash", "-c",
      "for i in $(seq 1 100000); do \(Kubectl.path(Kubectl.newest)) create cm load-$i --from-literal=n=$i -o name || exit; done",
    ])
    try await eventually("the load has begun", within: .seconds(600)) { load.outcome.out.split(separator: "\n").count > 3 }
    let made = try await bench.argosy("backup", form, "--data", cluster.data)
    #expect(made.status == 0 && made.out.contains("at revision"), "\(made)")
    load.signal(SIGKILL)
    _ = try await load.wait()
    let written = load.outcome.out.split(separator: "\n").count

    // What the backup must not know: it is of before.
    try await cluster.ok("delete wf done")
    try await cluster.ok("create cm later --from-literal=a=b")
    let verified = try await bench.argosy("backup", "verify", form)
    #expect(verified.status == 0 && verified.out.contains("is whole"), "\(verified)")

    let refused = try await bench.argosy("restore", form, "--data", cluster.data)
    #expect(refused.status == 1 && refused.err.contains("is in use by process \(cluster.server.pid)"), "\(refused)")
    #expect(try await cluster.stop().status == 0)
    let full = try await bench.argosy("restore", form, "--data", cluster.data)
    #expect(full.status == 1 && full.err.contains("has a server's data already"), "\(full)")

    let data = bench.path("restored")
    let restored = try await bench.argosy("restore", form, "--data", data)
    #expect(restored.status == 0, "\(restored)")
    // The first data are gone: nothing of the restored server needs them.
    Files.remove(tree: cluster.data)
    #expect(Files.names(bench.directory).filter { $0.contains("tmp-") || $0.contains("partial") } == [])
    let server = try await Restored(bench, data: data)
    let at = "--server \(server.url)"

    // The kubeconfig of before still logs in, by certificate; the token too.
    try await phase("done", "Succeeded", cluster, at)
    #expect(try await cluster.ok("get secret word \(at) -o=jsonpath={.data.word}") == base64("sesame"))
    let maps = try await cluster.ok("get cm \(at) -o name")
    #expect(!maps.contains("later"))
    #expect(maps.split(separator: "\n").count <= written + 1)
    try bench.file("empty", "")
    let robot = try await cluster.kubectl([
      "--kubeconfig", bench.path("empty"), "--server", server.url, "--insecure-skip-tls-verify", "--token", token, "get", "wf", "-o",
      "name",
    ])
    #expect(robot.status == 0 && robot.out.contains("workflow.argoproj.io/open"), "\(robot)")
    // Logs of what has ended are there.
    let logs = try await cluster.ok("logs \(at) -l workflows.argoproj.io/workflow=done --tail=-1")
    #expect(
      logs.contains("first of done") && logs.contains("artifact of done") && logs.contains("kept") && logs.contains("sesame"), "\(logs)")

    // The workflow that ran goes on: its first step is done, its second runs again, its third finds artifact and volume.
    try bench.file("marks/go-open", "")
    try await phase("open", "Succeeded", cluster, at)
    #expect(bench.lines("marks/first-open").count == 1)
    let open = try await cluster.ok("logs \(at) -l workflows.argoproj.io/workflow=open --tail=-1")
    #expect(open.contains("artifact of open") && open.contains("kept") && open.contains("sesame"), "\(open)")
    // And it serves as any other: new work, and the record of where it comes from.
    try bench.file("more.yaml", Self.workflow("more", marks))
    try bench.file("marks/go-more", "")
    try await cluster.ok("create --validate=false \(at) -f more.yaml")
    try await phase("more", "Succeeded", cluster, at)
    let audit = try await bench.argosy("audit", "--data", data, "--verb", "restore", "-o", "json")
    #expect(audit.out.contains("of \(cluster.data)"), "\(audit)")
    #expect(try await bench.argosy("audit", "verify", "--data", data).status == 0)
    server.child.signal(SIGTERM, group: false)
    #expect(try await server.child.wait().status == 0)
  }

  @Test("a backup without keys cannot be read without them, and is restored with them; a change of the key meanwhile does no harm")
  func withoutKeys() async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    try await cluster.ok("create secret generic word --from-literal=word=topsecret-word")
    try await bench.shell("cp -a \(cluster.data)/keys safe")
    #expect(try await bench.argosy("backup", "bare", "--data", cluster.data, "--without-keys").status == 0)
    for path in Files.all(below: bench.path("bare")) {
      let bytes = Files.bytes(path) ?? []
      #expect(
        !Files.contains(bytes, Array("topsecret-word".utf8)) && !Files.contains(bytes, Array(base64("topsecret-word").utf8)), "\(path)")
      #expect(!Files.contains(bytes, Array("PRIVATE KEY".utf8)), "\(path)")
    }
    #expect(try await bench.argosy("secrets", "rotate-key", "--data", cluster.data).status == 0)
    #expect(try await bench.argosy("backup", "whole.tgz", "--data", cluster.data).status == 0)
    let none = try await bench.argosy("restore", "bare", "--data", "r1")
    #expect(none.status == 1 && none.err.contains("give the server's directory of keys with --keys DIR"), "\(none)")
    let wrong = try await bench.argosy("restore", "bare", "--data", "r1", "--keys", cluster.data + "/keys")
    #expect(wrong.status == 1 && wrong.err.contains("give the keys of that time"), "\(wrong)")
    #expect(!bench.exists("r1"))
    #expect(try await bench.argosy("restore", "bare", "--data", "r1", "--keys", "safe").status == 0)
    #expect(try await bench.argosy("restore", "whole.tgz", "--data", "r2").status == 0)
    _ = try await cluster.stop()
    for data in ["r1", "r2"] {
      let server = try await Restored(bench, data: data)
      #expect(try await cluster.ok("get secret word --server \(server.url) -o=jsonpath={.data.word}") == base64("topsecret-word"))
      server.child.signal(SIGTERM, group: false)
      #expect(try await server.child.wait().status == 0)
    }
  }

  @Test("what is damaged is not restored, and a refused or interrupted restore leaves nothing") func refusals() async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    for name in ["a", "b"] { try await cluster.ok("create secret generic \(name) --from-literal=word=x") }
    #expect(try await bench.argosy("backup", "copy", "--data", cluster.data).status == 0)
    let again = try await bench.argosy("backup", "copy", "--data", cluster.data)
    #expect(again.status == 1 && again.err.contains("is there already"), "\(again)")
    let inside = try await bench.argosy("backup", cluster.data + "/copy", "--data", cluster.data)
    #expect(inside.status == 1 && inside.err.contains("lies in the data themselves"), "\(inside)")
    _ = try await cluster.stop()
    // The database is damaged, with a manifest that fits.
    try await bench.shell(
      """
      cp -a copy bad; for i in $(seq 2 20); do printf '\\377\\377\\377\\377\\377\\377\\377\\377' | dd of=bad/argosy.db bs=1 seek=$((i * 4096)) conv=notrunc 2> /dev/null; done
      old=$(sha256sum copy/argosy.db | cut -d' ' -f1); new=$(sha256sum bad/argosy.db | cut -d' ' -f1); sed -i "s/$old/$new/" bad/manifest.jsonl
      cp -a copy cut; truncate -s 100 cut/argosy.db
      mkdir full; touch full/file; mkdir empty
      """)
    for (source, target, words) in [
      ("bad", "r", "damaged"), ("cut", "r", "argosy.db has 100 bytes"), ("copy", "full", "is not empty"), ("/nowhere", "r", "cannot open"),
    ] {
      let outcome = try await bench.argosy("restore", source, "--data", target)
      #expect(outcome.status == 1 && outcome.err.contains(words), "\(source): \(outcome)")
      #expect(!bench.exists("r"))
    }
    #expect(try await bench.argosy("backup", "verify", "bad").status == 1)
    #expect(try await bench.argosy("restore", "copy", "--data", "empty").status == 0)
    #expect(bench.exists("empty/argosy.db"))
    #expect(Files.names(bench.directory).filter { $0.hasPrefix(".argosy") } == [])
    #expect(Files.names(bench.path("tmp")) == [])
  }

  @Test("a full disk is told, and nothing half-done stays", .enabled(if: Parts.isRoot, "only root may mount")) func fullDisk() async throws
  {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    try bench.file("big", String(repeating: "0123456789abcdef", count: 50_000))
    for number in 0..<4 { try await cluster.ok("create cm big-\(number) --from-file=\(bench.path("big"))") }
    try Files.makeDirectories(bench.path("small"))
    try await bench.shell("mount -t tmpfs -o size=1m argosy-test small")
    do {
      for target in ["small/copy", "small/copy.tar.gz"] {
        let outcome = try await bench.argosy("backup", target, "--data", cluster.data)
        #expect(outcome.status == 1 && (outcome.err.contains("full") || outcome.err.contains("No space left")), "\(outcome)")
        #expect(Files.names(bench.path("small")) == [])
      }
      let pipe = try await bench.run(["sh", "-c", "\(Parts.argosy) backup - --data \(cluster.data) > /dev/full"])
      #expect(pipe.status == 1 && pipe.err.contains("No space left"), "\(pipe)")
      #expect(try await bench.argosy("backup", "copy.tar.gz", "--data", cluster.data).status == 0)
      let outcome = try await bench.argosy("restore", "copy.tar.gz", "--data", "small/data")
      #expect(outcome.status == 1 && outcome.err.contains("No space left"), "\(outcome)")
      #expect(Files.names(bench.path("small")) == [])
      // The empty top of another file system is a place for data too.
      try await bench.shell("umount small && mount -t tmpfs -o size=64m argosy-test small")
      #expect(try await bench.argosy("restore", "copy.tar.gz", "--data", "small").status == 0)
      #expect(bench.exists("small/argosy.db") && bench.exists("small/keys/ca.key"))
      #expect(Files.names(bench.path("small")).filter { $0.hasPrefix(".") } == [])
    } catch {
      try await bench.shell("umount -l small")
      throw error
    }
    try await bench.shell("umount small")
  }

  @Test("the page's commands do what it says") func page() async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    let page = Project.root + "/docs/backup.md"
    #expect(symlink(Kubectl.path(Kubectl.newest), bench.path("bin/kubectl")) == 0)
    bench.set("ARGOSY_DATA", cluster.data)
    try await cluster.ok("create secret generic word --from-literal=word=sesame")
    let printed = try await bench.shell(try Readme.commands(page))
    #expect(printed.contains("is whole") && printed.contains("restored "), "\(printed)")
    #expect(bench.exists("argosy-new/argosy.db"))
  }
}
