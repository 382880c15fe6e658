import JSONValue
import Testing

/// Custom metrics of the built program, read by Prometheus' own client library.
@Suite("Custom metrics", .needs())
struct CustomMetricsTests {
  private static let page = Project.root + "/docs/metrics.md"

  /// Prints each sample that the library finds as one JSON object a line.
  private static let reader = """
    import json, sys
    from prometheus_client.parser import text_string_to_metric_families
    for family in text_string_to_metric_families(open(sys.argv[1]).read()):
        for sample in family.samples:
            print(json.dumps({"name": sample.name, "type": family.type, "help": family.documentation,
                              "labels": sample.labels, "value": repr(sample.value)}))
    """

  private func samples(_ bench: Bench, _ file: String) async throws -> [JSON] {
    try bench.file("reader.py", Self.reader)
    let text = try await bench.shell("python3 reader.py \(file)")
    return try text.split(separator: "\n").map { try JSON.parse(String($0)) }
  }

  @Test("the page's commands run and print what it says", .needs("prometheus_client"))
  func page() async throws {
    let bench = try Bench()
    try bench.file("metrics.yaml", try Readme.block("yaml", of: Self.page))
    let printed = try await bench.shell(try Readme.commands(Self.page))
    let promised = try Readme.block("text", of: Self.page)
    #expect(printed.hasSuffix(promised), "\(printed)")
    let samples = try await samples(bench, "metrics.txt")
    func value(_ name: String, _ bound: Double? = nil) -> Double? {
      samples.first { sample in
        sample["name"]?.string == "argo_workflows_" + name
          && (bound == nil || sample.at("labels", "le")?.string.flatMap(Double.init) == bound)
      }?["value"]?.string.flatMap(Double.init)
    }
    #expect(value("load_rows_bucket", 5) == 0)
    #expect(value("load_rows_bucket", 7) == 4)
    #expect(value("load_rows_bucket", .infinity) == 6)
    #expect(value("load_rows_sum") == 42)
    #expect(value("load_rows_count") == 6)
    let types = Set(samples.compactMap { $0["type"]?.string })
    #expect(types == ["gauge", "counter", "histogram"])
    #expect((value("import_seconds") ?? 0) > 0)
  }

  @Test("labels and help come through Prometheus' reader as they were written", .needs("prometheus_client"))
  func escaping() async throws {
    let bench = try Bench()
    try bench.file(
      "w.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: w}
      spec:
        entrypoint: main
        arguments: {parameters: [{name: p, value: "a \\"quoted\\" \\\\ back\\nline {brace}, é"}]}
        templates:
          - name: main
            container: {image: alpine, command: ["true"]}
            metrics:
              prometheus:
                - name: odd
                  help: "one \\\\ two\\nthree \\"four\\""
                  labels: [{key: l, value: "{{workflow.parameters.p}}"}]
                  gauge: {value: "-2.5e3"}
      """)
    let outcome = try await bench.argosy("run", bench.path("w.yaml"), "--metrics", bench.path("m.txt"))
    #expect(outcome.status == 0, "\(outcome)")
    let sample = try #require(try await samples(bench, "m.txt").first)
    #expect(sample.at("labels", "l")?.string == "a \"quoted\" \\ back\nline {brace}, é")
    #expect(sample["help"]?.string == "one \\ two\nthree \"four\"")
    #expect(sample["value"]?.string.flatMap(Double.init) == -2500)
  }

  @Test("metrics go to standard output, a bad place is an error, a metric that cannot be told is a condition")
  func places() async throws {
    let bench = try Bench()
    try bench.file(
      "w.yaml",
      """
      apiVersion: argoproj.io/v1alpha1
      kind: Workflow
      metadata: {name: w}
      spec:
        entrypoint: main
        metrics: {prometheus: [{name: good, help: h, counter: {value: "2"}}, {name: bad, help: h, counter: {value: "x"}}]}
        templates: [{name: main, container: {image: alpine, command: ["true"]}}]
      """)
    let printed = try await bench.argosy("run", bench.path("w.yaml"), "--metrics", "-")
    #expect(printed.status == 0, "\(printed)")
    #expect(
      printed.out.hasSuffix("# HELP argo_workflows_good h\n# TYPE argo_workflows_good counter\nargo_workflows_good 2\n"), "\(printed)")
    #expect(printed.out.contains("could not construct metric 'bad': strconv.ParseFloat: parsing \"x\": invalid syntax"), "\(printed)")
    let unwritable = try await bench.argosy("run", bench.path("w.yaml"), "--metrics", bench.path("none/m.txt"))
    #expect(unwritable.status == 1)
    #expect(unwritable.err.contains("the metrics cannot be written to \(bench.path("none/m.txt"))"), "\(unwritable)")
    let both = try await bench.argosy("run", bench.path("w.yaml"), "--metrics", "-", "-o", "json")
    #expect(both.status == 2)
  }
}
