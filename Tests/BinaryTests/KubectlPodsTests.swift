import Glibc
import JSONValue
import Testing

/// Pods that users make, with the real kubectl against the built `argosy server`.
@Suite(.needsKubectl) struct KubectlPodsTests {
  private static func pod(_ name: String, _ script: String, more: String = "", spec: String = "") -> String {
    """
    apiVersion: v1
    kind: Pod
    metadata: {name: \(name), namespace: default}
    spec:
      terminationGracePeriodSeconds: 3
    \(spec.split(separator: "\n").map { "  " + $0 }.joined(separator: "\n"))
      containers:
      - name: main
        image: busybox
        command: [sh, -c, '\(script)']
    \(more.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))

    """
  }

  private static let ticking = "trap \"exit 0\" TERM; echo up; while true; do sleep 0.1; done"

  private func create(_ cluster: ServedCluster, _ manifest: String) async throws {
    try cluster.bench.file("pod.yaml", manifest)
    let made = try await cluster.kubectl("apply -f pod.yaml")
    try #require(made.status == 0, "\(made)")
  }

  private func ready(_ cluster: ServedCluster, _ pod: String) async throws {
    try await cluster.ok("wait --for=condition=Ready pod/\(pod) --timeout=60s")
  }

  @Test("logs: the last lines, times, a limit, those of a run before, of an init container, and following to the end") func logs()
    async throws
  {
    let cluster = try await ServedCluster()
    try await create(
      cluster,
      Self.pod(
        "p", "for i in 1 2 3 4 5; do echo line $i; done; while [ ! -e /tmp/go ]; do sleep 0.05; done; echo last",
        spec: "restartPolicy: Never\ninitContainers:\n- {name: first, image: busybox, command: [echo, prepared]}"))
    try await ready(cluster, "p")
    #expect(try await cluster.ok("logs p -c first") == "prepared\n")
    #expect(try await cluster.ok("logs p --tail=2") == "line 4\nline 5\n")
    #expect(try await cluster.ok("logs p --limit-bytes=9") == "line 1\nli")
    #expect(
      try await cluster.ok("logs p --since=1h --tail=1 --timestamps").wholeMatch(of: /20\d\d-\d\d-\d\dT[\d:]+\.\d{9}Z line 5\n/) != nil)
    #expect(try await cluster.ok("logs p --since-time=2100-01-01T00:00:00Z") == "")
    let follower = try cluster.bench.start([Kubectl.path(Kubectl.newest), "logs", "-f", "p", "--tail=1"])
    try await eventually("the follower hears", within: .seconds(180)) { follower.outcome.out == "line 5\n" }
    try await cluster.ok("exec p -- touch /tmp/go")
    let followed = try await follower.wait()
    #expect(followed.status == 0 && followed.out == "line 5\nlast\n", "\(followed)")
    try await cluster.ok("wait --for=jsonpath={.status.phase}=Succeeded pod/p --timeout=60s")
    #expect(try await cluster.ok("logs p --tail=1") == "last\n")
    let wrong = try await cluster.kubectl("logs p -c none")
    #expect(wrong.status == 1 && wrong.err.contains("container none is not valid for pod p"), "\(wrong)")
    let before = try await cluster.kubectl("logs p --previous")
    #expect(before.err.contains("previous terminated container \"main\" in pod \"p\" not found"), "\(before)")
  }

  @Test("a container that crashes is run again, waits as CrashLoopBackOff, and its run before can be read") func crashLoop() async throws {
    let cluster = try await ServedCluster()
    try await create(cluster, Self.pod("p", "echo crash; exit 3"))
    let status = "get pod p -o jsonpath={.status.containerStatuses[0]"
    try await cluster.eventually("back-off", "\(status).state.waiting.reason}") { $0 == "CrashLoopBackOff" }
    // A slow machine may have come to a later run.
    #expect(try #require(Int(try await cluster.ok("\(status).restartCount}"))) >= 1)
    #expect(try await cluster.ok("\(status).lastState.terminated.exitCode}") == "3")
    #expect(try await cluster.ok("logs p --previous") == "crash\n")
    #expect(try await cluster.ok("get pod p").contains("CrashLoopBackOff"))
    #expect(try await cluster.ok("describe pod p").contains("Back-off restarting failed container main"))
    #expect(try await cluster.ok("delete pod p").contains("deleted"))
  }

  @Test("commands: binary input and output, exit codes, files copied both ways; what a client leaves behind is killed") func commands()
    async throws
  {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    try await create(cluster, Self.pod("p", Self.ticking))
    try await ready(cluster, "p")
    var bytes = [UInt8](repeating: 0, count: 1 << 20)
    var seed: UInt32 = 7
    for index in bytes.indices {
      seed = seed &* 1_664_525 &+ 1_013_904_223
      bytes[index] = UInt8(truncatingIfNeeded: seed >> 24)
    }
    try bench.file("bytes", bytes)
    try await cluster.ok("cp bytes p:/opt/bytes")
    try await cluster.ok("cp p:/opt/bytes back")
    #expect(Files.bytes(bench.path("back")).map { [UInt8]($0) } == bytes)
    let piped = try await cluster.kubectl(["exec", "-i", "p", "--", "sh", "-c", "cmp - /opt/bytes && exit 9"], input: bench.path("bytes"))
    #expect(piped.status == 9, "\(piped)")
    let missing = try await cluster.kubectl("exec p -- no-such-program")
    #expect(missing.status != 0 && missing.err.contains("executable file not found in $PATH"), "\(missing)")
    // What the client leaves behind is killed.
    let left = try bench.start([Kubectl.path(Kubectl.newest), "exec", "p", "--", "sleep", "4242"])
    try await cluster.eventually("it runs", "exec p -- sh -c pgrep${IFS}-f${IFS}[s]leep.4242||true") { !$0.isEmpty }
    left.signal(SIGKILL, group: true)
    try await cluster.eventually("it is gone", "exec p -- sh -c pgrep${IFS}-f${IFS}[s]leep.4242||true") { $0.isEmpty }
  }

  @Test(
    "a terminal: prompt, echo, size and Ctrl-C, through a pseudo terminal of the client", .needs("python3"),
    arguments: ["exec -it p -- sh", "run shell -it --rm --restart=Never --image=busybox -- sh"])
  func terminal(command: String) async throws {
    let cluster = try await ServedCluster()
    try await create(cluster, Self.pod("p", Self.ticking))
    try await ready(cluster, "p")
    try cluster.bench.file(
      "drive.py",
      """
      import fcntl, os, pty, struct, sys, termios, time
      pid, fd = pty.fork()
      if pid == 0:
          os.execvp(sys.argv[1], sys.argv[1:])
      fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", 33, 99, 0, 0))
      seen = b""
      def until(text):
          global seen
          while text not in seen:
              data = os.read(fd, 4096)
              if not data: raise SystemExit("ended before %r: %r" % (text, seen))
              seen += data
          seen = seen[seen.index(text) + len(text):]
      def say(text): os.write(fd, text)
      # What is typed before the shell is there is lost.
      while not any(sign in seen for sign in (b"If you don't see", b"# ", b"$ ")): seen += os.read(fd, 4096)
      say(b"\\necho pid-$((40+2))\\n")
      until(b"pid-42")
      say(b"stty size\\n")
      until(b"33 99")
      say(b"sleep 1000\\n")
      time.sleep(1)
      say(b"\\x03")
      say(b"echo after-$?\\n")
      until(b"after-130")
      say(b"exit 6\\n")
      try:
          while os.read(fd, 4096): pass
      except OSError: pass
      print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
      """)
    let outcome = try await cluster.bench.run(
      ["python3", cluster.bench.path("drive.py"), Kubectl.path(Kubectl.newest)]
        + command.split(separator: " ").map(String.init))
    #expect(outcome.status == 0 && outcome.out == "6\n", "\(outcome)")
  }

  @Test("run: with input to its end, in the background, and deletion with a grace period") func run() async throws {
    let cluster = try await ServedCluster()
    try cluster.bench.file("input", "one\ntwo\n")
    let counted = try await cluster.kubectl(
      "run counter --image=busybox --restart=Never --rm -i -- sh -c wc${IFS}-l", input: cluster.bench.path("input"))
    #expect(counted.status == 0 && counted.out.contains("2\n") && counted.out.contains("pod \"counter\" deleted"), "\(counted)")
    try await cluster.ok("run sleeper --image=busybox -- sleep 1000")
    try await ready(cluster, "sleeper")
    #expect(try await cluster.ok("get pod sleeper -o jsonpath={.spec.nodeName}") != "")
    // `sleep` as its process group's first process dies by SIGTERM at once; the pod goes when it has.
    #expect(try await cluster.ok("delete pod sleeper --grace-period=20").contains("deleted"))
    #expect(try await cluster.kubectl("get pod sleeper").status == 1)
    try await create(cluster, Self.pod("stubborn", "trap \"\" TERM; echo up; while true; do sleep 0.1; done"))
    try await ready(cluster, "stubborn")
    try await cluster.ok("delete pod stubborn --wait=false --grace-period=600")
    try await cluster.eventually("terminating", "get pod stubborn") { $0.contains("Terminating") }
    try await cluster.ok("delete pod stubborn --grace-period=1")
    #expect(try await cluster.kubectl("get pod stubborn").status == 1)
  }

  @Test("a claim is a directory that outlives the pod", .needs("python3")) func claims() async throws {
    let cluster = try await ServedCluster()
    let volume = "volumes:\n- {name: v, persistentVolumeClaim: {claimName: data}}\nrestartPolicy: Never"
    let mount = "volumeMounts:\n- {name: v, mountPath: /data}"
    try await create(cluster, Self.pod("w", "echo kept > /data/file", more: mount, spec: volume))
    try await cluster.eventually("waits for its claim", "get pod w -o jsonpath={.status.conditions[?(@.type==\"PodScheduled\")].message}") {
      $0.contains("persistentvolumeclaim \"data\" not found")
    }
    try cluster.bench.file(
      "claim.yaml",
      "apiVersion: v1\nkind: PersistentVolumeClaim\nmetadata: {name: data, namespace: default}\n"
        + "spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}\n")
    try await cluster.ok("apply -f claim.yaml")
    try await cluster.ok("wait --for=jsonpath={.status.phase}=Succeeded pod/w --timeout=60s")
    try await create(cluster, Self.pod("r", "cat /data/file", more: mount, spec: volume))
    try await cluster.ok("wait --for=jsonpath={.status.phase}=Succeeded pod/r --timeout=60s")
    #expect(try await cluster.ok("logs r") == "kept\n")
  }

  @Test("kubectl inside a pod finds the server and is the pod's service account") func inside() async throws {
    let cluster = try await ServedCluster()
    try await cluster.ok("create role reader --verb=get,list --resource=pods")
    try await cluster.ok("create rolebinding reader --role=reader --serviceaccount=default:default")
    try await create(cluster, Self.pod("p", Self.ticking))
    try await ready(cluster, "p")
    let program = Kubectl.path(Kubectl.newest)
    #expect(try await cluster.ok("exec p -- env -u KUBECONFIG HOME=/tmp \(program) get pods -o name") == "pod/p\n")
    let refused = try await cluster.kubectl("exec p -- env -u KUBECONFIG HOME=/tmp \(program) get secrets")
    #expect(refused.status == 1 && refused.err.contains("User \"system:serviceaccount:default:default\" cannot list"), "\(refused)")
  }

  @Test("a pod that uses more memory than it may is OOMKilled", .enabled(if: Parts.isRoot, "control groups need root"), .needs("python3"))
  func memory() async throws {
    let cluster = try await ServedCluster()
    try await create(
      cluster,
      Self.pod(
        "p", "exec python3 -c \"x = bytearray(300000000)\"", more: "resources: {limits: {memory: 64Mi}}", spec: "restartPolicy: Never"))
    try await cluster.ok("wait --for=jsonpath={.status.phase}=Failed pod/p --timeout=60s")
    let reason = try await cluster.ok("get pod p -o jsonpath={.status.containerStatuses[0].state.terminated.reason}")
    let told = try await cluster.ok("describe pod p")
    #expect(reason == "OOMKilled" || told.contains("memory limit of container main is not enforced"), "\(told)")
  }

  @Test("pods go on when the server is killed, and the next start takes them over") func adoption() async throws {
    let bench = try Bench()
    let first = try await ServedCluster(bench: bench)
    try await create(first, Self.pod("p", Self.ticking))
    try await create(first, Self.pod("q", "while [ ! -e /tmp/go ]; do sleep 0.05; done; exit 4"))
    for pod in ["p", "q"] { try await ready(first, pod) }
    first.server.signal(SIGKILL, group: false)
    _ = try await first.server.wait()
    let second = try await ServedCluster(bench: bench)
    #expect(try await second.ok("exec p -- echo there") == "there\n")
    // Its supervisor tells what happens from now on, too.
    try await second.ok("exec q -- touch /tmp/go")
    try await second.eventually("restarted", "get pod q -o jsonpath={.status.containerStatuses[0].restartCount}") { $0 == "1" }
    #expect(try await second.ok("delete pod p q").contains("deleted"))
    #expect(try await second.ok("get pods -o name") == "")
  }
}

extension ServedCluster {
  /// Waits until kubectl prints what is wanted.
  fileprivate func eventually(_ what: String, _ words: String, _ isWanted: (String) -> Bool) async throws {
    var last = try await kubectl(words)
    for _ in 0..<720 where !isWanted(last.out) {
      try await Task.sleep(for: .milliseconds(250))
      last = try await kubectl(words)
    }
    #expect(isWanted(last.out), "\(what): kubectl \(words)\n\(last)")
  }
}
