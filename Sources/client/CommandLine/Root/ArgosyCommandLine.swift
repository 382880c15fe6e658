import ArgumentParser

/// A verb of the command line: parsed by ArgumentParser, carried out with what the app gives.
protocol Verb: ParsableCommand {
  /// Does the work and returns the exit status. A thrown ``SubmitFailure`` or ``InputFailure`` is bad usage.
  func execute(_ dependencies: CommandDependencies) async throws -> Int32
  /// Whether Ctrl-C simply ends the command; false for those that end in order, or must not end half-way.
  static var endsOnInterrupt: Bool { get }
}

extension Verb {
  static var endsOnInterrupt: Bool { true }
}

/// The way into the command line.
package enum ArgosyCommandLine {
  /// Parses the arguments (without the program's name), carries the command out and returns the exit status. Bad usage is 2, and 1 for
  /// `argo`, as of the original.
  package static func main(_ arguments: [String], dependencies: CommandDependencies) async -> Int32 {
    let program = dependencies.program
    let root = CommandCatalog.root(program)
    let invalid = program == .argo ? ConcludingStatus.failed.rawValue : ConcludingStatus.invalid.rawValue
    var arguments = CobraSpelling(root: root, takesGlobals: CommandCatalog.isOriginal).rewritten(arguments)
    if arguments.first == ServerCommand._commandName {
      arguments += OriginalServerArguments.flags(besides: arguments, dependencies.environment)
    }
    if let verb = arguments.first, !verb.hasPrefix("-"), !verbs.contains(verb) {
      let meant = nearest(verb).map { " Did you mean '\($0)'?" } ?? ""
      dependencies.errors.write(
        "Error: Unknown command '\(Printable.line(verb))'.\(meant)\nThe commands are \(verbs.joined(separator: ", ")). "
          + "See '\(program) --help' for more information.\n")
      return invalid
    }
    do {
      var command = try root.parseAsRoot(arguments)
      guard let verb = command as? any Verb else {
        // `help`, or no command at all: ArgumentParser throws the page to print.
        try command.run()
        return ConcludingStatus.succeeded.rawValue
      }
      do {
        if type(of: verb).endsOnInterrupt { dependencies.endsOnInterrupt() }
        let status = try await verb.execute(dependencies)
        return status == ConcludingStatus.invalid.rawValue ? invalid : status
      } catch {
        let path = Self.path(to: type(of: verb), from: root).joined(separator: " ")
        dependencies.errors.write("Error: \(error)\nSee '\(program) \(path) --help' for the options and examples.\n")
        return invalid
      }
    } catch {
      let text = program.renamed(HelpPage.unwrapped(root.fullMessage(for: error), of: root), verbs: Set(verbs))
      guard root.exitCode(for: error) != .success else {
        dependencies.output.write(text + "\n")
        return ConcludingStatus.succeeded.rawValue
      }
      let remedy = text.contains("--help' for more information") ? "" : "See '\(program) --help' for more information.\n"
      dependencies.errors.write(text + "\n" + remedy)
      return invalid
    }
  }

  private static let verbs = CommandCatalog.names + ["help"]

  /// The names by which a command is reached.
  private static func path(to command: any ParsableCommand.Type, from root: any ParsableCommand.Type) -> [String] {
    for child in root.configuration.subcommands {
      if child == command { return [child._commandName] }
      let path = path(to: command, from: child)
      if !path.isEmpty { return [child._commandName] + path }
    }
    return []
  }

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
