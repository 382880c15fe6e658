import ArgoClient
import ArgumentParser
import Basics
import JSONValue

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
  /// A kept state whose templates may be referred to.
  package var state: String?
  /// WorkflowTemplates and ClusterWorkflowTemplates of a server, which may be referred to.
  package var templates: [JSON] = []
  /// The namespace that manifests without one are meant for, among `templates`.
  package var namespace = ""

  package init(paths: [String], kinds: Set<String> = [], isStrict: Bool = true, isOffline: Bool = false, state: String? = nil) {
    self.paths = paths
    self.kinds = kinds
    self.isStrict = isStrict
    self.isOffline = isOffline
    self.state = state
  }
}

/// `argosy lint`.
struct LintCommand: Verb {
  private static let kinds = ["workflows", "workflowtemplates", "cronworkflows", "clusterworkflowtemplates"]

  static let configuration = CommandConfiguration(
    commandName: "lint",
    abstract: "Check manifests without running them.",
    discussion: """
      The same checks that run makes: every problem is named with file, line and column, the field's path and what was expected. Templates
      that are referred to are looked for among the files, and then in the state or at the server, if there is one. Beyond
      the checks, warnings about what is likely a mistake. A comment "# argosy:ignore RULE" behind a value, or above what it is about, silences
      a warning; docs/lint.md lists the rules.

      EXAMPLES
        argosy lint workflows/
        argosy lint main.yaml templates/ --offline
        argosy lint . --kinds workflows,workflowtemplates -o simple
        argosy lint . -o sarif > lint.sarif
        cat main.yaml | argosy lint -

      EXIT STATUS
        0  no errors
        1  errors, or nothing to check
        2  bad usage
      """)

  @Argument(help: ArgumentHelp("Files, directories, or - for standard input.", valueName: "file"), completion: .file())
  var files: [String]

  @Option(name: [.short, .long], help: ArgumentHelp("The report's form: pretty, simple, json, sarif or github.", valueName: "form"))
  var output: LintForm = .pretty

  @Option(help: ArgumentHelp("Check these kinds only: all, \(kinds.joined(separator: ", ")).", valueName: "kinds"))
  var kinds = "all"

  @Flag(inversion: .prefixedNo, help: "Take unknown fields as errors.")
  var strict = true

  @Flag(help: "Look for templates in the given files only.")
  var offline = false

  @Option(help: ArgumentHelp("A kept state: templates stored in it may be referred to.", valueName: "dir"))
  var state: String?

  @Flag(help: "No colours.")
  var noColor = false

  @Flag(name: .customLong("no-utf8"), help: "ASCII in place of glyphs.")
  var noUTF8 = false

  @OptionGroup(title: "Server") var server: ServerArguments

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
    var options = LintOptions(paths: files, kinds: try chosenKinds(), isStrict: strict, isOffline: offline, state: state)
    if !offline && state == nil {
      do {
        try await Self.addTemplates(of: server, to: &options, dependencies)
      } catch {
        dependencies.errors.write("Error: \(Printable.block("\(error)"))\n")
        return ConcludingStatus.failed.rawValue
      }
    }
    let outcome = try await dependencies.lint(options)
    dependencies.output.write(outcome.text(output, dependencies.style(noColor: noColor, noUTF8: noUTF8)))
    return outcome.exitStatus
  }
}

extension LintCommand {
  /// How long a server is waited for that nobody named.
  private static let patience = TimeSpan(seconds: 10)

  /// The templates that a server has. One that was named must answer; of one that was found by itself a word is said when it does not.
  static func addTemplates(
    of server: ServerArguments, to options: inout LintOptions, _ dependencies: CommandDependencies
  ) async throws {
    guard let client = try await dependencies.clientIfAny(server, patience: Self.patience) else { return }
    options.namespace = client.connection.namespace
    do throws(ClientFailure) {
      var namespaced: JSON
      do throws(ClientFailure) {
        namespaced = try await client.get(["api", "v1", "workflow-templates", ""])
      } catch {
        guard error.status == 403 else { throw error }
        namespaced = try await client.get(["api", "v1", "workflow-templates", options.namespace])
      }
      options.templates = Self.items(of: namespaced, kind: "WorkflowTemplate")
      do throws(ClientFailure) {
        options.templates += Self.items(
          of: try await client.get(["api", "v1", "cluster-workflow-templates"]), kind: "ClusterWorkflowTemplate")
      } catch {
        guard error.status == 403 else { throw error }
      }
    } catch {
      guard client.connection.origin != .named else { throw error }
      dependencies.errors.write(
        Printable.line("Warning: only templates of the files are known (--offline is silent about that): \(error.message)") + "\n")
    }
  }

  private static func items(of list: JSON, kind: String) -> [JSON] {
    (list["items"]?.array ?? []).map { item in
      var item = item
      item["apiVersion"] = "argoproj.io/v1alpha1"
      item["kind"] = .string(kind)
      return item
    }
  }
}

extension LintForm: ExpressibleByArgument {}
