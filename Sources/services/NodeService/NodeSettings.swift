import Basics
import JSONValue

/// What an image name stands for on this machine. Images are not downloaded: their entry point is what a manifest without `command`
/// relies on, and their file system is this machine's own or a directory.
package struct ImageRule: Sendable, Hashable {
  /// An image name, without tag or digest for all of them; `*` matches any run of characters. `docker.io/` and `docker.io/library/` do not
  /// matter.
  package var pattern: String
  package var entrypoint: [String]
  package var command: [String]
  package init(_ pattern: String, entrypoint: [String] = [], command: [String] = []) {
    self.pattern = pattern
    self.entrypoint = entrypoint
    self.command = command
  }
}

/// How the node service of this machine runs pods.
package struct NodeSettings: Sendable {
  /// Holds `pods/`, `volumes/`.
  package var directory: String
  /// Where logs of workflows' pods are kept beyond the pods; on the file system of `directory`. Nil: they go with their pods.
  package var keptLogs: String?
  package var isolation: Isolation
  /// Pods that may run at once; the default is the kubelet's.
  package var maximumPods = 110
  /// A pod that is over sooner than this is never written as Running: most steps are short, and a write costs more than they do.
  package var announcementDelay = TimeSpan(milliseconds: 30)
  /// Where the machine lacks processes: how long a pod counts among those that are being started. One that prepares for longer must not hold up the others.
  package var startTime = TimeSpan(seconds: 2)
  package var hostName: String
  /// The environment that every container starts from, before the manifest's own.
  package var baseEnvironment: [(name: String, value: String)]
  package var images: [ImageRule]

  /// How often what a step says about its progress is taken over, and how often it is said to be read; 0 in either: never (the environment
  /// variables of Argo's controller, with its defaults).
  package var progressPatchTick = GoDuration(nanoseconds: 60_000_000_000)
  package var progressFileTick = GoDuration(nanoseconds: 3_000_000_000)
  var monitorsProgress: Bool { progressPatchTick.nanoseconds > 0 && progressFileTick.nanoseconds > 0 }

  /// Whether a pod whose Secret or ConfigMap is not there waits for it, as on Kubernetes; else it fails at once, since nobody could add it.
  package var waitsForConfiguration = false

  /// Before the second restart of a container of a pod that a user made; a kubelet's back-off begins with this.
  package var restartPause = TimeSpan(seconds: 10)
  /// Which start of the machine this is (``BegunPods``).
  package var machineStart = MachineStart.current
  /// The address by which pods and their machine are known; pods share the machine's network.
  package var hostAddress = "127.0.0.1"
  /// Where pods reach the API; nil: there is none, and pods are told of none.
  package var api: APIAccess?

  /// How programs in pods find the API server and know that it is the right one.
  package struct APIAccess: Sendable {
    package var host: String
    /// Asked when a pod is prepared: a server may learn its port when it begins to listen.
    package var port: @Sendable () -> Int
    /// The certificate of the authority, in PEM.
    package var authority: [UInt8]
    package init(host: String, port: @escaping @Sendable () -> Int, authority: [UInt8]) {
      self.host = host
      self.port = port
      self.authority = authority
    }
  }

  package enum Isolation: Sendable { case namespaces, none }

  package init(
    directory: String, isolation: Isolation, hostName: String, baseEnvironment: [(name: String, value: String)], images: [ImageRule] = []
  ) {
    self.directory = directory
    self.isolation = isolation
    self.hostName = hostName
    self.baseEnvironment = baseEnvironment
    self.images = images
  }

  /// The variables of the caller that containers see; nothing else of the caller's environment reaches a step.
  package static let inheritedVariables = ["PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ"]
}

