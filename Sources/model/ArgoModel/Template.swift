package import JSONValue

/// One template: what a node runs. `json` is the whole of it as written; the other members are what the engine looks at.
package struct Template: Sendable {
  /// The member that holds the template's body, in Argo's order of precedence.
  package enum Body: String, Sendable, Hashable, CaseIterable {
    case container, containerSet, steps, dag, script, resource, data, suspend, http, plugin

    /// The type of the template's node.
    package var nodeType: NodeType {
      switch self {
      case .container, .containerSet, .script, .resource, .data: .pod
      case .steps: .steps
      case .dag: .dag
      case .suspend: .suspend
      case .http: .http
      case .plugin: .plugin
      }
    }
    /// It runs no steps or tasks of its own.
    package var isLeaf: Bool { self != .steps && self != .dag }
  }

  package var json: JSON
  package var name: String
  /// nil when the template has no body that Argo knows.
  package var body: Body?
  package var inputs: Inputs
  package var outputs: Outputs
  package var steps: [[WorkflowStep]]
  package var dag: DAGTemplate?
  /// Seconds or a Go duration as text; nil until resumed. May hold tags.
  package var suspendDuration: String?
  package var isDaemon: Bool
  package var parallelism: Int?
  package var failFast: Bool?
  package var retryStrategy: RetryStrategy?
  /// A number or text with tags.
  package var activeDeadlineSeconds: String?
  package var timeout: String?
  package var pendingTimeout: String?
  package var annotations: JSONObject
  package var synchronization: JSON?
  package var memoize: JSON?
  package var metrics: JSON?

  package init(_ json: JSON) {
    self.json = json
    name = json["name"]?.string ?? ""
    body = Body.allCases.first { json.present($0.rawValue) != nil }
    inputs = Inputs(json["inputs"])
    outputs = Outputs(json["outputs"])
    steps = json.list("steps").map { group in
      // A group may be written as one step instead of a list of one.
      group.array?.map(WorkflowStep.init) ?? (group.object == nil ? [] : [WorkflowStep(group)])
    }
    dag = json.present("dag").map(DAGTemplate.init)
    suspendDuration = json.at("suspend", "duration")?.anyString.flatMap { $0.isEmpty ? nil : $0 }
    isDaemon = json["daemon"]?.bool ?? false
    parallelism = json["parallelism"]?.looseInt.map { Int(clamping: $0) }
    failFast = json["failFast"]?.bool
    retryStrategy = json.present("retryStrategy").map(RetryStrategy.init)
    activeDeadlineSeconds = json.present("activeDeadlineSeconds")?.anyString
    timeout = json.present("timeout")?.anyString
    pendingTimeout = json.present("pendingTimeout")?.anyString
    annotations = json["annotations"]?.object ?? [:]
    synchronization = json.present("synchronization")
    memoize = json.present("memoize")
    metrics = json.present("metrics")
  }
}
