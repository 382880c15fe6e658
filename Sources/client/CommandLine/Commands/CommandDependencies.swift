import JSONValue

/// What the commands cannot do themselves: the app gives it.
package struct CommandDependencies: Sendable {
  /// Runs workflows and returns the exit status (see ``ConcludingStatus``).
  package var run: @Sendable (RunOptions) async -> Int32
  /// Checks manifests. What it throws is printed as the message of a usage error.
  package var lint: @Sendable (LintOptions) async throws -> LintOutcome
  /// Carries out what is asked of a kept state. What it throws is printed; the command fails.
  package var control: @Sendable (StateRequest) async throws -> [JSON]
  /// Writes a document as YAML.
  package var yaml: @Sendable (JSON) -> String
  /// Finds out what this machine allows.
  package var probe: @Sendable () async -> [DoctorProbe]
  /// Reads one YAML or JSON document. What it throws is printed after the file's name.
  package var parseDocument: @Sendable (InputFile) throws -> JSON
  package var version: VersionInformation
  package var output: any TextSink
  package var errors: any TextSink
  /// Whether `output` is a terminal.
  package var isTerminal: Bool
  package var environment: @Sendable (String) -> String?

  package init(
    run: @escaping @Sendable (RunOptions) async -> Int32,
    lint: @escaping @Sendable (LintOptions) async throws -> LintOutcome,
    probe: @escaping @Sendable () async -> [DoctorProbe],
    parseDocument: @escaping @Sendable (InputFile) throws -> JSON,
    control: @escaping @Sendable (StateRequest) async throws -> [JSON] = { _ in [] },
    yaml: @escaping @Sendable (JSON) -> String = { $0.text(.pretty) },
    version: VersionInformation = .current,
    output: any TextSink = DescriptorSink.standardOutput,
    errors: any TextSink = DescriptorSink.standardError,
    isTerminal: Bool = Terminal.isTerminal(1),
    environment: @escaping @Sendable (String) -> String? = { Terminal.environment($0) }
  ) {
    self.run = run
    self.lint = lint
    self.probe = probe
    self.parseDocument = parseDocument
    self.control = control
    self.yaml = yaml
    self.version = version
    self.output = output
    self.errors = errors
    self.isTerminal = isTerminal
    self.environment = environment
  }

  func style(noColor: Bool, noUTF8: Bool = false) -> DisplayStyle {
    .detect(isTerminal: isTerminal, noColor: noColor, noUTF8: noUTF8, environment: environment)
  }
}
