import ArgumentParser
import Basics
import JSONValue

/// `argosy run`.
struct RunCommand: Verb {
  static let endsOnInterrupt = false

  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Run workflows to their end and show their progress.",
    discussion: """
      Everything in the files that is no Workflow (templates, Secrets, ConfigMaps, claims …) is applied first, then each Workflow runs. \
      On a terminal their trees are drawn live; elsewhere each change is one line. A CronWorkflow among the files fires until Ctrl-C or \
      the end of --timeout.

      EXAMPLES
        argosy run hello-world.yaml
        argosy run templates/ main.yaml -p environment=test --log
        argosy run --from workflowtemplate/build --with templates/ -p branch=main
        cat main.yaml | argosy run -
        argosy run long.yaml --state ./state             then, after a crash:
        argosy run --state ./state --resume

      KEYS
        On a terminal: s stop, t terminate, p pause, r resume, j/k or arrows choose a node, l its log, q detach (with --state), ? help.

      EXIT STATUS
        0    all workflows Succeeded
        1    any workflow Failed or in Error
        2    bad usage, or a manifest that does not validate
        130  stopped with Ctrl-C (the second Ctrl-C terminates at once)
      """)

  struct Submission: ParsableArguments {
    @Argument(
      help: ArgumentHelp("Manifests: files, directories, or - for standard input.", valueName: "file"), completion: .file())
    var files: [String] = []

    @Option(help: ArgumentHelp("Submit from a template: workflowtemplate/NAME or clusterworkflowtemplate/NAME.", valueName: "kind/name"))
    var from: String?

    @Option(
      parsing: .singleValue,
      help: ArgumentHelp("Apply the resources of this file or directory first; may be given often.", valueName: "file|dir"),
      completion: .file())
    var with: [String] = []
  }

  struct Overrides: ParsableArguments {
    @Option(
      name: [.short, .long], parsing: .unconditionalSingleValue,
      help: ArgumentHelp("A parameter; may be given often.", valueName: "name=value"))
    var parameter: [String] = []

    @Option(
      name: [.customShort("f"), .long], parsing: .singleValue,
      help: ArgumentHelp("Parameters from a YAML or JSON map; -p wins over it.", valueName: "file"), completion: .file())
    var parameterFile: [String] = []

    @Option(help: ArgumentHelp("Start at this template.", valueName: "template"))
    var entrypoint: String?

    @Option(help: ArgumentHelp("The workflow's name.", valueName: "name"))
    var name: String?

    @Option(help: ArgumentHelp("The beginning of a generated name.", valueName: "prefix"))
    var generateName: String?

    @Option(
      name: [.short, .long], parsing: .singleValue,
      help: ArgumentHelp("Labels of the workflow; may be given often.", valueName: "name=value,…"))
    var labels: [String] = []

    @Option(name: [.short, .long], help: ArgumentHelp("The namespace where a manifest names none.", valueName: "namespace"))
    var namespace: String?
  }

  struct Execution: ParsableArguments {
    @Option(help: ArgumentHelp("Pods that run at once at most.", valueName: "n"))
    var maxPods: Int?

    @Option(help: ArgumentHelp("Stop the workflows after this time: 90s, 5m, 1h30m.", valueName: "duration"))
    var timeout: String?

    @Flag(help: "Keep the database, logs and artifacts after success.")
    var keep = false

    @Option(help: ArgumentHelp("Keep the database, logs and artifacts here.", valueName: "dir"), completion: .directory)
    var state: String?

    @Flag(help: "Go on with the unfinished workflows of the state directory.")
    var resume = false

    @Flag(inversion: .prefixedNo, help: .hidden)
    var strict = true
  }

  struct Display: ParsableArguments {
    @Flag(help: "Follow the logs of all pods.")
    var log = false

    @Option(name: [.short, .long], help: ArgumentHelp("What is printed at the end: name, json, yaml or wide.", valueName: "form"))
    var output: RunOptions.Output?

    @Option(
      help: ArgumentHelp(
        "Write the workflows' metrics here at the end, in Prometheus' text format; - is standard output.", valueName: "file"),
      completion: .file())
    var metrics: String?

    @Flag(help: "No colours.")
    var noColor = false

    @Flag(name: .customLong("no-utf8"), help: "Words and ASCII lines in place of glyphs.")
    var noUTF8 = false
  }

  @OptionGroup(title: "Input") var submission: Submission
  @OptionGroup(title: "Changes to the workflow") var overrides: Overrides
  @OptionGroup(title: "Execution") var execution: Execution
  @OptionGroup(title: "Display") var display: Display

  func validate() throws {
    if submission.files.isEmpty && submission.from == nil && !execution.resume {
      throw ValidationError("nothing to run. Give a FILE, a directory, - for standard input, or --from workflowtemplate/NAME.")
    }
    if execution.resume && execution.state == nil {
      throw ValidationError("--resume needs the state directory of the run to go on with. Give --state DIR.")
    }
    if execution.resume && (submission.from != nil || !submission.files.isEmpty) {
      throw ValidationError("--resume goes on with the workflows of the state directory. Leave out FILE and --from.")
    }
    if let pods = execution.maxPods, pods < 1 { throw ValidationError("--max-pods must be 1 or more. Received: \(pods)") }
    let inputs = submission.files + submission.with + overrides.parameterFile
    if inputs.filter({ $0 == "-" }).count > 1 { throw ValidationError("standard input (-) can be read only once.") }
    if !execution.strict {
      throw ValidationError("manifests are always checked strictly here. Leave out --no-strict; argosy lint names each problem.")
    }
    do { _ = try plainOptions() } catch { throw ValidationError("\(error)") }
  }

  /// The options without the parameter files' content.
  func plainOptions() throws(SubmitFailure) -> RunOptions {
    var options = RunOptions()
    options.files = submission.files
    if let from = submission.from { options.source = try SubmitSource(parsing: from) }
    options.fixtures = submission.with
    var given: [ParameterArgument] = []
    for text in overrides.parameter { given.append(try ParameterArgument(parsing: text)) }
    var labels: [LabelArgument] = []
    for text in overrides.labels { labels += try LabelArgument.list(text) }
    options.submit = SubmitOptions(
      entrypoint: overrides.entrypoint, name: overrides.name, generateName: overrides.generateName, namespace: overrides.namespace,
      labels: labels, parameters: ParameterArgument.merged(files: [], given: given))
    options.maximumPods = execution.maxPods
    if let text = execution.timeout {
      guard let timeout = TimeSpan(argument: text), timeout > .zero else {
        throw SubmitFailure("--timeout must be a duration such as 90s, 5m or 1h30m. Received: \(text)")
      }
      options.timeout = timeout
    }
    options.keepsState = execution.keep
    options.stateDirectory = execution.state
    options.resumes = execution.resume
    options.followsLogs = display.log
    options.output = display.output
    options.metricsFile = display.metrics
    if display.metrics == "-", let output = display.output, output != .wide {
      throw SubmitFailure("-o \(output.rawValue) and --metrics - would both write to standard output. Give --metrics a file.")
    }
    options.noColor = display.noColor
    options.noUTF8 = display.noUTF8
    return options
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    var options = try plainOptions()
    var fromFiles: [ParameterArgument] = []
    for path in overrides.parameterFile {
      let file = try InputFiles.read(path)
      let document: JSON
      do { document = try dependencies.parseDocument(file) } catch { throw SubmitFailure("\(file.name): \(error)") }
      fromFiles += try ParameterArgument.file(document, name: file.name)
    }
    options.submit.parameters = ParameterArgument.merged(files: fromFiles, given: options.submit.parameters)
    return await dependencies.run(options)
  }
}

extension RunOptions.Output: ExpressibleByArgument {}
