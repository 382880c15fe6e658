internal import ArgoServer
internal import Basics
internal import Contracts
internal import JSONValue
internal import KubeModel

/// What of workflows is followed: their changes, their events, their logs.
enum WorkflowStreamRoutes {
  static func routes(_ server: WorkflowServer) -> [ArgoRoute] { [workflows(server), events(server)] + logs(server) }

  // MARK: Watches

  private static func workflows(_ server: WorkflowServer) -> ArgoRoute {
    ArgoRoute(
      "GET", "/api/v1/workflow-events/{namespace?}", WorkflowRoutes.access("watch"), "WorkflowService_WatchWorkflows",
      "Tells changes of workflows. Without a resourceVersion the workflows that are there come first.",
      query: QueryParameter.list + [.fields], answer: .stream("WorkflowWatchEvent")
    ) { request throws(KubeStatus) in
      let namespace = request.namespace
      let options = try server.prepared(try watchOptions(request), of: .workflow, namespace: namespace)
      let archived = try server.archived(for: options, namespace: namespace)
      return .stream(
        ResultStream(trims: "object") { sink in
          if let archived { _ = sink.offer(["type": .string(WatchEvent.Change.added.rawValue), "object": archived.json]) }
          return follow(sink, options) { options, take throws(KubeStatus) in
            try server.watch(namespace: namespace, options) { signals in
              take(signals) { ["type": .string($0.change.rawValue), "object": WorkflowServer.completed($0.resource).json] }
            }
          }
        })
    }
  }

  private static func events(_ server: WorkflowServer) -> ArgoRoute {
    ArgoRoute(
      "GET", "/api/v1/stream/events/{namespace?}", .resource(verb: "watch", group: "", plural: ResourceKind.event.plural),
      "WorkflowService_WatchEvents", "Tells events. Without a resourceVersion those that are there come first.",
      query: QueryParameter.list, answer: .stream("io.k8s.api.core.v1.Event")
    ) { request throws(KubeStatus) in
      let namespace = request.namespace
      let options = try server.prepared(try watchOptions(request), of: .event, namespace: namespace)
      return .stream(
        ResultStream { sink in
          follow(sink, options) { options, take throws(KubeStatus) in
            try server.watchEvents(namespace: namespace, options) { signals in
              // That an event is forgotten is no event.
              take(signals) { $0.change == .deleted ? nil : $0.resource.json }
            }
          }
        })
    }
  }

  private typealias Take = @Sendable (_ signals: [WatchSignal], _ result: (WatchEvent) -> JSON?) -> Void

  private static func follow(
    _ sink: ResultSink, _ options: WatchOptions, _ begin: (WatchOptions, @escaping Take) throws(KubeStatus) -> any WatchHandle
  ) -> (any WatchHandle)? {
    do throws(KubeStatus) {
      return try begin(options) { signals, result in
        for signal in signals {
          switch signal {
          case .event(let event): if let json = result(event) { _ = sink.offer(json) }
          case .bookmark: break
          case .failed(let failure): sink.fail(failure)
          }
        }
      }
    } catch {
      sink.fail(error)
      return nil
    }
  }

  private static func watchOptions(_ request: ArgoRequest) throws(KubeStatus) -> WatchOptions {
    var options = WatchOptions()
    (options.labels, options.fields) = try request.selectors()
    options.resourceVersion = request.text("listOptions.resourceVersion")
    options.sendsInitialEvents = request.flag("listOptions.sendInitialEvents")
    return options
  }

  // MARK: Logs

