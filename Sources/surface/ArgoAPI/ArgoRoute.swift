internal import Contracts
internal import JSONValue
internal import KubeModel

/// One row of the table of the Argo API: what is served, who may have it, and what its description says.
struct ArgoRoute: Sendable {
  typealias Handler = @Sendable (ArgoRequest) throws(KubeStatus) -> ArgoReply

  /// What the body of a request is.
  enum Body: Sendable, Hashable {
    case none
    /// A JSON object of a type by name (``MessageTypes``): checked before the handler is called, so that its members have the right types. Unknown members are
    /// left out. An empty body counts as an empty object.
    case message(String)
    /// Bytes, kept in a file when they are many, for the handler to read.
    case bytes(ServedRoute.BodyKeeping)
    /// Any JSON.
    case anything
  }

  /// What the answer is.
  enum Answer: Sendable, Hashable {
    /// A JSON object of a type by name; full names (`io.k8s.api.core.v1.Event`) and short ones of Argo's (`WorkflowList`).
    case object(String)
    /// A stream of such objects as results.
    case stream(String)
    case bytes
    case page
  }

  var method: String
  /// As ``ServedRoute/pattern``.
  var pattern: String
  var access: RouteAccess
  /// `WorkflowService_ListWorkflows`: what Argo's API calls the operation; generated clients have methods of this name. Empty: it stands in no document.
  var operation: String
  var summary: String
  /// The query parameters that are read; others are passed over.
  var query: [QueryParameter]
  var body: Body
  var answer: Answer
  var handler: Handler

  /// The group of the operation: `WorkflowService`.
  var service: String { String(operation.prefix { $0 != "_" }) }

  init(
    _ method: String, _ pattern: String, _ access: RouteAccess, _ operation: String, _ summary: String, query: [QueryParameter] = [],
    body: Body = .none, answer: Answer, handler: @escaping Handler
  ) {
    self.method = method
    self.pattern = pattern
    self.access = access
    self.operation = operation
    self.summary = summary
    self.query = query
    self.body = body
    self.answer = answer
    self.handler = handler
  }
}

/// A query parameter that a route reads.
struct QueryParameter: Sendable, Hashable {
  enum Form: String, Sendable, Hashable { case text = "string", integer, flag = "boolean", texts = "array" }
  var name: String
  var form: Form
  var description: String
  init(_ name: String, _ description: String) { self.init(name, .text, description) }

  init(_ name: String, _ form: Form, _ description: String) {
    self.name = name
    self.form = form
    self.description = description
  }

  static let fields = QueryParameter(
    "fields", "The members that the answer is to have (\"metadata.name,status.phase\"), or not (\"-status.nodes\").")

  /// The options of lists and watches.
  static let list: [QueryParameter] = [
    QueryParameter("listOptions.labelSelector", "Picks objects by their labels."),
    QueryParameter("listOptions.fieldSelector", "Picks objects by fields."),
    QueryParameter("listOptions.watch", .flag, "Has no effect here: the paths of watches are others."),
    QueryParameter("listOptions.allowWatchBookmarks", .flag, "Has no effect here."),
    QueryParameter("listOptions.resourceVersion", "The revision that the answer shows, or that a watch begins after."),
    QueryParameter("listOptions.resourceVersionMatch", "How resourceVersion is meant: Exact or NotOlderThan."),
    QueryParameter("listOptions.timeoutSeconds", .integer, "The longest time that a watch may take."),
    QueryParameter("listOptions.limit", .integer, "The most objects of a page."),
    QueryParameter("listOptions.continue", "The token of the page before."),
    QueryParameter("listOptions.sendInitialEvents", .flag, "A watch begins with the objects that are there."),
  ]

  static let get: [QueryParameter] = [
    QueryParameter("getOptions.resourceVersion", "Taken for the sake of clients; the answer is always the newest.")
  ]

  static let delete: [QueryParameter] = [
    QueryParameter("deleteOptions.gracePeriodSeconds", .integer, "How long the object may take to end."),
    QueryParameter("deleteOptions.preconditions.uid", "Deletes only the object of this uid."),
    QueryParameter("deleteOptions.preconditions.resourceVersion", "Deletes only the object of this version."),
    QueryParameter("deleteOptions.orphanDependents", .flag, "Whether what the object owns stays (use propagationPolicy)."),
    QueryParameter("deleteOptions.propagationPolicy", "What becomes of what the object owns: Orphan, Background or Foreground."),
    QueryParameter("deleteOptions.dryRun", .texts, "\"All\": nothing is deleted."),
  ]

  static let log: [QueryParameter] = [
    QueryParameter("logOptions.container", "The container; main where it is left out."),
    QueryParameter("logOptions.follow", .flag, "Goes on with what is written later."),
    QueryParameter("logOptions.previous", .flag, "The run of the container before."),
    QueryParameter("logOptions.sinceSeconds", .integer, "Only lines of so many last seconds."),
    QueryParameter("logOptions.sinceTime.seconds", .integer, "Only lines after this time, in seconds since 1970."),
    QueryParameter("logOptions.sinceTime.nanos", .integer, "The fraction of sinceTime.seconds, in nanoseconds."),
    QueryParameter("logOptions.timestamps", .flag, "Puts the time before each line."),
    QueryParameter("logOptions.tailLines", .integer, "Only so many last lines."),
    QueryParameter("logOptions.limitBytes", .integer, "Ends after so many bytes."),
    QueryParameter("logOptions.insecureSkipTLSVerifyBackend", .flag, "Has no effect here."),
    QueryParameter("logOptions.stream", "Which of the container's streams: All, Stdout or Stderr."),
  ]
}
