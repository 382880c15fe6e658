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
    let restriction = first("workflowRestrictions")?["templateReferencing"]?.string
    settings.runLimits = runLimits
    if restriction == "Strict" || restriction == "Secure" {
      settings.restriction = UserOverrides(allowing: getenv("WORKFLOW_USER_OVERRIDE_ALLOWLIST").map { String(cString: $0) } ?? "")
    }
    return settings
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

  private func field(_ name: String) -> JSON? {
    if let text = map.json.at("data", name)?.string { return document(text) }
    return map.json.at("data", "config")?.string.flatMap(document)?[name]
  }

  private func document(_ text: String) -> JSON? { (try? YAMLText.documents(Array(text.utf8)))?.first?.value }
}
