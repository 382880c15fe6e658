/// Every statement that runs more than once, by its place in a connection's cache.
enum Query: Int, CaseIterable {
  case begin, commit, rollback, savepoint, release, rollbackToSavepoint
  case saveRevision
  case insertObject, findObject, updateObject, deleteObject
  case getObject, listKind, listNamespace, listOwned
  case updateRun, putRun, deleteRun, putNode
  case openRuns, run, nodes

  var sql: String {
    switch self {
    case .begin: "BEGIN IMMEDIATE"
    case .commit: "COMMIT"
    case .rollback: "ROLLBACK"
    case .savepoint: "SAVEPOINT request"
    case .release: "RELEASE request"
    case .rollbackToSavepoint: "ROLLBACK TO request"
    case .saveRevision: "UPDATE revision SET value = ?1"
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
    case .listOwned: "SELECT namespace, name, resource_version, json FROM objects WHERE owner = ?1 ORDER BY id"
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
    case .nodes: "SELECT idx, id, phase, record FROM nodes WHERE run_uid = ?1 ORDER BY idx"
    }
  }
}