/// Entry points by image, as Argo's controller configuration `images` gives them; the built-in rules are for images whose program is a
/// command of the same role on a machine.
package struct ImageTable: Sendable {
  private var rules: [ImageRule]

  /// The given rules go before the built-in ones.
  package init(_ rules: [ImageRule] = []) { self.rules = rules + Self.builtIn }

  private static let builtIn: [ImageRule] = [
    ImageRule("amazon/aws-cli", entrypoint: ["aws"]),
    ImageRule("public.ecr.aws/aws-cli/aws-cli", entrypoint: ["aws"]),
    ImageRule("hashicorp/terraform", entrypoint: ["terraform"]),
    ImageRule("alpine/git", entrypoint: ["git"]),
    ImageRule("alpine/helm", entrypoint: ["helm"]),
    ImageRule("bitnami/kubectl", entrypoint: ["kubectl"]),
    ImageRule("curlimages/curl", entrypoint: ["curl"]),
    ImageRule("bats/bats", entrypoint: ["bats"]),
    ImageRule("*/argosay", entrypoint: ["argosay"]),
    ImageRule("docker/whalesay", command: ["sh"]),
    ImageRule("busybox", command: ["sh"]),
    ImageRule("alpine", command: ["sh"]),
    ImageRule("debian", command: ["bash"]),
    ImageRule("ubuntu", command: ["bash"]),
    ImageRule("bash", command: ["bash"]),
    ImageRule("python", command: ["python3"]),
    ImageRule("node", command: ["node"]),
  ]

  /// The rule for an image reference; the first that matches wins.
  package func rule(for image: String) -> ImageRule? {
    let whole = Self.withoutDefaults(image)
    let name = Self.repository(of: image)
    return rules.first { rule in
      let pattern = Array(Self.withoutDefaults(rule.pattern).utf8)
      return Self.matches(pattern, Array(name.utf8)) || Self.matches(pattern, Array(whole.utf8))
    }
  }

  /// The program and arguments of a container: `command` replaces the image's entry point and command, `args` its command (as Kubernetes
  /// defines them). Nil when the manifest has no `command` and no rule gives an entry point or command.
  package func arguments(image: String, command: [String], args: [String]) -> [String]? {
    if !command.isEmpty { return command + args }
    guard let rule = rule(for: image) else { return nil }
    let result = rule.entrypoint + (args.isEmpty ? rule.command : args)
    if result.isEmpty || (rule.entrypoint.isEmpty && rule.command.isEmpty) { return nil }
    return result
  }

  /// The image's name without registry defaults, tag and digest.
  private static func repository(of image: String) -> String {
    var name = image
    if let at = name.firstIndex(of: "@") { name = String(name[..<at]) }
    if let colon = name.lastIndex(of: ":"), !name[colon...].contains("/") { name = String(name[..<colon]) }
    return withoutDefaults(name)
  }

  private static func withoutDefaults(_ image: String) -> String {
    var name = image
    for prefix in ["docker.io/", "index.docker.io/", "library/"] where name.hasPrefix(prefix) { name.removeFirst(prefix.count) }
    return name
  }

  private static func matches(_ pattern: [UInt8], _ text: [UInt8]) -> Bool {
    var (p, t) = (0, 0)
    var star: (pattern: Int, text: Int)?
    while t < text.count {
      if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
        star = (p, t)
        p += 1
      } else if p < pattern.count, pattern[p] == text[t] {
        p += 1
        t += 1
      } else if let last = star {
        star = (last.pattern, last.text + 1)
        p = last.pattern + 1
        t = last.text + 1
      } else {
        return false
      }
    }
    return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
  }
}

extension ImageRule {
  /// The rules in a value of the controller configuration's `images`: `{<image>: {entrypoint: […], cmd: […]}}`.
  package static func rules(configuration: JSON) -> [ImageRule] {
    (configuration.object ?? [:]).map { image, value in
      ImageRule(
        image, entrypoint: (value["entrypoint"]?.array ?? []).compactMap(\.string),
        command: (value["cmd"]?.array ?? []).compactMap(\.string))
    }
  }
}
