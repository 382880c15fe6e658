import JSONValue
import Testing

/// What a user can hand over by mistake or malice: each ends with exit status 2, the place, and words that help; nothing hangs or traps.
@Suite("Bad manifests", .needs())
struct BadInputTests {
  struct Case: Sendable, CustomTestStringConvertible {
    var name: String
    var text: String
    /// `line:column`; nil where the whole file is meant.
    var place: String?
    var words: [String]
    /// `lint` lets a parameter of the workflow have no value: it comes with the submission.
    var lintAllows = false
    var testDescription: String { name }
  }

  private static let head = "apiVersion: argoproj.io/v1alpha1\nkind: Workflow\nmetadata: {generateName: bad-}\nspec:\n"
  private static let leaf = "    - {name: leaf, container: {image: busybox, command: [\"true\"]}}\n"

  static let cases: [Case] = [
    Case(name: "an empty file", text: "", place: nil, words: ["no Workflow"]),
    Case(name: "a file of comments", text: "# nothing\n---\n# here\n", place: nil, words: ["no Workflow"]),
    Case(name: "no object", text: "just words\n", place: "1:1", words: []),
    Case(name: "an object without kind", text: "metadata: {name: x}\n", place: "1:1", words: ["kind"]),
    Case(name: "a tab", text: "kind: Workflow\nspec:\n\tentrypoint: x\n", place: "3:1", words: ["tab"]),
    Case(name: "an open bracket", text: "kind: Workflow\nspec: [1, 2\n", place: "3:1", words: []),
    Case(
      name: "a key twice", text: head + "  entrypoint: leaf\n  entrypoint: leaf\n  templates:\n" + leaf, place: "6:3",
      words: ["entrypoint", "5:3"]),
    Case(
      name: "a billion laughs", text: laughs, place: "6:", words: ["aliases expand"]),
    Case(
      name: "deep nesting", text: "spec: " + String(repeating: "[", count: 100_000) + "\n", place: "1:", words: ["nested deeper"]),
    Case(
      name: "a misspelt field", text: head + "  entrypont: leaf\n  templates:\n" + leaf, place: "5:3", words: ["entrypont", "entrypoint"]),
    Case(
      name: "a wrong type", text: head + "  entrypoint: leaf\n  parallelism: many\n  templates:\n" + leaf, place: "6:16",
      words: ["spec.parallelism", "integer"]),
    Case(
      name: "an unknown template", text: head + "  entrypoint: laef\n  templates:\n" + leaf, place: "5:15",
      words: ["laef", "undefined", "leaf"]),
    Case(
      name: "a cycle",
      text: head + """
          entrypoint: main
          templates:
            - name: main
              dag:
                tasks:
                  - {name: a, template: leaf, dependencies: [c]}
                  - {name: b, template: leaf, dependencies: [a]}
                  - {name: c, template: leaf, dependencies: [b]}

        """ + leaf, place: "1", words: ["dependency cycle detected"]),
    Case(
      name: "an endless call",
      text: head + "  entrypoint: main\n  templates:\n    - name: main\n      steps: [[{name: again, template: main}]]\n", place: "8:",
      words: ["main"]),
    Case(
      name: "a parameter without value",
      text: head + "  entrypoint: leaf\n  arguments: {parameters: [{name: who}]}\n  templates:\n" + leaf, place: "6:", words: ["who"],
      lintAllows: true),
    Case(
      name: "an input without value",
      text: head + """
          entrypoint: main
          templates:
            - name: main
              steps: [[{name: s, template: say}]]
            - name: say
              inputs: {parameters: [{name: message}]}
              container: {image: busybox, command: [echo, "{{inputs.parameters.message}}"]}

        """, place: "8:", words: ["message", "was not supplied"]),
    Case(
      name: "an unknown variable",
      text: head
        + "  entrypoint: main\n  templates:\n    - {name: main, container: {image: busybox, command: [echo, \"{{inputs.parameters.nobody}}\"]}}\n",
      place: "7:", words: ["inputs.parameters.nobody"]),
    Case(
      name: "a bad expression",
      text: head + "  entrypoint: main\n  templates:\n    - {name: main, container: {image: busybox, command: [echo, \"{{=1 + }}\"]}}\n",
      place: "7:", words: ["expression"]),
    Case(
      name: "two bodies in a template",
      text: head + "  entrypoint: main\n  templates:\n    - {name: main, suspend: {}, container: {image: busybox, command: [\"true\"]}}\n",
      place: "7:", words: ["main"]),
  ]

