import ArgumentParser

/// Turns arguments as `argo` takes them (by the library cobra) into the form that ArgumentParser reads: the flags that every command has may
/// stand anywhere, before the verb too; a flag may have a value (`--strict=false`); a value may begin with a dash or be joined to a short
/// name (`-nargo`). What neither of the two knows stays as it is, for ArgumentParser to refuse.
struct CobraSpelling {
  /// The flags that each of `argo`'s commands takes (spec section 6).
  static let globals: [String: ArgumentTable.Kind] = {
    var result: [String: ArgumentTable.Kind] = [:]
    for name in [
      "-n", "--namespace", "-s", "--argo-server", "--argo-base-href", "-H", "--header", "--instanceid", "--token", "--kubeconfig",
      "--context", "--cluster", "--user", "--as", "--as-group", "--as-uid", "--as-user-extra", "--certificate-authority",
      "--client-certificate", "--client-key", "--tls-server-name", "--proxy-url", "--request-timeout", "--server", "--username",
      "--password", "--loglevel", "--log-format", "--gloglevel",
    ] { result[name] = .option }
    for name in [
      "--argo-http1", "-e", "--secure", "-k", "--insecure-skip-verify", "--insecure-skip-tls-verify", "--disable-compression", "-v",
      "--verbose",
    ] { result[name] = .flag }
    return result
  }()

  let root: any ParsableCommand.Type
  /// Whether a verb takes the global flags that it has no use for, as all of the original's do.
  let takesGlobals: (_ verb: String) -> Bool

  /// The arguments, without the program's name, as ArgumentParser reads them.
  func rewritten(_ arguments: [String]) -> [String] {
    var rest = arguments[...]
    var path: [String] = []
    var early: [String] = []
    var command = root
    // Down to the command that is meant; global flags on the way are kept for it.
    while let word = rest.first {
      if let child = Self.child(word, of: command) {
        path.append(word)
        command = child
        rest.removeFirst()
        continue
      }
      guard let kind = Self.globals[Self.name(word)], !command.configuration.subcommands.isEmpty else { break }
      early.append(rest.removeFirst())
      if kind == .option, !word.contains("="), let value = rest.popFirst() { early.append(value) }
    }
    // Global flags alone, before what is no command: nothing is known of it.
    guard !path.isEmpty, command.configuration.subcommands.isEmpty else { return path + early + rest }
    guard !early.isEmpty || rest.contains(where: { $0.hasPrefix("-") && $0 != "-" }) else { return path + rest }
    let table = ArgumentTable(command)
    let dropsGlobals = path.first.map(takesGlobals) ?? false
    return path + Self.spelled(early[...], table, dropsGlobals: true) + Self.spelled(rest, table, dropsGlobals: dropsGlobals)
  }

  /// The arguments of one command, in the same way.
  static func spelled(_ arguments: [String], for command: any ParsableCommand.Type) -> [String] {
    spelled(arguments[...], ArgumentTable(command), dropsGlobals: false)
  }

  private static func child(_ word: String, of command: any ParsableCommand.Type) -> (any ParsableCommand.Type)? {
    command.configuration.subcommands.first { $0._commandName == word || $0.configuration.aliases.contains(word) }
  }

  /// `--name` of `--name=value`.
  private static func name(_ word: String) -> String { word.firstIndex(of: "=").map { String(word[..<$0]) } ?? word }

  private static func spelled(_ words: ArraySlice<String>, _ table: ArgumentTable, dropsGlobals: Bool) -> [String] {
    var result: [String] = []
    var rest = words
    /// Adds an option with its value, joined where the value could be taken for an option.
    func add(_ name: String, _ value: String?) {
      if let value, value.hasPrefix("-"), value != "-" {
        result.append("\(table.joinable(name))=\(value)")
      } else {
        result += [name] + (value.map { [$0] } ?? [])
      }
    }
    while let word = rest.popFirst() {
      if word == "--" { return result + [word] + rest }
      guard word.hasPrefix("-"), word != "-" else {
        result.append(word)
        continue
      }
      let name = Self.name(word)
      let value = word.utf8.count > name.utf8.count ? String(word.dropFirst(name.count + 1)) : nil
      switch (table.kinds[name], value) {
      case (.flag, let value?): result += table.flags(name, value: value) ?? [word]
      case (.flag, nil), (.list, _): result.append(word)
      case (.option, let value?): result.append("\(table.joinable(name))=\(value)")
      case (.option, nil): add(name, rest.popFirst())
      case (nil, let value):
        if let group = Self.group(word, table, &rest) {
          result += group
        } else if dropsGlobals, let kind = globals[name] {
          if kind == .option, value == nil { _ = rest.popFirst() }
        } else {
          result.append(word)
        }
      }
    }
    return result
  }

  /// Several short names in one word, the last one of which may have its value joined: `-Ao`, `-nargo`. Nil when one is unknown.
  private static func group(_ word: String, _ table: ArgumentTable, _ rest: inout ArraySlice<String>) -> [String]? {
    guard !word.hasPrefix("--"), word.count > 2 else { return nil }
    var result: [String] = []
    var letters = word.dropFirst()
    while let letter = letters.popFirst() {
      let name = "-\(letter)"
      switch table.kinds[name] ?? globals[name] {
      case .flag: if table.kinds[name] != nil { result.append(name) }
      case .option:
        let value = letters.isEmpty ? rest.popFirst() : String(letters.first == "=" ? letters.dropFirst() : letters)
        if table.kinds[name] != nil, let value { result.append("\(table.joinable(name))=\(value)") }
        return result
      case .list, nil: return nil
      }
    }
    return result
  }
}
