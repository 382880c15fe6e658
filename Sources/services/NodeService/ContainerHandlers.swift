import Contracts
import JSONValue
import KubeModel

/// Reads the probes and lifecycle hooks of a container as the supervisor carries them out.
struct ContainerHandlers {
  private let container: JSON

  init(_ container: JSON) { self.container = container }

  /// - Parameters:
  ///   - isReadinessWanted: somebody waits for the pod to be ready.
  ///   - isAllSupervised: the supervisor polls every kind of readiness probe.
  func apply(to plan: inout PodPlan.Container, isReadinessWanted: Bool, isAllSupervised: Bool = false) {
    for (field, kind) in [("startupProbe", ContainerProbe.Kind.startup), ("livenessProbe", .liveness)] {
      if let probe = probe(field, kind) { plan.probes.append(probe) }
    }
    if isReadinessWanted, isAllSupervised || Self.isSupervised(container), let probe = probe("readinessProbe", .readiness) {
      plan.probes.append(probe)
    }
    plan.postStart = container.at("lifecycle", "postStart").flatMap(action)
    plan.preStop = container.at("lifecycle", "preStop").flatMap(action)
  }

  /// Whether the supervisor polls the readiness probe: a command, or one that waits for a startup probe. The others are polled from here.
  static func isSupervised(_ container: JSON) -> Bool {
    guard let probe = container["readinessProbe"] else { return false }
    return probe["exec"] != nil || container["startupProbe"] != nil && probe["grpc"] == nil
  }

  private func probe(_ field: String, _ kind: ContainerProbe.Kind) -> ContainerProbe? {
    guard let json = container[field], let action = action(json) else { return nil }
    return ContainerProbe(
      kind, action, initialDelay: max(0, json["initialDelaySeconds"]?.int ?? 0), period: max(1, json["periodSeconds"]?.int ?? 10),
      timeout: max(1, json["timeoutSeconds"]?.int ?? 1), successThreshold: max(1, json["successThreshold"]?.int ?? 1),
      failureThreshold: max(1, json["failureThreshold"]?.int ?? 3), gracePeriod: json["terminationGracePeriodSeconds"]?.int)
  }

  private func action(_ json: JSON) -> ContainerAction? {
    if let command = json.at("exec", "command")?.array?.compactMap(\.string), !command.isEmpty { return .run(command) }
    if let get = json["httpGet"], let port = port(get["port"]) {
      let headers = (get["httpHeaders"]?.array ?? []).map { "\($0["name"]?.string ?? ""): \($0["value"]?.string ?? "")" }
      let path = get["path"]?.string ?? "/"
      return .get(
        host: get["host"]?.string ?? "127.0.0.1", port: port, path: path.hasPrefix("/") ? path : "/" + path, headers: headers,
        isSecure: get["scheme"]?.string == "HTTPS")
    }
    if let socket = json["tcpSocket"], let port = port(socket["port"]) {
      return .connect(host: socket["host"]?.string ?? "127.0.0.1", port: port)
    }
    return json.at("sleep", "seconds")?.int.map { .sleep(max(0, $0)) }
  }

  private func port(_ value: JSON?) -> UInt16? {
    switch value {
    case .int(let number)?: UInt16(exactly: number)
    case .string(let text)?:
      UInt16(text)
        ?? (container["ports"]?.array ?? []).first { $0["name"]?.string == text }?["containerPort"]?.int.flatMap { UInt16(exactly: $0) }
    default: nil
    }
  }
}