  private static let laughs: String = {
    var text = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n"
    for level in 1...12 {
      text += "a\(level): &a\(level) [" + Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ") + "]\n"
    }
    return text
  }()

  @Test("a bad manifest is refused with its place", arguments: cases)
  func refused(_ bad: Case) async throws {
    let bench = try Bench()
    try bench.file("bad.yaml", bad.text)
    for verb in ["run", "lint"] {
      let outcome = try await bench.argosy(verb, "bad.yaml", within: .seconds(180))
      if verb == "lint", bad.lintAllows {
        #expect(outcome.status == 0, "\(outcome)")
        continue
      }
      let isLintOfNothing = verb == "lint" && bad.place == nil
      #expect(outcome.status == (verb == "run" ? 2 : 1), "\(verb): \(outcome)")
      let text = outcome.out + outcome.err
      if let place = bad.place { #expect(text.contains("bad.yaml:\(place)"), "\(verb): \(outcome)") }
      if !isLintOfNothing { for word in bad.words { #expect(text.contains(word), "\(verb) does not say \"\(word)\": \(outcome)") } }
    }
    #expect(Files.names(bench.temporary).isEmpty, "no state is made")
  }

  @Test("binary files are refused", arguments: ["/bin/ls", "/bin/gzip"])
  func binary(path: String) async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy("run", path, within: .seconds(180))
    #expect(outcome.status == 2 && outcome.err.contains("\(path):1:") && outcome.err.contains("binary"), "\(outcome)")
  }

  @Test("a file of 200 MB is refused at once and without being read into memory")
  func large() async throws {
    let bench = try Bench()
    try await bench.shell("truncate -s 200M large.yaml")
    let outcome = try await bench.argosy("run", "large.yaml", within: .seconds(180))
    #expect(outcome.status == 2 && outcome.err.contains("large.yaml: larger than"), "\(outcome)")
    #expect(outcome.peakMemory < 150 << 20, "\(outcome.peakMemory >> 20) MiB")
  }

  @Test("an endless stream on standard input is refused")
  func endless() async throws {
    let bench = try Bench()
    let outcome = try await bench.argosy("run", "-", input: "/dev/zero", within: .seconds(180))
    #expect(outcome.status == 2 && !outcome.isLate && outcome.err.contains("<stdin>: larger than"), "\(outcome)")
  }

  @Test("a manifest of two megabytes with thousands of templates is read and runs")
  func manyTemplates() async throws {
    let bench = try Bench()
    var text = Self.head + "  entrypoint: t0\n  templates:\n"
    for index in 0..<4000 {
      text +=
        "    - name: t\(index)\n      container:\n        image: busybox\n        command: [echo, \"\(String(repeating: "x", count: 400))\"]\n"
    }
    let outcome = try await bench.argosy("run", try bench.file("many.yaml", text), "-o", "name", within: .seconds(180))
    #expect(outcome.status == 0, "\(outcome)")
  }

  @Test("an ambiguous name is not guessed: all problems of all files are told at once")
  func allProblems() async throws {
    let bench = try Bench()
    try bench.file("a.yaml", Self.head + "  entrypont: leaf\n  templates:\n" + Self.leaf)
    try bench.file("b.yaml", Self.head + "  entrypoint: nobody\n  templates:\n" + Self.leaf)
    let outcome = try await bench.argosy("run", "a.yaml", "b.yaml")
    #expect(outcome.status == 2 && outcome.err.contains("a.yaml:5:3") && outcome.err.contains("b.yaml:5:15"), "\(outcome)")
    let json = try await bench.argosy("lint", "-o", "json", "a.yaml", "b.yaml")
    let findings = try JSON.parse(json.out).array ?? []
    #expect(Set(findings.compactMap { $0["file"]?.string }) == ["a.yaml", "b.yaml"], "\(json)")
    #expect(findings.allSatisfy { $0["line"]?.int != nil && $0["rule"]?.string != nil })
  }
}
