import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@testable import NodeService

/// Pods that users make themselves.
@Suite struct UserPodTests {
  private final class Events: EventRecording {
    let all = Mutex<[ObjectEvent]>([])
    func record(_ event: ObjectEvent) { all.withLock { $0.append(event) } }
    var reasons: [String] { all.withLock { $0.map(\.reason) } }
  }

  private final class Binder: ClaimBinding {
    let bound = Mutex<ClaimedVolume?>(nil)
    func volume(ofClaim claim: ResourceKey) throws(KubeStatus) -> ClaimedVolume {
      guard let volume = bound.withLock({ $0 }) else {
        throw KubeStatus(.serviceUnavailable, "pod has unbound immediate PersistentVolumeClaims")
      }
      return volume
    }
  }

  private final class Tokens: TokenIssuing {
    let wishes = Mutex<[TokenWish]>([])
    let lifetime: Int64
    init(lifetime: Int64 = 3600) { self.lifetime = lifetime }
    func issueToken(_ wish: TokenWish) throws(KubeStatus) -> IssuedToken {
      let count = wishes.withLock { wishes in
        wishes.append(wish)
        return wishes.count
      }
      return IssuedToken(token: "token-\(count)", expires: SystemClock.now() + TimeSpan(milliseconds: lifetime * 1000))
    }
  }

  private static func pod(_ name: String, _ spec: JSON = Bench.simple) -> Resource {
    Resource(.pod, json: ["metadata": ["name": .string(name), "namespace": "n"], "spec": spec])
  }

  private func with(_ helpers: NodeHelpers = NodeHelpers(), _ body: (Bench) async throws -> Void) async throws {
    let bench = try Bench(helpers: helpers)
    try bench.node.start()
    defer { bench.node.stop() }
    try await body(bench)
  }

  private func condition(_ bench: Bench, _ pod: String, _ type: String) throws -> JSON? {
    try bench.status(pod)["conditions"]?.array?.first { $0["type"]?.string == type }
  }

  @Test("a pod's status goes from ContainerCreating to Ready to Succeeded, with a kubelet's conditions") func life() async throws {
    let events = Events()
    try await with(NodeHelpers(events: events)) { bench in
      try bench.store.create(Self.pod("p", container(["image": "busybox:1", "resources": ["limits": ["cpu": "1", "memory": "1Gi"]]])))
      try await bench.started("p")
      try await bench.reaches("p", "Pending")
      var status = try bench.status("p")
      #expect(status["containerStatuses"]?[0]?.at("state", "waiting", "reason") == "ContainerCreating")
      #expect(status["qosClass"] == "Guaranteed")
      #expect(try condition(bench, "p", "PodScheduled")?["status"] == "True")
      #expect(try bench.store.get(Bench.key("p"))?.spec["nodeName"] == "machine")
      let plan = try #require(bench.runner.plan("p"))
      #expect(plan.restartPolicy == .always && plan.containers[0].env.allSatisfy { !$0.hasPrefix("ARGO_") })

      bench.runner.tell("p", Bench.report([("main", nil)]))
      try await bench.reaches("p", "Running")
      status = try bench.status("p")
      let entry = try #require(status["containerStatuses"]?[0])
      #expect(entry["ready"] == true && entry["started"] == true && entry["restartCount"] == 0 && entry["image"] == "busybox:1")
      #expect(entry.at("state", "running", "startedAt") == "2023-11-14T22:13:20Z")
      for type in ["Ready", "ContainersReady", "Initialized", "PodReadyToStartContainers"] {
        #expect(try condition(bench, "p", type)?["status"] == "True")
      }
      bench.end("p")
      try await bench.reaches("p", "Succeeded")
      #expect(try condition(bench, "p", "Ready")?["reason"] == "PodCompleted")
      #expect(try bench.status("p")["containerStatuses"]?[0]?.at("state", "terminated", "reason") == "Completed")
      #expect(events.reasons.contains("Scheduled") && events.reasons.contains("Started"))
    }
  }

  @Test("a container that crashes again and again waits as CrashLoopBackOff, with its last end and its restarts") func crashLoop()
    async throws
  {
    let events = Events()
    try await with(NodeHelpers(events: events)) { bench in
      try bench.store.create(Self.pod("p"))
      try await bench.started("p")
      var report = Bench.report([("main", nil)])
      report.containers[0].startedAt = nil
      report.containers[0].restarts = 3
      report.containers[0].waits = "back-off 40s restarting failed container=main pod=p"
      report.containers[0].previous = Bench.report([("main", 137)]).containers[0].ending
      report.containers[0].previous?.message = "OOMKilled"
      report.containers[0].previous?.signal = 9
      bench.runner.tell("p", report)
      try await bench.reaches("p", "Running")
      let entry = try #require(try bench.status("p")["containerStatuses"]?[0])
      #expect(entry.at("state", "waiting", "reason") == "CrashLoopBackOff" && entry["restartCount"] == 3 && entry["ready"] == false)
      #expect(entry.at("lastState", "terminated", "reason") == "OOMKilled")
      #expect(entry.at("lastState", "terminated", "exitCode") == 137)
      #expect(try condition(bench, "p", "Ready")?["message"] == "containers with unready status: [main]")
      try await eventually("told") { events.reasons.contains("BackOff") }
    }
  }

