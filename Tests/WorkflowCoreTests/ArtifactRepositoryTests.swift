import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

/// Where artifacts go that name no place, or only a key (spec 1.6, 1.1 `artifactRepositoryRef`, `archiveLogs`).
@Suite struct ArtifactRepositoryTests {
  @Test(
    "a repository stands for a location with Argo's key template",
    arguments: [
      (
        ["s3": ["endpoint": "e", "bucket": "b", "keyFormat": "k/{{pod.name}}"]],
        ["s3": ["endpoint": "e", "bucket": "b", "key": "k/{{pod.name}}"]]
      ),
      (["s3": ["bucket": "b", "keyPrefix": "a/"]], ["s3": ["bucket": "b", "key": "a/{{workflow.name}}/{{pod.name}}"]]),
      (["gcs": ["bucket": "b"]], ["gcs": ["bucket": "b", "key": "{{workflow.name}}/{{pod.name}}"]]),
      (["azure": ["container": "c", "blobNameFormat": "x"]], ["azure": ["container": "c", "blob": "x"]]),
      (["artifactory": ["repoURL": "http://h/r"]], ["artifactory": ["url": "http://h/r/{{workflow.name}}/{{pod.name}}"]]),
      (["archiveLogs": true], ["local": ["key": "{{workflow.namespace}}/{{workflow.name}}/{{pod.name}}"]]),
    ] as [(JSON, JSON)])
  func locations(repository: JSON, location: JSON) {
    #expect(ArtifactRepository(reference: ["artifactRepository": repository]).location == location)
  }

