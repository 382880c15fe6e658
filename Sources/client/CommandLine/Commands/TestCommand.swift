import ArgumentParser

/// What `argosy test` was asked to run.
package struct TestOptions: Sendable, Hashable {
  package enum Form: String, Sendable, Hashable, CaseIterable { case pretty, tap, junit, json }

  /// Files and directories, as given.
  package var paths: [String]
  /// Run tests whose name has this in it; a `*` stands for anything.
  package var filter: String?
  package var form: Form
  package var showsCoverage: Bool
  /// Run again whenever a file changes, until the process is stopped.
  package var isWatching: Bool
  package var isColored: Bool
}

/// `argosy test`.
struct TestCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "test",
    abstract: "Run the tests of workflows, without running any step.",
    discussion: """
      A test is a YAML document of the kind WorkflowTest beside its workflow: it says how steps end, and what is to come of that. The engine is
      that of run; time is virtual. docs/testing.md describes the format, `argosy schema WorkflowTest` prints its JSON Schema.

      EXAMPLES
        argosy test examples/
        argosy test deploy.test.yaml --filter 'deploy/*' --coverage
        argosy test . -o junit > tests.xml
        argosy test . --watch

      EXIT STATUS
        0  all tests passed
        1  a test failed, or there was none
        2  bad usage
      """)

  @Argument(help: ArgumentHelp("Files, or directories with everything below them.", valueName: "path"), completion: .file())
  var paths: [String]

  @Option(help: ArgumentHelp("Run the tests whose name contains this; * stands for anything.", valueName: "text"))
  var filter: String?

  @Option(name: [.short, .long], help: ArgumentHelp("The report's form: pretty, tap, junit or json.", valueName: "form"))
  var output: TestOptions.Form = .pretty

  @Flag(help: "Say which templates never ran, and which conditions never went both ways.")
  var coverage = false

  @Flag(help: "Run again whenever a file changes.")
  var watch = false

  @Flag(help: "No colours.")
  var noColor = false

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    let options = TestOptions(
      paths: paths, filter: filter, form: output, showsCoverage: coverage, isWatching: watch,
      isColored: dependencies.style(noColor: noColor).hasColor)
    let output = dependencies.output
    return try await dependencies.test(options) { output.write($0) }
  }
}

extension TestOptions.Form: ExpressibleByArgument {}
