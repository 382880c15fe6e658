/// What the fields of workflows do, for hovers and completions.
enum FieldTexts {
  /// Nil for fields that say themselves what they are, and for those of Kubernetes' own types.
  static func text(of field: String, in type: String) -> String? { texts["\(type).\(field)"] ?? texts["*.\(field)"] }

  private static let texts = Dictionary(
    table.split(separator: "\n").compactMap { line -> (String, String)? in
      let parts = line.split(separator: " ", maxSplits: 1)
      return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
    }, uniquingKeysWith: { first, _ in first })

  private static let table = """
    WorkflowSpec.entrypoint The template that the workflow begins with.
    WorkflowSpec.arguments Values for the whole workflow: `{{workflow.parameters.NAME}}`, and the inputs of the entrypoint.
    WorkflowSpec.templates What can be run: each template is a container, a script, a graph of others, a pause …
    WorkflowSpec.templateDefaults Fields that every template has unless it says otherwise.
    WorkflowSpec.onExit The template that runs when the workflow is over, however it ended.
    WorkflowSpec.hooks Templates that run when an expression about the workflow becomes true; `exit` runs at the end.
    WorkflowSpec.parallelism How many pods of this workflow may run at once.
    WorkflowSpec.activeDeadlineSeconds After so many seconds the workflow fails.
    WorkflowSpec.ttlStrategy When the finished workflow is deleted.
    WorkflowSpec.podGC When pods are deleted: OnPodCompletion, OnPodSuccess, OnWorkflowCompletion or OnWorkflowSuccess.
    WorkflowSpec.retryStrategy Attempts for every template that has no strategy of its own.
    WorkflowSpec.suspend The workflow starts nothing until it is resumed.
    WorkflowSpec.shutdown Stop: nothing new but exit handlers; Terminate: not even these.
    WorkflowSpec.synchronization Mutexes and semaphores that the workflow holds while it runs.
    WorkflowSpec.priority Of workflows that wait, those with the higher number begin first.
    WorkflowSpec.volumes Volumes that templates may mount.
    WorkflowSpec.volumeClaimTemplates Claims that are made for this workflow and deleted after it.
    WorkflowSpec.workflowTemplateRef The WorkflowTemplate that this workflow runs.
    WorkflowSpec.archiveLogs Keep the logs as artifacts.
    WorkflowSpec.serviceAccountName The service account that pods run as.
    WorkflowSpec.podSpecPatch A patch of every pod's spec, as YAML or JSON text.
    WorkflowSpec.workflowMetadata Labels and annotations for the workflow, also from expressions.
    WorkflowSpec.artifactGC When output artifacts are deleted.
    WorkflowSpec.metrics Metrics about the workflow.
    CronWorkflowSpec.schedules When the workflow runs: five cron fields each, or `@daily` and its like.
    CronWorkflowSpec.timezone A name of the time zone database, such as Europe/Berlin.
    CronWorkflowSpec.concurrencyPolicy Allow: runs may overlap; Forbid: a run is skipped while one goes on; Replace: the one that goes on is ended.
    CronWorkflowSpec.startingDeadlineSeconds A run that was missed is made up for within so many seconds.
    CronWorkflowSpec.stopStrategy When the schedule ends for good.
    CronWorkflowSpec.when An expression that must be true for a run to begin.
    CronWorkflowSpec.suspend No new runs.
    CronWorkflowSpec.workflowSpec The workflow that is run.
    CronWorkflowSpec.successfulJobsHistoryLimit How many succeeded runs are kept (3).
    CronWorkflowSpec.failedJobsHistoryLimit How many failed runs are kept (1).
    Template.name How others call the template.
    Template.inputs What callers give: parameters and artifacts.
    Template.outputs What the template gives: parameters and artifacts.
    Template.container One container that runs to its end.
    Template.script A container whose command reads the source from a file; its output is `outputs.result`.
    Template.steps A list of groups: groups run one after the other, the steps of a group at once.
    Template.dag Tasks with dependencies; each begins when those that it depends on are done.
    Template.suspend A pause, until it is resumed or its duration is over.
    Template.resource An object of Kubernetes that is made, changed or looked at.
    Template.http A request to a URL.
    Template.data Lists artifacts and transforms the list.
    Template.plugin The body is up to an executor plugin.
    Template.containerSet Several containers of one pod, also as a graph.
    Template.retryStrategy How often a failed node is tried again, and when.
    Template.timeout A duration such as `5m`: a node that takes longer fails.
    Template.activeDeadlineSeconds The pod is ended after so many seconds.
    Template.parallelism How many children of this node may run at once.
    Template.failFast Whether the first failure ends the rest.
    Template.daemon The step counts as done as soon as it is ready; it goes on until its steps or graph are over.
    Template.memoize Outputs are taken from a cache when the key was seen before.
    Template.synchronization Mutexes and semaphores that a node holds while it runs.
    Template.sidecars Containers beside the main one.
    Template.initContainers Containers that run before the main one.
    Template.podSpecPatch A patch of the pod's spec, as YAML or JSON text.
    Template.metrics Metrics about the node.
    WorkflowStep.name The step's name within its template: `{{steps.NAME.outputs.result}}`.
    WorkflowStep.template The template of this object that is run.
    WorkflowStep.templateRef A template of a WorkflowTemplate.
    WorkflowStep.inline A template written here.
    WorkflowStep.arguments Values for the inputs of what is run.
    WorkflowStep.when The step runs only if this is true: `{{inputs.parameters.x}} == yes`.
    WorkflowStep.withItems Once for each of these values: `{{item}}`.
    WorkflowStep.withParam Once for each element of a JSON list, most often an output.
    WorkflowStep.withSequence Once for each number of a sequence.
    WorkflowStep.continueOn The rest goes on though this fails.
    WorkflowStep.hooks Templates that run when an expression about this node becomes true; `exit` runs at its end.
    DAGTask.name The task's name within its graph: `{{tasks.NAME.outputs.result}}`.
    DAGTask.template The template of this object that is run.
    DAGTask.templateRef A template of a WorkflowTemplate.
    DAGTask.inline A template written here.
    DAGTask.arguments Values for the inputs of what is run.
    DAGTask.dependencies Tasks that must have succeeded, been skipped or be running as daemons before this one.
    DAGTask.depends When this task runs: `a && (b.Failed || c.Succeeded)`. Results: Succeeded, Failed, Errored, Skipped, Omitted, Daemoned, AnySucceeded, AllFailed.
    DAGTask.when The task runs only if this is true.
    DAGTask.withItems Once for each of these values: `{{item}}`.
    DAGTask.withParam Once for each element of a JSON list, most often an output.
    DAGTask.withSequence Once for each number of a sequence.
    DAGTask.continueOn What comes after goes on though this fails.
    DAGTask.hooks Templates that run when an expression about this node becomes true; `exit` runs at its end.
    DAGTemplate.tasks The tasks of the graph.
    DAGTemplate.target Only these tasks, and what they depend on.
    DAGTemplate.failFast false: independent branches go on to their end after a failure.
    Parameter.name How the value is named.
    Parameter.value The value, as text.
    Parameter.default The value when none is given.
    Parameter.enum The values that are allowed.
    Parameter.description What it is for.
    Parameter.valueFrom Where the value comes from.
    Parameter.globalName An output that the whole workflow can read: `{{workflow.outputs.parameters.NAME}}`.
    ValueFrom.path A file of the container whose content is the value.
    ValueFrom.parameter Another parameter, in a tag.
    ValueFrom.expression An expression that gives the value.
    ValueFrom.default The value when the source is not there.
    ValueFrom.supplied Somebody gives the value when a suspended node is resumed.
    ValueFrom.configMapKeyRef A key of a ConfigMap.
    ValueFrom.jsonPath Of the resource: a JSONPath.
    ValueFrom.jqFilter Of the resource: a jq filter.
    ValueFrom.event An expression about the event's payload.
    RetryStrategy.limit How many further attempts at most; without it there is no end.
    RetryStrategy.retryPolicy OnFailure, OnError, OnTransientError or Always; with `expression` the default is Always.
    RetryStrategy.expression Another attempt only if this is true: `lastRetry.exitCode != "2"`.
    RetryStrategy.backoff Waiting before the next attempt. It works only together with `limit`.
    RetryStrategy.affinity Attempts on other machines (a cluster only).
    Backoff.duration The first wait, such as `10s`.
    Backoff.factor The wait is multiplied by this each time.
    Backoff.maxDuration After this time there is no further attempt.
    Backoff.cap No wait is longer.
    ContinueOn.failed Go on when the step has failed.
    ContinueOn.error Go on when the step had an error. A timeout is a failure.
    Sequence.count How many numbers.
    Sequence.start The first number (0).
    Sequence.end The last number.
    Sequence.format A printf format such as `host%02d`.
    SuspendTemplate.duration How long; without it until it is resumed. Seconds, or a duration such as `30m`.
    ScriptTemplate.source The script's text.
    ScriptTemplate.command What reads the script, such as `[bash]`.
    Memoize.key The key in the cache; made of everything that the result depends on.
    Memoize.maxAge Older results do not count, such as `24h`.
    Memoize.cache The ConfigMap that is the cache.
    TTLStrategy.secondsAfterCompletion After any end.
    TTLStrategy.secondsAfterSuccess After phase Succeeded.
    TTLStrategy.secondsAfterFailure After phase Failed, not after Error.
    Synchronization.mutexes Only one holder at a time, by name.
    Synchronization.semaphores At most as many holders as a ConfigMap or the database says.
    TemplateRef.name The name of the WorkflowTemplate.
    TemplateRef.template The template in it.
    TemplateRef.clusterScope It is a ClusterWorkflowTemplate.
    WorkflowTemplateRef.clusterScope It is a ClusterWorkflowTemplate.
    LifecycleHook.expression The template runs when this becomes true.
    HTTP.successCondition An expression about `response`; without it any status 2xx is success.
    ResourceTemplate.action get, create, apply, delete, patch or replace.
    ResourceTemplate.manifest The object, as YAML or JSON text.
    ResourceTemplate.successCondition The node succeeds when this holds for the object's fields.
    ResourceTemplate.failureCondition The node fails when this holds for the object's fields.
    *.parameters Parameters: small values as text.
    *.artifacts Artifacts: files and directories.
    """
}
