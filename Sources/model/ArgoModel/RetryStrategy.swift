package import JSONValue

/// When and how a template that failed is run again. `limit`, and the fields of `backoff`, may hold tags.
package struct RetryStrategy: Sendable {
  package enum Policy: String, Sendable, Hashable {
    case always = "Always"
    case onFailure = "OnFailure"
    case onError = "OnError"
    case onTransientError = "OnTransientError"
  }

  package var json: JSON
  /// The number of retries as text; nil: no limit.
  package var limit: String?
  /// As written; nil when absent or none of Argo's words.
  package var retryPolicy: Policy?
  package var backoff: Backoff?
  package var expression: String?
  package var avoidsFailedHosts: Bool

  package init(_ json: JSON) {
    self.json = json
    limit = json.present("limit")?.anyString
    retryPolicy = json.text("retryPolicy").flatMap(Policy.init(rawValue:))
    backoff = json.present("backoff").map(Backoff.init)
    expression = json.text("expression")
    avoidsFailedHosts = json.at("affinity", "nodeAntiAffinity") != nil
  }

  /// OnFailure by default, but Always when there is an expression.
  package var effectivePolicy: Policy { retryPolicy ?? (expression == nil ? .onFailure : .always) }
}

/// How long to wait before a retry: `duration` times `factor` to the power of the attempts so far, at most `cap`.
package struct Backoff: Sendable {
  package var duration: String?
  package var factor: String?
  package var maxDuration: String?
  package var cap: String?

  package init(_ json: JSON) {
    duration = json.present("duration")?.anyString
    factor = json.present("factor")?.anyString
    maxDuration = json.present("maxDuration")?.anyString
    cap = json.present("cap")?.anyString
  }
}

/// Which ends of a step do not fail what it belongs to.
package struct ContinueOn: Sendable, Hashable {
  package var error: Bool
  package var failed: Bool
  package init(_ json: JSON?) {
    error = json?["error"]?.bool ?? false
    failed = json?["failed"]?.bool ?? false
  }

  package func covers(_ phase: NodePhase) -> Bool { phase == .failed && failed || phase == .error && error }
}

/// Numbers to loop over; every field may hold tags.
package struct Sequence: Sendable {
  package var count: String?
  package var start: String?
  package var end: String?
  package var format: String?
  package init(_ json: JSON) {
    count = json.present("count")?.anyString
    start = json.present("start")?.anyString
    end = json.present("end")?.anyString
    format = json.text("format")
  }
}

/// A template kept in a WorkflowTemplate or ClusterWorkflowTemplate.
package struct TemplateRef: Sendable, Hashable {
  package var name: String
  package var template: String
  package var isClusterScoped: Bool
  package init(_ json: JSON) {
    name = json["name"]?.string ?? ""
    template = json["template"]?.string ?? ""
    isClusterScoped = json["clusterScope"]?.bool ?? false
  }

  package var json: JSON {
    var object: JSONObject = ["name": .string(name), "template": .string(template)]
    if isClusterScoped { object["clusterScope"] = true }
    return .object(object)
  }
}

/// The WorkflowTemplate or ClusterWorkflowTemplate that a workflow takes its specification from.
package struct WorkflowTemplateRef: Sendable, Hashable {
  package var name: String
  package var isClusterScoped: Bool
  package init(_ json: JSON) {
    name = json["name"]?.string ?? ""
    isClusterScoped = json["clusterScope"]?.bool ?? false
  }
}

/// A template that is run when something happens to its owner.
package struct LifecycleHook: Sendable {
  package var json: JSON
  package var template: String?
  package var templateRef: TemplateRef?
  package var arguments: Arguments
  package var expression: String?
  package init(_ json: JSON) {
    self.json = json
    template = json.text("template")
    templateRef = json.present("templateRef").map(TemplateRef.init)
    arguments = Arguments(json["arguments"])
    expression = json.text("expression")
  }

  /// The hook that runs a template of this name, as `onExit` asks for.
  package init(template: String) { self.init(["template": .string(template)]) }

  static func hooks(_ json: JSON?) -> [(name: String, hook: LifecycleHook)] {
    (json?.object ?? [:]).sortedByKey().map { (name: $0.key, hook: LifecycleHook($0.value)) }
  }
}
