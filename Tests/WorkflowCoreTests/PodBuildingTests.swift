import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

@Suite struct PodBuildingTests {
  @Test("patches of the workflow and then of the template are laid over the pod, as YAML or JSON, by containers' names") func patches() {
    let run = workflow(
      echo(
        "main", inputs: ["limit"],
        extra: ["podSpecPatch": #"{"containers":[{"name":"main","resources":{"limits":{"cpu":"{{inputs.parameters.limit}}"}}}]}"#]),
      extra: [
        "arguments": ["parameters": [["name": "limit", "value": "200m"], ["name": "grace", "value": "5"]]],
        "podSpecPatch": """
        terminationGracePeriodSeconds: {{workflow.parameters.grace}}
        containers:
          - name: main
            resources: {limits: {cpu: 1, memory: 1Gi}}
          - name: wait
            resources: {limits: {cpu: 1}}
          - name: extra
            image: alpine
        initContainers:
          - {name: init, image: x}
        """,
      ])
    run.send(.submitted)
    let spec = run.pod("wf")?.spec
    #expect(spec?["terminationGracePeriodSeconds"] == 5)
    #expect(spec?["containers"]?.array?.map { $0["name"]?.string } == ["main", "extra"])
    #expect(spec?["containers"]?[0]?.at("resources", "limits") == ["cpu": "200m", "memory": "1Gi"])
    #expect(spec?["containers"]?[0]?["command"] == ["echo"])
    #expect(spec?["initContainers"] == nil)
  }

  @Test(
    "a patch that is none is an error of the node",
    arguments: [
      ("[1]", "json: cannot unmarshal array"), ("containers: main", "Go struct field PodSpec.containers"), ("a: [", "invalid podSpecPatch"),
      (#"{"containers":[{"name":"main","$patch":"delete"}]}"#, "leaves no container"),
      (#"{"containers":[{"image":"x"}]}"#, "does not contain declared merge key: name"),
    ])
  func badPatches(patch: String, message: String) {
    let run = workflow(echo("main", extra: ["podSpecPatch": .string(patch)]))
    run.send(.submitted)
    #expect(run.phase("wf") == "Error")
    #expect(run.message("wf").hasPrefix("Error applying PodSpecPatch") && run.message("wf").contains(message))
    #expect(run.pods.isEmpty)
  }

  @Test("where a pod is to run is said by its template, the one around it, or the workflow") func placement() {
    let run = workflow(
      steps(
        [[call("a"), call("b", "own")]], extra: ["nodeSelector": ["disk": "ssd"], "tolerations": [["key": "around"]]]),
      echo(), echo("own", extra: ["nodeSelector": ["disk": "own"]]), extra: ["nodeSelector": ["disk": "wf"], "schedulerName": "s"])
    run.send(.submitted)
    #expect(run.pod("wf[0].a")?.spec["nodeSelector"] == ["disk": "ssd"])
    #expect(run.pod("wf[0].b")?.spec["nodeSelector"] == ["disk": "own"])
    #expect(run.pod("wf[0].b")?.spec["tolerations"] == [["key": "around"]])
    #expect(run.pod("wf[0].b")?.spec["schedulerName"] == "s")
  }

  @Test("a pod has its template's labels and annotations, then the workflow's podMetadata, with tags replaced") func metadata() {
    let run = workflow(
      echo("main", inputs: ["x"], extra: ["metadata": ["labels": ["own": "{{inputs.parameters.x}}"], "annotations": ["note": "n"]]]),
      extra: [
        "arguments": ["parameters": [["name": "x", "value": "template"]]],
        "podMetadata": ["labels": ["own": "workflow", "team": "{{workflow.name}}"], "annotations": ["all": "a"]],
      ])
    run.send(.submitted)
    let metadata = run.pod("wf")?.json["metadata"]
    #expect(metadata?.at("labels", "own") == "template")
    #expect(metadata?.at("labels", "team") == "wf")
    #expect(metadata?.at("annotations", "note") == "n" && metadata?.at("annotations", "all") == "a")
  }

  @Test("a label that tags make invalid ends the node with what Kubernetes says of the pod") func badLabel() {
    let run = workflow(
      echo("main", inputs: ["x"], extra: ["metadata": ["labels": ["own": "{{inputs.parameters.x}}"]]]),
      extra: ["arguments": ["parameters": [["name": "x", "value": "a b"]]]])
    run.send(.submitted)
    #expect(run.phase("wf") == "Error" && run.pod("wf") == nil)
    #expect(
      run.message("wf").hasPrefix(
        #"Pod "wf" is invalid: metadata.labels: Invalid value: "a b": a valid label must be an empty string or consist of"#))
  }

  @Test("the account, its token and the network are written into the pod") func account() {
    let fields: JSONObject = [
      "serviceAccountName": "builder", "automountServiceAccountToken": false, "hostNetwork": true, "dnsPolicy": "Default",
    ]
    let run = workflow(echo("main"), extra: fields)
    run.send(.submitted)
    for (key, value) in fields { #expect(run.pod("wf")?.spec[key] == value) }
  }

  @Test("no deadline holds for a container that is debugged") func debugging() {
    let container: JSON = ["image": "a", "command": ["x"], "env": [["name": "ARGO_DEBUG_PAUSE_AFTER", "value": "true"]]]
    let run = workflow(["name": "main", "activeDeadlineSeconds": 5, "container": container])
    run.send(.submitted)
    #expect(run.pod("wf")?.spec["activeDeadlineSeconds"] == nil)
  }

  @Test("display names are the retry node's, not its attempts', and must fit") func displayNames() {
    let annotations: JSONObject = ["annotations": ["workflows.argoproj.io/display-name": "shown-{{inputs.parameters.x}}"]]
    var extra = annotations
    extra["retryStrategy"] = ["limit": 1]
    let run = workflow(
      steps([[call("a", "plain", ["x": "1"]), call("b", "again", ["x": "2"]), call("c", "plain", ["x": "a b"])]]),
      echo("plain", inputs: ["x"], extra: annotations), echo("again", inputs: ["x"], extra: extra))
    run.send(.submitted)
    #expect(run.node("wf[0].a")?["displayName"] == "shown-1")
    #expect(run.node("wf[0].b")?["displayName"] == "shown-2")
    #expect(run.node("wf[0].b(0)")?["displayName"] == "b(0)")
    #expect(run.phase("wf[0].c") == "Error")
    #expect(run.message("wf[0].c") == "displayName must match the regex ^[a-zA-Z0-9][a-zA-Z0-9-.]{0,61}[a-zA-Z0-9]$")
  }
}

@Suite struct ProgressTests {
  private func seen(_ run: Driver, _ pod: String, _ phase: PodObservation.Phase, _ progress: String?) -> PodObservation {
    var seen = run.observation(pod, phase)
    seen.progress = progress.flatMap { NodeProgress($0) }
    return seen
  }

  @Test("what a step says of its progress counts in its node, its parents and the workflow") func reported() {
    let run = workflow(steps([[call("a"), call("b")]]), echo())
    run.send(.submitted)
    #expect(run.state.progress == "0/2")
    let (a, b) = (run.pod("wf[0].a")?.name ?? "", run.pod("wf[0].b")?.name ?? "")
    run.send(.podObserved(seen(run, a, .running, "0/100")))
    #expect(run.state.progress == "0/101")
    run.send(.podObserved(seen(run, a, .running, "50/100")))
    #expect(run.node("wf[0].a")?["progress"] == "50/100")
    #expect(run.node("wf[0]")?["progress"] == "50/101" && run.node("wf")?["progress"] == "50/101" && run.state.progress == "50/101")
    run.send(.podObserved(seen(run, a, .succeeded, "50/100")))
    #expect(run.node("wf[0].a")?["progress"] == "100/100" && run.state.progress == "100/101")
    run.send(.podObserved(seen(run, b, .running, "1/1")))
    run.send(.podObserved(seen(run, b, .failed, "1/1")))
    #expect(run.node("wf[0].b")?["progress"] == "1/1" && run.state.progress == "101/101")
  }

  @Test("progress is N/M with 0 <= N <= M", arguments: ["", "5", "2/1", "-1/2", "0/0", "a/b"])
  func invalid(text: String) { #expect(NodeProgress(text) == nil) }

  @Test("a pod's resources are requests by the whole seconds of each container") func usage() {
    func status(_ name: String, _ start: String, _ end: String) -> JSON {
      ["name": .string(name), "state": ["terminated": ["exitCode": 0, "startedAt": .string(start), "finishedAt": .string(end)]]]
    }
    let day = "2020-01-01T00:"
    let pod = Resource(
      .pod,
      json: [
        "metadata": ["name": "p"],
        "spec": [
          "resources": ["requests": ["cpu": 1]],
          "initContainers": [
            ["name": "i", "resources": ["limits": ["cpu": "2", "example.com/gpu": 1], "requests": ["memory": "250Mi"]]]
          ],
          "containers": [["name": "a"], ["name": "b"], ["name": "never"]],
        ],
        "status": [
          "phase": "Succeeded",
          "initContainerStatuses": [status("i", day + "00:00Z", day + "00:03Z")],
          "containerStatuses": [status("a", day + "01:00Z", day + "01:10Z"), status("b", day + "01:00Z", day + "01:25Z")],
        ],
      ])
    let usage = PodObservation(pod: pod, taskResult: nil).usage
    // i: 3 s with 2 CPU and 2.5 * 100Mi; a: 10 s with the pod's CPU; b: 25 s with the defaults.
    let expected: JSON = ["cpu": 18, "example.com/gpu": 3, "memory": 42]
    #expect(usage?.json == expected)
  }

  @Test("resources are summed over what is inside a node and over the workflow") func sums() {
    let run = workflow(steps([[call("a"), call("b")]]), echo())
    run.send(.submitted)
    for (name, seconds) in [("wf[0].a", 3), ("wf[0].b", 4)] {
      var seen = run.observation(run.pod(name)?.name ?? "", .succeeded)
      seen.usage = ResourceUsage(json: ["cpu": 0, "memory": .int(Int64(seconds))])
      run.send(.podObserved(seen))
    }
    #expect(run.node("wf[0].a")?["resourcesDuration"] == ["cpu": 0, "memory": 3])
    #expect(run.node("wf")?["resourcesDuration"] == ["cpu": 0, "memory": 7])
    #expect(run.state.status()["resourcesDuration"] == ["cpu": 0, "memory": 7])
  }
}
