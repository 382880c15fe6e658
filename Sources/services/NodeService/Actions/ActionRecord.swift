import Contracts
import JSONValue
import KubeModel

/// An object that an action was carried out on.
struct ActionTarget: Sendable, Hashable {
  var kind: ResourceKind
  var namespace: String
  var name: String

  init(_ resource: Resource) {
    kind = resource.kind
    namespace = resource.namespace
    name = resource.name
  }

  init?(json: JSON) {
    guard let apiVersion = json["apiVersion"]?.string, let kind = json["kind"]?.string, let name = json["name"]?.string,
      let found = ResourceKind.of(apiVersion: apiVersion, kind: kind)
    else { return nil }
    self.kind = found
    namespace = json["namespace"]?.string ?? ""
    self.name = name
  }

  var key: ResourceKey { ResourceKey(kind, namespace: namespace, name: name) }

  /// `configmap./name`, `workflow.argoproj.io/name`: how Argo's executor asks for it.
  var fullName: String { "\(kind.kind.lowercased()).\(kind.group)/\(name)" }

  var json: JSON {
    [
      "apiVersion": .string(kind.apiVersion), "kind": .string(kind.kind), "namespace": .string(namespace), "name": .string(name),
    ]
  }
}

/// What of a resource template's action has been done, kept as an annotation of its pod: written in the transaction that does it, so that nothing is
/// ever done twice, whenever this process dies.
struct ActionRecord: Sendable, Hashable {
  static let annotation = "workflows.argoproj.io/action-record"

  /// What became of one document of the manifest, or of all objects that a selector named.
  enum Unit: Sendable, Hashable {
    case done([ActionTarget])
    case failed(String)
  }
  var units: [Unit] = []

  init() {}

  init(of pod: Resource) {
    guard let text = pod.annotation(Self.annotation), let json = try? JSON.parse(text) else { return }
    units = (json.array ?? []).map { unit in
      if let failure = unit["failure"]?.string { return .failed(failure) }
      return .done((unit["targets"]?.array ?? []).compactMap { ActionTarget(json: $0) })
    }
  }

  /// The write that keeps it.
  func write(to pod: ResourceKey) -> Write {
    let units: [JSON] = units.map { unit in
      switch unit {
      case .done(let targets): ["targets": .array(targets.map(\.json))]
      case .failed(let message): ["failure": .string(message)]
      }
    }
    return .patch(pod, ["metadata": ["annotations": [Self.annotation: .string(JSON.array(units).text())]]])
  }
}
