import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel

/// `/etc/hosts` and `/etc/resolv.conf` of pods with `hostAliases` or `dnsConfig`: the machine's, with what the pod adds.
struct PodNames {
  let pod: Resource
  let directory: String

  /// Makes the files that are wanted; what every container mounts unless it has something there itself.
  func prepare() throws -> [PodPlan.Mount] {
    var mounts: [PodPlan.Mount] = []
    guard pod.spec["hostAliases"] != nil || pod.spec["dnsConfig"] != nil else { return mounts }
    try LocalFiles.makeDirectories(directory, mode: 0o700)
    if let aliases = pod.spec["hostAliases"]?.array, !aliases.isEmpty {
      let file = directory + "/hosts"
      try LocalFiles.write(Array(Self.hosts(machine("/etc/hosts"), aliases).utf8), to: file, mode: 0o644)
      mounts.append(PodPlan.Mount(source: file, target: Self.resolved("/etc/hosts"), isReadOnly: false))
    }
    if let config = pod.spec["dnsConfig"], config.object?.isEmpty == false {
      let file = directory + "/resolv.conf"
      let base = pod.spec["dnsPolicy"]?.string == "None" ? "" : machine("/etc/resolv.conf")
      try LocalFiles.write(Array(Self.resolver(base, config).utf8), to: file, mode: 0o644)
      mounts.append(PodPlan.Mount(source: file, target: Self.resolved("/etc/resolv.conf"), isReadOnly: false))
    }
    return mounts
  }

  private func machine(_ path: String) -> String {
    (try? LocalFiles.read(path, limit: 1 << 20)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// Where a link leads: it leads there inside the container too.
  private static func resolved(_ path: String) -> String {
    guard let found = realpath(path, nil) else { return path }
    defer { free(found) }
    return String(cString: found)
  }

  static func hosts(_ machine: String, _ aliases: [JSON]) -> String {
    var text = machine
    if !text.isEmpty, !text.hasSuffix("\n") { text += "\n" }
    text += "\n# Entries added by HostAliases.\n"
    for alias in aliases {
      let names = (alias["hostnames"]?.array ?? []).compactMap(\.string)
      text += ([alias["ip"]?.string ?? ""] + names).joined(separator: "\t") + "\n"
    }
    return text
  }

  /// The machine's servers, search domains and options, then the pod's; an option of the pod replaces the machine's of that name.
  static func resolver(_ machine: String, _ config: JSON) -> String {
    var servers: [String] = []
    var domains: [String] = []
    var options: [String] = []
    for line in machine.split(whereSeparator: \.isNewline) {
      let words = line.split(whereSeparator: \.isWhitespace).map(String.init)
      switch words.first {
      case "nameserver": servers += words.dropFirst().prefix(1)
      case "search", "domain": domains = Array(words.dropFirst())
      case "options": options += words.dropFirst()
      default: break
      }
    }
    func add(_ field: String, to list: inout [String]) {
      for value in (config[field]?.array ?? []).compactMap(\.string) where !list.contains(value) { list.append(value) }
    }
    add("nameservers", to: &servers)
    add("searches", to: &domains)
    for option in config["options"]?.array ?? [] {
      guard let name = option["name"]?.string else { continue }
      options.removeAll { $0 == name || $0.hasPrefix(name + ":") }
      options.append(option["value"]?.string.map { "\(name):\($0)" } ?? name)
    }
    var text = ""
    if !domains.isEmpty { text += "search " + domains.joined(separator: " ") + "\n" }
    for server in servers { text += "nameserver \(server)\n" }
    if !options.isEmpty { text += "options " + options.joined(separator: " ") + "\n" }
    return text
  }
}
