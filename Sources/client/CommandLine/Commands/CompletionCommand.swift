import ArgumentParser

/// `argosy completion`.
struct CompletionCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "completion",
    abstract: "Print the completion script of a shell.",
    discussion: """
      EXAMPLES
        source <(argosy completion bash)
        argosy completion zsh > "${fpath[1]}/_argosy"
        argosy completion fish > ~/.config/fish/completions/argosy.fish
      """)

  private static let shells: [String: CompletionShell] = ["bash": .bash, "zsh": .zsh, "fish": .fish]

  @Argument(help: ArgumentHelp("bash, zsh or fish.", valueName: "shell"), completion: .list(["bash", "zsh", "fish"]))
  var shell: String

  func validate() throws {
    guard Self.shells[shell] != nil else {
      throw ValidationError("invalid shell \"\(shell)\": supported shells are bash, zsh, and fish")
    }
  }

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    let script = CommandCatalog.root(dependencies.program).completionScript(for: Self.shells[shell] ?? .bash)
    // Values are completed by asking this program, by the name that it has here.
    let text = dependencies.program == .argosy ? script : script.replacing("argosy ", with: "argo ")
    dependencies.output.write(text + "\n")
    return ConcludingStatus.succeeded.rawValue
  }
}
