import ArgoClient
import Basics
import JSONValue

/// The routes of workflows (spec section 5.2), as the commands use them.
extension ArgoClient {
  private func path(_ namespace: String, _ rest: [String]) -> [String] { ["api", "v1", "workflows", namespace] + rest }

  /// The newest workflow is named `@latest`. Archived ones are found too.
  /// `withHistory`: with what is kept of the way of its nodes.
  func workflow(_ name: String, namespace: String, withHistory: Bool = false) async throws(ClientFailure) -> JSON {
    try await get(path(namespace, [name]), query: withHistory ? [("history", "true")] : [])
  }

  func create(_ workflow: JSON, namespace: String, isDryRun: Bool, isServerDryRun: Bool) async throws(ClientFailure) -> JSON {
    try await post(
      path(namespace, []),
      [
        "namespace": .string(namespace), "workflow": workflow, "serverDryRun": .bool(isServerDryRun),
        "createOptions": isDryRun ? ["dryRun": ["All"]] : [:],
      ])
  }

  func submit(kind: String, name: String, namespace: String, options: JSON) async throws(ClientFailure) -> JSON {
    try await post(
      path(namespace, ["submit"]),
      [
        "namespace": .string(namespace), "resourceKind": .string(kind), "resourceName": .string(name), "submitOptions": options,
      ])
  }

  /// An action on one workflow: `retry`, `stop` and the others. Gives the workflow as it is then.
  func act(_ verb: String, _ name: String, namespace: String, _ members: JSONObject = [:]) async throws(ClientFailure) -> JSON {
    var body: JSONObject = ["name": .string(name), "namespace": .string(namespace)]
    for (key, value) in members { body[key] = value }
    return try await put(path(namespace, [name, verb]), .object(body))
  }

  func deleteWorkflow(_ name: String, namespace: String, isForced: Bool) async throws(ClientFailure) {
    _ = try await delete(path(namespace, [name]), query: isForced ? [("force", "true")] : [])
  }

  /// The results of a workflow's log, in the order of time, until `receive` has enough.
  func log(_ name: String, namespace: String, query: Query, receive: (JSON) async throws -> Bool) async throws {
    try await stream(path(namespace, [name, "log"]), query: query, receive: receive)
  }

  /// All workflows that a listing asks the server for, page by page.
  func workflows(_ listing: WorkflowListing, fields: String = "") async throws(ClientFailure) -> [JSON] {
    var query: Query = []
    let labels = listing.labelSelector(instanceID: connection.instanceID)
    if !labels.isEmpty { query.append(("listOptions.labelSelector", labels)) }
    if !listing.fieldSelector.isEmpty { query.append(("listOptions.fieldSelector", listing.fieldSelector)) }
    if listing.chunkSize > 0 { query.append(("listOptions.limit", String(listing.chunkSize))) }
    if !fields.isEmpty { query.append(("fields", fields)) }
    var found: [JSON] = []
    var place = ""
    while true {
      let page = try await get(path(listing.namespace, []), query: place.isEmpty ? query : query + [("listOptions.continue", place)])
      found += page["items"]?.array ?? []
      let next = page.at("metadata", "continue")?.string ?? ""
      // The same place again would come round for ever.
      if next.isEmpty || next == place { return found }
      place = next
    }
  }
}

/// Which workflows a command is about that are chosen by what they are, not by name.
struct WorkflowListing: Sendable {
  /// Empty: all namespaces.
  var namespace: String
  var labels = ""
  var fieldSelector = ""
  var phases: [String] = []
  var isCompleted = false
  var isRunning = false
  var isResubmitted = false
  var prefix = ""
  /// Created in this time.
  var since: TimeSpan?
  /// Finished longer ago.
  var older: TimeSpan?
  var chunkSize: Int64 = 0

  init(namespace: String) { self.namespace = namespace }

  /// What labels can say of it.
  func labelSelector(instanceID: String) -> String {
    var parts = labels.isEmpty ? [] : [labels]
    if !phases.isEmpty { parts.append("workflows.argoproj.io/phase in (\(phases.joined(separator: ",")))") }
    if isCompleted { parts.append("workflows.argoproj.io/completed=true") }
    if isRunning { parts.append("workflows.argoproj.io/completed!=true") }
    if isResubmitted { parts.append("workflows.argoproj.io/resubmitted-from-workflow") }
    if !instanceID.isEmpty { parts.append("workflows.argoproj.io/controller-instanceid=\(instanceID)") }
    return parts.joined(separator: ",")
  }

  /// What is left to be told apart here.
  func hasPlace(for workflow: JSON, now: Instant) -> Bool {
    if let since {
      guard let created = WorkflowText.instant(workflow.at("metadata", "creationTimestamp")), now - created < since else { return false }
    }
    if let older {
      guard let finished = WorkflowText.instant(workflow.at("status", "finishedAt")), now - finished > older else { return false }
    }
    return (workflow.at("metadata", "name")?.string ?? "").hasPrefix(prefix)
  }

  /// Reads `10m`, `3h`, `1d`.
  static func span(_ text: String, _ flag: String) throws(SubmitFailure) -> TimeSpan {
    if text.hasSuffix("d"), let days = Int64(text.dropLast()), days >= 0, days < 1_000_000 { return TimeSpan(seconds: days * 86_400) }
    guard let span = TimeSpan(argument: text) else {
      throw SubmitFailure("\(flag) must be a duration such as 10m, 3h or 1d. Received: \(text)")
    }
    return span
  }
}

/// A workflow's name and namespace.
struct WorkflowName: Sendable, Hashable {
  var namespace: String
  var name: String

  init(namespace: String, name: String) {
    self.namespace = namespace
    self.name = name
  }

  /// - Parameter fallback: the namespace of a document that has none.
  init(_ workflow: JSON, fallback: String) {
    name = workflow.at("metadata", "name")?.string ?? ""
    namespace = workflow.at("metadata", "namespace")?.string.flatMap { $0.isEmpty ? nil : $0 } ?? fallback
  }
}

extension ArgoClient {
  /// Those that the selectors choose and then those that are named, each once.
  func chosen(_ arguments: WorkflowArguments) async throws -> [WorkflowName] {
    var result: [WorkflowName] = []
    if !arguments.selector.isEmpty || !arguments.fieldSelector.isEmpty {
      var listing = WorkflowListing(namespace: connection.namespace)
      (listing.labels, listing.fieldSelector) = (arguments.selector, arguments.fieldSelector)
      for workflow in try await workflows(listing, fields: "metadata,items.metadata.name,items.metadata.namespace") {
        result.append(WorkflowName(workflow, fallback: connection.namespace))
      }
    }
    for name in arguments.names { result.append(WorkflowName(namespace: connection.namespace, name: name)) }
    var seen: Set<WorkflowName> = []
    return result.filter { seen.insert($0).inserted }
  }
}
