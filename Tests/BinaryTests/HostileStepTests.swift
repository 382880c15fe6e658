import Glibc
import JSONValue
import Testing

/// Steps that misbehave, and a machine that lacks what a run needs.
@Suite("Hostile steps and poor machines", .needs())
struct HostileStepTests {
  /// A workflow of one template, which is given as a YAML flow mapping's inside.
  private func manifest(_ bench: Bench, _ template: String, spec: String = "") throws -> String {
    try bench.file(
      "flow.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: flow}
      spec:
        entrypoint: main
        \(spec)
        templates:
          - name: main
            \(template)
      """)
  }

  private func shell(_ script: String) -> String { "container: {image: busybox, command: [sh, -c], args: [\(JSON.string(script).text())]}" }

  @Test("a program that is missing: Failed, with its name in the message")
  func missingProgram() async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy(
      "run", try manifest(bench, "container: {image: busybox, command: [no-such-program, x]}"), "-o", "json")
    #expect(outcome.status == 1, "\(outcome)")
    let node = try outcome.workflow().node("flow")
    #expect(node.phase == "Failed" && node.message.contains("no-such-program"), "\(node.phase) \(node.message)")
  }

  @Test("an image without a known entry point and no command: says what to do")
  func unknownImage() async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy("run", try manifest(bench, "container: {image: example.com/tool:1, args: [x]}"), "-o", "json")
    #expect(outcome.status == 1 || outcome.status == 2, "\(outcome)")
    #expect((outcome.out + outcome.err).contains("example.com/tool"), "\(outcome)")
    #expect((outcome.out + outcome.err).contains("command"), "\(outcome)")
  }

  @Test("30 MB of output: kept in the log, the result is its end, memory stays low")
  func muchOutput() async throws {
    let bench = try Bench()
    try bench.file(
      "flow.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: flow}
      spec:
        entrypoint: main
        templates:
          - name: main
            steps:
              - [{name: talk, template: talk}]
              - [{name: use, template: talk, when: "'{{=len(steps.talk.outputs.result)}}' == 'x'"}]
          - name: talk
            container: {image: busybox, command: [sh, -c], args: ["head -c 30000000 /dev/zero | tr '\\\\0' 'x' | fold -w 99; printf '\\nthe end\\n'"]}
      """)
    let outcome = try await bench.argosy("run", "flow.yaml", "--state", "state", "-o", "json")
    #expect(outcome.status == 0, "\(outcome.status) \(outcome.err)")
    let result = try outcome.workflow().node("talk").result ?? ""
    #expect(result.utf8.count <= 256 << 10 && result.hasSuffix("the end"), "\(result.utf8.count) bytes")
    #expect(outcome.peakMemory < 200 << 20, "\(outcome.peakMemory >> 20) MiB")
  }

