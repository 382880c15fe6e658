import ArgumentParser

/// The root of the command line.
struct ArgosyCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "argosy",
    abstract: "Runs Argo Workflows manifests on this machine, without Kubernetes.",
    discussion: """
      EXAMPLES
        argosy run hello-world.yaml               run a workflow and watch it
        argosy run lib/ main.yaml -p env=test     apply templates, then run
        argosy retry my-wf --state ./state        run the failed steps of a kept run again
        argosy lint workflows/                    check without running
        argosy doctor                             see what this machine allows
      """,
    version: VersionInformation.current.text(short: true),
    subcommands: [
      RunCommand.self, RetryCommand.self, ResubmitCommand.self, ForkCommand.self, GetCommand.self, ListCommand.self, StopCommand.self,
      TerminateCommand.self, SuspendCommand.self, ResumeCommand.self, NodeCommand.self, LintCommand.self, DoctorCommand.self,
      VersionCommand.self, CompletionCommand.self,
    ])
}

/// A verb of the command line: parsed by ArgumentParser, carried out with what the app gives.
protocol Verb: ParsableCommand {
  /// Does the work and returns the exit status. A thrown ``SubmitFailure`` or ``InputFailure`` is bad usage.
  func execute(_ dependencies: CommandDependencies) async throws -> Int32
}

/// The way into the command line.
package enum ArgosyCommandLine {
  /// Parses the arguments (without the program's name), carries the command out and returns the exit status.
  package static func main(_ arguments: [String], dependencies: CommandDependencies) async -> Int32 {
    if let verb = arguments.first, !verb.hasPrefix("-"), !verbs.contains(verb) {
      let meant = nearest(verb).map { " Did you mean '\($0)'?" } ?? ""
      dependencies.errors.write(
        "Error: Unknown command '\(Printable.line(verb))'.\(meant)\nThe commands are \(verbs.joined(separator: ", ")). "
          + "See 'argosy --help' for more information.\n")
      return ConcludingStatus.invalid.rawValue
    }
    do {
      var command = try ArgosyCommand.parseAsRoot(arguments)
      guard let verb = command as? any Verb else {
        // `help`, or no command at all: ArgumentParser throws the page to print.
        try command.run()
        return ConcludingStatus.succeeded.rawValue
      }
      do {
        return try await verb.execute(dependencies)
      } catch {
        let name = type(of: verb)._commandName
        dependencies.errors.write("Error: \(error)\nSee 'argosy \(name) --help' for the options and examples.\n")
        return ConcludingStatus.invalid.rawValue
      }
    } catch {
      let text = ArgosyCommand.fullMessage(for: error)
      guard ArgosyCommand.exitCode(for: error) != .success else {
        dependencies.output.write(text + "\n")
        return ConcludingStatus.succeeded.rawValue
      }
      let remedy = text.contains("--help' for more information") ? "" : "See 'argosy --help' for more information.\n"
      dependencies.errors.write(text + "\n" + remedy)
      return ConcludingStatus.invalid.rawValue
    }
  }

  private static let verbs = ArgosyCommand.configuration.subcommands.map { $0._commandName } + ["help"]

  /// The verb that differs from `word` in the fewest letters, two at most.
  private static func nearest(_ word: String) -> String? {
    guard word.utf8.count < 32 else { return nil }
    let distances = verbs.map { (verb: $0, distance: distance(Array($0), Array(word))) }
    return distances.filter { $0.distance <= 2 }.min { $0.distance < $1.distance }?.verb
  }

  /// How many letters have to be put in, left out or changed.
  private static func distance(_ left: [Character], _ right: [Character]) -> Int {
    var previous = Array(0...right.count)
    for (row, letter) in left.enumerated() {
      var current = [row + 1]
      for (column, other) in right.enumerated() {
        current.append(min(previous[column + 1] + 1, current[column] + 1, previous[column] + (letter == other ? 0 : 1)))
      }
      previous = current
    }
    return previous[right.count]
  }
}
