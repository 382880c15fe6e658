import Glibc
import Testing

/// What a server does by itself for its objects, seen through kubectl.
@Suite(.needsKubectl) struct ServerLifeTests {
  /// A workflow that runs until a file is there.
  private func waiting(_ name: String, in namespace: String = "default", for directory: String, priority: Int = 0) -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: \(name), namespace: \(namespace)}
    spec:
      entrypoint: main
      priority: \(priority)
      volumes: [{name: d, hostPath: {path: "\(directory)"}}]
      templates:
      - name: main
        container:
          image: alpine
          command: [sh, -c]
          args: ["echo \(name) >> /d/started; while [ ! -e /d/go-\(name) ]; do sleep 0.05; done"]
          volumeMounts: [{name: d, mountPath: /d}]
    ---

    """
  }

  private func apply(_ text: String, to cluster: ServedCluster) async throws {
    try cluster.bench.file("objects.yaml", text)
    try await cluster.ok("apply --validate=false -f objects.yaml")
  }

  private func reaches(_ phase: String, _ workflow: String, in namespace: String = "default", _ cluster: ServedCluster) async throws {
    try await cluster.ok("wait --for=jsonpath={.status.phase}=\(phase) wf/\(workflow) -n \(namespace) --timeout=90s")
  }

  @Test("a token Secret is there for each service account, and its token is good as long as it is")
  func tokens() async throws {
    let cluster = try await ServedCluster()
    try await cluster.ok("create sa robot")
    try await cluster.ok("create rolebinding robot --clusterrole=view --serviceaccount=default:robot")
    let secret = try await cluster.ok("get sa robot -o=jsonpath={.secrets[0].name}")
    #expect(secret.hasPrefix("robot-token-"))
    let encoded = try await cluster.ok("get secret \(secret) -o=jsonpath={.data.token}")
    try cluster.bench.file("token", encoded)
    let decoded = try await cluster.bench.run(["base64", "-d", "token"])
    try cluster.bench.file("empty", "")
    let arguments = [
      "--kubeconfig", cluster.bench.path("empty"), "--server", cluster.url, "--insecure-skip-tls-verify", "--token", decoded.out, "get",
      "cm",
    ]
    #expect(try await cluster.kubectl(arguments).status == 0)
    try await cluster.ok("delete sa robot")
    let refused = try await cluster.kubectl(arguments)
    #expect(refused.status == 1 && (refused.err.contains("Unauthorized") || refused.err.contains("logged in")), "\(refused)")
  }

  @Test("a step that begins before a new server listens knows its port")
  func port() async throws {
    let cluster = try await ServedCluster()
    let bench = cluster.bench
    let directory = bench.path("d")
    try await apply(
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: w, namespace: default}
      spec:
        entrypoint: main
        volumes: [{name: d, hostPath: {path: "\(directory)"}}]
        templates:
        - name: main
          steps:
          - - {name: wait, template: sh, arguments: {parameters: [{name: do, value: "touch /d/begun; until [ -e /d/go ]; do sleep 0.05; done; touch /d/over"}]}}
          - - {name: tell, template: sh, arguments: {parameters: [{name: do, value: "echo $KUBERNETES_SERVICE_PORT >> /d/port"}]}}
        - name: sh
          inputs: {parameters: [{name: do}]}
          container:
            image: alpine
            command: [sh, -c, "{{inputs.parameters.do}}"]
            volumeMounts: [{name: d, mountPath: /d}]
      """, to: cluster)
    try await eventually("the first step runs", within: .seconds(180)) { Files.exists(directory + "/begun") }
    cluster.server.signal(SIGKILL, group: false)
    _ = try await cluster.server.wait()
    try bench.file("d/go", "")
    try await eventually("the first step is over", within: .seconds(180)) { Files.exists(directory + "/over") }
    let again = try bench.start([Parts.argosy, "server", "--data", cluster.data, "--listen", "127.0.0.1:0", "--log", "errors"])
    try await eventually("the second step has told", within: .seconds(180), else: { again.outcome.description }) {
      bench.text("d/port").hasSuffix("\n") && again.outcome.out.contains(" serves http")
    }
    let url = try #require(again.outcome.out.split(separator: "\n").first { $0.contains(" serves http") })
    #expect(url.hasSuffix(":" + bench.text("d/port").dropLast()), "\(url) \(bench.text("d/port"))")
    again.signal(SIGTERM, group: false)
    #expect(try await again.wait().status == 0)
  }

  @Test("a namespace goes with all that is in it, what runs there too")
  func namespaces() async throws {
    let cluster = try await ServedCluster()
    let directory = cluster.bench.path("d")
    try await cluster.ok("create ns team")
    try await apply(waiting("w", in: "team", for: directory), to: cluster)
    try await reaches("Running", "w", in: "team", cluster)
    try await eventually("the step runs", within: .seconds(180)) { cluster.bench.text("d/started") == "w\n" }
    #expect(try await cluster.kubectl("delete ns default").err.contains("this namespace may not be deleted"))
    func accounts() -> [String] { Files.names("\(cluster.data)/accounts") }
    #expect(accounts() == ["team"])
    try await cluster.ok("delete ns team")
    try await eventually("the token files of its pods are gone") { accounts().isEmpty }
    #expect(try await cluster.kubectl("get ns team").status == 1)
    #expect(try await cluster.ok("get wf,pods,cm,secrets,sa -n team -o name") == "")
    #expect(try await cluster.stop().status == 0)
  }

  @Test("a step waits for its Secret, says so, and runs when it is there") func missingSecret() async throws {
    let cluster = try await ServedCluster()
    try await apply(
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: w}
      spec:
        entrypoint: main
        templates:
        - name: main
          container:
            image: alpine
            command: [sh, -c, "echo got $WORD"]
            env: [{name: WORD, valueFrom: {secretKeyRef: {name: later, key: word}}}]
      """, to: cluster)
    try await eventually("the node says what it waits for") {
      let shown = try await cluster.bench.run([Parts.argosy, "get", "w"])
      return shown.out.contains("CreateContainerConfigError: secret \"later\" not found") && shown.out.contains("Running")
    }
    #expect(try await cluster.ok("get pods -o=jsonpath={.items[*].status.phase}") == "Pending")
    try await cluster.ok("create secret generic later --from-literal=word=sesame")
    try await reaches("Succeeded", "w", cluster)
    #expect(try await cluster.ok("logs w") == "got sesame\n")
    #expect(try await cluster.stop().status == 0)
  }

  @Test("a step goes on while the server is away; the next start adopts it")
  func adoption() async throws {
    let bench = try Bench()
    let first = try await ServedCluster(bench: bench)
    try await apply(waiting("w", for: bench.path("d")), to: first)
    try await reaches("Running", "w", first)
    try await eventually("the step runs", within: .seconds(180)) { bench.text("d/started") == "w\n" }
    #expect(try await first.stop().status == 0)
    let second = try await ServedCluster(bench: bench)
    try await reaches("Running", "w", second)
    try bench.file("d/go-w", "")
    try await reaches("Succeeded", "w", second)
    #expect(bench.text("d/started") == "w\n")
    #expect(try await second.ok("get events --field-selector reason=WorkflowRunning -o name").split(separator: "\n").count == 1)
  }

  @Test("parallelism counts over all namespaces, goes by priority, and follows its ConfigMap at once")
  func parallelism() async throws {
    let cluster = try await ServedCluster()
    let directory = cluster.bench.path("d")
    func limit(_ text: String) -> String {
      "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: workflow-controller-configmap, namespace: argo}\ndata: {\(text)}\n---\n"
    }
    try await cluster.ok("create ns team")
    try await cluster.ok("create ns argo")
    try await apply(limit("parallelism: '1', funny: 'x'") + waiting("first", for: directory), to: cluster)
    try await reaches("Running", "first", cluster)
    try await apply(
      waiting("low", in: "team", for: directory) + waiting("high", in: "team", for: directory, priority: 5)
        + waiting("last", for: directory), to: cluster)
    for (name, namespace) in [("low", "team"), ("high", "team"), ("last", "default")] {
      try await reaches("Pending", name, in: namespace, cluster)
      #expect(
        try await cluster.ok("get wf \(name) -n \(namespace) -o jsonpath={.status.message}")
          == "Workflow processing has been postponed because too many workflows are already running")
    }
    try cluster.bench.file("d/go-first", "")
    try await reaches("Succeeded", "first", cluster)
    try await reaches("Running", "high", in: "team", cluster)
    #expect(try await cluster.ok("get wf low -n team -o jsonpath={.status.phase}") == "Pending")
    try await apply(limit("parallelism: '9', funny: 'x'"), to: cluster)
    try await reaches("Running", "low", in: "team", cluster)
    try await reaches("Running", "last", cluster)
    #expect(cluster.server.outcome.err.components(of: "funny is not supported") == 1, "\(cluster.server.outcome)")
  }

  @Test("CronWorkflows made through the API run, go with their runs, and say when there is no such time zone")
  func cron() async throws {
    let cluster = try await ServedCluster()
    func cron(_ name: String, _ spec: String) -> String {
      """
      apiVersion: argoproj.io/v1alpha1
      kind: CronWorkflow
      metadata: {name: \(name)}
      spec:
        \(spec)
        workflowSpec: {entrypoint: m, templates: [{name: m, container: {image: alpine, command: ["true"]}}]}
      ---

      """
    }
    try await apply(
      cron("often", "schedules: ['@every 1s']\n  timezone: America/New_York\n  concurrencyPolicy: Forbid")
        + cron("nowhere", "schedules: ['* * * * *']\n  timezone: Mars/Olympus"), to: cluster)
    try await eventually("a run", within: .seconds(180)) {
      try await cluster.ok("get wf -l workflows.argoproj.io/cron-workflow=often -o name").hasPrefix("workflow.argoproj.io/often-")
    }
    try await eventually("what is wrong", within: .seconds(180)) {
      try await cluster.ok("get cwf nowhere -o jsonpath={.status.conditions[?(@.type=='SpecError')].message}").contains("Mars/Olympus")
    }
    try await cluster.ok("delete cwf often nowhere")
    try await eventually("the runs go too", within: .seconds(180)) {
      try await cluster.ok("get wf -l workflows.argoproj.io/cron-workflow=often -o name").isEmpty
    }
  }

  @Test("a claim is a volume of this machine that a workflow's steps share, and it goes with the claim")
  func volumes() async throws {
    let cluster = try await ServedCluster()
    try await apply(
      """
      apiVersion: v1
      kind: PersistentVolumeClaim
      metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
      ---
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: w}
      spec:
        entrypoint: main
        volumes: [{name: d, persistentVolumeClaim: {claimName: data}}]
        templates:
        - name: main
          steps: [[{name: a, template: run, arguments: {parameters: [{name: c, value: "echo hi > /d/f"}]}}],
                  [{name: b, template: run, arguments: {parameters: [{name: c, value: "grep hi /d/f"}]}}]]
        - name: run
          inputs: {parameters: [{name: c}]}
          container: {image: alpine, command: [sh, -c], args: ["{{inputs.parameters.c}}"], volumeMounts: [{name: d, mountPath: /d}]}
      """, to: cluster)
    try await reaches("Succeeded", "w", cluster)
    #expect(try await cluster.ok("get pvc data -o jsonpath={.status.phase}/{.spec.storageClassName}") == "Bound/local")
    let volume = try await cluster.ok("get pv -o jsonpath={.items[*].spec.hostPath.path}")
    #expect(Files.text(volume + "/f") == "hi\n")
    try await cluster.ok("delete pvc data")
    try await eventually("the volume goes", within: .seconds(180)) { try await cluster.ok("get pv -o name").isEmpty }
    try await eventually("its directory too", within: .seconds(180)) { !Files.exists(volume) }
  }
}

extension String {
  /// How often a text is in it.
  fileprivate func components(of text: String) -> Int {
    var (count, rest) = (0, self[...])
    while let range = rest.firstRange(of: text) {
      count += 1
      rest = rest[range.upperBound...]
    }
    return count
  }
}
