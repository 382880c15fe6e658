import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel

/// Seconds of use by resource, each in units of its own: one CPU, 100Mi of memory (spec section 2.20).
struct ResourceUsage: Sendable, Hashable {
  private(set) var seconds: [String: Int64] = [:]

  var isEmpty: Bool { seconds.isEmpty }

  init() {}

  /// The usage that a status tells.
  init?(json: JSON?) {
    guard let object = json?.object else { return nil }
    for (name, value) in object { seconds[name] = value.int }
  }

  var json: JSON { .object(JSONObject(seconds.sorted { $0.key < $1.key }.map { ($0.key, .int($0.value)) })) }

  static func += (left: inout ResourceUsage, right: ResourceUsage) {
    for (name, value) in right.seconds { left.seconds[name, default: 0] &+= value }
  }

  /// What the containers of an ended pod have used: the time that each ran, by what it requests. Limits count as requests where there are
  /// none, and what says nothing of CPU or memory has 100m and 100Mi. What the pod as a whole requests is the first container's that
  /// requests nothing itself.
  init(pod: Resource) {
    var shared = pod.spec["resources"]
    let statuses = pod.status.list("initContainerStatuses") + pod.status.list("containerStatuses")
    for container in pod.spec.list("initContainers") + pod.spec.list("containers") {
      let own = container["resources"]
      var requests: [String: Int64] = ["cpu": 100, "memory": 100 * Self.mebi * 1000]
      func take(_ resources: JSON?) {
        for field in ["limits", "requests"] {
          for (name, amount) in resources?[field]?.object ?? [:] { requests[name] = Self.thousandths(amount) }
        }
      }
      if let whole = shared, Self.isEmpty(own) {
        take(whole)
        shared = nil
      }
      take(own)
      let ended = statuses.first { $0["name"] == container["name"] }?.at("state", "terminated")
      let age = Self.age(ended)
      for (name, amount) in requests { seconds[name, default: 0] += Self.share(amount, age, of: name) }
    }
  }

  private static let mebi: Int64 = 1 << 20

  private static func isEmpty(_ resources: JSON?) -> Bool {
    (resources?["limits"]?.object?.isEmpty ?? true) && (resources?["requests"]?.object?.isEmpty ?? true)
  }

  private static func thousandths(_ amount: JSON) -> Int64 {
    let text: String? =
      switch amount {
      case .string(let text): text
      case .int(let value): String(value)
      case .double(let value): JSON.numberText(value)
      default: nil
      }
    return text.flatMap { Quantity($0) }?.milliValue ?? 0
  }

  /// Whole seconds: Kubernetes' times have no parts.
  private static func age(_ ended: JSON?) -> Int64 {
    guard let start = ended?.text("startedAt").flatMap(Instant.init(rfc3339:)),
      let end = ended?.text("finishedAt").flatMap(Instant.init(rfc3339:))
    else { return 0 }
    return max(0, (end - start).milliseconds / 1000)
  }

  private static func share(_ thousandths: Int64, _ age: Int64, of name: String) -> Int64 {
    let unit: Int64 =
      switch name {
      case "memory": 100 * mebi
      case "storage", "ephemeral-storage": 10 << 30
      default: 1
      }
    return Int64(clamping: Int128(thousandths) * Int128(age) / Int128(unit * 1000))
  }
}