  private static func logs(_ server: WorkflowServer) -> [ArgoRoute] {
    let filters = [
      QueryParameter("grep", "Only lines that match this regular expression."),
      QueryParameter("selector", "Only pods whose labels match this selector."),
      QueryParameter(
        "resumable", .flag,
        "Argosy's own: each line has its time, a result begun comes before all lines and a result ended behind the last, so that who loses "
          + "the stream knows where to go on."),
    ]
    func route(_ path: String, _ operation: String, _ summary: String, _ query: [QueryParameter]) -> ArgoRoute {
      ArgoRoute(
        "GET", "/api/v1/workflows/{namespace}/{name}/\(path)", .decidedByHandler, operation, summary,
        query: query + QueryParameter.log + filters,
        answer: .stream("LogEntry")
      ) { request throws(KubeStatus) in
        let pod = path == "log" ? request.text("podName") : request.part("podName")
        let kind = ResourceKind.workflow
        try request.served.authorize("get", group: kind.group, kind.plural, namespace: request.namespace, name: request.name)
        try request.served.authorize("get", group: "", "pods", subresource: "log", namespace: request.namespace, name: pod)
        var wanted = LogRequest(namespace: request.namespace, name: request.name)
        wanted.podName = pod
        wanted.grep = request.text("grep")
        wanted.selector = request.text("selector")
        wanted.options = try logOptions(request)
        let isResumable = request.flag("resumable") ?? false
        let session = try server.logs(wanted)
        return .stream(
          ResultStream { sink in
            if isResumable, !sink.push(["begun": .string(SystemClock.now().rfc3339Milliseconds)]) { return nil }
            let hasEnded = session.run { entries in
              guard !entries.isEmpty else { return sink.isOpen }
              return entries.allSatisfy { entry in
                var result: JSONObject = ["content": .string(entry.content), "podName": .string(entry.podName)]
                if isResumable { result["time"] = .string(String(decoding: entry.time, as: UTF8.self)) }
                return sink.push(.object(result))
              }
            }
            if isResumable, hasEnded { _ = sink.push(["ended": true]) }
            sink.finish()
            return nil
          })
      }
    }
    return [
      route(
        "log", "WorkflowService_WorkflowLogs", "Gives what the pods of a workflow printed, by time; of pods that are gone too.",
        [QueryParameter("podName", "Only this pod.")]),
      route("{podName}/log", "WorkflowService_PodLogs", "Gives what one pod of a workflow printed.", []),
    ]
  }

  private static func logOptions(_ request: ArgoRequest) throws(KubeStatus) -> LogOptions {
    func number(_ name: String, atLeast minimum: Int64) throws(KubeStatus) -> Int64? {
      guard let value = request.integer("logOptions.\(name)") else { return nil }
      guard value >= minimum else {
        throw KubeStatus(.badRequest, "logOptions.\(name): Invalid value: \(value): must be greater than or equal to \(minimum)")
      }
      return value
    }
    var options = LogOptions()
    options.container = request.text("logOptions.container")
    options.follows = request.flag("logOptions.follow") ?? false
    options.isPrevious = request.flag("logOptions.previous") ?? false
    options.hasTimestamps = request.flag("logOptions.timestamps") ?? false
    options.tailLines = try number("tailLines", atLeast: 0).map { Int(clamping: $0) }
    options.limitBytes = try number("limitBytes", atLeast: 1).map { Int(clamping: $0) }
    let stream = request.text("logOptions.stream")
    if !stream.isEmpty, stream != "All" {
      guard let known = LogOptions.Stream(rawValue: stream) else {
        throw KubeStatus(.badRequest, "logOptions.stream must be All, Stdout or Stderr. Received: \(stream)")
      }
      guard options.tailLines == nil else {
        throw KubeStatus(.badRequest, "logOptions.tailLines and logOptions.stream may not be specified together")
      }
      options.stream = known
    }
    if let seconds = try number("sinceSeconds", atLeast: 1) {
      options.since = Instant(milliseconds: SystemClock.now().milliseconds - min(seconds, 1 << 40) * 1000)
    } else if let seconds = request.integer("logOptions.sinceTime.seconds") {
      let nanoseconds = request.integer("logOptions.sinceTime.nanos") ?? 0
      options.since = Instant(milliseconds: max(-(1 << 40), min(seconds, 1 << 40)) * 1000 + nanoseconds / 1_000_000)
    } else if !request.text("logOptions.sinceTime").isEmpty {
      guard let time = Instant(rfc3339: request.text("logOptions.sinceTime")) else {
        throw KubeStatus(.badRequest, "logOptions.sinceTime must be a time of RFC 3339. Received: \(request.text("logOptions.sinceTime"))")
      }
      options.since = time
    }
    return options
  }
}
