import Basics
import CheckoutKit
import JSONValue
import KubeModel
import Testing
import Validation

@testable import WorkflowTesting

private func plan(_ text: String) -> Plan {
  let resources = ManifestLoader(defaultNamespace: "default").load(Array(text.utf8), file: "a.yaml").manifests.map(\.resource)
  let workflow = resources.first { $0.kind == .workflow } ?? Resource(.workflow, json: [:])
  return Plan(workflow: workflow, resources: resources.filter { $0.kind != .workflow }, start: Instant(seconds: 1_700_000_000))
}

@Suite struct PlanTests {
  private static let deploy = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: deploy}
    spec:
      entrypoint: main
      arguments: {parameters: [{name: env, value: test}, {name: who}]}
      volumes: [{name: key, secret: {secretName: ssh}}]
      templates:
      - name: main
        steps:
        - - {name: hosts, template: hosts}
        - - name: install
            template: install
            withParam: "{{steps.hosts.outputs.result}}"
            arguments: {parameters: [{name: host, value: "{{item.name}}"}, {name: env, value: "{{workflow.parameters.env}}"}]}
        - - {name: check, template: check, when: "{{steps.hosts.outputs.parameters.count}} > 3"}
          - {name: never, template: check, when: "{{workflow.parameters.env}} == prod"}
      - name: hosts
        script: {image: "hosts:1", command: [sh], source: list}
        outputs: {parameters: [{name: count, valueFrom: {path: /count}}]}
      - name: install
        inputs: {parameters: [{name: host}, {name: env}]}
        retryStrategy: {limit: 2}
        synchronization: {mutexes: [{name: lock}]}
        container:
          image: "install:{{inputs.parameters.env}}"
          args: ["{{inputs.parameters.host}}", "{{workflow.parameters.who}}"]
          env: [{name: TOKEN, valueFrom: {secretKeyRef: {name: api, key: token}}}]
          volumeMounts: [{name: key, mountPath: /key}]
      - name: check
        dag:
          tasks:
          - {name: a, template: hosts, withItems: [1, 2]}
          - {name: b, template: hosts, depends: a}
          - {name: c, template: hosts, depends: a.Failed}
    """

  @Test("the tree has every step, with what is known and what is not")
  func tree() {
    let plan = plan(Self.deploy)
    #expect(plan.problem == nil)
    #expect(
      plan.tree() == """
        deploy
        └─ deploy  main
           ├─ hosts  [hosts:1]
           ├─ install(0:name:‹item.name›)  install  host=‹item.name› env=test  [install:test]  for each of {{steps.hosts.outputs.result}}  retries: 2
           ├─ check  if {{steps.hosts.outputs.parameters.count}} > 3
           │  ├─ a  hosts
           │  │  ├─ a(0:1)  hosts  [hosts:1]
           │  │  └─ a(1:2)  hosts  [hosts:1]
           │  ├─ b  hosts  [hosts:1]
           │  └─ c  hosts  (Omitted: omitted: depends condition not met)
           └─ never  check  (Skipped: when 'test == prod' evaluated false)

        Pods: 5, at most 2 at once
        Images: hosts:1, install:test
        Secrets: api/token, ssh
        Locks: mutex default/Mutex/lock

        """)
  }

  @Test("pictures have the steps and who follows whom")
  func pictures() throws {
    let plan = plan(Self.deploy)
    #expect(plan.mermaid.contains("n0[\"hosts\"]\n"))
    #expect(plan.mermaid.contains("  n0 --> n1\n"))
    #expect(plan.dot.hasPrefix("digraph \"deploy\" {") && plan.dot.contains("n0 -> n1;"))
    #expect(plan.svg.hasPrefix("<svg") && plan.svg.contains("‹item.name›"))
    let install = try #require(plan.json["nodes"]?[0]?["parts"]?[1])
    #expect(install["forEach"] == "{{steps.hosts.outputs.result}}")
    #expect(install["inputs"]?[0] == ["name": "host", "value": "‹item.name›", "isKnown": false])
    #expect(install["inputs"]?[1] == ["name": "env", "value": "test", "isKnown": true])
  }

  @Test("suspended steps go on with outputs that are not known, exit handlers are part of the plan")
  func suspended() {
    let plan = plan(
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: wf}
      spec:
        entrypoint: main
        onExit: tell
        templates:
        - name: main
          steps:
          - - {name: ask, template: ask}
          - - {name: tell, template: tell, arguments: {parameters: [{name: who, value: "{{steps.ask.outputs.parameters.who}}"}]}}
        - name: ask
          suspend: {}
          outputs: {parameters: [{name: who, valueFrom: {supplied: {}}}]}
        - name: tell
          inputs: {parameters: [{name: who, value: nobody}]}
          container: {image: a, args: ["{{inputs.parameters.who}}"]}
      """)
    #expect(plan.problem == nil)
    #expect(plan.tree().contains("tell  who=‹ask.who›  [a]"))
    #expect(plan.tree().contains("wf.onExit  tell  who=nobody  [a]"))
  }

  @Test("what computes with a value of the run is known at run time only")
  func expressions() {
    let plan = plan(
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: wf}
      spec:
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: ask, template: tell}
          - - {name: use, template: tell, arguments: {parameters: [{name: who, value: "{{=asInt(steps.ask.outputs.result) + 1}}"}]}}
        - name: tell
          inputs: {parameters: [{name: who, value: nobody}]}
          script: {image: a, command: [cat], source: "{{inputs.parameters.who}}"}
      """)
    #expect(plan.problem == nil)
    #expect(plan.tree().contains("use  tell  who=\"‹{{=asInt(steps.ask.outputs.result) + 1}}›\"  [a]"), "\(plan.tree())")
  }

  @Test("beside a loop that a run decides a known list is its items, and names of unknown items are readable")
  func loopsOfOneGroup() {
    let plan = plan(
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: wf}
      spec:
        entrypoint: main
        arguments: {parameters: [{name: list, value: '["x", "y"]'}]}
        templates:
        - name: main
          steps:
          - - {name: ask, template: tell}
          - - {name: open, template: tell, withParam: "{{steps.ask.outputs.result}}", arguments: {parameters: [{name: who, value: "{{item}}"}]}}
            - {name: known, template: tell, withParam: "{{workflow.parameters.list}}", arguments: {parameters: [{name: who, value: "{{item}}"}]}}
          - - {name: use, template: tell, arguments: {parameters: [{name: who, value: "{{steps.open.outputs.parameters.o}}"}]}}
        - name: tell
          inputs: {parameters: [{name: who, value: nobody}]}
          outputs: {parameters: [{name: o, valueFrom: {path: /o}}]}
          script: {image: a, command: [cat], source: "{{inputs.parameters.who}}"}
      """)
    #expect(plan.problem == nil)
    #expect(
      plan.tree().hasPrefix(
        """
        wf
        └─ wf  main
           ├─ ask  tell  who=nobody  [a]
           ├─ open(0:‹item›)  tell  who=‹item›  [a]  for each of {{steps.ask.outputs.result}}
           ├─ known(0:x)  tell  who=x  [a]
           ├─ known(1:y)  tell  who=y  [a]
           └─ use  tell  who=["‹open(0:‹item›).o›"]  [a]

        """), "\(plan.tree())")
  }

  @Test("what the engine would refuse is the plan's problem")
  func problem() {
    let plan = plan(Self.deploy.replacing("withItems: [1, 2]", with: "withParam: \"{{workflow.parameters.env}}\""))
    #expect(plan.problem?.hasPrefix("Failed") == true || plan.problem?.hasPrefix("Error") == true, "\(plan.problem ?? "")")
  }

  /// What lint accepts, the engine can walk: with every step successful none of the manifests ends in an error of the engine.
  @Test("lint and the engine agree about the original's manifests", .enabled(if: conformanceDirectory != nil, "no conformance manifests"))
  func agreement() throws {
    let directory = try #require(conformanceDirectory)
    let loader = ManifestLoader(defaultNamespace: "default")
    let all = manifestFiles(below: directory).map { (file: $0, result: loader.load(bytes(ofFile: $0) ?? [], file: $0)) }
    // The fixture that the manifests' own tests make.
    let locks = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: my-config}\ndata: {workflow: '1', template: '2'}"
    let fixtures = loader.load(Array(locks.utf8), file: "locks.yaml").manifests.map(\.resource)
    let resources = all.flatMap(\.result.manifests).map(\.resource) + fixtures
    var count = 0
    for (file, result) in all {
      for workflow in result.manifests.map(\.resource) where workflow.kind == .workflow {
        let plan = Plan(workflow: workflow, resources: resources.filter { $0.kind != .workflow }, start: Instant(seconds: 1_700_000_000))
        count += 1
        if let problem = plan.problem, !Self.expected.contains(where: file.hasSuffix) {
          Issue.record("\(file): \(problem)\n\(plan.tree())")
        }
      }
    }
    #expect(count > 50)
  }

  /// Manifests that are to end otherwise, or whose expressions need a value of the run.
  private static let expected = ["dag-omitted-output-ref.yaml"]
}
