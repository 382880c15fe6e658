package import Basics
package import JSONValue

/// Who writes an object: what `metadata.managedFields` says of a write.
package struct FieldManager: Sendable, Hashable {
  /// The client's `fieldManager`; empty: `unknown`.
  package var name: String
  /// Empty, `status` …
  package var subresource: String
  package var time: Instant
  package init(name: String, subresource: String = "", time: Instant) {
    self.name = name
    self.subresource = subresource
    self.time = time
  }
}

/// The entries of `metadata.managedFields`, by what tells managers apart.
package struct ManagedFields: Sendable, Hashable {
  package enum Operation: String, Sendable, Hashable { case apply = "Apply", update = "Update" }

  package struct Manager: Sendable, Hashable {
    package var name: String
    package var operation: Operation
    /// Empty for an applier, who stays the same in every version.
    package var apiVersion: String
    package var subresource: String
    package init(name: String, operation: Operation, apiVersion: String, subresource: String) {
      self.name = name
      self.operation = operation
      self.apiVersion = operation == .apply ? "" : apiVersion
      self.subresource = subresource
    }
  }

  package struct Entry: Sendable, Hashable {
    package var set: FieldSet
    package var apiVersion: String
    package var time: Instant?
    package init(_ set: FieldSet, apiVersion: String, time: Instant? = nil) {
      self.set = set
      self.apiVersion = apiVersion
      self.time = time
    }
  }

  package var entries: [Manager: Entry] = [:]
  package init() {}

  /// More than this many entries of updates are brought together, the oldest first.
  static let maximumUpdaters = 10
  private static let oldUpdates = "ancient-changes"

  // MARK: Reading

  /// Reads `metadata.managedFields`. Throws for an entry that Kubernetes would not take.
  package init(_ document: JSON?) throws(FieldsError) {
    guard let document, !document.isNull else { return }
    guard let list = document.array else { throw FieldsError("managedFields must be a list") }
    for (index, item) in list.enumerated() {
      guard let operation = item["operation"]?.string.flatMap(Operation.init) else {
        throw FieldsError("operation must be `Apply` or `Update`")
      }
      guard let version = item["apiVersion"]?.string, !version.isEmpty else { throw FieldsError("apiVersion must not be empty") }
      switch item["fieldsType"]?.string {
      case "FieldsV1": break
      case nil, "": throw FieldsError("missing fieldsType in managed fields entry \(index)")
      case let type?: throw FieldsError("invalid fieldsType \(JSON.string(type).text()) in managed fields entry \(index)")
      }
      let manager = Manager(
        name: item["manager"]?.string ?? "", operation: operation, apiVersion: version, subresource: item["subresource"]?.string ?? "")
      let fields = item["fieldsV1"] ?? [:]
      var time: Instant?
      if let text = item["time"], !text.isNull {
        guard let instant = text.string.flatMap(Instant.init(rfc3339:)) else {
          throw FieldsError("time is no RFC 3339 time: \(text.text())")
        }
        time = instant
      }
      entries[manager] = Entry(try FieldSet(fields.isNull ? [:] : fields), apiVersion: version, time: time)
    }
  }

  /// An empty list, or one with one empty entry: the client wants all to be forgotten.
  static func isReset(_ document: JSON?) -> Bool {
    guard let list = document?.array else { return false }
    return list.isEmpty || (list.count == 1 && (list[0].isNull || list[0].object?.allSatisfy { $0.value.isNull || $0.value == "" } == true))
  }

  // MARK: Writing

  /// The list for `metadata.managedFields`, in Kubernetes' order; nil when there is none.
  package var json: JSON? {
    guard !entries.isEmpty else { return nil }
    let sorted = entries.sorted { left, right in
      let (one, two) = (left.key, right.key)
      if one.operation != two.operation { return one.operation == .apply }
      let (earlier, later) = (left.value.time?.seconds ?? 0, right.value.time?.seconds ?? 0)
      if earlier != later { return earlier < later }
      return (one.name, left.value.apiVersion, one.subresource) < (two.name, right.value.apiVersion, two.subresource)
    }
    return .array(sorted.map { Self.json(of: $0.key, $0.value) })
  }

  private static func json(of manager: Manager, _ entry: Entry) -> JSON {
    var result: JSONObject = [:]
    if !manager.name.isEmpty { result["manager"] = .string(manager.name) }
    result["operation"] = .string(manager.operation.rawValue)
    result["apiVersion"] = .string(entry.apiVersion)
    if let time = entry.time { result["time"] = .string(Instant(seconds: time.seconds).rfc3339) }
    result["fieldsType"] = "FieldsV1"
    result["fieldsV1"] = entry.set.json
    if !manager.subresource.isEmpty { result["subresource"] = .string(manager.subresource) }
    return .object(result)
  }

  // MARK: Bounds

  /// Brings the oldest entries of updates together, version by version, until there are no more than ``maximumUpdaters``.
  mutating func cap() {
    var updaters = entries.keys.filter { $0.operation == .update }
    guard updaters.count > Self.maximumUpdaters else { return }
    updaters.sort { left, right in
      let (one, two) = (entries[left]?.time?.seconds ?? 0, entries[right]?.time?.seconds ?? 0)
      if one != two { return one < two }
      return (left.name, left.apiVersion, left.subresource) < (right.name, right.apiVersion, right.subresource)
    }
    var count = updaters.count
    var first: [String: Manager] = [:]
    for manager in updaters where count > Self.maximumUpdaters {
      guard let entry = entries[manager] else { continue }
      guard let oldest = first[entry.apiVersion] else {
        first[entry.apiVersion] = manager
        continue
      }
      let bucket = Manager(name: Self.oldUpdates, operation: .update, apiVersion: entry.apiVersion, subresource: "")
      if entries[bucket] == nil { entries[bucket] = entries.removeValue(forKey: oldest) }
      entries[manager] = nil
      let set = entries[bucket]?.set ?? FieldSet()
      entries[bucket] = Entry(entry.set.union(set), apiVersion: entry.apiVersion, time: entry.time)
      count -= 1
    }
  }
}
