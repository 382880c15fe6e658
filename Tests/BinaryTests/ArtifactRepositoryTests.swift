import JSONValue
import Testing

/// A workflow whose artifacts, archived logs and garbage collection use an S3 repository that a ConfigMap names, as on Kubernetes.
@Suite("Artifacts are kept in a repository of S3", .needs("aws", "moto", "python3"), .moto)
struct ArtifactRepositoryTests {
  private static func manifests(port: Int) -> String {
    S3Repository.manifests(port: port, bucket: "repository", "keyFormat: \"runs/{{workflow.name}}/{{node.name}}\"") + """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: kept}
      spec:
        entrypoint: main
        archiveLogs: true
        artifactGC: {strategy: OnWorkflowDeletion}
        templates:
        - name: main
          steps:
          - - {name: make, template: make}
          - - name: use
              template: use
              arguments: {artifacts: [{name: in, from: "{{steps.make.outputs.artifacts.out}}"}]}
        - name: make
          container: {image: busybox, command: [sh, -c, "mkdir /out && echo made > /out/file && echo scratch > /scratch"]}
          outputs:
            artifacts:
            - {name: out, path: /out}
            - {name: scratch, path: /scratch, archive: {none: {}}, artifactGC: {strategy: OnWorkflowCompletion}}
        - name: use
          inputs: {artifacts: [{name: in, path: /in}]}
          container: {image: busybox, command: [cat, /in/file]}
      """
  }

  @Test("artifacts pass through the bucket, logs go there, and what was for the run only is gone with its end")
  func repository() async throws {
    let server = try SharedServer.required()
    let bench = try Bench(environment: S3Repository.environment(server))
    let manifest = try bench.file("kept.yaml", Self.manifests(port: server.port))
    let outcome = try await bench.argosy("run", manifest, "-o", "json")
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.json.at("status", "artifactRepositoryRef", "key") == "main")
    let artifacts = try workflow.node("make").json.at("outputs", "artifacts")?.array ?? []
    #expect(artifacts.map { $0["name"]?.string } == ["out", "scratch", "main-logs"], "\(workflow.table)")
    #expect(artifacts.first?["s3"] == ["key": "runs/kept/kept[0].make/out.tgz"])
    let keys = try await bench.shell("aws s3api list-objects-v2 --bucket repository --query 'Contents[].Key' --output text")
    #expect(
      keys.split { $0 == "\t" || $0 == "\n" }.sorted() == [
        "runs/kept/kept[0].make/main.log", "runs/kept/kept[0].make/out.tgz", "runs/kept/kept[1].use/main.log",
      ])
    let log = try await bench.shell("aws s3 cp 's3://repository/runs/kept/kept[1].use/main.log' -")
    #expect(log == "made\n")
  }
}
