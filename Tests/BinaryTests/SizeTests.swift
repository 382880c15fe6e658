import Testing

/// What is large goes through whole and in order, and argosy holds little of it. `Benchmarks/size` has the sizes that users may count on.
@Suite("Large values, logs and artifacts", .needs("sha256sum", "seq"))
struct SizeTests {
  private static let passed = """
        - - {name: make, template: make}
        - - name: take
            template: take
            arguments:
              parameters: [{name: sum, value: "{{steps.make.outputs.parameters.sum}}"}]
    """

  @Test("a parameter of 1.5 MB reaches the next step byte for byte")
  func parameter() async throws {
    let bench = try Bench()
    let manifest = try bench.file(
      "parameter.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: parameter}
      spec:
        entrypoint: main
        templates:
        - name: make
          container:
            image: busybox
            command: [sh, -ec, "seq -f 'line %.0f \\"{{}}\\" é' 1 150000 | head -c 1572864 > /tmp/large; sha256sum < /tmp/large | head -c 64 > /tmp/sum"]
          outputs:
            parameters:
            - {name: large, valueFrom: {path: /tmp/large}}
            - {name: sum, valueFrom: {path: /tmp/sum}}
        - name: take
          inputs:
            parameters: [{name: large}, {name: sum}]
            artifacts: [{name: large, path: /tmp/in, raw: {data: "{{inputs.parameters.large}}"}}]
          container:
            image: busybox
            command: [sh, -ec, 'test "$(sha256sum < /tmp/in | head -c 64)" = "{{inputs.parameters.sum}}"']
        - name: main
          steps:
      \(Self.passed.replacing(all: "sum}}\"}]", with: "sum}}\"}, {name: large, value: \"{{steps.make.outputs.parameters.large}}\"}]"))
      """)
    let outcome = try await bench.argosy("run", manifest, "-o", "name")
    #expect(outcome.status == 0, "\(outcome)")
  }

  @Test("300 MB go from step to step as an artifact, packed or not, and nothing of them stays", arguments: ["none", "tar"])
  func artifact(archive: String) async throws {
    let bench = try Bench()
    let manifest = try bench.file(
      "artifact.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: artifact}
      spec:
        entrypoint: main
        templates:
        - name: make
          container:
            image: busybox
            command: [sh, -ec, "truncate -s 300M /tmp/large; echo end >> /tmp/large; sha256sum < /tmp/large | head -c 64 > /tmp/sum"]
          outputs:
            artifacts: [{name: large, path: /tmp/large, archive: {\(archive): {}}}]
            parameters: [{name: sum, valueFrom: {path: /tmp/sum}}]
        - name: take
          inputs:
            parameters: [{name: sum}]
            artifacts: [{name: large, path: /tmp/in}]
          container:
            image: busybox
            command: [sh, -ec, 'test "$(sha256sum < /tmp/in | head -c 64)" = "{{inputs.parameters.sum}}"']
        - name: main
          steps:
      \(Self.passed)
                artifacts: [{name: large, from: "{{steps.make.outputs.artifacts.large}}"}]
      """)
    let outcome = try await bench.argosy("run", manifest, "-o", "name")
    #expect(outcome.status == 0, "\(outcome)")
    #expect(outcome.peakMemory > 0 && outcome.peakMemory < 150 << 20, "\(outcome.peakMemory)")
    #expect(Files.names(bench.temporary).isEmpty, "\(Files.names(bench.temporary))")
  }

  @Test("200,000 lines of one step are shown and kept, each once and in order")
  func lines() async throws {
    let bench = try Bench()
    let count = 200_000
    let manifest = try bench.file(
      "lines.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: lines}
      spec:
        entrypoint: main
        templates:
        - name: main
          container: {image: busybox, command: [seq, -f, "line %.0f of the step", "1", "\(count)"]}
      """)
    let outcome = try await bench.argosy("run", manifest, "--log", "--state", "state")
    #expect(outcome.status == 0, "\(outcome)")
    #expect(outcome.peakMemory > 0 && outcome.peakMemory < 200 << 20, "\(outcome.peakMemory)")
    try bench.file("shown", outcome.out)
    for text in ["cat shown", "find state -name log -exec cat {} +"] {
      let numbers = "\(text) | sed -n 's/.*line \\([0-9]*\\) of the step$/\\1/p'"
      let compared = try await bench.run(["bash", "-c", "\(numbers) | cmp - <(seq 1 \(count))"])
      #expect(compared.status == 0, "\(text): \(compared)")
    }
  }
}
