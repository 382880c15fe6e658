import ArgoClient
import JSONValue

/// What the commands cannot do themselves: the app gives it.
package struct CommandDependencies: Sendable {
  /// Runs workflows and returns the exit status (see ``ConcludingStatus``).
  package var run: @Sendable (RunOptions) async -> Int32
  /// Serves the Kubernetes API until a signal comes, and returns the exit status.
  package var server: @Sendable (ServerOptions) async -> Int32
  /// Checks manifests. What it throws is printed as the message of a usage error.
  package var lint: @Sendable (LintOptions) async throws -> LintOutcome
  /// Carries out what is asked of a kept state. What it throws is printed; the command fails.
  package var control: @Sendable (StateRequest) async throws -> [JSON]
  /// Makes a kubeconfig entry. What it throws is printed; the command fails.
  package var kubeconfig: @Sendable (KubeconfigOptions) async throws -> KubeconfigOutcome
  /// Writes a document as YAML.
  package var yaml: @Sendable (JSON) -> String
  /// Runs workflow tests, writes the report and returns the exit status. What it throws is printed as the message of a usage error.
  package var test: @Sendable (TestOptions, _ write: @escaping @Sendable (String) -> Void) async throws -> Int32
  /// Foresees what a workflow would run, in the form asked for. What it throws is printed as the message of a usage error.
  package var plan: @Sendable (PlanOptions) async throws -> PlanOutcome
  /// Rewrites fields of older versions. What it throws is printed as the message of a usage error.
  package var convert: @Sendable (InputFile) throws -> ConvertedFile
  /// Says why a workflow, or a node of it, is as it is; nil when it has no such node.
  package var explain: @Sendable (_ workflow: JSON, _ node: String?) -> String?
  /// Serves an editor over standard input and output until it goes, and returns the exit status.
  package var languageServer: @Sendable () async -> Int32
  /// The kinds whose JSON Schema can be printed.
  package var schemas: @Sendable () -> [KindSchema]
  /// Finds out what this machine allows.
  package var probe: @Sendable () async -> [DoctorProbe]
  /// Reads one YAML or JSON document. What it throws is printed after the file's name.
  package var parseDocument: @Sendable (InputFile) throws -> JSON
  /// The objects of a manifest file, of lists too, as they are written. What it throws is printed: a file that cannot be parsed and, when strict,
  /// each unknown field with its place.
  package var manifests: @Sendable (InputFile, _ isStrict: Bool) throws -> [JSON]
  /// The server of a data directory of this machine, nil the usual one; nil when there is none.
  package var localServer: @Sendable (_ data: String?) async throws -> LocalServer?
  /// From now on Ctrl-C and SIGTERM end the program at once.
  package var endsOnInterrupt: @Sendable () -> Void
  /// Backups and the audit log.
  package var operations: Operations
  package var version: VersionInformation
  /// By which name the program was called.
  package var program: ProgramName
  /// Installs, removes or shows the service; writes what there is to say and gives the exit status. What it throws is printed; the command fails.
  package var service: @Sendable (ServiceOptions) async throws -> ServiceOutcome
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
    server: @escaping @Sendable (ServerOptions) async -> Int32 = { _ in 1 },
    control: @escaping @Sendable (StateRequest) async throws -> [JSON] = { _ in [] },
    kubeconfig: @escaping @Sendable (KubeconfigOptions) async throws -> KubeconfigOutcome = { _ in KubeconfigOutcome(text: "") },
    yaml: @escaping @Sendable (JSON) -> String = { $0.text(.pretty) },
    languageServer: @escaping @Sendable () async -> Int32 = { 1 },
    schemas: @escaping @Sendable () -> [KindSchema] = { [] },
    explain: @escaping @Sendable (_ workflow: JSON, _ node: String?) -> String? = { _, _ in nil },
    convert: @escaping @Sendable (InputFile) throws -> ConvertedFile = { _ in ConvertedFile(text: "", changes: [], remaining: []) },
    test: @escaping @Sendable (TestOptions, _ write: @escaping @Sendable (String) -> Void) async throws -> Int32 = { _, _ in 0 },
    plan: @escaping @Sendable (PlanOptions) async throws -> PlanOutcome = { _ in PlanOutcome(exitStatus: 0, text: "") },
    manifests: @escaping @Sendable (InputFile, _ isStrict: Bool) throws -> [JSON] = { file, _ in [try JSON.parse(file.bytes)] },
    localServer: @escaping @Sendable (_ data: String?) async throws -> LocalServer? = { _ in nil },
    endsOnInterrupt: @escaping @Sendable () -> Void = {},
    service: @escaping @Sendable (ServiceOptions) async throws -> ServiceOutcome = { _ in ServiceOutcome(text: "") },
    operations: Operations = Operations(),
    version: VersionInformation = .current,
    program: ProgramName = .argosy,
    output: any TextSink = DescriptorSink.standardOutput,
    errors: any TextSink = DescriptorSink.standardError,
    isTerminal: Bool = Terminal.isTerminal(1),
    environment: @escaping @Sendable (String) -> String? = { Terminal.environment($0) }
  ) {
    self.run = run
    self.lint = lint
    self.server = server
    self.probe = probe
    self.parseDocument = parseDocument
    self.control = control
    self.kubeconfig = kubeconfig
    self.yaml = yaml
    self.languageServer = languageServer
    self.schemas = schemas
    self.explain = explain
    self.convert = convert
    self.test = test
    self.plan = plan
    self.manifests = manifests
    self.localServer = localServer
    self.endsOnInterrupt = endsOnInterrupt
    self.service = service
    self.operations = operations
    self.version = version
    self.program = program
    self.output = output
    self.errors = errors
    self.isTerminal = isTerminal
    self.environment = environment
  }

  func style(noColor: Bool, noUTF8: Bool = false) -> DisplayStyle {
    .detect(isTerminal: isTerminal, noColor: noColor, noUTF8: noUTF8, environment: environment)
  }
}
