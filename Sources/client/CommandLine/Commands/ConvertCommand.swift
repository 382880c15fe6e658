import ArgumentParser
import JSONValue

/// What `argosy convert` made of one file.
package struct ConvertedFile: Sendable {
  package var text: String
  /// `line:column what → what`
  package var changes: [String]
  /// What has to be changed by hand, as lines.
  package var remaining: [String]

  package init(text: String, changes: [String], remaining: [String]) {
    self.text = text
    self.changes = changes
    self.remaining = remaining
  }
}

/// `argosy convert`.
struct ConvertCommand: Verb {
  enum Form: String, ExpressibleByArgument, CaseIterable { case yaml, json }

  static let configuration = CommandConfiguration(
    commandName: "convert",
    abstract: "Rewrite fields of older Argo versions into those of v4; comments, order and layout stay.",
    discussion: """
      schedule becomes schedules, mutex mutexes, semaphore semaphores, stopStrategy.condition expression, onExit of steps and tasks
      hooks.exit, {{workflow.parameters}} {{workflow.parameters.json}}. What has no form that says the same is left and told.

      EXAMPLES
        argosy convert cron.yaml > new.yaml
        argosy convert workflows/ --write
        argosy convert workflows/ --check
        argosy convert cron.yaml -o json

      EXIT STATUS
        0  done
        1  something is left to do by hand, or with --check something to convert
        2  bad usage
      """)

  @Argument(help: ArgumentHelp("Files, directories, or - for standard input.", valueName: "file"), completion: .file())
  var files: [String]

  @Flag(name: [.short, .long], help: "Change the files in place.")
  var write = false

  @Flag(help: "Only say what would change.")
  var check = false

  @Option(
    name: [.short, .long],
    help: ArgumentHelp("Print objects anew, yaml or json, with sorted keys and without comments, as argo convert does.", valueName: "form"))
  var output: Form?

  @Flag(help: .hidden) var noColor = false

  func validate() throws {
    if write, check { throw ValidationError("--write and --check exclude each other.") }
    if output != nil, write || check { throw ValidationError("--output is for what is printed: leave out --write and --check.") }
    if write, files.contains("-") { throw ValidationError("standard input cannot be written in place.") }
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var isLeft = false
    for file in try InputFiles.collect(files) {
      let converted = try dependencies.convert(file)
      for line in converted.changes where write || check { dependencies.output.write("\(file.name):\(line)\n") }
      for line in converted.remaining { dependencies.errors.write("\(line)\n") }
      isLeft = isLeft || !converted.remaining.isEmpty || (check && !converted.changes.isEmpty)
      if write {
        if !converted.changes.isEmpty { try InputFiles.replace(file.name, with: Array(converted.text.utf8)) }
      } else if let output {
        try print(converted, of: file, as: output, dependencies)
      } else if !check {
        dependencies.output.write(converted.text)
      }
    }
    return isLeft ? ConcludingStatus.failed.rawValue : ConcludingStatus.succeeded.rawValue
  }

  /// The objects of a converted file, one after the other.
  private func print(_ converted: ConvertedFile, of file: InputFile, as form: Form, _ dependencies: CommandDependencies) throws {
    for document in try dependencies.manifests(InputFile(name: file.name, bytes: Array(converted.text.utf8)), false) {
      switch form {
      case .json: dependencies.output.write(document.text(.canonical) + "\n")
      case .yaml: dependencies.output.write("---\n" + dependencies.yaml(ExecutorPluginManifest.sorted(document)))
      }
    }
  }
}
