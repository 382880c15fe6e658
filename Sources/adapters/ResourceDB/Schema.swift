import CSQLite
import KubeModel

/// The tables, as steps from each version to the next; `user_version` counts the steps taken.
enum Schema {
  /// Marks files of this program (SQLite's `application_id`): "Argy".
  static let applicationID: Int64 = 0x4172_6779

  /// Step n leads from version n to n + 1. Steps that were released are never edited.
  static let steps: [String] = [
    """
    CREATE TABLE revision (id INTEGER PRIMARY KEY CHECK (id = 1), value INTEGER NOT NULL) STRICT;
    INSERT INTO revision (id, value) VALUES (1, 0);
    CREATE TABLE objects (
      id INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,
      namespace TEXT NOT NULL,
      name TEXT NOT NULL,
      uid TEXT NOT NULL,
      resource_version INTEGER NOT NULL,
      created TEXT NOT NULL,
      generation INTEGER NOT NULL,
      labels TEXT NOT NULL,
      json TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX objects_key ON objects (kind, namespace, name);
    CREATE TABLE runs (
      id INTEGER PRIMARY KEY,
      uid TEXT NOT NULL UNIQUE,
      namespace TEXT NOT NULL,
      name TEXT NOT NULL,
      is_finished INTEGER NOT NULL,
      header TEXT NOT NULL
    ) STRICT;
    CREATE INDEX runs_open ON runs (id) WHERE is_finished = 0;
    CREATE TABLE nodes (
      run_uid TEXT NOT NULL REFERENCES runs (uid) ON DELETE CASCADE,
      idx INTEGER NOT NULL,
      id TEXT NOT NULL,
      phase TEXT NOT NULL,
      record TEXT NOT NULL,
      PRIMARY KEY (run_uid, idx)
    ) STRICT, WITHOUT ROWID;
    """,
    // The uid of the object that an object belongs to: its controller, else its first owner.
    """
    ALTER TABLE objects ADD COLUMN owner TEXT;
    UPDATE objects SET owner = json_extract(json, '$.metadata.ownerReferences[0].uid');
    CREATE INDEX objects_owner ON objects (owner) WHERE owner IS NOT NULL;
    """,
  ]

  /// Brings a database to the newest version, each step in a transaction of its own. Refuses files of newer versions and of others.
  static func migrate(_ connection: Connection, file: String) throws(StoreFailure) {
    let version = try connection.integer("PRAGMA user_version") ?? 0
    guard version <= steps.count else {
      throw .refused(
        KubeStatus(
          .serviceUnavailable,
          "\(file) was written by a newer version of this program (its schema is \(version), this version knows \(steps.count)): "
            + "run that version or a later one, or choose another data directory"))
    }
    let owner = try connection.integer("PRAGMA application_id") ?? 0
    let tables = try connection.integer("SELECT count(*) FROM sqlite_schema") ?? 0
    guard version >= 0, owner == applicationID || (owner == 0 && version == 0 && tables == 0) else {
      throw .refused(
        KubeStatus(.serviceUnavailable, "\(file) is a database of another program, it was left as it is: choose another data directory"))
    }
    for step in steps.indices.dropFirst(Int(version)) {
      do throws(StoreFailure) {
        try connection.execute(
          "BEGIN IMMEDIATE; \(steps[step]) PRAGMA application_id = \(applicationID); PRAGMA user_version = \(step + 1); COMMIT;")
      } catch {
        if connection.isInTransaction { try? connection.run(.rollback) }
        throw error
      }
    }
  }
}