  @Test("30 MB of output in one line, followed with --log")
  func oneLine() async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy(
      "run", try manifest(bench, shell("head -c 30000000 /dev/zero | tr '\\0' x; echo; echo after")), "--log", within: .seconds(600))
    #expect(outcome.status == 0, "\(outcome.status) \(outcome.err.suffix(500))")
    #expect(outcome.out.utf8.count > 29_000_000 && outcome.out.suffix(3000).contains("after"), "\(outcome.out.utf8.count)")
    #expect(outcome.peakMemory < 500 << 20, "\(outcome.peakMemory >> 20) MiB")
  }

  @Test("a step that ends and leaves a daemon behind: the daemon is ended with it")
  func daemonLeftBehind() async throws {
    let bench = try Bench()
    let script = "setsid sh -c 'trap \"\" HUP TERM; while true; do sleep 1; done' >/dev/null 2>&1 & exit 0"
    let outcome = try await bench.argosy("run", try manifest(bench, shell(script)), within: .seconds(180))
    #expect(outcome.status == 0, "\(outcome)")
    let left = await bench.settled()
    #expect(left.isEmpty, "\(left)")
  }

  @Test("a daemon that keeps the output open does not hold the step")
  func daemonWithOutput() async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy("run", try manifest(bench, shell("sleep 300 & echo started")), within: .seconds(180))
    #expect(outcome.status == 0 && !outcome.isLate, "\(outcome)")
    #expect(await bench.settled().isEmpty)
  }

  @Test("a template that calls itself for ever behind a condition ends in Error at the limit of depth")
  func recursion() async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy(
      "run", try manifest(bench, "steps: [[{name: again, template: main, when: \"'{{workflow.name}}' != x\"}]]"), "-o", "json",
      within: .seconds(600))
    #expect(outcome.status == 1, "\(outcome.status) \(outcome.err)")
    let workflow = try outcome.workflow()
    #expect(workflow.nodes.contains { $0.message.contains("Maximum recursion depth exceeded") }, "\(workflow.table)")
  }

  @Test("a bad expression that only running shows is an Error with its text")
  func badExpression() async throws {
    let bench = try Bench()
    let template =
      "steps: [[{name: s, template: leaf, when: \"{{workflow.name}} <> \"}]]\n    - {name: leaf, container: {image: busybox, command: [\"true\"]}}"
    let outcome = try await bench.argosy("run", try manifest(bench, template), "-o", "json")
    #expect(outcome.status == 1 || outcome.status == 2, "\(outcome)")
    #expect((outcome.out + outcome.err).contains("<>"), "\(outcome)")
  }

  @Test(
    "an archive that reaches out of its target is refused and writes nothing outside",
    .needs("python3"),
    arguments: [
      ("dots", "t.addfile(entry('../../../../../../var/tmp/MARK'), data())"), ("absolute", "t.addfile(entry('/var/tmp/MARK'), data())"),
      (
        "symlink",
        "l = entry('out'); l.type = tarfile.SYMTYPE; l.linkname = '/var/tmp'; l.size = 0; t.addfile(l); t.addfile(entry('out/MARK'), data())"
      ),
      ("hard link", "l = entry('passwd'); l.type = tarfile.LNKTYPE; l.linkname = '/etc/passwd'; l.size = 0; t.addfile(l)"),
      ("device", "l = entry('disk'); l.type = tarfile.BLKTYPE; l.size = 0; t.addfile(l)"),
    ])
  func archive(name: String, entries: String) async throws {
    let bench = try Bench()
    let mark = "mark-" + (bench.directory.split(separator: "-").last.map(String.init) ?? "")
    try bench.file(
      "evil.py",
      """
      import io, tarfile, time
      def entry(name):
          e = tarfile.TarInfo(name); e.size = 4; e.mtime = int(time.time()); return e
      def data(): return io.BytesIO(b'evil')
      t = tarfile.open('evil.tgz', 'w:gz')
      t.addfile(entry('good'), data())
      \(entries.replacing(all: "MARK", with: mark))
      t.close()
      """)
    try await bench.shell("python3 evil.py")
    let server = try await Server(["python3", "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"], directory: bench.directory)
    let flow = try manifest(
      bench,
      """
      inputs: {artifacts: [{name: in, path: /in/put, http: {url: "\(server.url)/evil.tgz"}}]}
            container: {image: busybox, command: [find, /in]}
      """)
    let outcome = try await bench.argosy("run", flow, "--state", "state", "-o", "json")
    #expect(outcome.status == 1, "\(outcome)")
    let node = try outcome.workflow().node("flow")
    #expect(node.phase == "Error" && node.message.contains("in"), "\(node.phase) \(node.message)")
    #expect(!Files.exists("/var/tmp/\(mark)"))
    #expect(!Files.all(below: bench.directory).contains { $0.hasSuffix(mark) && !$0.contains("/logs/") })
  }

  @Test(
    "no space left for a step's output: the step fails or the run says so, and Ctrl-C ends it", .needs("unshare"),
    .enabled(if: Parts.isRoot, "mounting needs root"))
  func fullDisk() async throws {
    let bench = try Bench()
    try Files.makeDirectories(bench.path("small"))
    try await bench.shell("head -c 8000000 /dev/urandom > big")
    let flow = try manifest(
      bench,
      """
      volumes: [{name: v, hostPath: {path: \(bench.directory)}}]
            container: {image: busybox, command: [ls, /v], volumeMounts: [{name: v, mountPath: /v}]}
            outputs: {artifacts: [{name: big, path: /v/big}]}
      """)
    let script = "mount -t tmpfs -o size=4m tmpfs small && exec \(Parts.argosy) run \(flow) --state small/state -o json"
    let child = try bench.start(["unshare", "-m", "sh", "-c", script])
    for _ in 0..<200 where child.isRunning { try await Task.sleep(for: .milliseconds(50)) }
    for _ in 0..<3 where child.isRunning {
      child.signal(SIGINT)
      try await Task.sleep(for: .seconds(2))
    }
    #expect(!child.isRunning, "it does not end: \(child.outcome)")
    let outcome = try await child.wait(.seconds(5))
    #expect([1, 2, 130].contains(outcome.status), "\(outcome)")
    let text = (outcome.out + outcome.err).lowercasedASCII
    #expect(text.contains("no space left") || text.contains("is full"), "\(outcome)")
  }

  @Test("a state directory on a full disk from the start", .enabled(if: Parts.isRoot, "mounting needs root"), .needs("unshare"))
  func fullFromTheStart() async throws {
    let bench = try Bench()
    try Files.makeDirectories(bench.path("small"))
    let script = """
      mount -t tmpfs -o size=64k tmpfs small && head -c 65536 /dev/zero > small/fill 2>/dev/null
      exec \(Parts.argosy) run \(Project.examples)/hello-world.yaml --state small/state -o json
      """
    let outcome = try await bench.run(["unshare", "-m", "sh", "-c", script], within: .seconds(180))
    #expect(!outcome.isLate && [1, 2].contains(outcome.status), "\(outcome)")
    let text = (outcome.out + outcome.err).lowercasedASCII
    #expect(text.contains("no space left") || text.contains("full"), "\(outcome)")
  }

  @Test(
    "a machine that forbids namespaces: one line says so and names the remedy", .needs("unshare"),
    .enabled(
      if: Parts.succeeds("unshare -Ur sh -c 'echo 0 > /proc/sys/user/max_mnt_namespaces && ! unshare -m true'"),
      "a user namespace without mount namespaces cannot be arranged here"))
  func noNamespaces() async throws {
    let bench = try Bench()
    let script = "echo 0 > /proc/sys/user/max_mnt_namespaces; exec \(Parts.argosy) run \(Project.examples)/hello-world.yaml -o json"
    let outcome = try await bench.run(["unshare", "-Ur", "sh", "-c", script], within: .seconds(180))
    let text = (outcome.out + outcome.err).lowercasedASCII
    #expect(!outcome.isLate, "\(outcome)")
    #expect(text.contains("namespace"), "\(outcome)")
    let doctor = try await bench.run(
      ["unshare", "-Ur", "sh", "-c", "echo 0 > /proc/sys/user/max_mnt_namespaces; exec \(Parts.argosy) doctor"], within: .seconds(180))
    #expect((doctor.out + doctor.err).lowercasedASCII.contains("namespace"), "\(doctor)")
    #expect(await bench.settled().isEmpty)
  }

  @Test(
    "somebody who is not root runs hello-world and a shared volume", .needs("setpriv"),
    .enabled(
      if: Parts.isRoot && Parts.succeeds("setpriv --reuid 65534 --regid 65534 --clear-groups test -x '\(Parts.argosy)'"),
      "the tests do not run as root, or others cannot read the built program"))
  func notRoot() async throws {
    let bench = try Bench()
    try await bench.shell("mkdir home && cp \(Project.examples)/hello-world.yaml \(Project.examples)/daemon.yaml home && chmod -R a+rwX .")
    for file in ["hello-world.yaml", "daemon.yaml"] {
      let command = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "env", "HOME=\(bench.path("home"))"]
      let outcome = try await bench.run(command + [Parts.argosy, "run", "home/" + file], within: .seconds(180))
      #expect(outcome.status == 0, "\(file): \(outcome)")
    }
    #expect(await bench.settled().isEmpty)
  }

  @Test(
    "somebody who is not root mounts volumes and writes beside file systems of the machine", .needs("setpriv", "unshare"),
    .enabled(
      if: Parts.isRoot && Parts.succeeds("setpriv --reuid 65534 --regid 65534 --clear-groups test -x '\(Parts.argosy)'"),
      "the tests do not run as root, or others cannot read the built program"))
  func notRootBesideMounts() async throws {
    let bench = try Bench()
    try bench.file(
      "home/flow.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: flow}
      spec:
        entrypoint: main
        templates:
          - name: main
            volumes: [{name: v, emptyDir: {}}]
            script:
              image: bash
              command: [bash, -e]
              volumeMounts: [{name: v, mountPath: /srv/vol/deep}, {name: v, mountPath: /srv/dir/new}]
              source: |
                echo shared > /srv/vol/deep/file
                test "$(cat /srv/dir/new/file)" = shared
                test "$(cat /srv/plain /srv/link /srv/dir/file /srv/inner/file)" = "plain
                plain
                in dir
                mounted"
                echo changed > /srv/dir/file
                echo more > /srv/dir/more
                if echo changed > /srv/plain; then exit 1; fi
                cat /srv/dir/file
      """)
    let script = """
      mount -t tmpfs none /srv && mkdir -p /srv/dir /srv/inner && mount -t tmpfs none /srv/inner || exit 9
      echo plain > /srv/plain; ln -s plain /srv/link; echo 'in dir' > /srv/dir/file; echo mounted > /srv/inner/file
      chmod -R a+rwX /srv '\(bench.directory)'; chown -R 65534:65534 /srv/dir
      setpriv --reuid 65534 --regid 65534 --clear-groups env HOME='\(bench.path("home"))' '\(Parts.argosy)' run home/flow.yaml --log || exit
      test "$(cat /srv/dir/file)" = 'in dir' && test ! -e /srv/dir/more
      """
    let outcome = try await bench.run(["unshare", "-m", "sh", "-c", script], within: .seconds(180))
    #expect(outcome.status == 0 && outcome.out.contains("changed"), "\(outcome)")
    #expect(await bench.settled().isEmpty)
  }

  @Test("few file descriptors: an end with words, not a hang or a trap", arguments: [8, 12, 16, 24, 32])
  func fewDescriptors(count: Int) async throws {
    let bench = try Bench()
    let outcome = try await bench.run(
      ["sh", "-c", "ulimit -n \(count); exec \(Parts.argosy) run \(Project.examples)/loops.yaml"], within: .seconds(180))
    #expect(!outcome.isLate && outcome.status >= 0 && outcome.status <= 2, "\(outcome)")
    let text = (outcome.out + outcome.err).lowercasedASCII
    #expect(outcome.status == 0 || text.contains("open files") || text.contains("descriptor"), "\(outcome)")
    let left = await bench.settled()
    #expect(left.isEmpty, "\(left)")
  }

  @Test("a value with quotes, newlines, braces and a megabyte of JSON arrives intact")
  func intactValues() async throws {
    let bench = try Bench()
    let value = "it's \"q\" $HOME `id` \\n {{ {{nobody}} }} %s\nline two\t'\n"
    let large = "[" + Array(repeating: "{\"key\":\"v\\\"al{{ue\"}", count: 50_000).joined(separator: ",") + "]"
    try bench.file("values.json", JSON.object(["value": .string(value), "large": .string(large)]).text())
    try bench.file(
      "flow.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: flow}
      spec:
        entrypoint: main
        arguments: {parameters: [{name: value}, {name: large}]}
        volumes: [{name: notes, hostPath: {path: \(bench.directory)}}]
        templates:
          - name: main
            inputs:
              artifacts:
                - {name: large, path: /in/large, raw: {data: "{{workflow.parameters.large}}"}}
            container:
              image: busybox
              command: [sh, -c, "printf '%s' \\"$1\\" > /notes/value; cp /in/large /notes/large", sh]
              args: ["{{workflow.parameters.value}}"]
              volumeMounts: [{name: notes, mountPath: /notes}]
      """)
    let outcome = try await bench.argosy("run", "flow.yaml", "-f", "values.json")
    #expect(outcome.status == 0, "\(outcome)")
    #expect(bench.text("value") == value)
    #expect(bench.text("large") == large)
  }

  @Test("what a step has printed is never read as a template")
  func printedTags() async throws {
    let bench = try Bench()
    let printed = "it's \"q\" {{workflow.name}} {{=1+1}} \\"
    try bench.file("printed", printed)
    let template = """
      steps: [[{name: a, template: a}], [{name: b, template: b, arguments: {parameters: [{name: v, value: "{{steps.a.outputs.result}}"}]}}]]
          - name: a
            volumes: [{name: v, hostPath: {path: \(bench.directory)}}]
            container: {image: busybox, command: [cat, /v/printed], volumeMounts: [{name: v, mountPath: /v}]}
          - name: b
            inputs: {parameters: [{name: v}]}
            volumes: [{name: v, hostPath: {path: \(bench.directory)}}]
            container:
              image: busybox
              command: [sh, -c, "printf '%s' \\"$1\\" > /v/arrived", sh, "{{inputs.parameters.v}}"]
              volumeMounts: [{name: v, mountPath: /v}]
      """
    let outcome = try await bench.argosy("run", try manifest(bench, template))
    #expect(outcome.status == 0, "\(outcome)")
    #expect(bench.text("arrived") == printed)
  }
}

extension String {
  /// Lower case of ASCII letters, which is enough for messages of the system.
  var lowercasedASCII: String { String(decoding: utf8.map { $0 >= 65 && $0 <= 90 ? $0 + 32 : $0 }, as: UTF8.self) }
}
