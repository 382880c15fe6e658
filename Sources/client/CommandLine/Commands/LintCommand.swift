import ArgumentParser

/// What `argosy lint` was asked to check.
package struct LintOptions: Sendable, Hashable {
  /// Files, directories and `-`, as given.
  package var paths: [String]
  /// Plurals of the kinds to check; empty for all.
  package var kinds: Set<String>
  /// Unknown fields are errors.
  package var isStrict: Bool
  /// Template references are looked for among the given files only.
  package var isOffline: Bool

  package init(paths: [String], kinds: Set<String> = [], isStrict: Bool = true, isOffline: Bool = false) {
    self.paths = paths
    self.kinds = kinds
    self.isStrict = isStrict
    self.isOffline = isOffline
  }
}

/// `argosy lint`.
struct LintCommand: Verb {
  private static let kinds = ["workflows", "workflowtemplates", "cronworkflows", "clusterworkflowtemplates"]

  static let configuration = CommandConfiguration(
    commandName: "lint",
    abstract: "Check manifests without running them.",
    discussion: """
      The same checks that run makes: every problem is named with file, line and column, the field's path and what was expected.

      EXAMPLES
        argosy lint workflows/
        argosy lint main.yaml templates/ --offline
        argosy lint . --kinds workflows,workflowtemplates -o simple
        cat main.yaml | argosy lint -

      EXIT STATUS
        0  no errors
        1  errors, or nothing to check
        2  bad usage
      """)

  @Argument(help: ArgumentHelp("Files, directories, or - for standard input.", valueName: "file"), completion: .file())
  var files: [String]

  @Option(name: [.short, .long], help: ArgumentHelp("The report's form: pretty, simple or json.", valueName: "form"))
  var output: LintForm = .pretty

  @Option(help: ArgumentHelp("Check these kinds only: all, \(kinds.joined(separator: ", ")).", valueName: "kinds"))
  var kinds = "all"

  @Flag(inversion: .prefixedNo, help: "Take unknown fields as errors.")
  var strict = true

  @Flag(help: "Look for templates in the given files only.")
  var offline = false

  @Flag(help: "No colours.")
  var noColor = false

  @Flag(name: .customLong("no-utf8"), help: "ASCII in place of glyphs.")
  var noUTF8 = false

  /// The chosen kinds; empty for all.
  private func chosenKinds() throws(SubmitFailure) -> Set<String> {
    let names = kinds.lowercased().split(separator: ",").map(String.init)
    if names.isEmpty || names.contains("all") { return [] }
    for name in names where !Self.kinds.contains(name) {
      throw SubmitFailure("unknown kind '\(name)'. Use all, or some of \(Self.kinds.joined(separator: ","))")
    }
    return Set(names)
  }

  func validate() throws {
    if files.filter({ $0 == "-" }).count > 1 { throw ValidationError("standard input (-) can be read only once.") }
    do { _ = try chosenKinds() } catch { throw ValidationError(error.description) }
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    let options = LintOptions(paths: files, kinds: try chosenKinds(), isStrict: strict, isOffline: offline)
    let outcome = try await dependencies.lint(options)
    dependencies.output.write(outcome.text(output, dependencies.style(noColor: noColor, noUTF8: noUTF8)))
    return outcome.exitStatus
  }
}

extension LintForm: ExpressibleByArgument {}
