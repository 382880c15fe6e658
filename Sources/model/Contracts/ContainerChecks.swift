package import JSONValue

/// What a probe or a lifecycle hook does (Kubernetes' handlers). A gRPC health check is none: nothing here speaks it.
package enum ContainerAction: Sendable, Hashable {
  /// A command inside the container; success is exit code 0.
  case run([String])
  /// `GET` over HTTP; success is a status from 200 to 399. Over TLS a port that accepts is enough.
  case get(host: String, port: UInt16, path: String, headers: [String], isSecure: Bool)
  /// Success is a connection.
  case connect(host: String, port: UInt16)
  /// Waits for so many seconds.
  case sleep(Int64)
}

/// A probe of a container, with Kubernetes' defaults filled in. Times are seconds.
package struct ContainerProbe: Sendable, Hashable {
  package enum Kind: String, Sendable { case startup, liveness, readiness }
  package var kind: Kind
  package var action: ContainerAction
  package var initialDelay: Int64
  package var period: Int64
  package var timeout: Int64
  package var successThreshold: Int64
  package var failureThreshold: Int64
  /// Between SIGTERM and SIGKILL when the probe ends the container; nil: the pod's.
  package var gracePeriod: Int64?

  package init(
    _ kind: Kind, _ action: ContainerAction, initialDelay: Int64 = 0, period: Int64 = 10, timeout: Int64 = 1, successThreshold: Int64 = 1,
    failureThreshold: Int64 = 3, gracePeriod: Int64? = nil
  ) {
    self.kind = kind
    self.action = action
    self.initialDelay = initialDelay
    self.period = period
    self.timeout = timeout
    self.successThreshold = successThreshold
    self.failureThreshold = failureThreshold
    self.gracePeriod = gracePeriod
  }
}

extension ContainerAction {
  /// The action as `plan.json` holds it.
  package var json: JSON {
    switch self {
    case .run(let command): ["run": .array(command.map { .string($0) })]
    case .get(let host, let port, let path, let headers, let isSecure):
      [
        "get": .string(host), "port": .int(Int64(port)), "path": .string(path), "headers": .array(headers.map { .string($0) }),
        "isSecure": .bool(isSecure),
      ]
    case .connect(let host, let port): ["connect": .string(host), "port": .int(Int64(port))]
    case .sleep(let seconds): ["sleep": .int(seconds)]
    }
  }

  package init?(json: JSON) {
    let port = json["port"]?.int.flatMap { UInt16(exactly: $0) } ?? 0
    if let command = json["run"]?.array {
      self = .run(command.compactMap(\.string))
    } else if let host = json["get"]?.string {
      self = .get(
        host: host, port: port, path: json["path"]?.string ?? "/", headers: (json["headers"]?.array ?? []).compactMap(\.string),
        isSecure: json["isSecure"]?.bool ?? false)
    } else if let host = json["connect"]?.string {
      self = .connect(host: host, port: port)
    } else if let seconds = json["sleep"]?.int {
      self = .sleep(seconds)
    } else {
      return nil
    }
  }
}

extension ContainerProbe {
  /// The probe as `plan.json` holds it.
  package var json: JSON {
    var object = JSONObject()
    object["kind"] = .string(kind.rawValue)
    object["action"] = action.json
    object["initialDelay"] = .int(initialDelay)
    object["period"] = .int(period)
    object["timeout"] = .int(timeout)
    object["successThreshold"] = .int(successThreshold)
    object["failureThreshold"] = .int(failureThreshold)
    if let gracePeriod { object["gracePeriod"] = .int(gracePeriod) }
    return .object(object)
  }

  package init?(json: JSON) {
    guard let kind = (json["kind"]?.string).flatMap({ Kind(rawValue: $0) }),
      let action = json["action"].flatMap(ContainerAction.init(json:))
    else { return nil }
    self.init(
      kind, action, initialDelay: json["initialDelay"]?.int ?? 0, period: max(1, json["period"]?.int ?? 10),
      timeout: max(1, json["timeout"]?.int ?? 1), successThreshold: max(1, json["successThreshold"]?.int ?? 1),
      failureThreshold: max(1, json["failureThreshold"]?.int ?? 3), gracePeriod: json["gracePeriod"]?.int)
  }
}
