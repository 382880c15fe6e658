import ArgumentParser

/// `argosy completion`.
struct CompletionCommand: Verb {
  enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

  static let configuration = CommandConfiguration(
    commandName: "completion",
    abstract: "Print the completion script of a shell.",
    discussion: """
      EXAMPLES
        source <(argosy completion bash)
        argosy completion zsh > "${fpath[1]}/_argosy"
        argosy completion fish > ~/.config/fish/completions/argosy.fish
      """)

  @Argument(help: ArgumentHelp("bash, zsh or fish.", valueName: "shell"))
  var shell: Shell

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    let shell: CompletionShell =
      switch shell {
      case .bash: .bash
      case .zsh: .zsh
      case .fish: .fish
      }
    dependencies.output.write(ArgosyCommand.completionScript(for: shell) + "\n")
    return ConcludingStatus.succeeded.rawValue
  }
}
