import Glibc
import JSONValue
import Testing

/// Artifacts by the Argo API.
@Suite("Artifacts of the server", .needsKubectl, .needs("curl", "tar")) struct ArtifactAPITests {
  private static let flow = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: artifacts}
    spec:
      entrypoint: main
      arguments: {artifacts: [{name: given, raw: {data: "what was given"}}]}
      templates:
        - name: main
          inputs: {artifacts: [{name: given, path: /tmp/given}]}
          container:
            image: busybox
            command: [sh, -c]
            args:
              - |
                mkdir -p /out/subdirectory /site
                echo ":) Hello Argo!" > /out/subdirectory/sub-file-1
                echo ":) Hello Argo!" > /out/subdirectory/sub-file-2
                echo "<script>parent.document.title='owned'</script>" > "/out/<img src=x>.html"
                echo "<script>document.title='owned'</script>" > /site/index.html
                echo ":) Hello Argo!" > /tmp/main-file
                truncate -s 300M /tmp/large
          outputs:
            artifacts:
              - {name: out, path: /out, s3: {key: out}, archive: {none: {}}}
              - {name: site, path: /site, archive: {none: {}}}
              - {name: main-file, path: /tmp/main-file, archive: {none: {}}}
              - {name: packed, path: /out}
              - {name: large, path: /tmp/large, archive: {none: {}}}
    """

  private static let policy =
    "sandbox allow-same-origin; base-uri 'none'; default-src 'none'; img-src 'self'; style-src 'self' 'unsafe-inline'"

  @Test("files, directories and archives are shown, and nothing of them can run") func reading() async throws {
    let cluster = try await ServedCluster()
    let curl = try await ArgoCurl(cluster, namespace: "team")
    try cluster.bench.file("flow.yaml", Self.flow)
    try await cluster.ok("create -n team -f flow.yaml")
    try await cluster.ok("wait -n team workflow/artifacts --for=condition=Completed --timeout=120s")
    #expect(try await cluster.ok("get workflow artifacts -n team -o jsonpath={.status.phase}") == "Succeeded")
    let uid = try await cluster.ok("get workflow artifacts -n team -o jsonpath={.metadata.uid}")
    let files = "/artifact-files/team/workflows/artifacts/artifacts/outputs"

    for path in [
      "/artifacts/team/artifacts/artifacts/main-file", "\(files)/main-file", "\(files)/out/subdirectory/sub-file-1",
      "/artifacts-by-uid/\(uid)/artifacts/main-file", "/artifact-files/team/archived-workflows/\(uid)/artifacts/outputs/main-file",
      "\(files)/packed/subdirectory/sub-file-2",
    ] {
      let answer = try await curl.send("GET", path)
      #expect(answer.status == 200, "\(path): \(answer)")
      #expect(answer.body == ":) Hello Argo!\n", "\(path)")
      #expect(answer.headers["content-security-policy"] == Self.policy)
      #expect(answer.headers["x-frame-options"] == "SAMEORIGIN")
      #expect(answer.headers["x-content-type-options"] == "nosniff")
      #expect(answer.headers["content-disposition"] == "filename=\"\(path.split(separator: "/").last ?? "")\"")
      #expect(answer.headers["content-length"] == "15")
    }
    #expect(try await curl.send("GET", "/input-artifacts/team/artifacts/artifacts/given").body == "what was given")
    #expect(try await curl.send("GET", "/input-artifacts-by-uid/\(uid)/artifacts/given").body == "what was given")
    let part = try await curl.send("GET", "\(files)/main-file", "-H", "Range: bytes=3-7")
    #expect(part.status == 206 && part.body == "Hello" && part.headers["content-range"] == "bytes 3-7/15", "\(part)")
    #expect(try await curl.send("HEAD", "\(files)/main-file").headers["content-length"] == "15")

    // Directories.
    let moved = try await curl.send("GET", "\(files)/out")
    #expect(moved.status == 307 && moved.headers["location"] == "\(files)/out/", "\(moved)")
    let list = try await curl.send("GET", "\(files)/out/")
    #expect(list.status == 200 && list.headers["content-security-policy"] == Self.policy)
    #expect(list.headers["content-type"] == "text/html; charset=utf-8")
    #expect(list.body.contains("<a href=\"./subdirectory/\">subdirectory/</a>"), "\(list)")
    #expect(!list.body.contains("<img"), "\(list)")
    let below = try await curl.send("GET", "\(files)/out/subdirectory/")
    #expect(
      below.body.contains("<a href=\"./sub-file-1\">sub-file-1</a>") && below.body.contains("<a href=\"./sub-file-2\">sub-file-2</a>"))
    let page = try await curl.send("GET", "\(files)/site/")
    #expect(page.status == 307 && page.headers["location"] == "\(files)/site/index.html", "\(page)")
    let hostile = try await curl.send("GET", "\(files)/site/index.html")
    #expect(hostile.headers["content-type"] == "text/html; charset=utf-8" && hostile.headers["content-security-policy"] == Self.policy)
    let opened = try await curl.send("GET", "\(files)/packed/")
    #expect(opened.body.contains("<a href=\"./subdirectory/\">subdirectory/</a>"), "\(opened)")

    // Packed ones come as they are stored, directories packed.
    for (path, name) in [
      ("/artifacts/team/artifacts/artifacts/packed", "packed.tgz"), ("/artifacts/team/artifacts/artifacts/out", "out.tgz"),
    ] {
      let head = try await curl.send("HEAD", path)
      #expect(
        head.headers["content-type"] == "application/gzip" && head.headers["content-disposition"] == "filename=\"\(name)\"", "\(head)")
      let names = try await cluster.bench.shell("curl -sS --cacert ca.pem -H @robot.header \(cluster.url)\(path) | tar tz")
      #expect(names.contains("out/subdirectory/sub-file-1\n"), "\(names)")
    }

    // What is not there, and what is none of the reader's business.
    #expect(try await curl.send("GET", "/artifacts/team/nothing/artifacts/main-file").status == 404)
    #expect(try await curl.send("GET", "\(files)/not-an-artifact").status == 500)
    #expect(try await curl.send("GET", "\(files)/out/not-a-file").status == 404)
    #expect(try await curl.send("GET", "\(files)/out/..%2f..%2fflow.yaml").status == 400)
    #expect(try await curl.send("GET", "/artifacts-by-uid/nothing/artifacts/main-file").status == 404)
    #expect(try await curl.send("GET", "/artifact-files/team/elsewhere/artifacts/artifacts/outputs/out").status == 400)
    #expect(try await curl.send("GET", "\(files)/main-file", token: false).status == 401)
    let stranger = try await cluster.ok("create token default")
    for path in ["\(files)/main-file", "/artifacts/team/artifacts/artifacts/main-file", "/artifacts-by-uid/\(uid)/artifacts/main-file"] {
      #expect(try await curl.send("GET", path, token: false, "-H", "Authorization: Bearer \(stranger)").status == 403)
    }

    // A browser's cookie is as good as the header.
    let token = cluster.bench.text("robot.header").split(separator: " ").last ?? ""
    #expect(try await curl.send("GET", "\(files)/main-file", token: false, "-H", "Cookie: authorization=Bearer \(token)").status == 200)

    // What is archived is read as before.
    try await cluster.ok("delete workflow artifacts -n team")
    for path in [
      "/artifacts/team/artifacts/artifacts/main-file", "/artifacts-by-uid/\(uid)/artifacts/main-file",
      "/artifact-files/team/archived-workflows/\(uid)/artifacts/outputs/out/subdirectory/sub-file-1",
    ] {
      let answer = try await curl.send("GET", path)
      #expect(answer.status == 200 && answer.body == ":) Hello Argo!\n", "\(path): \(answer)")
    }

    let before = cluster.server.outcome.peakMemory
    _ = cluster.server.isRunning
    let size = try await cluster.bench.shell(
      "curl -sS --cacert ca.pem -H @robot.header \(cluster.url)/artifacts/team/artifacts/artifacts/large | wc -c")
    #expect(size == "\(300 << 20)\n")
    #expect(cluster.server.isRunning)
    #expect(cluster.server.outcome.peakMemory < max(before, 1) + (150 << 20), "a large artifact was held in memory")
  }

  @Test("the page's commands do what it says", .needs("jq")) func page() async throws {
    let cluster = try await ServedCluster("--auth-mode", "hybrid")
    let bench = cluster.bench
    let page = Project.root + "/docs/artifacts.md"
    try bench.file("report.yaml", try Readme.block("yaml", of: page))
    #expect(symlink(Kubectl.path(Kubectl.newest), bench.path("bin/kubectl")) == 0)
    bench.set("ARGOSY_DATA", cluster.data)
    let printed = try await bench.shell(try Readme.commands(page))
    #expect(printed.contains("condition met\n2\n"), "\(printed)")
    #expect(printed.contains("<a href=\"./lines.txt\">lines.txt</a>") && printed.hasSuffix("</html>2\n"), "\(printed)")
    #expect(try await bench.shell("tar tzf packed.tgz").contains("site/data/lines.txt"))
  }

  @Test("a file is uploaded for a template's artifact, within the limit, and a workflow gets it") func uploading() async throws {
    let bench = try Bench(environment: ["ARGO_SERVER_MAX_ARTIFACT_UPLOAD_BYTES": "1000000"])
    let cluster = try await ServedCluster(bench: bench)
    let curl = try await ArgoCurl(cluster, namespace: "team")
    try bench.file(
      "template.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: WorkflowTemplate
      metadata: {name: reads}
      spec:
        entrypoint: main
        arguments: {artifacts: [{name: text}]}
        templates:
          - name: main
            inputs: {artifacts: [{name: text, path: /tmp/text}]}
            container: {image: busybox, command: [cat, /tmp/text]}
      """)
    try await cluster.ok("create -n team -f template.yaml")
    try bench.file("my text.txt", "uploaded words")
    let path = "/upload-artifacts/team/reads/text"
    let sent = try await curl.send("POST", path, "-F", "note=x", "-F", "file=@\(bench.path("my text.txt"))")
    #expect(sent.status == 200, "\(sent)")
    let key = sent.json["key"]?.string ?? ""
    #expect(sent.json["name"] == "text" && key.hasPrefix("uploads/team/") && key.hasSuffix("/my text.txt"), "\(sent)")
    let submitted = try await curl.send(
      "POST", "/api/v1/workflows/team/submit",
      body: JSON.object([
        "resourceKind": "WorkflowTemplate", "resourceName": "reads",
        "submitOptions": ["name": "with-upload", "artifacts": .array([.string("text=\(key)")])],
      ]).text())
    #expect(submitted.status == 200, "\(submitted)")
    try await cluster.ok("wait -n team workflow/with-upload --for=condition=Completed --timeout=120s")
    let printed = try await cluster.ok("logs -n team -l workflows.argoproj.io/workflow=with-upload -c main")
    let workflow = try await cluster.ok("get workflow with-upload -n team -o yaml")
    #expect(printed.hasPrefix("uploaded words"), "\(printed)\n\(workflow)")

    try bench.file("large", [UInt8](repeating: 0x61, count: 1_000_001))
    #expect(try await curl.send("POST", path, "-F", "file=@\(bench.path("large"))").status == 413)
    #expect(try await curl.send("POST", "/upload-artifacts/team/reads/other", "-F", "file=@\(bench.path("my text.txt"))").status == 404)
    #expect(try await curl.send("POST", "/upload-artifacts/team/nothing/text", "-F", "file=@\(bench.path("my text.txt"))").status == 404)
    #expect(try await curl.send("POST", path, "-F", "note=x").status == 400)
    #expect(try await curl.send("POST", path, body: "plain").status == 400)
    #expect(try await curl.send("POST", path, token: false, "-F", "file=@\(bench.path("my text.txt"))").status == 401)
    let stranger = try await cluster.ok("create token default")
    let refused = try await curl.send(
      "POST", path, token: false, "-H", "Authorization: Bearer \(stranger)", "-F", "file=@\(bench.path("my text.txt"))")
    #expect(refused.status == 403)
  }
}
