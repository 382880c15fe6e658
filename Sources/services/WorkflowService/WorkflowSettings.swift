import ArgoModel
import Basics
import JSONValue
import KubeModel
import WorkflowCore

/// What an administrator says for all workflows (Argo's `workflow-controller-configmap`, spec 2.22).
package struct WorkflowSettings: Sendable {
  /// Metadata and spec under every workflow (`workflowDefaults`).
  package var defaults: Resource?
  /// Which workflows go into the archive when they end, by their labels; nil: none (`persistence.archive`, `archiveLabelSelector`).
  package var archives: LabelSelector?
  /// How many finished workflows are kept; nil: all.
  package var retention: RetentionPolicy?
  /// How long pods are kept by `podGC` where the workflow does not say (`podGCDeleteDelayDuration`).
  package var podGCDelay = TimeSpan(seconds: 5)
  /// Only workflows with a `workflowTemplateRef` may run (`workflowRestrictions.templateReferencing`: Strict or Secure). A run's specification
  /// is frozen when it begins, so that both mean the same here.
  /// nil: any workflow may run.
  package var restriction: UserOverrides?

  /// Where the controller's configuration lies, and with it the objects that all namespaces may use.
  package var controllerNamespace = "argo"
  /// The artifact repository of workflows that name none (`artifactRepository`); nil: a directory of this program's state.
  package var artifactRepository: JSON?
  /// How many workflows may be under way, from the controller's configuration maps; asked at start and when one of them changes.
  package var runLimits: @Sendable (_ configurations: [Resource]) -> RunLimits = { _ in RunLimits() }

  /// Workflows that end while the service runs are kept whatever their `ttlStrategy` and the retention policy say, until the next start: for one who
  /// waits for them to report how they ended.
  package var keepsFinished = false

  /// How long a custom metric that nobody changes stays (`metricsConfig.metricsTTL`); nil: for ever.
  package var metricsTimeToLive: TimeSpan?

  /// Makes the settings anew of the controller's configuration maps, whenever one of them changes; nil: they stay as they are. What is not in those
  /// maps it takes over itself.
  package var reading: (@Sendable (_ configurations: [Resource]) -> WorkflowSettings)?
  /// Namespaces whose configuration maps count; nil: all. Where several people share a machine only the controller's own may.
  package var configurationNamespaces: Set<String>?

  /// How often at most a workflow is told anew to those who watch it, while only its nodes change; nil: not at all.
  package var republication: TimeSpan?
  /// The nodes of a workflow that is over, if they are not more than so many, are written into its object: lists then need not look them up. 0: never.
  package var storedNodes = 0
  /// What validation finds wrong with a workflow before it begins; nil when nothing. It then fails as `invalid spec: …`.
  package var problem: @Sendable (_ workflow: Resource) -> String? = { _ in nil }
  /// Pods must name service accounts that exist, as Kubernetes demands.
  package var checksServiceAccounts = false

  /// Events are told of workflows (`workflowEvents.enabled`) and of nodes (`nodeEvents.enabled`), these as being about the node's pod
  /// (`nodeEvents.sendAsPod`).
  package var tellsWorkflowEvents = true
  package var tellsNodeEvents = true
  package var nodeEventsArePods = false

  /// Bounds and settings of the engine, among them what Argo's controller takes from its environment.
  package var limits = World.Limits()

  package init(defaults: Resource? = nil) { self.defaults = defaults }
}
