/// A rule of lint.
package struct LintRule: Sendable, Hashable {
  /// How reports, ignore comments and the documentation name it; never changed.
  package var id: String
  /// How bad it is as a rule: `unknown-field` is a warning with `--no-strict`.
  package var severity: Diagnostic.Severity
  /// What it finds, in a few words.
  package var summary: String

  /// All rules: first those that the engine refuses too, then advice.
  package static let all: [LintRule] = table.split(separator: "\n").compactMap { line in
    let words = line.split(separator: " ", maxSplits: 2)
    guard words.count == 3 else { return nil }
    return LintRule(id: String(words[1]), severity: words[0] == "warning" ? .warning : .error, summary: String(words[2]))
  }

  /// The rules by id.
  package static let named = Dictionary(uniqueKeysWithValues: all.map { ($0.id, $0) })

  private static let table = """
    error syntax the text is no acceptable YAML or JSON
    error manifest a document is no object
    error missing-kind apiVersion and kind are required
    error api-version an apiVersion that the kind does not have
    error unknown-kind a kind that is not known
    warning ignored-kind a kind of a cluster that is not stored here
    error unknown-field a field that its type does not have
    error removed-field a field that Argo Workflows v4 removed
    error required-field a field that must be there is not
    error wrong-type a value of another type than the field's
    error enum a value outside the field's enumeration
    error object-name an object's name is missing, too long or malformed
    error label a label or annotation that no object may have
    error name-required an item of a list needs a name
    error name-invalid a name with characters that it may not have
    error name-not-unique two items of a list have one name
    error entrypoint-required a workflow needs an entrypoint
    error template-missing a step or task says no template
    error template-undefined a template that is not there is called
    error template-ref an incomplete or doubled templateRef
    error template-ref-not-found a stored template that is not there is called
    error workflow-template-ref a workflowTemplateRef that is not there, or beside templates of one's own
    error template-type a template has no body, or several
    error inline an inline template with a name, or in another
    error endless-recursion templates call themselves without a condition
    error argument-value an argument without a value
    error argument-value-from a source that arguments cannot have
    error argument-missing an input that its caller does not give
    error parameter-enum a value outside the parameter's enum, or an empty enum
    error artifact-location an artifact without a place, or with an incomplete one
    error artifact-from an artifact with two sources, or a source in inputs
    error artifact-path an artifact's path is missing, leaves its directory, or has no pod
    error volume-mount a container mounts what is no volume of its template or workflow
    error mount-path two things are mounted at one path
    error image a container without an image
    error container-name a container's name is reserved
    error container-set a container set whose containers do not fit together
    error init-container-name an init container without a name
    error resource-action an action that resource templates do not have
    error resource-manifest a resource template's manifest is missing, doubled or no YAML
    error plugin a plugin template names more or less than one plugin
    error pod-resources pod-level resources that pods cannot have
    error resource-claims claims of a template without a pod
    error active-deadline activeDeadlineSeconds where it cannot be, or malformed
    error parallelism parallelism where it cannot be, or below 1
    error timeout a timeout where it cannot be, or malformed
    error duration a duration that cannot be read, or a backoff without one
    error memoize-key a cache key with characters that it may not have
    error number a text where a number is read
    error pod-spec-patch a podSpecPatch that is no mapping
    error retry-policy a retryPolicy that is not known
    error metric a custom metric without a name, help or value
    error synchronization a lock without a name, or a semaphore without a limit
    error pod-gc a podGC strategy that is not known
    error hook-expression a hook without an expression, or with one that cannot be evaluated
    error output-value an output with no source, several, or one its template cannot have
    error global-name a globalName with characters that it may not have
    error loop a loop with several sources, or a list that is none
    error dag-tasks a DAG without tasks
    error dag-task-name a task's name begins with a digit
    error dag-depends depends and dependencies in one DAG
    error dag-continue-on continueOn beside depends
    error dag-dependency a task waits for one that is not there
    error dag-missing-dependency an argument of a task that is not waited for
    error dag-cycle tasks wait for each other
    error dag-target a target that is no task
    error depends a depends that cannot be read
    error when a condition that cannot be evaluated
    error expression an expression that cannot be read
    error unresolved-tag a tag that nothing in scope resolves
    error cron-schedule a schedule is missing or malformed
    error cron-timezone a time zone that is not known
    error cron-concurrency a concurrencyPolicy that is not known
    error cron-deadline a negative startingDeadlineSeconds
    error event-selector an event binding without a selector
    error executor-plugin an executor plugin that cannot be started
    warning unsupported what this version does not run
    warning cluster-only fields that mean something to a cluster only
    warning grpc-probe gRPC probes are not carried out
    warning unused-parameter a parameter that nothing reads
    warning unused-template a template that nothing calls
    warning skipped-output an output of a step that may be skipped, without a default
    warning not-upstream an expression reads a step that is not waited for, or not there
    warning with-param-type withParam over a value that is no JSON list
    warning when-type a condition compares a number with a text
    warning expression-type an expression compares a text with a number
    warning literal-tag a tag that nothing ever gives a value, and that stays as it is written
    warning early-status the workflow's outcome is read while it runs
    warning truth-name a name, key or text that YAML reads as true or false
    warning command-words a program with a space in its name: the line of a shell
    warning quantity an amount that is no quantity, or thousandths of a byte
    warning shell-paste a value pasted unquoted into a shell command
    warning json-paste a value pasted into JSON
    warning plain-secret a secret in plain text, or as a plain parameter
    warning deprecated-field a field that should be written otherwise
    warning deprecated-tag a tag that should be written otherwise
    warning unknown-rule an ignore comment names no rule that there is
    warning unused-ignore an ignore comment that covers nothing
    """
}
