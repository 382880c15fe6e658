import ArgoModel
import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Testing

@testable import NodeService

/// How the plan follows from the pod: container sets, probes, security contexts, the executor's contract.
@Suite struct PlanTests {
  private func member(_ name: String) -> JSON { ["name": .string(name), "image": "alpine", "command": ["true"]] }

  @Test("a container set's graph and retries are the supervisor's") func graph() throws {
    let set: JSON = [
      "containerSet": [
        "containers": [["name": "main", "dependencies": ["a"]], ["name": "a"]], "retryStrategy": ["retries": "2", "duration": "1.5s"],
      ]
    ]
    let bench = try Bench()
    let containers = try bench.plan(["containers": [member("main"), member("a"), member("side")]], template: set).containers
    #expect(containers.map(\.role) == [.main, .main, .sidecar])
    #expect(containers.map(\.dependencies) == [["a"], [], []])
    #expect(containers.map(\.attempts) == [2, 2, 1])
    #expect(containers[0].attemptPause == 1500)
    let cycle: JSON = [
      "containerSet": ["containers": [["name": "main", "dependencies": ["a"]], ["name": "a", "dependencies": ["main"]]]]
    ]
    #expect(bench.message(["containers": [member("main"), member("a")]], template: cycle).hasSuffix("can never be met"))
  }

  @Test(
    "retries are counted as the original counts them",
    arguments: [
      (["retries": 0], 0, nil), (["retries": "x"], 0, nil), (["retries": 3, "duration": ""], 3, nil),
      (["retries": 1, "duration": "5"], 1, "failed to get retry strategy: time: missing unit in duration \"5\""),
      (["retries": 1, "duration": "-1s"], 1, "failed to get retry strategy: duration has to be positive, current duration: -1s "),
      ([:], 1, nil),
    ] as [(JSON, Int, String?)])
  func retries(strategy: JSON, attempts: Int, refusal: String?) throws {
    let set: JSON = ["containerSet": ["containers": [["name": "main"]], "retryStrategy": strategy]]
    let container = try Bench().plan(["containers": [member("main")]], template: set).containers[0]
    #expect(container.attempts == attempts)
    #expect(container.refusal == refusal)
  }

  @Test("probes and hooks have Kubernetes' defaults, and ports may be named") func probes() throws {
    let spec = container([
      "ports": [["name": "web", "containerPort": 8080]],
      "livenessProbe": ["httpGet": ["port": "web", "path": "ok", "httpHeaders": [["name": "A", "value": "b"]]], "periodSeconds": 3],
      "startupProbe": ["tcpSocket": ["port": 1], "failureThreshold": 30],
      "readinessProbe": ["exec": ["command": ["test", "-e", "/x"]], "initialDelaySeconds": 2],
      "lifecycle": ["postStart": ["exec": ["command": ["a"]]], "preStop": ["sleep": ["seconds": 4]]],
    ])
    let bench = try Bench()
    let plan = try bench.plan(spec, template: ["daemon": true]).containers[0]
    #expect(
      plan.probes == [
        ContainerProbe(.startup, .connect(host: "127.0.0.1", port: 1), failureThreshold: 30),
        ContainerProbe(.liveness, .get(host: "127.0.0.1", port: 8080, path: "/ok", headers: ["A: b"], isSecure: false), period: 3),
        ContainerProbe(.readiness, .run(["test", "-e", "/x"]), initialDelay: 2),
      ])
    #expect(plan.postStart == .run(["a"]) && plan.preStop == .sleep(4))
    #expect(try bench.plan(spec).containers[0].probes.map(\.kind) == [.startup, .liveness], "nobody waits for this one")
  }

  @Test("a command's readiness comes from the supervisor") func readiness() async throws {
    try await Bench.with { bench in
      try bench.create("d", spec: container(["readinessProbe": ["exec": ["command": ["true"]]]]), template: ["daemon": true])
      try await bench.started("d")
      var report = Bench.report([("main", nil)])
      report.containers[0].isReady = false
      bench.runner.tell("d", report)
      try await bench.reaches("d", "Running")
      #expect(try bench.status("d")["containerStatuses"]?[0]?["ready"] == false)
      report.containers[0].isReady = true
      // One that was taken over tells nobody: its report is looked at.
      try bench.write(report.json.text(), bench.directory("d") + "/status.json")
      try await eventually("ready") { try bench.status("d")["containerStatuses"]?[0]?["ready"] == true }
    }
  }

  @Test("security contexts: the container's before the pod's, groups, capabilities, the root") func security() throws {
    let bench = try Bench()
    var spec = container([
      "securityContext": [
        "runAsUser": 1000, "capabilities": ["drop": ["ALL"], "add": ["CAP_CHOWN", "kill"]], "allowPrivilegeEscalation": false,
        "readOnlyRootFilesystem": true,
      ]
    ])
    spec["securityContext"] = ["runAsUser": 1, "runAsGroup": 2, "fsGroup": 3, "supplementalGroups": [4]]
    let plan = try bench.plan(spec).containers[0]
    #expect(plan.user == 1000 && plan.group == 2 && plan.supplementaryGroups == [4, 3])
    #expect(plan.droppedCapabilities == ~(1 | 1 << 5) && plan.forbidsNewPrivileges && plan.isRootReadOnly)
    #expect(try bench.plan(container(["securityContext": ["runAsNonRoot": true]])).containers[0].user == 65534)
    #expect(
      bench.message(container(["securityContext": ["runAsNonRoot": true, "runAsUser": 0]]))
        == "container's runAsUser breaks non-root policy (pod: \"p_n(u1)\", container: main)")
  }

  @Test("aliases and resolver settings are files of the containers") func names() throws {
    var spec = Bench.simple
    spec["hostAliases"] = [["ip": "10.1.2.3", "hostnames": ["one.test", "two.test"]]]
    spec["dnsPolicy"] = "None"
    spec["dnsConfig"] = [
      "nameservers": ["10.0.0.1"], "searches": ["a.test", "b.test"], "options": [["name": "ndots", "value": "2"], ["name": "edns0"]],
    ]
    let bench = try Bench()
    let plan = try bench.plan(spec)
    func text(_ path: String) -> String? {
      guard let target = realpath(path, nil) else { return nil }
      defer { free(target) }
      return plan.text(of: String(cString: target))
    }
    #expect(text("/etc/hosts")?.hasSuffix("\n# Entries added by HostAliases.\n10.1.2.3\tone.test\ttwo.test\n") == true)
    #expect(text("/etc/resolv.conf") == "search a.test b.test\nnameserver 10.0.0.1\noptions ndots:2 edns0\n")
    #expect(
      PodNames.resolver(
        "# c\nnameserver 1.1.1.1\nsearch x\noptions ndots:5 rotate\n",
        ["nameservers": ["1.1.1.1", "8.8.8.8"], "options": [["name": "ndots", "value": "1"]]])
        == "search x\nnameserver 1.1.1.1\nnameserver 8.8.8.8\noptions rotate ndots:1\n")
    #expect(try Bench().plan(Bench.simple).containers[0].mounts.isEmpty, "others need none")
  }

  @Test("termination messages and waits for debugging are the supervisor's") func rest() throws {
    let plan = try Bench().plan(
      container([
        "terminationMessagePath": "/m", "terminationMessagePolicy": "FallbackToLogsOnError",
        "env": [["name": "ARGO_DEBUG_PAUSE_BEFORE", "value": "true"], ["name": "ARGO_DEBUG_PAUSE_AFTER", "value": "false"]],
      ]))
    #expect(plan.containers[0].terminationMessagePath == "/m" && plan.containers[0].fallsBackToLogs)
    #expect(plan.containers[0].pausesBefore && !plan.containers[0].pausesAfter && plan.sharesContract)
  }
}

