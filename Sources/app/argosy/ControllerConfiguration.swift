import ArgoModel
import Basics
import Glibc
import JSONValue
import KubeModel
import NodeService
import WorkflowCore
import WorkflowService
import YAMLText

/// What of Argo's controller configuration this program reads: a ConfigMap with one key a field, or all fields in the key `config`.
struct ControllerConfiguration {
  static let mapName = "workflow-controller-configmap"

  private let map: Resource

  init(_ map: Resource) { self.map = map }

  /// Entry points by image.
  var images: [ImageRule] { field("images").map(ImageRule.rules) ?? [] }

  /// `workflowDefaults`: a Workflow's metadata and spec under every workflow.
  var workflowDefaults: JSON? { field("workflowDefaults") }

  /// What a user interface is set up with: `links`, `columns` and `navColor`.
  var interface: JSON {
    .object(JSONObject(["links", "columns", "navColor"].compactMap { name in field(name).map { (name, $0) } }))
  }

  /// What the first of several configurations that says it says of workflows.
  static func workflowSettings(_ configurations: [ControllerConfiguration]) -> WorkflowSettings {
    func first(_ name: String) -> JSON? { configurations.lazy.compactMap { $0.field(name) }.first }
    var settings = WorkflowSettings(defaults: first("workflowDefaults").map { Resource(.workflow, json: $0) })
    settings.artifactRepository = first("artifactRepository")
    if let namespace = configurations.first?.map.namespace, !namespace.isEmpty { settings.controllerNamespace = namespace }
    settings.retention = RetentionPolicy(first("retentionPolicy"))
    if let delay = first("podGCDeleteDelayDuration")?.string, let span = try? GoDuration(parsing: delay).timeSpan {
      settings.podGCDelay = span
    }
    if let age = first("metricsConfig")?["metricsTTL"]?.string { settings.metricsTimeToLive = timeToLive(age) }
    settings.tellsWorkflowEvents = first("workflowEvents")?["enabled"]?.bool ?? true
    settings.tellsNodeEvents = first("nodeEvents")?["enabled"]?.bool ?? true
    settings.nodeEventsArePods = first("nodeEvents")?["sendAsPod"]?.bool ?? false
    let restriction = first("workflowRestrictions")?["templateReferencing"]?.string
    settings.runLimits = runLimits
    if restriction == "Strict" || restriction == "Secure" {
      settings.restriction = UserOverrides(allowing: getenv("WORKFLOW_USER_OVERRIDE_ALLOWLIST").map { String(cString: $0) } ?? "")
    }
    return settings
  }

  /// Which workflows go into the archive (`persistence.archive`, `archiveLabelSelector`): all, unless it is turned off. Argo's default is to have none, as
  /// it needs a database for it.
  static func archives(_ configurations: [ControllerConfiguration]) -> LabelSelector? {
    let persistence = configurations.lazy.compactMap { $0.field("persistence") }.first
    return persistence?["archive"]?.bool == false ? nil : LabelSelector(json: persistence?["archiveLabelSelector"])
  }

  /// How long they stay there: `persistence.archiveTTL`, and our own `archiveLimit`.
  static func archiveRetention(_ configurations: [ControllerConfiguration]) -> ArchiveRetention {
    let persistence = configurations.lazy.compactMap { $0.field("persistence") }.first
    var retention = ArchiveRetention()
    if let age = persistence?["archiveTTL"]?.string.flatMap(timeToLive), age > .zero { retention.age = age }
    if let count = persistence?["archiveLimit"]?.int, count >= 0 { retention.count = Int(clamping: count) }
    return retention
  }

  /// A time to live as Argo's configuration has it: a duration, or days as `7d`.
  private static func timeToLive(_ text: String) -> TimeSpan? {
    if text.hasSuffix("d"), let days = Int64(text.dropLast()), (0...100_000).contains(days) { return TimeSpan(seconds: days * 86_400) }
    return (try? GoDuration(parsing: text))?.timeSpan
  }

  /// `parallelism` and `namespaceParallelism`.
  static func runLimits(_ maps: [Resource]) -> RunLimits {
    let configurations = maps.map(ControllerConfiguration.init)
    func first(_ name: String) -> Int { configurations.lazy.compactMap { $0.field(name)?.int }.first.map { Int(clamping: $0) } ?? 0 }
    var limits = RunLimits()
    limits.total = first("parallelism")
    limits.namespaceDefault = first("namespaceParallelism")
    return limits
  }

  /// The keys that this program reads.
  private static let known: Set<String> = [
    "images", "workflowDefaults", "artifactRepository", "retentionPolicy", "podGCDeleteDelayDuration", "metricsConfig",
    "workflowRestrictions", "parallelism", "namespaceParallelism", "nodeEvents", "workflowEvents", "persistence",
    "links", "columns", "navColor",
  ]

  /// Keys that it does not.
  var unknownKeys: [String] {
    var keys = (map.json.at("data")?.object ?? [:]).keys.filter { $0 != "config" }
    if let whole = map.json.at("data", "config")?.string.flatMap(document)?.object { keys += whole.keys }
    return keys.filter { !Self.known.contains($0) }.sorted()
  }

  private func field(_ name: String) -> JSON? {
    if let text = map.json.at("data", name)?.string { return document(text) }
    return map.json.at("data", "config")?.string.flatMap(document)?[name]
  }

  private func document(_ text: String) -> JSON? { (try? YAMLText.documents(Array(text.utf8)))?.first?.value }
}
