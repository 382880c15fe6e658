import ArgoModel
import Basics
import JSONValue
import Templating

/// What a node says of its memoization (`status.nodes[].memoizationStatus`).
struct MemoizationStatus: Sendable, Hashable {
  var isHit: Bool
  var key: String
  var cacheName: String

  var json: JSON { ["hit": .bool(isHit), "key": .string(key), "cacheName": .string(cacheName)] }

  init(isHit: Bool, key: String, cacheName: String) {
    self.isHit = isHit
    self.key = key
    self.cacheName = cacheName
  }

  init?(_ json: JSON?) {
    guard let json, json.object != nil else { return nil }
    self.init(isHit: json["hit"]?.bool ?? false, key: json["key"]?.string ?? "", cacheName: json["cacheName"]?.string ?? "")
  }
}

/// One entry of a memoization cache, in the shape in which Argo keeps it in a ConfigMap.
struct CacheEntry: Sendable, Hashable {
  /// The node whose outputs these are; an entry without one is no hit.
  var nodeID: String
  /// nil: the node had none.
  var outputs: JSON?
  var creationTimestamp: Instant?
  var lastHitTimestamp: Instant?

  init(nodeID: String, outputs: JSON?, createdAt: Instant) {
    self.nodeID = nodeID
    self.outputs = outputs
    creationTimestamp = createdAt
    lastHitTimestamp = createdAt
  }

  /// Reads a value of the ConfigMap. Throws when it is no entry.
  init(_ text: String) throws(RunFailure) {
    func malformed(_ reason: String) -> RunFailure {
      RunFailure("malformed cache entry: could not unmarshal JSON; unable to parse: \(reason)")
    }
    guard let json = try? JSON.parse(text) else { throw malformed(goParseError(text)) }
    guard json.object != nil else { throw malformed("json: cannot unmarshal into Go value of type cache.Entry") }
    func instant(_ field: String) throws(RunFailure) -> Instant? {
      guard let value = json.present(field) else { return nil }
      guard let text = value.string, let instant = Instant(rfc3339: text) else {
        throw malformed("parsing time \(value.text(.go)) as \"2006-01-02T15:04:05Z07:00\"")
      }
      return instant
    }
    nodeID = json["nodeID"]?.string ?? ""
    outputs = json.present("outputs")
    creationTimestamp = try instant("creationTimestamp")
    lastHitTimestamp = try instant("lastHitTimestamp")
  }

  var text: String {
    let object: JSON = [
      "nodeID": .string(nodeID), "outputs": outputs ?? .null,
      "creationTimestamp": creationTimestamp.map { .string($0.rfc3339) } ?? .null,
      "lastHitTimestamp": lastHitTimestamp.map { .string($0.rfc3339) } ?? .null,
    ]
    return object.text(.compact)
  }
}

/// Memoization (spec 2.18): a template whose key is in the cache is not run; one that succeeded is remembered.
extension RunState {
  /// What the cache says of a template that is about to start, after it has its locks; nil when it is not memoized. A hit comes with the
  /// outputs to take. That an entry was looked at is written into it, whether it is too old or not. Throws what makes the node an Error: a
  /// bad key or age, an entry that cannot be read, a ConfigMap that is no cache.
  mutating func lookUpCache(
    _ template: CompiledTemplate, _ leaf: Frame
  ) throws(RunFailure) -> (status: MemoizationStatus, outputs: JSON?)? {
    guard let tree = template.memoize else { return nil }
    let memoize = try evaluate(tree, leaf, isStrict: false)
    let key = memoize.present("key")?.anyString ?? ""
    var status = MemoizationStatus(isHit: false, key: key, cacheName: memoize.at("cache", "configMap", "name")?.string ?? "")
    guard Self.isCacheKey(key) else { throw RunFailure("invalid cache key: \(key)") }
    var found: CacheEntry?
    switch cacheAnswer(status) {
    case .missing: break
    case .notACache(let label): throw RunFailure(Self.refusal(ofLabel: label))
    case .entry(let text):
      var entry = try CacheEntry(text)
      entry.lastHitTimestamp = now
      write(entry, to: status)
      found = entry
    }
    var isFresh = true
    if let text = memoize.present("maxAge")?.anyString, !text.isEmpty {
      let age: GoDuration
      do { age = try GoDuration(parsing: text) } catch { throw RunFailure("invalid maxAge: \(error)") }
      isFresh = found?.creationTimestamp.map { now - $0 <= age.timeSpan } ?? false
    }
    status.isHit = isFresh && found.map { !$0.nodeID.isEmpty } ?? false
    return (status, status.isHit ? found?.outputs : nil)
  }

