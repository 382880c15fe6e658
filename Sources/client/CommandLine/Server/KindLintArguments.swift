import ArgumentParser

/// What the `lint` of one kind takes.
struct KindLintArguments: ParsableArguments {
  @Argument(help: ArgumentHelp("Files, directories, or - for standard input.", valueName: "file"), completion: .file())
  var files: [String]

  @Flag(inversion: .prefixedNo, help: "Take unknown fields as errors.")
  var strict = true

  @Option(name: [.short, .long], help: ArgumentHelp("The report's form: pretty, simple, json, sarif or github.", valueName: "form"))
  var output: LintForm = .pretty

  @Flag(help: "No colours.")
  var noColor = false

  @Flag(name: .customLong("no-utf8"), help: "ASCII in place of glyphs.")
  var noUTF8 = false

  /// Checks the manifests of these kinds (plurals), with the server's templates, and prints the report.
  func run(_ kinds: Set<String>, _ server: ServerArguments, _ dependencies: CommandDependencies) async throws -> Int32 {
    var options = LintOptions(paths: files, kinds: kinds, isStrict: strict)
    do {
      try await LintCommand.addTemplates(of: server, to: &options, dependencies)
    } catch {
      dependencies.errors.write("Error: \(Printable.block("\(error)"))\n")
      return ConcludingStatus.failed.rawValue
    }
    let outcome = try await dependencies.lint(options)
    dependencies.output.write(outcome.text(output, dependencies.style(noColor: noColor, noUTF8: noUTF8)))
    return outcome.exitStatus
  }
}
