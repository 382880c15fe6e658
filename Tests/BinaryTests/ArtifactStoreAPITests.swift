import Glibc
import JSONValue
import Testing

/// Artifacts by the Argo API that lie in an S3 repository, which a ConfigMap of the namespace names.
@Suite("Artifacts of the server in a repository of S3", .needsKubectl, .needs("curl", "aws", "moto", "python3", "tar"), .moto)
struct ArtifactStoreAPITests {
  private static func manifests(port: Int) -> String {
    S3Repository.manifests(port: port, bucket: "served", "keyFormat: \"runs/{{workflow.name}}\"") + """
      apiVersion: argoproj.io/v1alpha1
      kind: WorkflowTemplate
      metadata: {name: flow}
      spec:
        entrypoint: main
        arguments: {artifacts: [{name: given}]}
        templates:
          - name: main
            inputs: {artifacts: [{name: given, path: /tmp/given}]}
            outputs: {artifacts: [{name: tree, path: /out, archive: {none: {}}}, {name: packed, path: /out}]}
            container: {image: busybox, command: [sh, -c, "mkdir -p /out/sub && cp /tmp/given /out/sub/given && echo top > /out/top"]}
      """
  }

  @Test("what is uploaded goes there, and what lies there is read, also when the workflow is gone") func repository() async throws {
    let server = try SharedServer.required()
    let bench = try Bench(environment: S3Repository.environment(server))
    let cluster = try await ServedCluster(bench: bench)
    let curl = try await ArgoCurl(cluster, namespace: "team")
    try bench.file("flow.yaml", Self.manifests(port: server.port))
    try await cluster.ok("create -n team -f flow.yaml")
    let given = try bench.file("given.txt", "uploaded words")
    let sent = try await curl.send("POST", "/upload-artifacts/team/flow/given", "-F", "file=@\(given)")
    #expect(sent.status == 200, "\(sent)")
    let key = sent.json["key"]?.string ?? ""
    #expect(try await bench.shell("aws s3 cp 's3://served/\(key)' -") == "uploaded words")

    let submitted = try await curl.send(
      "POST", "/api/v1/workflows/team/submit",
      body: JSON.object([
        "resourceKind": "WorkflowTemplate", "resourceName": "flow",
        "submitOptions": ["name": "kept", "artifacts": .array([.string("given=\(key)")])],
      ]).text())
    #expect(submitted.status == 200, "\(submitted)")
    try await cluster.ok("wait -n team workflow/kept --for=condition=Completed --timeout=120s")
    let workflow = try await cluster.ok("get workflow kept -n team -o yaml")
    let uid = try await cluster.ok("get workflow kept -n team -o jsonpath={.metadata.uid}")

    for id in ["workflows/kept", "archived-workflows/\(uid)"] {
      let files = "/artifact-files/team/\(id)/kept/outputs"
      let moved = try await curl.send("GET", "\(files)/tree")
      #expect(moved.status == 307 && moved.headers["location"] == "\(files)/tree/", "\(moved)\n\(workflow)")
      let list = try await curl.send("GET", "\(files)/tree/")
      #expect(list.body.contains("<a href=\"./sub/\">sub/</a>") && list.body.contains("<a href=\"./top\">top</a>"), "\(list)")
      for path in ["tree/sub/given", "packed/sub/given"] {
        let file = try await curl.send("GET", "\(files)/\(path)")
        #expect(file.status == 200 && file.body == "uploaded words", "\(path): \(file)")
      }
      #expect(try await curl.send("GET", "\(files)/tree/nothing").status == 404)
      if id == "workflows/kept" { try await cluster.ok("delete workflow kept -n team") }
    }
    #expect(try await curl.send("GET", "/input-artifacts/team/kept/kept/given").body == "uploaded words")
    let names = try await bench.shell("curl -sS --cacert ca.pem -H @robot.header \(cluster.url)/artifacts-by-uid/\(uid)/kept/tree | tar tz")
    #expect(names.contains("/sub/given\n"), "\(names)")

    // Secrets that are gone are a failure, not an empty file.
    try await cluster.ok("delete secret keys -n team")
    let failed = try await curl.send("GET", "/artifacts-by-uid/\(uid)/kept/packed")
    #expect(failed.status == 500 && failed.json["message"]?.string?.contains("secret \"keys\"") == true, "\(failed)")
  }
}
