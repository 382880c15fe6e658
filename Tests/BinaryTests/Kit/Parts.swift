import Glibc
import Testing

/// Programs that tests need and that this machine may lack.
enum Parts {
  static let environment: [String: String] = {
    var result: [String: String] = [:]
    for entry in [UInt8](Files.bytes("/proc/self/environ") ?? []).split(separator: 0) {
      guard let equals = entry.firstIndex(of: UInt8(ascii: "=")) else { continue }
      result[String(decoding: entry[..<equals], as: UTF8.self)] = String(decoding: entry[(equals + 1)...], as: UTF8.self)
    }
    return result
  }()

  static let path = environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin"

  static func path(of program: String, _ path: String = path) -> String? {
    path.split(separator: ":").map { "\($0)/\(program)" }.first(where: Files.isExecutable)
  }

  /// `moto`, `prometheus_client`, `kubernetes`, `kopf`, `hera` and `argo_workflows` are Python modules; everything else is a program on the path.
  static func missing(_ names: [String]) -> [String] {
    names.filter { name in
      switch name {
      case "moto": !hasMoto
      case "prometheus_client": !hasPrometheusClient
      case "kubernetes", "kopf": !hasKubernetesClients
      case "hera", "argo_workflows": !hasArgoClients
      default: path(of: name) == nil
      }
    }
  }

  private static let hasPrometheusClient = succeeds("python3 -c 'import prometheus_client.parser'")

  private static let hasKubernetesClients = succeeds("python3 -c 'import kubernetes, kopf'")

  private static let hasArgoClients = succeeds("python3 -c 'import hera.workflows, argo_workflows, requests, yaml'")

  private static let hasMoto: Bool = {
    guard path(of: "python3") != nil else { return false }
    return succeeds("python3 -c 'import moto.server, flask' 2>/dev/null")
  }()

  /// Whether a shell command exits with 0.
  static func succeeds(_ command: String) -> Bool { system("(\(command)) >/dev/null 2>&1 </dev/null") == 0 }

  /// Where the built programs lie: beside the test bundle, or in the directory that `ARGOSY_BIN` names.
  static let products: String = {
    if let named = environment["ARGOSY_BIN"] { return named }
    var buffer = [CChar](repeating: 0, count: 4096)
    let count = readlink("/proc/self/exe", &buffer, buffer.count - 1)
    let executable = String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    let directory = executable.split(separator: "/").dropLast().reduce("") { $0 + "/" + $1 }
    return Files.isExecutable(directory + "/argosy") ? directory : Project.root + "/.build/debug"
  }()

  static let argosy = products + "/argosy"
  static let isBuilt = Files.isExecutable(argosy) && Files.isExecutable(products + "/argosy-exec")

  static let isRoot = geteuid() == 0
}

extension Trait where Self == ConditionTrait {
  /// Skips, naming what is missing: the built program, and programs on the path.
  static func needs(_ parts: String...) -> Self {
    let missing = (Parts.isBuilt ? [] : ["argosy and argosy-exec in \(Parts.products)"]) + Parts.missing(parts)
    return .enabled(if: missing.isEmpty, Comment(rawValue: "missing here: " + missing.joined(separator: ", ")))
  }
}
