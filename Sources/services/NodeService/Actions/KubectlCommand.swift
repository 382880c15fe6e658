import KubeModel

/// What Argo's executor would run for a resource template: `kubectl <action> … <flags> -f <manifest> -o json` (spec 4.6), as far as the flags mean
/// something over a control plane in this process. The others are refused by name.
struct KubectlCommand: Sendable, Hashable {
  enum Action: String, Sendable { case get, create, apply, patch, replace, delete }
  enum PatchType: String, Sendable { case strategic, merge, json }

  var action: Action
  var patchType: PatchType = .strategic
  /// `-n`: what an object that names another namespace is refused by.
  var namespace: String?
  var allNamespaces = false
  var selector: String?
  var selectsAll = false
  var ignoresNotFound = false
  /// `--force` of `replace`: delete and make anew.
  var isForced = false
  var savesConfiguration = false
  var isDryRun = false
  /// Resource type and names, or `type/name`.
  var arguments: [String] = []

  /// Why the executor stops before or while it reads its arguments.
  struct Problem: Error, Hashable {
    var message: String
    init(_ message: String) { self.message = message }
  }

  init(action: String, mergeStrategy: String, flags: [String]) throws(Problem) {
    guard let known = Action(rawValue: action) else {
      throw Problem("error: unknown command \"\(action)\" for \"kubectl\"")
    }
    self.action = known
    if known == .delete { ignoresNotFound = true }
    if known == .patch {
      guard let type = PatchType(rawValue: mergeStrategy.isEmpty ? "strategic" : mergeStrategy) else {
        throw Self.badPatchType(mergeStrategy)
      }
      patchType = type
    }
    try read(flags)
  }

  private static func badPatchType(_ text: String) -> Problem {
    Problem("error: --type must be one of [json merge strategic], not \"\(text)\"")
  }

  /// Flags that take a value; all others are switches, which take one only behind `=`.
  private static let valued: Set<String> = [
    "--namespace", "--selector", "--type", "--output", "--field-manager", "--grace-period", "--timeout", "--subresource", "--filename",
    "--patch", "--patch-file", "--kustomize", "--field-selector", "--request-timeout", "--context", "--kubeconfig", "--cluster", "--user",
    "--server", "--token", "--as", "--as-group", "--as-uid", "--raw", "--sort-by", "--chunk-size", "--template", "--label-columns",
    "--prune-allowlist", "--applyset", "--v", "--certificate-authority", "--client-certificate", "--client-key", "--tls-server-name",
  ]
  private static let long: [Character: String] = [
    "n": "--namespace", "l": "--selector", "A": "--all-namespaces", "o": "--output", "f": "--filename", "p": "--patch", "k": "--kustomize",
    "R": "--recursive", "w": "--watch", "s": "--server", "L": "--label-columns", "v": "--v",
  ]
  /// Flags whose effect nothing here depends on: checks of a server, its bookkeeping, waiting for what is done at once, how things are printed.
  private static let harmless: Set<String> = [
    "--validate", "--output", "--field-manager", "--grace-period", "--now", "--wait", "--timeout", "--recursive", "--record", "--overwrite",
    "--openapi-patch", "--show-managed-fields", "--show-labels", "--show-kind", "--no-headers", "--sort-by", "--chunk-size",
    "--request-timeout",
    "--v", "--warnings-as-errors", "--windows-line-endings", "--allow-missing-template-keys", "--label-columns", "--server-print",
    "--disable-compression", "--insecure-skip-tls-verify", "--match-server-version",
  ]
  private static let known: Set<String> = valued.union(harmless).union([
    "--all", "--all-namespaces", "--ignore-not-found", "--force", "--save-config", "--dry-run", "--cascade", "--edit", "--watch",
    "--server-side", "--force-conflicts", "--prune", "--local", "--interactive", "--watch-only", "--output-watch-events",
  ])

  private mutating func read(_ flags: [String]) throws(Problem) {
    var rest = flags[...]
    var isLiteral = false
    while let word = rest.popFirst() {
      if isLiteral || !word.hasPrefix("-") || word == "-" {
        arguments.append(word)
        continue
      }
      if word == "--" {
        isLiteral = true
        continue
      }
      var (name, value) = try Self.split(word)
      if value == nil, Self.valued.contains(name) {
        guard let next = rest.popFirst() else { throw Problem("flag needs an argument: \(word)\(help)") }
        value = next
      }
      try set(name, value, written: word)
    }
  }

  private var help: String { "\nSee 'kubectl \(action.rawValue) --help' for usage." }

  /// `--name=value`, `-n value`, `-nvalue`, `-n=value`.
  private static func split(_ word: String) throws(Problem) -> (String, String?) {
    if word.hasPrefix("--") {
      guard let equals = word.firstIndex(of: "=") else { return (word, nil) }
      return (String(word[..<equals]), String(word[word.index(after: equals)...]))
    }
    guard let letter = word.dropFirst().first, let name = long[letter] else {
      throw Problem("unknown shorthand flag: '\(word.dropFirst().prefix(1))' in \(word)")
    }
    var value = word.dropFirst(2)
    if value.isEmpty { return (name, nil) }
    if value.first == "=" { value = value.dropFirst() }
    return (name, String(value))
  }

  private mutating func set(_ name: String, _ value: String?, written: String) throws(Problem) {
    guard Self.known.contains(name) else { throw Problem("unknown flag: \(name)\(help)") }
    let isOn = value != "false"
    let lists = action == .get || action == .delete
    switch name {
    case "--namespace": namespace = value
    case "--selector": selector = value
    case "--all-namespaces" where lists: allNamespaces = isOn
    case "--all" where action == .delete: selectsAll = isOn
    case "--ignore-not-found" where lists: ignoresNotFound = isOn
    case "--type" where action == .patch:
      guard let type = PatchType(rawValue: value ?? "") else { throw Self.badPatchType(value ?? "") }
      patchType = type
    case "--force" where action != .create && action != .patch && action != .get: isForced = isOn && action == .replace
    case "--save-config" where action == .create || action == .replace: savesConfiguration = isOn
    case "--dry-run":
      guard ["none", "client", "server", "true", "false", nil].contains(value) else {
        throw Problem("error: Invalid dry-run value (\(value ?? "")). Must be \"none\", \"server\", or \"client\".")
      }
      isDryRun = value != "none" && value != "false"
    case "--cascade" where action == .delete || action == .replace:
      // What belongs to a deleted workflow goes with it, whichever way is asked for but this one.
      if value == "orphan" || value == "false" { throw refused(written) }
    case _ where Self.harmless.contains(name): break
    default: throw refused(written)
    }
  }

  private func refused(_ flag: String) -> Problem {
    Problem(
      "error: the flag \(flag) of kubectl \(action.rawValue) is not supported here: the action is carried out inside the control plane, "
        + "on the template's manifest")
  }
}
