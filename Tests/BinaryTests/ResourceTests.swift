import Glibc
import JSONValue
import Testing

/// `resource` templates over a whole run: what Argo does with `kubectl`, here inside the program.
@Suite("Resource templates", .needs())
struct ResourceTests {
  private func manifest(_ bench: Bench, _ body: String, name: String = "flow") throws {
    try bench.file(
      "flow.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: \(name)}
      spec:
        entrypoint: main
        templates:
      \(body.split(separator: "\n", omittingEmptySubsequences: false).map { "    " + $0 }.joined(separator: "\n"))
      """)
  }

  private func run(_ bench: Bench, _ more: String...) async throws -> Outcome {
    try await bench.argosy(["run", "flow.yaml", "-o", "json"] + more)
  }

  @Test("a ConfigMap is made, changed in every way, read and deleted, with outputs")
  func configMap() async throws {
    let bench = try Bench()
    try manifest(
      bench,
      #"""
      - name: main
        steps:
          - [{name: create, template: create, arguments: {parameters: [{name: num, value: "3"}]}}]
          - [{name: again, template: create, continueOn: {failed: true}, arguments: {parameters: [{name: num, value: "3"}]}}]
          - [{name: apply, template: apply}]
          - [{name: patch, template: patch}]
          - [{name: get, template: get}]
          - [{name: say, template: say, arguments: {parameters: [{name: all, value: "{{steps.get.outputs.parameters.all}} {{steps.get.outputs.parameters.sum}}"}]}}]
          - [{name: delete, template: delete}]
          - [{name: absent, template: absent}]
      - name: create
        inputs: {parameters: [{name: num}]}
        resource:
          action: create
          setOwnerReference: true
          manifest: |
            apiVersion: v1
            kind: ConfigMap
            metadata:
              name: cm
              labels: {cleanup: "true"}
            data:
              num: "{{=asInt(inputs.parameters.num) + 1}}"
              list: |
                {"list": [{"k": {{=asInt(inputs.parameters.num)}}}, {"k": 4}]}
        outputs:
          parameters:
            - {name: uid, valueFrom: {jsonPath: "{.metadata.uid}"}}
      - name: apply
        resource:
          action: apply
          manifest: |
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: cm}
            data: {b: two}
      - name: patch
        resource:
          action: patch
          mergeStrategy: json
          flags: [configmap, cm]
          manifest: |
            - {op: add, path: /data/c, value: three}
      - name: get
        resource:
          action: get
          flags: [cm, cm]
        outputs:
          parameters:
            - {name: all, valueFrom: {jsonPath: '{.data.num}-{.data.b}-{.data.c}'}}
            - {name: sum, valueFrom: {jqFilter: '.data.list | fromjson | [.list[].k] | add'}}
            - {name: owner, valueFrom: {jqFilter: '.metadata.ownerReferences[0] | .kind, .name'}}
      - name: say
        inputs: {parameters: [{name: all}]}
        container: {image: busybox, command: [sh, -c, "test '{{inputs.parameters.all}}' = '4-two-three 7'"]}
      - name: delete
        resource:
          action: delete
          flags: [configmap, --selector, cleanup=true]
      - name: absent
        resource:
          action: get
          flags: [cm, cm, --ignore-not-found]
        outputs:
          parameters:
            - {name: value, valueFrom: {jsonPath: "{.data.num}", default: none}}
      """#)
    let outcome = try await run(bench)
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(try workflow.node("create").output("uid")?.utf8.count == 36)
    #expect(try workflow.node("create").type == "Pod")
    #expect(try workflow.node("create").exitCode == "0")
    #expect(try workflow.node("again").phase == "Failed")
    #expect(
      try workflow.node("again").message
        == "main: Error (exit code 64): no more retries Error from server (AlreadyExists): error when creating \"/tmp/manifest.yaml\": "
        + "configmaps \"cm\" already exists")
    #expect(try workflow.node("get").output("owner") == "Workflow\nflow")
    #expect(try workflow.node("absent").output("value") == "none")
  }

  private static let parents = #"""
    - name: main
      steps:
        - - {name: good, template: child, arguments: {parameters: [{name: code, value: "0"}]}}
          - {name: bad, template: child, continueOn: {failed: true}, arguments: {parameters: [{name: code, value: "3"}]}}
        - - {name: name, template: say, arguments: {parameters: [{name: word, value: "{{steps.good.outputs.parameters.name}}"}]}}
    - name: child
      inputs: {parameters: [{name: code}]}
      resource:
        action: create
        setOwnerReference: true
        successCondition: status.phase == Succeeded
        failureCondition: status.phase in (Failed, Error)
        manifest: |
          apiVersion: argoproj.io/v1alpha1
          kind: Workflow
          metadata: {generateName: child-}
          spec:
            entrypoint: main
            arguments: {parameters: [{name: code, value: {{inputs.parameters.code}}}]}
            templates:
              - name: main
                container: {image: busybox, command: [sh, -c, "sleep 0.2; exit {{=workflow.parameters.code}}"]}
      outputs: {parameters: [{name: name, valueFrom: {jsonPath: "{.metadata.name}"}}]}
    - name: say
      inputs: {parameters: [{name: word}]}
      container: {image: busybox, command: [sh, -c, "echo {{inputs.parameters.word}} | grep -q '^child-.....$'"]}
    """#

  @Test("a workflow of workflows: one child succeeds, one fails")
  func children() async throws {
    let bench = try Bench()
    try manifest(bench, Self.parents)
    let outcome = try await run(bench, "--max-pods", "1")
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(try workflow.node("good").phase == "Succeeded")
    #expect(
      try workflow.node("bad").message == "main: Error (exit code 64): failure condition 'status.phase in (Error,Failed)' evaluated true",
      "\(workflow.table)")
    #expect(await bench.settled().isEmpty)
  }

  @Test("run waits for the workflows that steps have made")
  func companions() async throws {
    let bench = try Bench()
    try Files.makeDirectories(bench.path("notes"))
    try manifest(
      bench,
      """
      - name: main
        resource:
          action: create
          manifest: |
            apiVersion: argoproj.io/v1alpha1
            kind: Workflow
            metadata: {name: child}
            spec:
              entrypoint: main
              volumes: [{name: notes, hostPath: {path: \(bench.path("notes"))}}]
              templates:
                - name: main
                  container:
                    image: busybox
                    command: [sh, -c, "sleep 1; echo done > /notes/done"]
                    volumeMounts: [{name: notes, mountPath: /notes}]
      """)
    let outcome = try await run(bench)
    #expect(outcome.status == 0, "\(outcome)")
    #expect(bench.lines("notes/done") == ["done"])
  }

  @Test("a Pod made as a resource is run, and its phase is waited for")
  func pod() async throws {
    let bench = try Bench()
    try manifest(
      bench,
      """
      - name: main
        resource:
          action: create
          successCondition: status.phase == Succeeded
          failureCondition: status.phase == Failed
          manifest: |
            apiVersion: v1
            kind: Pod
            metadata: {generateName: own-}
            spec:
              restartPolicy: Never
              containers: [{name: it, image: busybox, command: [sh, -c, "exit 4"]}]
      """)
    let outcome = try await run(bench)
    #expect(outcome.status == 1, "\(outcome)")
    #expect(
      try outcome.workflow().node("flow").message
        == "main: Error (exit code 64): failure condition 'status.phase==Failed' evaluated true", "\(outcome)")
  }

  @Test("a killed run goes on waiting and makes nothing twice")
  func killed() async throws {
    let bench = try Bench()
    try Files.makeDirectories(bench.path("notes"))
    // Made a second time, the object would be there already, and the step would fail.
    try manifest(
      bench,
      """
      - name: main
        steps:
          - - {name: wait, template: wait}
            - {name: late, template: late}
      - name: wait
        resource:
          action: create
          successCondition: data.state == ready
          manifest: |
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: cm}
            data: {state: new}
        outputs: {parameters: [{name: state, valueFrom: {jsonPath: "{.data.state}"}}]}
      - name: late
        steps:
          - [{name: hold, template: hold}]
          - [{name: mark, template: mark}]
      - name: hold
        volumes: [{name: notes, hostPath: {path: \(bench.path("notes"))}}]
        container:
          image: busybox
          command: [sh, -c, "while ! test -e /notes/go; do sleep 0.1; done"]
          volumeMounts: [{name: notes, mountPath: /notes}]
      - name: mark
        resource:
          action: patch
          manifest: |
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: cm}
            data: {state: ready}
      """)
    let child = try bench.start([Parts.argosy, "run", "flow.yaml", "--state", "state"])
    try await eventually("both branches run", else: { "\(child.outcome)" }) {
      let text = child.outcome.err + child.outcome.out
      return (text.contains("(wait) Running") && text.contains("(hold) Running")) || !child.isRunning
    }
    child.signal(SIGKILL, group: false)
    #expect(try await child.wait().status == 137)
    let second = try bench.start([Parts.argosy, "run", "--state", "state", "--resume", "-o", "json"])
    try await Task.sleep(for: .seconds(1))
    #expect(second.isRunning, "\(second.outcome)")
    try bench.file("notes/go", "")
    let outcome = try await second.wait()
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(try workflow.node("wait").output("state") == "ready", "\(workflow.table)")
  }

  @Test("killed at any moment, each of twelve creations happens once")
  func manyCrashes() async throws {
    let bench = try Bench()
    // A second creation of one name would fail its step.
    try manifest(
      bench,
      """
      - name: main
        parallelism: 1
        steps:
          - - {name: make, template: make, withSequence: {count: "12"}, arguments: {parameters: [{name: num, value: "{{item}}"}]}}
      - name: make
        inputs: {parameters: [{name: num}]}
        steps:
          - [{name: create, template: create, arguments: {parameters: [{name: num, value: "{{inputs.parameters.num}}"}]}}]
          - [{name: pause, template: pause}]
      - name: create
        inputs: {parameters: [{name: num}]}
        resource:
          action: create
          manifest: |
            apiVersion: example.com/v1
            kind: Widget
            metadata: {name: "widget-{{inputs.parameters.num}}"}
      - name: pause
        container: {image: busybox, command: [sleep, "0.3"]}
      """)
    let crashes = try await bench.crash(after: [0.1, 0.3, 0.13, 0.22, 0.09], begun: "grep -q Running run.log")
    let outcome = try await bench.argosy("run", "--state", "state", "--resume", "-o", "json")
    #expect(outcome.status == 0 && crashes > 1, "\(crashes) crashes \((try? outcome.workflow().table) ?? "") \(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.nodes(of: "create").filter { $0.phase == "Succeeded" }.count == 12, "\(workflow.table)")
  }
}

/// `data` templates over the state's own repository.
@Suite("Data templates", .needs())
struct DataTests {
  @Test("files are listed, filtered, and a step runs for each")
  func list() async throws {
    let bench = try Bench()
    try bench.file(
      "flow.yaml",
      #"""
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: flow}
      spec:
        entrypoint: main
        templates:
          - name: main
            steps:
              - - {name: make, template: make, withItems: [a.py, b.txt, d/c.py], arguments: {parameters: [{name: f, value: "{{item}}"}]}}
              - [{name: list, template: list}]
              - - name: use
                  template: use
                  withParam: "{{steps.list.outputs.result}}"
                  arguments:
                    parameters: [{name: key, value: "{{item}}"}]
                    artifacts: [{name: file, s3: {key: "{{item}}"}}]
          - name: make
            inputs: {parameters: [{name: f}]}
            container: {image: busybox, command: [sh, -c, "echo {{inputs.parameters.f}} > /tmp/file"]}
            outputs:
              artifacts: [{name: file, path: /tmp/file, archive: {none: {}}, s3: {key: "made/{{inputs.parameters.f}}"}}]
          - name: list
            data:
              source: {artifactPaths: {name: made, s3: {key: made}}}
              transformation:
                - {expression: "filter(data, {# endsWith '.py'})"}
          - name: use
            inputs: {parameters: [{name: key}], artifacts: [{name: file, path: /tmp/in}]}
            container: {image: busybox, command: [sh, -c, 'test "made/$(cat /tmp/in)" = "{{inputs.parameters.key}}"']}
      """#)
    let outcome = try await bench.argosy("run", "flow.yaml", "-o", "json")
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(try workflow.node("list").result == #"["made/a.py","made/d/c.py"]"#)
    #expect(workflow.nodes(of: "use").count == 2)
    #expect(try workflow.node("list").type == "Pod")
  }
}