/// `/var/run/argo` and what steps say of their progress.
@Suite struct ContractTests {
  private let template: JSON = [
    "name": "t", "inputs": ["parameters": [["name": "p", "value": "v"]], "artifacts": []],
    "container": ["args": ["cat /var/run/argo/template"]],
  ]

  @Test("pods that mention it see the executor's directory, others their progress file in /tmp") func shared() throws {
    let bench = try Bench()
    let plan = try bench.plan(Bench.simple, template: template)
    #expect(plan.sharesContract)
    #expect(
      plan.text(of: "/var/run/argo", "/template")
        == #"{"name":"t","inputs":{"artifacts":[]},"container":{"args":["cat /var/run/argo/template"]}}"#)
    #expect(plan.variable("ARGO_PROGRESS_FILE") == "/var/run/argo/progress")
    #expect(plan.variable("ARGO_PROGRESS_PATCH_TICK_DURATION") == "1m0s" && plan.variable("ARGO_PROGRESS_FILE_TICK_DURATION") == "3s")
    #expect(plan.variable("ARGO_POD_UID") == "u1" && plan.variable("ARGO_INCLUDE_SCRIPT_OUTPUT") == "false")
    #expect(plan.variable("ARGO_TEMPLATE") == nil)
    let other = try Bench().plan(Bench.simple)
    #expect(!other.sharesContract && other.containers[0].mounts.isEmpty)
    #expect(other.variable("ARGO_PROGRESS_FILE") == "/tmp/argo-progress")
  }

  @Test("init containers get the template, a long one as a file") func initial() throws {
    var spec = Bench.simple
    spec["initContainers"] = [["name": "i", "image": "alpine", "command": ["true"]]]
    let short = try Bench().plan(spec, template: ["name": "t"])
    #expect(short.variable("ARGO_TEMPLATE") == #"{"name":"t"}"#)
    let bench = try Bench()
    let long = try bench.plan(spec, template: ["name": .string(String(repeating: "x", count: 140_000))])
    #expect(long.variable("ARGO_TEMPLATE") == "offloaded")
    #expect(long.text(of: "/argo/config", "/ARGO_TEMPLATE")?.utf8.count == 140_011)
  }

  @Test("the last line of the file that was written last is the progress") func file() throws {
    let bench = try Bench()
    let place = bench.state + "/pod"
    #expect(PodContract.progress(in: place, containers: ["main"]) == nil)
    try bench.write("1/10\n 5/10 \n\n", place + "/containers/main/tmp/argo-progress")
    #expect(PodContract.progress(in: place, containers: ["main"])?.description == "5/10")
    try bench.write("11/10", place + "/containers/main/tmp/argo-progress")
    #expect(PodContract.progress(in: place, containers: ["main"]) == nil)
  }

  @Test("progress is read at each tick and told by the pod") func progress() async throws {
    try await Bench.with(progressTick: GoDuration(nanoseconds: 20_000_000)) { bench in
      try bench.create("p")
      try await bench.started("p")
      bench.runner.tell("p", Bench.report([("main", nil)]))
      for text in ["0/100", "50/100"] {
        try bench.write(text, bench.directory("p") + "/containers/main/tmp/argo-progress")
        try await eventually(text) { try bench.store.get(Bench.key("p"))?.annotation(ArgoKey.progress) == text }
      }
      bench.end("p")
      try await bench.reaches("p", "Succeeded")
    }
  }
}
