import JSONValue
import Testing

/// The commands that work on manifests without running them, as a user calls them: lint, plan, test, explain, convert, schema.
@Suite("authoring workflows", .needs()) struct AuthoringTests {
  private static let coin = """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {generateName: coin-}
    spec:
      entrypoint: main
      templates:
      - name: main
        steps:
        - - {name: flip, template: flip}
        - - {name: heads, template: say, when: "{{steps.flip.outputs.result}} == heads"}
          - {name: tails, template: say, when: "{{steps.flip.outputs.result}} != heads"}
      - name: flip
        script: {image: alpine, command: [sh], source: echo heads}
      - name: say
        container: {image: alpine, command: [echo, hi]}

    """

  /// The indented block of a page that begins with a line.
  private static func block(_ page: String, from first: String) throws -> String {
    let bytes = try #require(Files.bytes("\(Project.root)/docs/\(page)"))
    let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
    let start = try #require(lines.firstIndex { $0 == "    " + first }, "\(page) has no line \(first)")
    return lines[start...].prefix { $0.hasPrefix("    ") }.map { $0.dropFirst(4) + "\n" }.joined()
  }

  @Test("the first test of docs/testing.md passes, fails readably when the workflow is wrong, and has every form of report")
  func testing() async throws {
    let bench = try Bench()
    try bench.file("coin.yaml", Self.coin)
    try bench.file("coin.test.yaml", try Self.block("testing.md", from: "apiVersion: argosy/v1"))
    let passed = try await bench.argosy("test", ".")
    #expect(passed.status == 0 && passed.out == "✔ coin\n1 passed\n", "\(passed)")
    let covered = try await bench.argosy("test", ".", "--coverage")
    #expect(covered.out.contains("never false: main.heads when {{steps.flip.outputs.result}} == heads"), "\(covered)")
    let junit = try await bench.argosy("test", ".", "-o", "junit")
    #expect(junit.out.contains("<testsuite") && junit.out.contains("name=\"coin\""), "\(junit)")
    let tap = try await bench.argosy("test", ".", "-o", "tap")
    #expect(tap.out.contains("ok 1 - coin"), "\(tap)")
    let json = try JSON.parse(try await bench.argosy("test", ".", "-o", "json").out)
    #expect(json.text().contains("\"coin\""))
    #expect(try await bench.argosy("test", ".", "--filter", "nothing*").status != 0)
    try bench.file("coin.yaml", Self.coin.replacing("== heads", with: "== tails"))
    let failed = try await bench.argosy("test", ".")
    #expect(failed.status == 1 && failed.out.contains("heads") && failed.out.contains("Skipped"), "\(failed)")
  }

  @Test("test --watch runs again when a file changes, and ends with Ctrl-C") func watching() async throws {
    let bench = try Bench()
    try bench.file("coin.yaml", Self.coin)
    try bench.file("coin.test.yaml", try Self.block("testing.md", from: "apiVersion: argosy/v1"))
    let child = try bench.start([Parts.argosy, "test", ".", "--watch"])
    try await eventually("the first run", else: { child.outcome.description }) { child.outcome.out.contains("1 passed") }
    try bench.file("coin.yaml", Self.coin.replacing("== heads", with: "== tails"))
    try await eventually("the second run", else: { child.outcome.description }) { child.outcome.out.contains("1 failed") }
    try bench.file("coin.yaml", Self.coin)
    try await eventually("the third run", else: { child.outcome.description }) {
      child.outcome.out.split(separator: "1 passed", omittingEmptySubsequences: false).count > 2
    }
    child.signal(2)
    let end = try await child.wait(.seconds(180))
    #expect(!end.isLate, "\(end)")
  }

  @Test("plan shows what would run, in every form") func plan() async throws {
    let bench = try Bench()
    try bench.file("coin.yaml", Self.coin)
    let tree = try await bench.argosy("plan", "coin.yaml")
    #expect(
      tree.status == 0 && tree.out.contains("heads  say") && tree.out.contains("if {{steps.flip.outputs.result}} == heads"), "\(tree)")
    #expect(tree.out.contains("Images: alpine"), "\(tree)")
    let json = try JSON.parse(try await bench.argosy("plan", "coin.yaml", "-o", "json").out)
    #expect(json.text().contains("\"heads\""))
    #expect(try await bench.argosy("plan", "coin.yaml", "-o", "dot").out.hasPrefix("digraph"))
    #expect(try await bench.argosy("plan", "coin.yaml", "-o", "mermaid").out.contains("flowchart"))
    #expect(try await bench.argosy("plan", "coin.yaml", "-o", "svg").out.contains("<svg"))
    try bench.file("wrong.yaml", Self.coin.replacing("template: flip}", with: "template: flop}"))
    let wrong = try await bench.argosy("plan", "wrong.yaml")
    #expect(wrong.status != 0 && (wrong.err + wrong.out).contains("template name 'flop' undefined"), "\(wrong)")
  }

  @Test("explain tells of a kept run why its nodes are as they are") func explain() async throws {
    let bench = try Bench()
    try bench.file("coin.yaml", Self.coin)
    let run = try await bench.argosy("run", "coin.yaml", "--state", "state")
    #expect(run.status == 0, "\(run)")
    let all = try await bench.argosy("explain", "@latest", "--state", "state")
    #expect(all.status == 0 && all.out.contains("tails did not run: when 'heads != heads' evaluated false"), "\(all)")
    let one = try await bench.argosy("explain", "@latest", "tails", "--state", "state")
    #expect(one.out.contains("{{steps.flip.outputs.result}} was heads"), "\(one)")
    #expect(one.out.contains("it read: heads != heads"), "\(one)")
    let heads = try await bench.argosy("explain", "@latest", "heads", "--state", "state")
    #expect(heads.out.contains("it read: heads == heads") && heads.out.contains("s: its condition was true"), "\(heads)")
    let none = try await bench.argosy("explain", "@latest", "nowhere", "--state", "state")
    #expect(none.status != 0 && none.err.contains("nowhere"), "\(none)")
  }

  @Test("lint has every form of report; convert rewrites in place; schema prints what editors read") func rest() async throws {
    let bench = try Bench()
    try bench.file("wrong.yaml", Self.coin.replacing("entrypoint", with: "entrypont"))
    for (form, words) in [
      ("pretty", "did you mean \"entrypoint\"?"), ("simple", "in \"coin-\" (Workflow): "), ("sarif", "\"2.1.0\""), ("github", "::error "),
      ("json", "\"unknown-field\""),
    ] {
      let outcome = try await bench.argosy("lint", "wrong.yaml", "-o", form)
      #expect(outcome.status == 1 && outcome.out.contains(words), "\(form): \(outcome)")
    }
    try bench.file("tree/coin.yaml", Self.coin)
    try bench.file("tree/chart/values.yaml", "image: alpine")
    try bench.file("tree/chart/templates/a.yaml", "kind: Deployment\nname: {{ .Values.x }}\n{{- end }}")
    let tree = try await bench.argosy("lint", "tree")
    #expect(tree.status == 0, "what is none of Argo's is passed over in directories: \(tree)")
    let alone = try await bench.argosy("lint", "tree/chart/values.yaml")
    #expect(alone.status == 1 && alone.out.contains("kind and apiVersion are required"), "\(alone)")
    let loose = try await bench.argosy("lint", "wrong.yaml", "--no-strict")
    #expect(loose.out.contains("spec.entrypoint is required"), "\(loose)")
    let cron = """
      # nightly
      apiVersion: argoproj.io/v1alpha1
      kind: CronWorkflow
      metadata: {name: nightly}
      spec:
        schedule: "0 2 * * *"  # at two
        workflowSpec: {entrypoint: a, templates: [{name: a, suspend: {}}]}

      """
    try bench.file("cron.yaml", cron)
    let told = try await bench.argosy("convert", "cron.yaml", "--check")
    #expect(told.status == 1, "\(told)")
    #expect(try await bench.argosy("convert", "cron.yaml", "--write").status == 0)
    let converted = String(decoding: try #require(Files.bytes("\(bench.directory)/cron.yaml")), as: UTF8.self)
    #expect(converted.hasPrefix("# nightly\n") && converted.contains("schedules:") && converted.contains("# at two"), "\(converted)")
    #expect(try await bench.argosy("lint", "cron.yaml").status == 0)
    let schema = try JSON.parse(try await bench.argosy("schema", "cronwf").out)
    #expect(schema["title"] == "CronWorkflow")
    #expect(try await bench.argosy("schema", "nothing").status == 2)
  }
}