  @Test("keys are read and set in every kind of place")
  func keys() throws {
    var url = try #require(ArtifactPlace(["artifactory": ["url": "https://h:1/a/b"]]))
    #expect(url.key == "/a/b")
    url.key = "c/d"
    #expect(url.json["url"] == "https://h:1/c/d")
    var blob = try #require(ArtifactPlace(["azure": ["container": "c", "blob": "x"]]))
    blob.key = ArtifactPlace.join(blob.key, "../y")
    #expect(blob.json["blob"] == "y")
    #expect(ArtifactPlace(["name": "a"]) == nil)
    #expect(Artifact.relocated(["s3": ["key": "k"]], to: ["gcs": ["bucket": "b", "key": "p"]]) == ["gcs": ["bucket": "b", "key": "k"]])
    #expect(
      Artifact.relocated(["s3": ["bucket": "other"]], to: ["gcs": ["bucket": "b", "key": "p"]]) == ["gcs": ["bucket": "b", "key": ""]])
    let whole: JSON = ["s3": ["endpoint": "e", "bucket": "b", "key": "k"]]
    #expect(Artifact.relocated(whole, to: ["gcs": ["bucket": "b", "key": "p"]]) == whole)
  }

  private static let repository = ArtifactRepository(
    reference: [
      "namespace": "default", "configMap": "m", "key": "k",
      "artifactRepository": [
        "s3": ["endpoint": "e", "bucket": "b", "keyFormat": "{{workflow.creationTimestamp.Y}}/{{workflow.name}}/{{pod.name}}"]
      ],
    ])

  private func run(_ extra: JSONObject, spec more: JSONObject = [:], answer: ArtifactRepositoryAnswer = .found(repository)) -> Driver {
    var template: JSONObject = ["name": "main", "container": ["image": "i", "command": ["c"]]]
    for (key, value) in extra { template[key] = value }
    var spec: JSONObject = ["entrypoint": "main", "templates": [.object(template)]]
    for (key, value) in more { spec[key] = value }
    let run = Driver(spec: .object(spec))
    run.artifactRepository = answer
    run.send(.submitted)
    return run
  }

  private func archiveLocation(_ run: Driver) throws -> JSON? {
    try JSON.parse(run.pod("wf")?.annotation(ArgoKey.template) ?? "")["archiveLocation"]
  }

  private let filled: JSON = ["endpoint": "e", "bucket": "b", "key": "2018/wf/wf"]

  @Test("a pod with artifacts is told the run's repository, its key filled in")
  func told() throws {
    let run = run(["outputs": ["artifacts": [["name": "a", "path": "/a"]]]])
    #expect(try archiveLocation(run) == ["s3": filled, "archiveLogs": false])
    #expect(run.state.status()["artifactRepositoryRef"]?["configMap"] == "m")
    // One that needs none is told none.
    #expect(try archiveLocation(self.run([:])) == nil)
  }

  @Test("the template's own location wins, but only when it is a whole one")
  func own() throws {
    let output: JSON = ["artifacts": [["name": "a", "path": "/a"]]]
    let whole: JSON = ["gcs": ["bucket": "mine", "key": "{{pod.name}}"], "archiveLogs": true]
    #expect(
      try archiveLocation(run(["outputs": output, "archiveLocation": whole])) == [
        "gcs": ["bucket": "mine", "key": "wf"], "archiveLogs": true,
      ])
    #expect(
      try archiveLocation(run(["outputs": output, "archiveLocation": ["s3": ["key": "half"]]])) == ["s3": filled, "archiveLogs": false])
  }

  @Test("logs are archived by the word of the repository, then the template, then the workflow")
  func logs() throws {
    #expect(try archiveLocation(run([:], spec: ["archiveLogs": true])) == ["s3": filled, "archiveLogs": true])
    #expect(try archiveLocation(run(["archiveLocation": ["archiveLogs": false]], spec: ["archiveLogs": true])) == nil)
    #expect(try archiveLocation(run(["archiveLocation": ["archiveLogs": true]], answer: .found(.own))) == ["archiveLogs": true])
    let always = ArtifactRepository(reference: ["default": true, "artifactRepository": ["archiveLogs": true, "gcs": ["bucket": "b"]]])
    let told = try archiveLocation(run(["archiveLocation": ["archiveLogs": false]], answer: .found(always)))
    #expect(told == ["gcs": ["bucket": "b", "key": "wf/wf"], "archiveLogs": true])
  }

  @Test("what lies in the run's repository is told by its key, and reaches the next step so")
  func short() throws {
    let run = run(["outputs": ["artifacts": [["name": "a", "path": "/a"]]]])
    var seen = run.observation("wf", .succeeded)
    seen.outputs = [
      "artifacts": [
        ["name": "a", "s3": ["endpoint": "e", "bucket": "b", "key": "2018/wf/wf/a.tgz"]],
        ["name": "elsewhere", "s3": ["endpoint": "e", "bucket": "other", "key": "x"]],
      ]
    ]
    run.send(.podObserved(seen))
    let artifacts = run.node("wf")?.at("outputs", "artifacts")
    #expect(artifacts?[0]?["s3"] == ["key": "2018/wf/wf/a.tgz"])
    #expect(artifacts?[1]?["s3"]?["bucket"] == "other")
  }

  @Test("a repository that cannot be found is an Error of the workflow")
  func missing() {
    let run = run([:], answer: .failed("failed to find any artifact repository for artifact repository ref \"m#k\""))
    #expect(run.state.phase == .error)
    #expect(
      run.state.message
        == "failed to resolve artifact repository: failed to find any artifact repository for artifact repository ref \"m#k\"")
  }

  private func artifact(_ name: String, _ strategy: String? = nil) -> JSON {
    var artifact: JSON = ["name": .string(name), "path": .string("/" + name)]
    if let strategy { artifact["artifactGC"] = ["strategy": .string(strategy)] }
    return artifact
  }

  private func collected(_ spec: JSONObject) throws -> Driver {
    let outputs: JSON = [
      "artifacts": [
        artifact("plain"), artifact("done", "OnWorkflowCompletion"), artifact("deleted", "OnWorkflowDeletion"), artifact("never", "Never"),
      ]
    ]
    let run = run(["outputs": outputs], spec: spec)
    var seen = run.observation("wf", .succeeded)
    seen.outputs = [
      "artifacts": .array(
        ["plain", "done", "deleted", "never"].map { name in
          ["name": .string(name), "s3": ["endpoint": "e", "bucket": "b", "key": .string("2018/wf/wf/" + name)]]
        })
    ]
    run.send(.podObserved(seen))
    #expect(run.state.phase == .succeeded)
    return run
  }

  private func names(_ task: Resource?) -> [String] {
    (task?.spec.at("artifactsByNode", "wf", "artifacts")?.object ?? [:]).map(\.key).sorted()
  }

  @Test("artifacts go by their own strategy, else by the workflow's")
  func collection() throws {
    let own = try collected([:])
    #expect(names(own.artifactTasks.first) == ["done"])
    #expect(names(own.state.artifactGCTask(.onWorkflowDeletion)) == ["deleted", "done"])
    let all = try collected(["artifactGC": ["strategy": "OnWorkflowCompletion"]])
    #expect(names(all.artifactTasks.first) == ["done", "plain"])
    let task = try #require(all.artifactTasks.first)
    #expect(task.spec.at("artifactsByNode", "wf", "archiveLocation", "s3", "bucket") == "b")
    #expect(task.name.hasPrefix("wf-artgc-wfcomp-"))
    // Nothing to collect: nothing is asked for.
    let none = run(["outputs": ["artifacts": [artifact("a")]]])
    none.finish()
    #expect(none.artifactTasks.isEmpty && none.state.artifactGCTask(.onWorkflowDeletion) == nil)
  }

  @Test("what a task deleted is marked, what it could not delete is a condition of the workflow and stays to be done")
  func outcome() throws {
    let run = try collected(["artifactGC": ["strategy": "OnWorkflowCompletion"]])
    var task = try #require(run.artifactTasks.first)
    task.status = [
      "artifactResultsByNode": [
        "wf": [
          "artifactResults": [
            "done": ["name": "done", "success": true], "plain": ["name": "plain", "success": false, "error": "no route"],
          ]
        ], "unknown": ["artifactResults": [:]],
      ]
    ]
    try run.restart()
    let isComplete = run.state.artifactsCollected(task)
    #expect(!isComplete)
    let artifacts = run.state.status().at("nodes", "wf", "outputs", "artifacts")?.array ?? []
    #expect(artifacts.filter { $0["deleted"] == true }.map { $0["name"] } == ["done"])
    let condition = run.state.status()["conditions"]?.array?.first { $0["type"] == "ArtifactGCError" }
    #expect(condition?["message"]?.string == "no route (artifactGCTask: \(task.name))")
    #expect(names(run.state.artifactGCTask(.onWorkflowCompletion)) == ["plain"])
    #expect(run.state.takeChanges().nodes.count == 1)
  }
}
