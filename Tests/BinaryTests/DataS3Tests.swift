import JSONValue
import Testing

/// `data` templates over a bucket, which is the repository of the namespace, named in full, or both.
@Suite("Data templates over S3", .needs("moto", "python3"), .moto)
struct DataS3Tests {
  private static func manifests(port: Int) -> String {
    let place = """
      endpoint: 127.0.0.1:\(port), insecure: true, accessKeySecret: {name: keys, key: access}, secretKeySecret: {name: keys, key: secret}
      """
    return S3Repository.manifests(port: port, bucket: "listed") + #"""
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: flow}
      spec:
        entrypoint: main
        templates:
        - name: main
          steps:
          - - {name: make, template: make, withItems: [a.py, b.txt, d/c.py], arguments: {parameters: [{name: file, value: "{{item}}"}]}}
          - - {name: by-key, template: by-key}
            - {name: by-place, template: by-place}
            - {name: nothing, template: nothing, continueOn: {failed: true}}
          - - name: use
              template: use
              withParam: "{{steps.by-key.outputs.result}}"
              arguments: {artifacts: [{name: in, s3: {key: "{{item}}"}}]}
        - name: make
          inputs: {parameters: [{name: file}]}
          container: {image: busybox, command: [sh, -c, "echo made > /tmp/out"]}
          outputs:
            artifacts: [{name: out, path: /tmp/out, archive: {none: {}}, s3: {key: "made/{{inputs.parameters.file}}"}}]
        - name: by-key
          data:
            source: {artifactPaths: {name: all, s3: {key: made}}}
            transformation: [{expression: "filter(data, {# endsWith '.py'})"}]
        - name: by-place
          data:
            source: {artifactPaths: {name: all, s3: {bucket: listed, \#(place)}}}
            transformation: [{expression: "map(data, {# + '.ready'})"}, {expression: "data | filter(# contains '/d/')"}]
        - name: nothing
          data:
            source: {artifactPaths: {name: none, s3: {bucket: listed, key: no/such, \#(place)}}}
            transformation: [{expression: data}]
        - name: use
          inputs: {artifacts: [{name: in, path: /in}]}
          container: {image: busybox, command: [grep, -qx, made, /in]}
      """#
  }

  @Test("a bucket is listed by its repository and by its place")
  func bucket() async throws {
    let server = try SharedServer.required()
    let bench = try Bench()
    try bench.file("flow.yaml", Self.manifests(port: server.port))
    let outcome = try await bench.argosy("run", "flow.yaml", "-o", "json")
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(try workflow.node("by-key").result == #"["made/a.py","made/d/c.py"]"#, "\(workflow.table)")
    #expect(try workflow.node("by-place").result == #"["made/d/c.py.ready"]"#, "\(workflow.table)")
    #expect(
      try workflow.node("nothing").message.hasPrefix(
        "main: Error (exit code 64): unable to process data template: unable to process data source: unable to source artifact paths: "),
      "\(workflow.table)")
    #expect(workflow.nodes(of: "use").map(\.phase) == ["Succeeded", "Succeeded"])
  }
}
