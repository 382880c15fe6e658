import ArgoModel
import Basics
import JSONValue
import KubeModel
import WorkflowCore

/// What an administrator says for all workflows (Argo's `workflow-controller-configmap`, spec 2.22).
package struct WorkflowSettings: Sendable {
  /// Metadata and spec under every workflow (`workflowDefaults`).
  package var defaults: Resource?
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

  /// Bounds and settings of the engine, among them what Argo's controller takes from its environment.
  package var limits = World.Limits()

  package init(defaults: Resource? = nil) { self.defaults = defaults }
}
