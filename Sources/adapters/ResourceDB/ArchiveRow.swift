import Basics
import CSQLite
import Contracts
import JSONValue
import KubeModel

/// An archived workflow with all that can be done before it is the writer's turn.
struct ArchiveRow: Sendable {
  private struct Document: Sendable {
    var bytes: [UInt8]
    var size: Int

    init(_ json: JSON) throws(KubeStatus) {
      let text = try WritePreparation.text(json)
      guard let bytes = ArchiveForm.deflate(text) else {
        throw KubeStatus(.serviceUnavailable, "not enough memory to archive a workflow")
      }
      self.bytes = bytes
      size = text.count
    }
  }

  private let key: ResourceKey
  private let uid: String
  private let phase: String
  private let created: Int64
  private let started: Int64
  private let finished: Int64
  private let labels: [String: String]
  private let summary: [UInt8]
  private let text: ArchiveText
  private let workflow: Document
  private let run: Document?

  /// Throws `invalid` for an object without a uid, and what ``WritePreparation/text(_:)`` throws.
  init(_ archived: ArchivedWorkflow) throws(KubeStatus) {
    var object = archived.workflow
    guard !object.uid.isEmpty else { throw KubeStatus(.invalid, "workflow \"\(object.name)\" has no uid and cannot be archived") }
    object.resourceVersion = nil
    key = object.key
    uid = object.uid
    phase = object.status["phase"]?.string ?? ""
    created = object.creationTimestamp?.seconds ?? 0
    started = Self.time(object.status["startedAt"])
    finished = Self.time(object.status["finishedAt"])
    labels = object.labels
    summary = try WritePreparation.text(ArchiveSummary.summary(of: object))
    text = ArchiveText(of: object)
    // What is nested too deeply inside these is no reason not to let a workflow end.
    if let whole = try? Document(object.json) {
      workflow = whole
    } else {
      object.status["nodes"] = nil
      workflow = try Document(object.json)
    }
    run = archived.run.flatMap { try? Document(Self.json($0, archived.nodes)) }
  }

  private static func time(_ value: JSON?) -> Int64 { value?.string.flatMap(Instant.init(rfc3339:))?.seconds ?? 0 }

  // MARK: The engine's record

  private static func json(_ run: RunRow, _ nodes: [NodeRow]) -> JSON {
    let rows = nodes.map { node -> JSON in
      ["index": .int(Int64(node.index)), "id": .string(node.id), "phase": .string(node.phase), "record": node.record.json]
    }
    return [
      "namespace": .string(run.namespace), "name": .string(run.name), "isFinished": .bool(run.isFinished), "header": run.header,
      "nodes": .array(rows),
    ]
  }

  static func record(_ json: JSON, uid: String) -> (run: RunRow, nodes: [NodeRow]) {
    let run = RunRow(
      uid: uid, namespace: json["namespace"]?.string ?? "", name: json["name"]?.string ?? "", header: json["header"] ?? .null,
      isFinished: json["isFinished"]?.bool ?? true)
    let nodes = (json["nodes"]?.array ?? []).map { node in
      NodeRow(
        runUID: uid, index: Int(clamping: node["index"]?.int ?? 0), id: node["id"]?.string ?? "", phase: node["phase"]?.string ?? "",
        record: NodeRecord(node["record"] ?? .null))
    }
    return (run, nodes)
  }

  // MARK: Writing

  /// Puts the workflow in the place of what is there of its uid.
  func store(_ connection: Connection) throws(StoreFailure) {
    try Self.delete(uid: uid, connection)
    try connection.perform(.putArchived) { (statement) throws(StoreFailure) in
      try statement.bind(1, uid)
      try statement.bind(2, key.namespace)
      try statement.bind(3, key.name)
      try statement.bind(4, phase)
      try statement.bind(5, created)
      try statement.bind(6, started)
      try statement.bind(7, finished)
      try statement.bind(8, summary)
    }
    let id = connection.lastID
    try connection.perform(.putArchivedDocuments) { (statement) throws(StoreFailure) in
      try statement.bind(1, id)
      try statement.bind(2, ArchiveForm.deflated)
      try statement.bind(3, Int64(workflow.size))
      try statement.bind(4, Int64(run?.size ?? 0))
      try statement.bind(5, blob: workflow.bytes)
      if let run { try statement.bind(6, blob: run.bytes) } else { try statement.bindNull(6) }
    }
    for (name, value) in labels {
      try connection.perform(.putArchivedLabel) { (statement) throws(StoreFailure) in
        try statement.bind(1, id)
        try statement.bind(2, name)
        try statement.bind(3, value)
      }
    }
    try connection.perform(.putArchivedText) { (statement) throws(StoreFailure) in
      try statement.bind(1, id)
      try statement.bind(2, text.names)
      try statement.bind(3, text.parameters)
      try statement.bind(4, text.messages)
    }
  }

  static func delete(uid: String, _ connection: Connection) throws(StoreFailure) {
    for query in [Query.deleteArchivedText, .deleteArchived] {
      try connection.perform(query) { (statement) throws(StoreFailure) in try statement.bind(1, uid) }
    }
  }
}

extension Connection {
  /// Runs a statement that gives no rows.
  func perform(_ query: Query, _ bind: (Statement) throws(StoreFailure) -> Void) throws(StoreFailure) {
    let statement = try statement(query)
    defer { statement.reset() }
    try bind(statement)
    _ = try statement.step()
  }
}
