import Basics
import Contracts
import JSONValue
import KubeModel

/// A write with all that can be done before it is the writer's turn: checked, completed, and encoded on the caller's thread.
///
/// The stored text of an object lacks `resourceVersion`, which only the writer knows; it has a column of its own.
enum PreparedWrite: Sendable {
  /// `base` is the `generateName` when the name was made from it.
  case create(Resource, text: [UInt8], created: String, base: String?)
  /// `expected` is the resourceVersion that the caller has read, if any.
  case update(Resource, text: [UInt8], expected: Int64?)
  case patch(ResourceKey, JSON)
  case delete(ResourceKey)
  case deleteIf(ResourceKey, Preconditions)
  case putRun(RunRow, header: [UInt8])
  case putNode(NodeRow, record: [UInt8])
  case deleteRun(uid: String)
  case archive(ArchiveRow)
  case deleteArchived(uid: String)
}

/// Checks and completes writes.
struct WritePreparation: Sendable {
  let now: @Sendable () -> Instant
  let random: @Sendable () -> UInt64

  func prepare(_ write: Write) throws(KubeStatus) -> PreparedWrite {
    switch write {
    case .create(let resource):
      return try create(resource)
    case .update(let resource):
      let expected = try Self.expectedVersion(resource)
      var resource = resource
      try ObjectNames.validate(resource.name, kind: resource.kind)
      try resource.foldStringData()
      resource.resourceVersion = nil
      return .update(resource, text: try Self.text(resource.json), expected: expected)
    case .patch(let key, let patch):
      return .patch(key, patch)
    case .delete(let key):
      return .delete(key)
    case .deleteIf(let key, let preconditions):
      return .deleteIf(key, preconditions)
    case .putRun(let row):
      return .putRun(row, header: try Self.text(row.header))
    case .putNode(let row):
      return .putNode(row, record: try Self.text(row.record))
    case .deleteRun(let uid):
      return .deleteRun(uid: uid)
    case .archive(let workflow):
      return .archive(try ArchiveRow(workflow))
    case .deleteArchived(let uid):
      return .deleteArchived(uid: uid)
    }
  }

  private func create(_ resource: Resource) throws(KubeStatus) -> PreparedWrite {
    var resource = resource
    var base: String?
    if resource.name.isEmpty, let generateName = resource.generateName, !generateName.isEmpty {
      resource.name = ObjectNames.generated(generateName, random: random)
      base = generateName
    }
    try ObjectNames.validate(resource.name, kind: resource.kind)
    try resource.foldStringData()
    let created = now().rfc3339
    let uid = resource.uid.isEmpty ? ObjectNames.uuid(random: random) : resource.uid
    let kind = resource.kind
    resource.editMetadata { metadata in
      metadata["uid"] = .string(uid)
      metadata["creationTimestamp"] = .string(created)
      metadata["generation"] = kind.countsGenerations ? 1 : nil
      metadata["resourceVersion"] = nil
    }
    return .create(resource, text: try Self.text(resource.json), created: created, base: base)
  }

  /// The resourceVersion that an update expects; one that is no number was never given out and conflicts.
  private static func expectedVersion(_ resource: Resource) throws(KubeStatus) -> Int64? {
    guard let given = resource.json.at("metadata", "resourceVersion"), !given.isNull, given.string != "" else { return nil }
    guard let version = resource.resourceVersion else { throw .conflict(resource.key) }
    return version
  }

  /// The text to store; refuses what could not be read again.
  static func text(_ json: JSON) throws(KubeStatus) -> [UInt8] {
    let text = json.bytes()
    guard cannotBeDeep(text) || isReadable(json, depth: JSON.maximumDepth - 1) else { throw tooDeep }
    return text
  }

  private static func text(_ record: NodeRecord) throws(KubeStatus) -> [UInt8] {
    let text = record.text
    guard cannotBeDeep(text) || isReadable(record.json, depth: JSON.maximumDepth - 1) else { throw tooDeep }
    return text
  }

  private static var tooDeep: KubeStatus {
    KubeStatus(.invalid, "the document is nested deeper than \(JSON.maximumDepth - 1) levels")
  }

  /// Only a text with many brackets can be deep; few have them.
  private static func cannotBeDeep(_ text: [UInt8]) -> Bool {
    var brackets = 0
    for byte in text where byte == UInt8(ascii: "{") || byte == UInt8(ascii: "[") { brackets += 1 }
    return brackets < JSON.maximumDepth
  }

  private static func isReadable(_ json: JSON, depth: Int) -> Bool {
    switch json {
    case .array(let elements): depth > 0 && elements.allSatisfy { isReadable($0, depth: depth - 1) }
    case .object(let members): depth > 0 && members.allSatisfy { isReadable($0.value, depth: depth - 1) }
    default: true
    }
  }
}

extension Resource {
  /// Edits `metadata` in place.
  mutating func editMetadata(_ edit: (inout JSONObject) -> Void) {
    json.modifyObject { root in
      var metadata = root["metadata"] ?? .object([:])
      root["metadata"] = .null
      metadata.modifyObject(edit)
      root["metadata"] = metadata
    }
  }
}
