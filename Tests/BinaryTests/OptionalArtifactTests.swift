import Testing

/// Optional input artifacts that nobody supplies.
@Suite("Optional artifacts", .needs())
struct OptionalArtifactTests {
  @Test("a step starts without an optional artifact that nobody supplies, or whose producer was skipped", arguments: ["steps", "dag"])
  func absent(_ kind: String) async throws {
    let bench = try Bench()
    let read =
      "{name: skipped, template: read, arguments: {artifacts: [{name: f, optional: true, from: \"{{PLACE.p.outputs.artifacts.f}}\"}]}"
    let body =
      kind == "steps"
      ? """
      steps:
              - - {name: p, template: make, when: "false"}
              - - {name: never, template: read}
                - \(read.replacing(all: "PLACE", with: "steps"))}
      """
      : """
      dag:
              tasks:
                - {name: p, template: make, when: "false"}
                - {name: never, template: read}
                - \(read.replacing(all: "PLACE", with: "tasks")), depends: p}
      """
    try bench.file(
      "w.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: w}
      spec:
        entrypoint: main
        templates:
          - name: main
            \(body)
          - name: make
            outputs: {artifacts: [{name: f, path: /tmp/f}]}
            container: {image: alpine, command: ["true"]}
          - name: read
            inputs: {artifacts: [{name: f, path: /tmp/in/f, optional: true}]}
            container: {image: alpine, command: [sh, -c, "test ! -e /tmp/in/f"]}
      """)
    let outcome = try await bench.argosy("run", bench.path("w.yaml"), "-o", "json")
    #expect(outcome.status == 0, "\(outcome)")
    let workflow = try outcome.workflow()
    #expect(workflow.pods.map(\.phase) == ["Succeeded", "Succeeded"], "\(workflow.table)")
  }
}
