import ArgumentParser

/// A help page as it is printed.
enum HelpPage {
  /// Puts indented lines of descriptions, which are examples to be copied, together again where ArgumentParser has wrapped them.
  static func unwrapped(_ page: String, of root: any ParsableCommand.Type) -> String {
    let examples = examples(of: root)
    var result: [String] = []
    var lines = page.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)[...]
    while let line = lines.popFirst() {
      let whole = examples.first { $0.hasPrefix(line) && $0 != line && pieces(of: $0, in: [line] + lines) != nil }
      guard let whole, !line.allSatisfy(\.isWhitespace), let count = pieces(of: whole, in: [line] + lines) else {
        result.append(line)
        continue
      }
      result.append(whole)
      lines = lines.dropFirst(count - 1)
    }
    return result.joined(separator: "\n")
  }

  /// The indented lines in the descriptions of a command and all below it.
  private static func examples(of command: any ParsableCommand.Type) -> [String] {
    let own = command.configuration.discussion.split(separator: "\n").map(String.init).filter { $0.hasPrefix("  ") }
    return own + command.configuration.subcommands.flatMap(examples)
  }

  /// How many lines from the first on are the example; nil: they are not.
  private static func pieces(of example: String, in lines: [String]) -> Int? {
    var text = ""
    for (number, line) in lines.enumerated() {
      let piece = number == 0 ? line : line.drop(while: \.isWhitespace).description
      text += text.isEmpty || text.last == " " ? piece : " " + piece
      if text == example { return number + 1 }
      if !example.hasPrefix(text) { return nil }
    }
    return nil
  }
}
