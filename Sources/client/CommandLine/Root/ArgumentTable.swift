import ArgumentParser
import JSONValue

/// The options and flags of one command, by name, as ArgumentParser describes them.
struct ArgumentTable {
  enum Kind: Hashable {
    case flag
    /// An option that takes one value.
    case option
    /// An option that takes several values in a row.
    case list
  }

  /// `--name` and `-n`, each with its dashes.
  private(set) var kinds: [String: Kind] = [:]
  /// The long name of what has a short one.
  private var longNames: [String: String] = [:]

  init(_ command: any ParsableArguments.Type) {
    guard let dump = try? JSON.parse(command._dumpHelp()) else { return }
    for argument in dump.at("command", "arguments")?.array ?? [] {
      guard let kind = Self.kind(argument) else { continue }
      let names = (argument["names"]?.array ?? []).compactMap(Self.spelling)
      let long = names.first { $0.hasPrefix("--") }
      for name in names {
        kinds[name] = kind
        if !name.hasPrefix("--") { longNames[name] = long }
      }
    }
  }

  private static func kind(_ argument: JSON) -> Kind? {
    switch argument["kind"]?.string {
    case "flag": return .flag
    case "option":
      let strategy = argument["parsingStrategy"]?.string ?? "default"
      return ["upToNextOption", "allRemainingInput"].contains(strategy) ? .list : .option
    default: return nil
    }
  }

  private static func spelling(_ name: JSON) -> String? {
    guard let text = name["name"]?.string else { return nil }
    return name["kind"]?.string == "long" ? "--" + text : "-" + text
  }

  /// The spelling to which a value can be joined with `=`.
  func joinable(_ name: String) -> String { longNames[name] ?? name }

  /// Turns a flag with a value into flags without: `--strict=false` into `--no-strict`, `--secure=true` into `--secure`. Nil when the name
  /// is no flag's, or the value none of Go's booleans.
  func flags(_ name: String, value: String) -> [String]? {
    let long = joinable(name)
    guard kinds[long] == .flag, let isOn = Self.boolean(value) else { return nil }
    if isOn { return [long] }
    guard long.hasPrefix("--") else { return [] }
    let opposite = "--no-" + long.dropFirst(2)
    return kinds[opposite] == .flag ? [opposite] : []
  }

  /// What Go's `strconv.ParseBool` reads.
  static func boolean(_ text: String) -> Bool? {
    switch text {
    case "1", "t", "T", "true", "TRUE", "True": true
    case "0", "f", "F", "false", "FALSE", "False": false
    default: nil
    }
  }
}
