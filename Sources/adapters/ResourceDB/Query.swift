/// Every statement that runs more than once, by its place in a connection's cache.
enum Query: Int, CaseIterable {
  case begin, beginRead, commit, rollback, savepoint, release, rollbackToSavepoint
  case saveRevision, saveRecordedRevision, historyRange
  case insertObject, findObject, updateObject, deleteObject
  case getObject, listKind, listNamespace, listOwned
  case updateRun, putRun, deleteRun, putNode
  case openRuns, run, nodes
  case recordAdded, recordModified, recordDeleted, timeOfChange, measureChanges, trimChanges, saveOldest
  case pageKind, pageNamespace, earlierKind, earlierNamespace, countKind, countNamespace
  case changesOfKind, nextText
  case putOwner, deleteOwners, listDependents
  case putArchived, putArchivedDocuments, putArchivedLabel, putArchivedText, deleteArchivedText, deleteArchived
  case archivedByUID, archivedByName, newestArchived, archivedRun

  var sql: String {
    switch self {
    case .begin: "BEGIN IMMEDIATE"
    case .beginRead: "BEGIN"
    case .commit: "COMMIT"
    case .rollback: "ROLLBACK"
    case .savepoint: "SAVEPOINT request"
    case .release: "RELEASE request"
    case .rollbackToSavepoint: "ROLLBACK TO request"
    case .saveRevision: "UPDATE revision SET value = ?1"
    case .saveRecordedRevision: "UPDATE revision SET value = ?1, recorded = ?1, history_bytes = ?2"
    case .historyRange: "SELECT value, oldest, recorded FROM revision"
    case .insertObject:
      """
      INSERT INTO objects (kind, namespace, name, uid, resource_version, created, generation, labels, json, owner) \
      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) ON CONFLICT DO NOTHING
      """
    case .findObject:
      "SELECT id, uid, resource_version, created, generation FROM objects WHERE kind = ?1 AND namespace = ?2 AND name = ?3"
    case .updateObject: "UPDATE objects SET resource_version = ?2, generation = ?3, labels = ?4, json = ?5, owner = ?6 WHERE id = ?1"
    case .deleteObject:
      "DELETE FROM objects WHERE kind = ?1 AND namespace = ?2 AND name = ?3 RETURNING resource_version, json"
    case .getObject: "SELECT resource_version, json FROM objects WHERE kind = ?1 AND namespace = ?2 AND name = ?3"
    case .listKind: "SELECT namespace, name, resource_version, labels, json FROM objects WHERE kind = ?1 ORDER BY namespace, name"
    case .listNamespace:
      "SELECT namespace, name, resource_version, labels, json FROM objects WHERE kind = ?1 AND namespace = ?2 ORDER BY name"
    case .listOwned: "SELECT namespace, name, resource_version, json, kind FROM objects WHERE owner = ?1 ORDER BY id"
    case .updateRun:
      // Leaves the indexes alone: what a run writes at nearly every step.
      "UPDATE runs SET header = ?5 WHERE uid = ?1 AND namespace = ?2 AND name = ?3 AND is_finished = ?4"
    case .putRun:
      """
      INSERT INTO runs (uid, namespace, name, is_finished, header) VALUES (?1, ?2, ?3, ?4, ?5) \
      ON CONFLICT (uid) DO UPDATE SET namespace = ?2, name = ?3, is_finished = ?4, header = ?5
      """
    case .deleteRun: "DELETE FROM runs WHERE uid = ?1"
    case .putNode:
      """
      INSERT INTO nodes (run_uid, idx, id, phase, record) VALUES (?1, ?2, ?3, ?4, ?5) \
      ON CONFLICT (run_uid, idx) DO UPDATE SET id = ?3, phase = ?4, record = ?5
      """
    case .openRuns: "SELECT uid, namespace, name, is_finished, header FROM runs WHERE is_finished = 0 ORDER BY id"
    case .run: "SELECT uid, namespace, name, is_finished, header FROM runs WHERE uid = ?1"
    case .recordAdded:
      "INSERT INTO changes (revision, kind, namespace, name, change, time, bytes) VALUES (?4, ?1, ?2, ?3, 0, ?5, 0)"
    case .recordModified:
      """
      INSERT INTO changes (revision, kind, namespace, name, change, time, bytes, previous_version, previous) \
      SELECT ?2, kind, namespace, name, 1, ?3, length(CAST(json AS BLOB)), resource_version, json FROM objects WHERE id = ?1 \
      RETURNING bytes
      """
    case .recordDeleted:
      """
      INSERT INTO changes (revision, kind, namespace, name, change, time, bytes, previous_version, previous) \
      SELECT ?4, kind, namespace, name, 2, ?5, length(CAST(json AS BLOB)), resource_version, json FROM objects \
      WHERE kind = ?1 AND namespace = ?2 AND name = ?3 RETURNING bytes
      """
    case .timeOfChange: "SELECT time FROM changes WHERE revision = ?1"
    case .measureChanges: "SELECT coalesce(sum(bytes), 0) FROM changes WHERE revision <= ?1"
    case .trimChanges: "DELETE FROM changes WHERE revision <= ?1"
    case .saveOldest: "UPDATE revision SET oldest = ?1, history_bytes = ?2"
    case .pageKind:
      """
      SELECT namespace, name, resource_version, labels, json FROM objects \
      WHERE kind = ?1 AND (namespace, name) > (?2, ?3) ORDER BY namespace, name
      """
    case .pageNamespace:
      """
      SELECT namespace, name, resource_version, labels, json FROM objects \
      WHERE kind = ?1 AND namespace = ?2 AND name > ?3 ORDER BY name
      """
    case .earlierKind:
      // With min(), the other columns are of the row that has it (SQLite's documentation "Bare columns in an aggregate query").
      """
      SELECT namespace, name, min(revision), previous_version, previous FROM changes INDEXED BY changes_key \
      WHERE kind = ?1 AND (namespace, name) > (?2, ?3) AND revision > ?4 GROUP BY namespace, name ORDER BY namespace, name
      """
    case .earlierNamespace:
      """
      SELECT namespace, name, min(revision), previous_version, previous FROM changes INDEXED BY changes_key \
      WHERE kind = ?1 AND namespace = ?2 AND name > ?3 AND revision > ?4 GROUP BY name ORDER BY name
      """
    case .countKind: "SELECT count(*) FROM objects WHERE kind = ?1"
    case .countNamespace: "SELECT count(*) FROM objects WHERE kind = ?1 AND namespace = ?2"
    case .changesOfKind:
      """
      SELECT revision, namespace, name, change, previous_version, previous FROM changes INDEXED BY changes_kind \
      WHERE kind = ?1 AND revision > ?2 ORDER BY revision LIMIT ?3
      """
    case .nextText:
      """
      SELECT previous_version, previous FROM changes \
      WHERE kind = ?1 AND namespace = ?2 AND name = ?3 AND revision > ?4 ORDER BY revision LIMIT 1
      """
    case .putOwner: "INSERT OR IGNORE INTO owners (owner, object) VALUES (?1, ?2)"
    case .deleteOwners: "DELETE FROM owners WHERE object = ?1"
    case .listDependents:
      """
      SELECT resource_version, json, kind, namespace, name FROM objects WHERE owner = ?1 \
      UNION SELECT resource_version, json, kind, namespace, name FROM objects WHERE id IN (SELECT object FROM owners WHERE owner = ?1)
      """
    case .putArchived:
      """
      INSERT INTO archive (uid, namespace, name, phase, created, started, finished, summary) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
      """
    case .putArchivedDocuments:
      "INSERT INTO archive_documents (id, form, workflow_size, run_size, workflow, run) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
    case .putArchivedLabel: "INSERT INTO archive_labels (archive, key, value) VALUES (?1, ?2, ?3)"
    case .putArchivedText: "INSERT INTO archive_text (rowid, names, parameters, messages) VALUES (?1, ?2, ?3, ?4)"
    case .deleteArchivedText: "DELETE FROM archive_text WHERE rowid = (SELECT id FROM archive WHERE uid = ?1)"
    case .deleteArchived: "DELETE FROM archive WHERE uid = ?1"
    case .archivedByUID:
      "SELECT form, workflow_size, workflow, uid FROM archive JOIN archive_documents USING (id) WHERE uid = ?1"
    case .archivedByName:
      """
      SELECT form, workflow_size, workflow, uid FROM archive JOIN archive_documents USING (id) \
      WHERE namespace = ?1 AND name = ?2 ORDER BY started DESC, id DESC LIMIT 1
      """
    case .newestArchived: "SELECT summary, uid FROM archive WHERE namespace = ?1 ORDER BY created DESC, id DESC LIMIT 1"
    case .archivedRun:
      "SELECT form, run_size, run, uid FROM archive JOIN archive_documents USING (id) WHERE uid = ?1 AND run IS NOT NULL"
    case .nodes: "SELECT idx, id, phase, record FROM nodes WHERE run_uid = ?1 ORDER BY idx"
    }
  }
}
