internal import ArgoModel
package import Basics
package import Contracts
package import JSONValue
package import KubeModel
internal import Synchronization
internal import Templating

/// How events are taken.
package struct EventSettings: Sendable, Hashable {
  /// Whether a sender is answered before the workflows are submitted (Argo: `--event-async-dispatch`); what goes wrong is then told by Kubernetes events alone.
  package var isAsynchronous = false
  /// Threads that submit then, and events that may wait for them; more are refused.
  package var workers = 4
  package var queue = 16
  package init() {}
}

/// Something that came in from outside.
package struct IncomingEvent: Sendable {
  /// Empty: for the bindings of all namespaces.
  package var namespace: String
  package var discriminator: String
  /// The header fields that begin with `x-`, by their names in lower case; others may hold credentials and are not for expressions.
  package var metadata: [String: [String]]
  package var payload: JSON
  package init(namespace: String, discriminator: String, metadata: [String: [String]], payload: JSON) {
    self.namespace = namespace
    self.discriminator = discriminator
    self.metadata = metadata
    self.payload = payload
  }
}

/// Events from outside, which start workflows by WorkflowEventBindings (spec 1.3).
package final class EventDispatcher: Sendable {
  /// Senders that show no token.
  package let webhooks: WebhookClients
  private let resources: any ResourceServing
  private let authorizer: any Authorizing
  private let recorder: (any EventRecording)?
  private let settings: EventSettings
  private let clock: @Sendable () -> Instant
  private let pool: WorkerPool?
  private let waiting = Atomic<Int>(0)

  /// - Parameters:
  ///   - authorizer: says what a sender may do: all that comes of an event is done with the sender's rights.
  ///   - recorder: is told when an event cannot be dispatched.
  package init(
    resources: any ResourceServing, authorizer: any Authorizing, webhooks: WebhookClients, recorder: (any EventRecording)? = nil,
    settings: EventSettings = EventSettings(),
    clock: @escaping @Sendable () -> Instant = SystemClock.now
  ) {
    self.resources = resources
    self.webhooks = webhooks
    self.authorizer = authorizer
    self.recorder = recorder
    self.settings = settings
    self.clock = clock
    pool = settings.isAsynchronous ? WorkerPool(name: "events", threads: settings.workers) : nil
  }

  /// Submits what was taken and waits for it.
  package func stop() { pool?.stop() }

  /// The bindings of a namespace (empty: of all).
  package func bindings(namespace: String, _ options: ListOptions) throws(KubeStatus) -> ResourcePage {
    try resources.list(.workflowEventBinding, namespace: namespace.isEmpty ? nil : namespace, options)
  }

  /// Submits a workflow for every binding whose selector holds. Throws `forbidden` when the sender may not list the bindings, `internalError` with what failed (other
  /// bindings are dispatched all the same), and, where events are taken asynchronously, `serviceUnavailable` when too many wait.
  package func receive(_ event: IncomingEvent, by user: UserInfo) throws(KubeStatus) {
    try allow(user, "list", .workflowEventBinding, namespace: event.namespace)
    let bindings = try resources.list(.workflowEventBinding, namespace: event.namespace.isEmpty ? nil : event.namespace, ListOptions())
      .items
    guard let pool else {
      let failures = dispatch(event, to: bindings, by: user)
      guard failures.isEmpty else {
        throw KubeStatus(.internalError, "failed to dispatch event: [\(failures.joined(separator: " "))]")
      }
      return
    }
    guard waiting.wrappingAdd(1, ordering: .relaxed).newValue <= settings.queue + settings.workers else {
      waiting.wrappingSubtract(1, ordering: .relaxed)
      throw KubeStatus(.serviceUnavailable, "operation queue full")
    }
    pool.submit { [self] in
      _ = dispatch(event, to: bindings, by: user)
      waiting.wrappingSubtract(1, ordering: .relaxed)
    }
  }

  /// What went wrong.
  private func dispatch(_ event: IncomingEvent, to bindings: [Resource], by user: UserInfo) -> [String] {
    var failures: [String] = []
    for binding in bindings {
      var generator = SystemRandomNumberGenerator()
      let suffix = randomSuffix(using: &generator)
      let submission = EventSubmission(event, binding: binding, now: clock(), suffix: suffix)
      do throws(KubeStatus) {
        try dispatch(submission, by: user)
      } catch {
        failures.append(error.message)
        recorder?.record(
          ObjectEvent(
            .warning, reason: "WorkflowEventBindingError", message: "failed to dispatch event: \(error.message)", about: binding,
            component: "workflow-controller"))
      }
    }
    return failures
  }

  private func dispatch(_ submission: EventSubmission, by user: UserInfo) throws(KubeStatus) {
    guard try submission.matches(), let reference = submission.template else { return }
    let template: Resource
    do throws(KubeStatus) {
      try allow(user, "get", reference.kind, namespace: reference.namespace, name: reference.name)
      template = try resources.get(reference)
    } catch { throw error.saying("failed to get workflow template") }
    var workflow = try submission.workflow(from: template)
    ActorLabels.setCreator(&workflow, user)
    workflow.setLabel(ArgoKey.eventBinding, submission.binding.name)
    do throws(KubeStatus) {
      try allow(user, "create", .workflow, namespace: workflow.namespace)
      var options = WriteOptions(user: user, fieldManager: ObjectServer.fieldManager)
      options.fieldValidation = .ignore
      _ = try resources.create(.workflow, namespace: workflow.namespace, workflow.json, options)
    } catch { throw error.saying("failed to create workflow") }
  }

  private func allow(
    _ user: UserInfo, _ verb: String, _ kind: ResourceKind, namespace: String, name: String = ""
  ) throws(KubeStatus) {
    var attributes = AccessAttributes(user: user, verb: verb)
    (attributes.group, attributes.resource, attributes.namespace, attributes.name) = (kind.group, kind.plural, namespace, name)
    let decision = authorizer.decide(attributes)
    guard decision.isAllowed else { throw .forbidden(attributes, reason: decision.reason) }
  }
}

extension KubeStatus {
  /// The same failure, with what was being done before its message.
  fileprivate func saying(_ what: String) -> KubeStatus {
    var status = self
    status.message = "\(what): \(message)"
    return status
  }
}
