import Basics
import CSQLite
import Contracts
import JSONValue
import KubeModel

extension ResourceDatabase: WorkflowArchiving {
  package func archived(uid: String) throws(KubeStatus) -> Resource? {
    try archived(.archivedByUID) { (statement) throws(StoreFailure) in try statement.bind(1, uid) }
  }

  package func archived(namespace: String, name: String) throws(KubeStatus) -> Resource? {
    try archived(.archivedByName) { (statement) throws(StoreFailure) in
      try statement.bind(1, namespace)
      try statement.bind(2, name)
    }
  }

  package func newestArchived(namespace: String) throws(KubeStatus) -> Resource? {
    try read { (connection) throws(StoreFailure) -> Resource? in
      let statement = try connection.statement(.newestArchived)
      defer { statement.reset() }
      try statement.bind(1, namespace)
      guard try statement.step() else { return nil }
      return Self.persisted(
        Resource(.workflow, json: try statement.json(0, of: "the summary of the archived workflow \"\(statement.string(1))\"")))
    }
  }

  private func archived(_ query: Query, _ bind: (Statement) throws(StoreFailure) -> Void) throws(KubeStatus) -> Resource? {
    try document(query, bind).map { Self.persisted(Resource(.workflow, json: $0.json)) }
  }

  package func archivedRun(uid: String) throws(KubeStatus) -> (run: RunRow, nodes: [NodeRow])? {
    try document(.archivedRun) { (statement) throws(StoreFailure) in try statement.bind(1, uid) }
      .map { ArchiveRow.record($0.json, uid: $0.uid) }
  }

  /// The document that a query finds, with its workflow's uid.
  private func document(
    _ query: Query, _ bind: (Statement) throws(StoreFailure) -> Void
  ) throws(KubeStatus) -> (json: JSON, uid: String)? {
    try read { (connection) throws(StoreFailure) -> (json: JSON, uid: String)? in
      let statement = try connection.statement(query)
      defer { statement.reset() }
      try bind(statement)
      guard try statement.step() else { return nil }
      let uid = statement.string(3)
      let subject = "the archived workflow \"\(uid)\""
      let text = try ArchiveForm.text(statement.blob(2), form: statement.integer(0), size: statement.integer(1), of: subject)
      do throws(JSONParseError) {
        return (try JSON.parse(text), uid)
      } catch {
        throw .database(code: SQLITE_CORRUPT, message: "\(subject) cannot be read: \(error)")
      }
    }
  }

  /// As Argo shows what it has from its archive.
  private static func persisted(_ workflow: Resource) -> Resource {
    var workflow = workflow
    workflow.setLabel(archivingStatus, "Persisted")
    return workflow
  }

  private static let archivingStatus = "workflows.argoproj.io/workflow-archiving-status"

  package func archived(_ query: ArchiveQuery) throws(KubeStatus) -> ArchivePage {
    let filter = try ArchiveFilter(query)
    return try read { (connection) throws(StoreFailure) -> ArchivePage in
      var sql = "SELECT archive.summary, archive.uid FROM archive WHERE \(filter.sql) ORDER BY archive.started DESC, archive.id DESC"
      let isPart = query.limit > 0 || query.offset > 0
      if isPart { sql += " LIMIT ? OFFSET ?" }
      let statement = try Statement(connection, sql, isKept: false)
      defer { statement.finalize() }
      let next = try statement.bind(filter.values)
      if isPart {
        try statement.bind(next, Int64(query.limit > 0 ? query.limit : -1))
        try statement.bind(next + 1, Int64(max(0, query.offset)))
      }
      var workflows: [Resource] = []
      while try statement.step() {
        let json = try statement.json(0, of: "the summary of the archived workflow \"\(statement.string(1))\"")
        workflows.append(Self.persisted(Resource(.workflow, json: json)))
      }
      guard isPart else { return ArchivePage(workflows: workflows, total: workflows.count, remaining: 0) }
      let count = try Statement(connection, "SELECT count(*) FROM archive WHERE \(filter.sql)", isKept: false)
      defer { count.finalize() }
      _ = try count.bind(filter.values)
      let total = try count.step() ? Int(count.integer(0)) : 0
      return ArchivePage(workflows: workflows, total: total, remaining: max(0, total - max(0, query.offset) - workflows.count))
    }
  }

  package func archivedLabelKeys(namespace: String?) throws(KubeStatus) -> [String] {
    try labels("SELECT DISTINCT key FROM archive_labels", [], namespace: namespace)
  }

  package func archivedLabelValues(ofKey key: String, namespace: String?) throws(KubeStatus) -> [String] {
    try labels("SELECT DISTINCT value FROM archive_labels", [("key = ?", .text(key))], namespace: namespace)
  }

  private func labels(
    _ select: String, _ conditions: [(String, ArchiveFilter.Value)], namespace: String?
  ) throws(KubeStatus) -> [String] {
    var conditions = conditions
    if let namespace { conditions.append(("archive IN (SELECT id FROM archive WHERE namespace = ?)", .text(namespace))) }
    let condition = conditions.isEmpty ? "" : " WHERE " + conditions.map(\.0).joined(separator: " AND ")
    return try column(select + condition + " ORDER BY 1", conditions.map(\.1))
  }

  /// The first column of all rows.
  private func column(_ sql: String, _ values: [ArchiveFilter.Value]) throws(KubeStatus) -> [String] {
    try read { (connection) throws(StoreFailure) -> [String] in
      let statement = try Statement(connection, sql, isKept: false)
      defer { statement.finalize() }
      _ = try statement.bind(values)
      var texts: [String] = []
      while try statement.step() { texts.append(statement.string(0)) }
      return texts
    }
  }

  package func expiredArchived(endedBefore time: Instant?, beyond count: Int?, limit: Int) throws(KubeStatus) -> [String] {
    let order = " ORDER BY finished, id LIMIT ?"
    var uids: [String] = []
    if let time {
      uids = try column("SELECT uid FROM archive WHERE finished * 1000 < ?" + order, [.integer(time.milliseconds), .integer(Int64(limit))])
    }
    guard let count, uids.count < limit else { return uids }
    let total = try read { (connection) throws(StoreFailure) in try connection.integer("SELECT count(*) FROM archive") ?? 0 }
    let surplus = total - Int64(max(0, count))
    guard surplus > Int64(uids.count) else { return uids }
    // Those that are too old ended first and are among them.
    return try column("SELECT uid FROM archive" + order, [.integer(min(surplus, Int64(limit)))])
  }

  package func oldestArchivedEnd() throws(KubeStatus) -> Instant? {
    try read { (connection) throws(StoreFailure) in try connection.integer("SELECT finished FROM archive ORDER BY finished LIMIT 1") }
      .map(Instant.init(seconds:))
  }
}

extension Statement {
  /// Binds values to the parameters from the first on; gives the next parameter's number.
  fileprivate func bind(_ values: [ArchiveFilter.Value]) throws(StoreFailure) -> Int32 {
    var index: Int32 = 1
    for value in values {
      switch value {
      case .text(let text): try bind(index, text)
      case .integer(let number): try bind(index, number)
      }
      index += 1
    }
    return index
  }
}
