import ArgumentParser

/// All commands, in the order of the help page.
enum CommandCatalog {
  /// The commands that `argo` has, with its names.
  static let original: [any ParsableCommand.Type] = [
    SubmitCommand.self, ListCommand.self, GetCommand.self, WatchCommand.self, WaitCommand.self, LogsCommand.self, LintCommand.self,
    RetryCommand.self, ResubmitCommand.self, SuspendCommand.self, ResumeCommand.self, StopCommand.self, TerminateCommand.self,
    DeleteCommand.self, NodeCommand.self, CopyCommand.self,
    CronCommand.self, TemplateCommand.self, ClusterTemplateCommand.self, ArchiveCommand.self, SyncCommand.self, AuthCommand.self,
    ExecutorPluginCommand.self,
    ServerCommand.self, ConvertCommand.self,
    VersionCommand.self, CompletionCommand.self,
  ]

  /// What Argosy has beyond them.
  static let own: [any ParsableCommand.Type] = [
    RunCommand.self, ForkCommand.self, ExplainCommand.self, TestCommand.self, PlanCommand.self, SchemaCommand.self,
    LanguageServerCommand.self,
    KubeconfigCommand.self, SecretsCommand.self, BackupCommand.self, RestoreCommand.self, AuditCommand.self, TerraformStateCommand.self,
    ServiceCommand.self, DoctorCommand.self,
  ]

  static let names: [String] = (original + own).flatMap { [$0._commandName] + $0.configuration.aliases }

  /// Whether the original has a command of this name.
  static func isOriginal(_ name: String) -> Bool {
    original.contains { $0._commandName == name || $0.configuration.aliases.contains(name) }
  }

  /// What the help page of one command says.
  struct Page {
    /// The words that lead to it, without the program: `cron list`.
    var path: String
    /// Whether the last word may be left out.
    var isDefault: Bool
    var abstract: String
    var discussion: String
  }

  /// The pages of all commands that do something themselves.
  static func pages(_ program: ProgramName) -> [Page] { pages(root(program), []) }

  private static func pages(_ command: any ParsableCommand.Type, _ path: [String]) -> [Page] {
    command.configuration.subcommands.flatMap { child in
      let path = path + [child._commandName]
      let configuration = child.configuration
      guard configuration.subcommands.isEmpty else { return pages(child, path) }
      let isDefault = command.configuration.defaultSubcommand == child
      return [
        Page(
          path: path.joined(separator: " "), isDefault: isDefault, abstract: configuration.abstract, discussion: configuration.discussion)
      ]
    }
  }

  static func root(_ program: ProgramName) -> any ParsableCommand.Type {
    switch program {
    case .argosy: ArgosyCommand.self
    case .argo: ArgoCommand.self
    }
  }
}

/// The root of the command line.
struct ArgosyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "argosy",
    abstract: "Runs Argo Workflows manifests on this machine, without Kubernetes.",
    discussion: """
      EXAMPLES
        argosy run hello-world.yaml               run a workflow and watch it
        argosy run lib/ main.yaml -p env=test     apply templates, then run
        argosy server                             serve Kubernetes' and Argo's APIs
        argosy retry my-wf --state ./state        run the failed steps of a kept run again
        argosy lint workflows/                    check without running
        argosy doctor                             see what this machine allows
      """,
    version: VersionInformation.current.text(short: true),
    groupedSubcommands: [
      CommandGroup(name: "Argosy's own", subcommands: CommandCatalog.own),
      CommandGroup(name: "Argo's", subcommands: CommandCatalog.original),
    ])
}

/// The root when the program is called through a link named `argo`.
struct ArgoCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "argo",
    abstract: "Runs Argo Workflows, on this machine or on a server.",
    discussion: """
      The server is the one of this machine, or the one that $ARGO_SERVER or --argo-server names. $ARGO_TOKEN, $ARGO_NAMESPACE, $ARGO_SECURE
      and $ARGO_INSECURE_SKIP_VERIFY are as in Argo.

      EXAMPLES
        argo server --auth-mode server            serve Argo's API
        argo submit -n argo --watch hello.yaml    submit a workflow and watch it
        argo list -n argo                         the workflows of a namespace
        argo get -n argo @latest                  the newest of them
        argo logs -n argo @latest --follow        its logs
        argo lint workflows/                      check manifests
      """,
    version: VersionInformation.current.text(short: true, program: .argo),
    subcommands: CommandCatalog.original,
    groupedSubcommands: [CommandGroup(name: "Further", subcommands: CommandCatalog.own)])
}

extension CompletionKind {
  /// The names of workflows, which the shell asks the server for.
  static var workflows: CompletionKind { .shellCommand("argosy list -o name 2>/dev/null") }
}
