import ArgumentParser

/// `argosy lsp`.
struct LanguageServerCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "lsp",
    abstract: "Serve an editor: findings while you type, completion, hovers, go to, rename.",
    discussion: """
      A language server over standard input and output (Language Server Protocol 3.17). Editors start it; docs/editors.md says how for
      VS Code, Neovim and Zed.

      EXAMPLES
        argosy lsp
      """)

  @Flag(help: "Accepted, as editors give it: standard input and output are the only way.")
  var stdio = false

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 { await dependencies.languageServer() }
}