  @Test("init containers keep a pod Pending; one that fails with Never fails the pod") func initials() async throws {
    try await with { bench in
      var spec = Bench.simple
      spec["initContainers"] = [["name": "one", "image": "alpine", "command": ["true"]]]
      spec["restartPolicy"] = "Never"
      try bench.store.create(Self.pod("p", spec))
      try await bench.started("p")
      bench.runner.tell("p", Bench.report([("one", nil), ("main", nil)]).edited { $0.containers[1].startedAt = nil })
      try await eventually("init runs") { try bench.status("p")["initContainerStatuses"]?[0]?.at("state", "running") != nil }
      #expect(try bench.phase("p") == "Pending")
      #expect(try bench.status("p")["containerStatuses"]?[0]?.at("state", "waiting", "reason") == "PodInitializing")
      #expect(try condition(bench, "p", "Initialized")?["message"] == "containers with incomplete status: [one]")
      bench.end("p", [("one", 3), ("main", nil)]) { $0.containers[1].startedAt = nil }
      try await bench.reaches("p", "Failed")
      #expect(try bench.status("p")["initContainerStatuses"]?[0]?.at("state", "terminated", "exitCode") == 3)
    }
  }

  @Test("a deleted pod is stopped with the time it was given, and goes from the store when it is over") func deletion() async throws {
    let events = Events()
    try await with(NodeHelpers(events: events)) { bench in
      let pod = try bench.store.create(Self.pod("p"))
      try await bench.started("p")
      bench.runner.tell("p", Bench.report([("main", nil)]))
      try await bench.reaches("p", "Running")
      func delete(_ seconds: Int64) throws {
        try bench.store.commit([
          .patch(
            pod.key,
            ["metadata": ["deletionTimestamp": "2026-11-28T00:00:00Z", "deletionGracePeriodSeconds": .int(seconds)]])
        ])
      }
      try delete(7)
      try await eventually("stopped") { bench.runner.stops("p") == [.within(seconds: 7)] }
      try delete(2)
      try await eventually("sooner") { bench.runner.stops("p") == [.within(seconds: 7), .within(seconds: 2)] }
      #expect(try bench.store.get(pod.key) != nil)
      let directory = bench.node.directory(of: pod)
      bench.end("p", [("main", 143)])
      try await eventually("gone") { try bench.store.get(pod.key) == nil && !LocalFiles.exists(directory) }
      #expect(events.reasons.contains("Killing"))
    }
  }

  @Test("a deleted pod that never began, or is over, goes at once; a finalizer keeps it") func deletionAtOnce() async throws {
    let bench = try Bench(maximumPods: 0)
    let mark: JSON = ["metadata": ["deletionTimestamp": "2026-11-28T00:00:00Z", "deletionGracePeriodSeconds": 30]]
    for name in ["waits", "over", "kept"] { try bench.store.create(Self.pod(name)) }
    try bench.store.commit([
      .patch(Bench.key("over"), ["status": ["phase": "Succeeded"]]), .patch(Bench.key("over"), mark),
      .patch(Bench.key("kept"), ["metadata": ["finalizers": ["x.io/y"]], "status": ["phase": "Failed"]]),
    ])
    try bench.node.start()
    defer { bench.node.stop() }
    try bench.store.commit([.patch(Bench.key("waits"), mark), .patch(Bench.key("kept"), mark)])
    try await eventually("gone") {
      try bench.store.get(Bench.key("waits")) == nil && bench.store.get(Bench.key("over")) == nil
        && bench.store.get(Bench.key("kept"))?.metadata["deletionGracePeriodSeconds"] == 0
    }
  }

