import Basics
import Contracts
import JSONValue
import KubeModel
import Synchronization
import Telemetry
import WorkflowCore

/// The custom metrics of all workflows of the store: in memory for reading, one object a name in the store for keeping.
final class MetricsBoard: Sendable {
  static let kind = ResourceKind(
    group: "argosy", version: "v1", kind: "MetricFamily", plural: "metricfamilies", isNamespaced: false)

  private struct State {
    var registry: MetricsRegistry
    /// Names that have an object in the store.
    var stored: Set<String> = []
    /// What samples that wait for their commit make of new names.
    var pending: [String: MetricDescriptor] = [:]
  }
  private let state: Mutex<State>

  init(timeToLive: TimeSpan?) { state = Mutex(State(registry: MetricsRegistry(timeToLive: timeToLive))) }

  /// Takes up what the store has kept.
  func restore(from store: any ResourceStoring) throws(KubeStatus) {
    let kept = try store.list(Self.kind, namespace: nil, labels: .everything)
    state.withLock { state in
      for object in kept {
        guard let name = object.json["metric"]?.string else { continue }
        state.registry.restore(name, object.json["data"] ?? .null)
        state.stored.insert(name)
      }
    }
  }

  @Sendable func descriptor(_ name: String) -> MetricDescriptor? {
    state.withLock { $0.registry.descriptor(name) ?? $0.pending[name] }
  }

  /// Notes new names before their samples are counted, for decisions of the same transaction.
  func note(_ effects: [RunEffect]) {
    for case .emitMetric(let sample) in effects {
      state.withLock { state in
        if state.registry.descriptor(sample.name) == nil, state.pending[sample.name] == nil {
          state.pending[sample.name] = sample.descriptor
        }
      }
    }
  }

  func text(at now: Instant) -> String { state.withLock { $0.registry.text(at: now) } }

  /// Counts the samples of one run's decisions, and ends its clocks when it is over. The writes belong into the transaction of these
  /// decisions.
  func writes(for effects: [RunEffect], owner: String, at now: Instant) -> [Write] {
    state.withLock { state in
      var changes = FamilyChanges()
      for effect in effects {
        switch effect {
        case .emitMetric(let sample):
          state.pending[sample.name] = nil
          if let change = state.registry.apply(sample, owner: owner, at: now) { changes.add(sample.name, change) }
        case .finished: changes.add(state.registry.settle(owner: owner, at: now))
        default: break
        }
      }
      if !changes.isEmpty { changes.add(state.registry.expire(at: now)) }
      return Self.writes(changes, &state)
    }
  }

  /// Removes the clocks of a workflow that was deleted.
  func forget(owner: String) -> [Write] {
    state.withLock { state in
      var changes = FamilyChanges()
      changes.add(state.registry.forget(owner: owner))
      return Self.writes(changes, &state)
    }
  }

  private static func writes(_ changes: FamilyChanges, _ state: inout State) -> [Write] {
    changes.names.map { name in
      let change = changes.json(of: name)
      if state.stored.insert(name).inserted {
        return .create(Resource(kind, json: ["metadata": ["name": .string(objectName(name))], "metric": .string(name), "data": change]))
      }
      return .patch(ResourceKey(kind, namespace: "", name: objectName(name)), ["data": change])
    }
  }
}

/// The name of a metric as one of an object may be: what is no lower case letter or digit by its code. Of a long one only a part and a hash.
private func objectName(_ metric: String) -> String {
  var name = "m."
  for byte in metric.utf8 {
    let isPlain = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte)
    name += isPlain ? String(decoding: [byte], as: UTF8.self) : "-" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
  }
  guard name.utf8.count > 240 else { return name }
  return "\(name.prefix(200))x\(fnv1a32(metric))"
}

/// Merge patches of families, put together by name.
private struct FamilyChanges {
  private var changes: [String: JSONObject] = [:]
  var isEmpty: Bool { changes.isEmpty }
  var names: [String] { changes.keys.sorted() }
  func json(of name: String) -> JSON { .object(changes[name] ?? [:]) }

  mutating func add(_ name: String, _ change: JSON) {
    var object = changes[name] ?? [:]
    var series = object["series"]?.object ?? [:]
    for (key, value) in change.object ?? [:] where key != "series" { object[key] = value }
    for (key, value) in change["series"]?.object ?? [:] { series[key] = value }
    object["series"] = .object(series)
    changes[name] = object
  }

  mutating func add(_ others: [String: JSON]) {
    for (name, change) in others { add(name, change) }
  }
}