  /// Adds the node of a template whose outputs are known: Succeeded, without a pod.
  mutating func startCached(
    _ start: Start, template: CompiledTemplate, scope: String, label: ReferenceLabel, inputs: JSON?, depth: Int, leaf: Frame, outputs: JSON?
  ) -> Int {
    let own = template.template.body?.nodeType ?? .skipped
    let node = addNode(
      start.name, type: template.template.retryStrategy == nil ? own : .retry, phase: .succeeded, origin: start.origin, owner: start.owner,
      boundary: start.boundary, parents: start.parents)
    note(node, start, template: template, scope: scope, label: label, inputs: inputs, depth: depth)
    nodes[node].outputs = outputs
    // What is started next in this decision sees them already.
    if setDisplayName(node, template, leaf) { liftGlobals(node) }
    stack.append(.ended(node))
    return node
  }

  /// Remembers the outputs of a memoized node that has succeeded, together with its end.
  mutating func remember(_ node: Int) {
    guard let status = nodes[node].detailsBox?.value.memoization, !status.isHit, nodes[node].phase == .succeeded else { return }
    switch nodes[node].type {
    case .pod, .steps, .dag, .http, .plugin: break
    default: return
    }
    guard nodes[node].template?.template.isDaemon != true else { return }
    if case .notACache = cacheAnswer(status) { return }
    write(CacheEntry(nodeID: nodes[node].id, outputs: nodes[node].outputs, createdAt: now), to: status)
  }

  /// Why the outputs of a node cannot be remembered, which makes a pod's node an Error; nil when they can or need not be.
  func cacheProblem(_ node: Int) -> String? {
    guard let status = nodes[node].detailsBox?.value.memoization, !status.isHit, case .notACache(let label) = cacheAnswer(status) else {
      return nil
    }
    return Self.refusal(ofLabel: label)
  }

  private mutating func write(_ entry: CacheEntry, to status: MemoizationStatus) {
    let text = entry.text
    savedEntries["\(status.cacheName)/\(status.key)"] = text
    effects.append(.saveCacheEntry(cache: status.cacheName, key: status.key, entry: text))
  }

  /// The cache as it is after what this decision has saved.
  private func cacheAnswer(_ status: MemoizationStatus) -> World.CacheAnswer {
    let answer = world.cacheEntry(namespace, status.cacheName, status.key)
    if case .notACache = answer { return answer }
    return savedEntries["\(status.cacheName)/\(status.key)"].map { .entry($0) } ?? answer
  }

  /// `^[a-zA-Z0-9][-a-zA-Z0-9]*$`
  private static func isCacheKey(_ key: String) -> Bool {
    guard let first = key.utf8.first, first != UInt8(ascii: "-") else { return false }
    return key.utf8.allSatisfy { byte in
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == UInt8(ascii: "-")
    }
  }

  private static func refusal(ofLabel label: String?) -> String {
    label == nil
      ? "memoization configmap doesn't have \(ArgoKey.configMapType) label, refusing to use it"
      : "memoization configmap doesn't have label \(ArgoKey.configMapType) = Cache, refusing to use it"
  }
}