  @Test("a pod waits while its claim is unbound, and begins when it is bound") func claims() async throws {
    let (binder, events) = (Binder(), Events())
    try await with(NodeHelpers(claims: binder, events: events)) { bench in
      var spec = container(["volumeMounts": [["name": "v", "mountPath": "/v"]]])
      spec["volumes"] = [["name": "v", "persistentVolumeClaim": ["claimName": "data"]]]
      try bench.store.create(Self.pod("p", spec))
      try await bench.reaches("p", "Pending")
      let scheduled = try #require(try condition(bench, "p", "PodScheduled"))
      #expect(scheduled["status"] == "False" && scheduled["reason"] == "Unschedulable")
      #expect(scheduled["message"] == "0/1 nodes are available: pod has unbound immediate PersistentVolumeClaims.")
      #expect(try bench.store.get(Bench.key("p"))?.spec["nodeName"] == nil)
      #expect(events.reasons.contains("FailedScheduling"))
      mkdir(bench.state + "/disk", 0o755)
      binder.bound.withLock { $0 = ClaimedVolume(path: bench.state + "/disk", isReadOnly: true) }
      try bench.claim("data")
      try await bench.started("p")
      #expect(
        bench.runner.plan("p")?.containers[0].mounts
          == [PodPlan.Mount(source: bench.state + "/disk", target: "/v", isReadOnly: true)])
      bench.runner.tell("p", Bench.report([("main", nil)]))
      try await bench.reaches("p", "Running")
      #expect(try condition(bench, "p", "PodScheduled")?["status"] == "True")
    }
  }

  @Test("what a container or volume lacks is waited for, and a deletion ends the wait") func lacking() async throws {
    try await with { bench in
      try bench.store.create(
        Self.pod("p", container(["env": [["name": "A", "valueFrom": ["secretKeyRef": ["name": "s", "key": "k"]]]]])))
      var spec = container(["volumeMounts": [["name": "v", "mountPath": "/v"]]])
      spec["volumes"] = [["name": "v", "configMap": ["name": "c"]]]
      try bench.store.create(Self.pod("q", spec))
      try bench.store.create(Self.pod("r", ["containers": [["name": "main", "image": "unknown"]]]))
      func waiting(_ pod: String) throws -> JSON? { try bench.status(pod)["containerStatuses"]?[0]?.at("state", "waiting") }
      try await eventually("waits") { try waiting("p")?["reason"] == "CreateContainerConfigError" }
      #expect(try waiting("p")?["message"] == "secret \"s\" not found")
      try await eventually("waits") { try waiting("r")?["reason"] == "CreateContainerError" }
      #expect(try waiting("q")?["reason"] == "ContainerCreating")
      try bench.secret("s", ["k": "v"])
      try bench.configMap("c", ["f": "x"])
      try await bench.started("p")
      try await bench.started("q")
      #expect(bench.runner.plan("p")?.variable("A") == "v")
      try bench.store.commit([.patch(Bench.key("r"), ["metadata": ["deletionTimestamp": "2026-11-28T00:00:00Z"]])])
      try await eventually("gone") { try bench.store.get(Bench.key("r")) == nil }
    }
  }

  @Test("pods find a token of their service account, the authority and the server; tokens are renewed in time") func accounts() async throws
  {
    let tokens = Tokens()
    let api = NodeSettings.APIAccess(host: "127.0.0.1", port: { 2746 }, authority: Array("PEM".utf8))
    let bench = try Bench(helpers: NodeHelpers(tokens: tokens), api: api)
    try bench.store.create(Resource(.serviceAccount, json: ["metadata": ["name": "default", "namespace": "n"]]))
    try bench.store.create(
      Resource(.serviceAccount, json: ["metadata": ["name": "closed", "namespace": "n"], "automountServiceAccountToken": false]))
    func plan(_ spec: JSON) throws -> PodPlan {
      var preparation = bench.preparation(Self.pod("p", spec))
      preparation.services = bench.node.services
      return try preparation.plan()
    }
    let plan1 = try plan(Bench.simple)
    #expect(plan1.text(of: AccountFiles.path, "/token") == "token-1")
    #expect(plan1.text(of: AccountFiles.path, "/ca.crt") == "PEM")
    #expect(plan1.text(of: AccountFiles.path, "/namespace") == "n")
    #expect(plan1.variable("KUBERNETES_SERVICE_HOST") == "127.0.0.1" && plan1.variable("KUBERNETES_SERVICE_PORT") == "2746")
    _ = try plan(Bench.simple)
    #expect(tokens.wishes.withLock { $0.count } == 1, "all pods of the account share it")
    var spec = Bench.simple
    for (key, value) in [
      ("automountServiceAccountToken", JSON.bool(false)), ("serviceAccountName", "closed"), ("serviceAccountName", "none"),
    ] {
      spec = Bench.simple
      spec[key] = value
      #expect(try plan(spec).containers[0].mounts.isEmpty)
    }
    spec = container(["volumeMounts": [["name": "t", "mountPath": "/t"]]])
    spec["volumes"] = [
      [
        "name": "t",
        "projected": ["sources": [["serviceAccountToken": ["path": "x/token", "audience": "vault", "expirationSeconds": 700]]]],
      ]
    ]
    #expect(try plan(spec).text(of: "/t", "/x/token") == "token-2")
    let wish = try #require(tokens.wishes.withLock { $0.last })
    #expect(wish.audiences == ["vault"] && wish.lifetime == 700 && wish.pod?.uid == "u1")
  }

  @Test("token files go with their namespace, and an account that is made anew has tokens of its own") func namespaces() async throws {
    let tokens = Tokens()
    let bench = try Bench(
      helpers: NodeHelpers(tokens: tokens), api: NodeSettings.APIAccess(host: "127.0.0.1", port: { 2746 }, authority: Array("PEM".utf8)))
    func namespace(_ name: String) -> Resource { Resource(.namespace, json: ["metadata": ["name": .string(name)]]) }
    func account() -> Resource { Resource(.serviceAccount, json: ["metadata": ["name": "default", "namespace": "n"]]) }
    func token() throws -> String? {
      var preparation = bench.preparation(Self.pod("p", Bench.simple))
      preparation.services = bench.node.services
      return try preparation.plan().text(of: AccountFiles.path, "/token")
    }
    let accounts = bench.settings.directory + "/accounts"
    try bench.store.create(namespace("n"))
    try bench.store.create(account())
    #expect(try token() == "token-1")
    try bench.store.commit([.delete(account().key)])
    try bench.store.create(account())
    #expect(try token() == "token-2", "the first is not the new account's")
    #expect(try token() == "token-2")
    // Of an earlier process.
    try bench.write("old", accounts + "/gone/default/token")
    try bench.node.start()
    defer { bench.node.stop() }
    try await eventually("what was left over is removed") { !LocalFiles.exists(accounts + "/gone") }
    #expect(LocalFiles.exists(accounts + "/n/default/token"))
    try bench.store.commit([.delete(account().key), .delete(namespace("n").key)])
    try await eventually("they go with the namespace") { LocalFiles.names(in: accounts).isEmpty }
    try bench.store.create(namespace("n"))
    try bench.store.create(account())
    #expect(try token() == "token-3")
  }

  @Test("a token that is about to expire is replaced where it lies") func renewal() throws {
    let bench = try Bench()
    try bench.store.create(Resource(.serviceAccount, json: ["metadata": ["name": "default", "namespace": "n"]]))
    let api = NodeSettings.APIAccess(host: "h", port: { 1 }, authority: [])
    // Already over: to be renewed at once.
    let files = AccountFiles(directory: bench.state, api: api, tokens: Tokens(lifetime: -1), store: bench.store)
    let mount = try #require(try files.mount(for: Self.pod("p"), isIsolated: true))
    usleep(1_100_000)
    files.renew()
    #expect(try LocalFiles.read(mount.source + "/token") == Array("token-2".utf8))
    #expect(LocalFiles.names(in: mount.source).sorted() == ["ca.crt", "namespace", "token"])
  }

  @Test("a server that begins anew replaces the files of an account whole: pods that run read them meanwhile") func filesOfRunningPods()
    throws
  {
    let bench = try Bench()
    try bench.store.create(Resource(.serviceAccount, json: ["metadata": ["name": "default", "namespace": "n"]]))
    let api = NodeSettings.APIAccess(host: "h", port: { 1 }, authority: Array("PEM".utf8))
    func mount() throws -> String {
      let files = AccountFiles(directory: bench.state, api: api, tokens: Tokens(), store: bench.store)
      return try #require(try files.mount(for: Self.pod("p"), isIsolated: true)).source
    }
    let place = try mount()
    let names = ["ca.crt", "namespace", "token"]
    // What a program has open that reads just now.
    let open = names.map { LocalFiles.open("\(place)/\($0)", O_RDONLY) }
    defer { for file in open { close(file) } }
    #expect(try mount() == place)
    for (name, file) in zip(names, open) {
      var (old, new) = (stat(), stat())
      #expect(fstat(file, &old) == 0 && stat("\(place)/\(name)", &new) == 0)
      #expect(old.st_ino != new.st_ino && old.st_size == new.st_size && old.st_size > 0, "\(name) is written where it lies")
    }
    #expect(LocalFiles.names(in: place) == names)
  }

  @Test("a pod whose supervisor died is run again unless its policy is Never") func reboot() async throws {
    try await with { bench in
      for (name, policy) in [("a", "Always"), ("n", "Never")] {
        var spec = Bench.simple
        spec["restartPolicy"] = .string(policy)
        try bench.store.create(Self.pod(name, spec))
        try await bench.started(name)
        bench.runner.tell(name, Bench.report([("main", nil)]))
        try await bench.reaches(name, "Running")
        bench.end(name, [("main", nil)]) { $0.failure = PodReport.diedFailure }
      }
      try await eventually("again") { bench.runner.started.filter { $0 == "a" }.count == 2 }
      try await bench.reaches("n", "Failed")
      #expect(try bench.status("n")["message"]?.string == PodReport.diedFailure)
    }
  }
}

extension PodReport {
  func edited(_ edit: (inout PodReport) -> Void) -> PodReport {
    var report = self
    edit(&report)
    return report
  }
}
