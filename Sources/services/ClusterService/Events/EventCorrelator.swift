import Basics
import Contracts
import JSONValue
import KubeModel

/// Decides what becomes of an event: a new object, a higher count of an earlier one, or nothing (Kubernetes'
/// `client-go/tools/record.EventCorrelator`, with its defaults).
struct EventCorrelator: Sendable {
  enum Decision: Sendable, Hashable {
    case create(Resource)
    /// Counts an event again; the object to make where it is no longer there.
    case count(ResourceKey, JSON, otherwise: Resource)
    case drop
  }

  /// What one source may say of one object at once, and how often after that.
  static let burst = 25.0
  /// Of Argo's controller, which tells of many nodes of one workflow (as in the original).
  static let controllerBurst = 10_000.0
  static let refill = 1.0 / 300
  /// So many different messages of one reason within the time, and they become one event.
  static let similar = 10
  static let similarTime = TimeSpan(seconds: 600)
  /// Entries that are kept of each table.
  static let capacity = 4096

  private struct Source: Hashable {
    var component: String
    var kind: ResourceKind
    var key: ResourceKey
    var uid: String
  }
  private struct Aggregate: Hashable {
    var source: Source
    var type: String
    var reason: String
  }
  private struct Same: Hashable {
    var aggregate: Aggregate
    var fieldPath: String
    var message: String
  }
  private struct Bucket {
    var tokens: Double
    var time: Instant
  }
  private struct Messages {
    var known: Set<String> = []
    var last: Instant
  }
  private struct Seen {
    var event: Resource
    var count: Int64
  }

  private var buckets: [Source: Bucket] = [:]
  private var messages: [Aggregate: Messages] = [:]
  private var seen: [Same: Seen] = [:]
  private var made: Int64 = 0
  private let host: String

  init(host: String) { self.host = host }

  mutating func decide(_ event: ObjectEvent, at now: Instant) -> Decision {
    let source = Source(
      component: event.component, kind: event.about.kind, key: event.about.key, uid: event.about.uid)
    let aggregate = Aggregate(source: source, type: event.kind.rawValue, reason: event.reason)
    var message = event.message
    var identity = message
    if isOneOfMany(aggregate, message, at: now) {
      message = "(combined from similar events): " + message
      identity = ""
    }
    let same = Same(aggregate: aggregate, fieldPath: identity.isEmpty ? "" : event.fieldPath, message: identity)
    guard takeToken(source, at: now) else { return .drop }
    if var earlier = seen[same] {
      earlier.count += 1
      earlier.event.json["count"] = .int(earlier.count)
      earlier.event.json["lastTimestamp"] = .string(now.rfc3339)
      earlier.event.json["message"] = .string(message)
      seen[same] = earlier
      var again = earlier.event
      again.name = newName(event, at: now)
      return .count(
        earlier.event.key, ["count": .int(earlier.count), "lastTimestamp": .string(now.rfc3339), "message": .string(message)],
        otherwise: again)
    }
    let object = make(event, message: message, at: now)
    if seen.count >= Self.capacity { seen.removeAll(keepingCapacity: true) }
    seen[same] = Seen(event: object, count: 1)
    return .create(object)
  }

  /// The object that was made in place of one that was no longer there.
  mutating func replaced(_ key: ResourceKey, by object: Resource) {
    for (same, entry) in seen where entry.event.key == key { seen[same]?.event.name = object.name }
  }

  private mutating func isOneOfMany(_ aggregate: Aggregate, _ message: String, at now: Instant) -> Bool {
    if messages.count >= Self.capacity { messages.removeAll(keepingCapacity: true) }
    var entry = messages[aggregate] ?? Messages(last: now)
    if now - entry.last > Self.similarTime { entry = Messages(last: now) }
    entry.last = now
    if entry.known.count < Self.similar { entry.known.insert(message) }
    let isMany = entry.known.count >= Self.similar && !entry.known.contains(message)
    messages[aggregate] = entry
    return isMany
  }

  private mutating func takeToken(_ source: Source, at now: Instant) -> Bool {
    if buckets.count >= Self.capacity { buckets.removeAll(keepingCapacity: true) }
    let burst = source.component == "workflow-controller" ? Self.controllerBurst : Self.burst
    var bucket = buckets[source] ?? Bucket(tokens: burst, time: now)
    bucket.tokens = min(burst, bucket.tokens + max(0, (now - bucket.time).seconds) * Self.refill)
    bucket.time = now
    let isFree = bucket.tokens >= 1
    if isFree { bucket.tokens -= 1 }
    buckets[source] = bucket
    return isFree
  }

  /// The object's name and a number in hexadecimal that rises with time, as Kubernetes names events.
  private mutating func newName(_ event: ObjectEvent, at now: Instant) -> String {
    made += 1
    let number = now.milliseconds * 1_000_000 + made % 1_000_000
    return "\(event.about.name.prefix(230)).\(String(number, radix: 16))"
  }

  private mutating func make(_ event: ObjectEvent, message: String, at now: Instant) -> Resource {
    let about = event.about
    let namespace = about.namespace.isEmpty ? "default" : about.namespace
    var involved: JSONObject = ["kind": .string(about.kind.kind)]
    if !about.namespace.isEmpty { involved["namespace"] = .string(about.namespace) }
    involved["name"] = .string(about.name)
    if !about.uid.isEmpty { involved["uid"] = .string(about.uid) }
    involved["apiVersion"] = .string(about.kind.apiVersion)
    if let version = about.resourceVersion { involved["resourceVersion"] = .string(String(version)) }
    if !event.fieldPath.isEmpty { involved["fieldPath"] = .string(event.fieldPath) }
    var metadata: JSONObject = ["name": .string(newName(event, at: now)), "namespace": .string(namespace)]
    if !event.annotations.isEmpty {
      metadata["annotations"] = .object(JSONObject(event.annotations.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
    let time: JSON = .string(now.rfc3339)
    return Resource(
      .event,
      json: [
        "metadata": .object(metadata), "involvedObject": .object(involved), "reason": .string(event.reason),
        // Kubernetes takes no longer ones.
        "message": .string(String(message.prefix(1024))), "source": source(event), "firstTimestamp": time, "lastTimestamp": time,
        "count": 1, "type": .string(event.kind.rawValue), "eventTime": .null, "reportingComponent": .string(event.component),
        "reportingInstance": .string(event.component == "kubelet" ? host : ""),
      ])
  }

  private func source(_ event: ObjectEvent) -> JSON {
    var source: JSONObject = ["component": .string(event.component)]
    if event.component == "kubelet" { source["host"] = .string(host) }
    return .object(source)
  }
}
