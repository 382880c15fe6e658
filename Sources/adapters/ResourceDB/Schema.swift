import CSQLite
import KubeModel

/// The tables, as steps from each version to the next; `user_version` counts the steps taken.
enum Schema {
  /// Marks files of this program (SQLite's `application_id`): "Argy".
  static let applicationID: Int64 = 0x4172_6779

  /// The version from which on there are tables of Terraform's states.
  static let firstWithTerraformStates = 5

  /// Step n leads from version n to n + 1. Steps that were released are never edited. From step 3 on the texts of Secrets may be sealed: no JSON.
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
    // The history: each change with what the object was before it, so that one copy of a text serves the change that made it (as the `previous` of
    // the next change of the same object) and the one that ended it. Change 0: added, 1: modified, 2: deleted. `recorded`: through which revision the
    // history is whole; `oldest`: after which. And the owners of objects that have several.
    """
    ALTER TABLE revision ADD COLUMN recorded INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE revision ADD COLUMN oldest INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE revision ADD COLUMN history_bytes INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE changes (
      revision INTEGER PRIMARY KEY,
      kind TEXT NOT NULL,
      namespace TEXT NOT NULL,
      name TEXT NOT NULL,
      change INTEGER NOT NULL,
      time INTEGER NOT NULL,
      bytes INTEGER NOT NULL,
      previous_version INTEGER,
      previous TEXT
    ) STRICT;
    CREATE INDEX changes_kind ON changes (kind);
    CREATE INDEX changes_key ON changes (kind, namespace, name, revision);
    CREATE TABLE owners (
      owner TEXT NOT NULL,
      object INTEGER NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
      PRIMARY KEY (owner, object)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX owners_object ON owners (object);
    INSERT OR IGNORE INTO owners (owner, object)
      SELECT json_extract(reference.value, '$.uid'), objects.id
      FROM objects, json_each(objects.json, '$.metadata.ownerReferences') AS reference
      WHERE json_array_length(objects.json, '$.metadata.ownerReferences') > 1 AND json_extract(reference.value, '$.uid') IS NOT NULL;
    """,
    // Since which start of the machine the database is open with a history; empty: it was closed properly.
    "ALTER TABLE revision ADD COLUMN boot TEXT NOT NULL DEFAULT '';",
    // States of Terraform with their locks, and their versions; the current one has no `ended`. The contents may be sealed.
    """
    CREATE TABLE terraform_states (
      id INTEGER PRIMARY KEY,
      namespace TEXT NOT NULL,
      key TEXT NOT NULL,
      last_version INTEGER NOT NULL DEFAULT 0,
      lock_id TEXT,
      lock_info TEXT,
      lock_user TEXT,
      lock_time INTEGER
    ) STRICT;
    CREATE UNIQUE INDEX terraform_states_key ON terraform_states (namespace, key);
    CREATE TABLE terraform_versions (
      state INTEGER NOT NULL REFERENCES terraform_states (id) ON DELETE CASCADE,
      version INTEGER NOT NULL,
      created INTEGER NOT NULL,
      ended INTEGER,
      user TEXT NOT NULL,
      bytes INTEGER NOT NULL,
      serial INTEGER,
      lineage TEXT NOT NULL,
      terraform_version TEXT NOT NULL,
      restored_from INTEGER,
      content TEXT NOT NULL,
      PRIMARY KEY (state, version)
    ) STRICT;
    CREATE UNIQUE INDEX terraform_versions_current ON terraform_versions (state) WHERE ended IS NULL;
    CREATE INDEX terraform_versions_ended ON terraform_versions (ended) WHERE ended IS NOT NULL;
    """,
    // The archive of finished workflows. Times in seconds since 1970; 0: never. `form` says how the documents are written (``ArchiveForm``).
    """
    CREATE TABLE archive (
      id INTEGER PRIMARY KEY,
      uid TEXT NOT NULL UNIQUE,
      namespace TEXT NOT NULL,
      name TEXT NOT NULL,
      phase TEXT NOT NULL,
      created INTEGER NOT NULL,
      started INTEGER NOT NULL,
      finished INTEGER NOT NULL,
      summary TEXT NOT NULL
    ) STRICT;
    CREATE INDEX archive_started ON archive (started, id);
    CREATE INDEX archive_namespace ON archive (namespace, started, id);
    CREATE INDEX archive_name ON archive (namespace, name);
    CREATE INDEX archive_finished ON archive (finished, id);
    CREATE TABLE archive_documents (
      id INTEGER PRIMARY KEY REFERENCES archive (id) ON DELETE CASCADE,
      form INTEGER NOT NULL,
      workflow_size INTEGER NOT NULL,
      run_size INTEGER NOT NULL,
      workflow BLOB NOT NULL,
      run BLOB
    ) STRICT;
    CREATE TABLE archive_labels (
      archive INTEGER NOT NULL REFERENCES archive (id) ON DELETE CASCADE,
      key TEXT NOT NULL,
      value TEXT NOT NULL,
      PRIMARY KEY (archive, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX archive_labels_key ON archive_labels (key, value);
    CREATE VIRTUAL TABLE archive_text USING fts5 (names, parameters, messages, tokenize = 'trigram');
    """,
    // For `@latest`.
    "CREATE INDEX archive_created ON archive (namespace, created, id);",
  ]

  /// Brings a database to the newest version in one transaction. Refuses files of newer versions and of others.
  static func migrate(_ connection: Connection, file: String) throws(StoreFailure) {
    let version = try check(connection, file: file, takesNew: true)
    let ahead = steps.dropFirst(Int(version))
    if ahead.isEmpty { return }
    do throws(StoreFailure) {
      try connection.execute(
        "BEGIN IMMEDIATE; \(ahead.joined()) PRAGMA application_id = \(applicationID); PRAGMA user_version = \(steps.count); COMMIT;")
    } catch {
      if connection.isInTransaction { try? connection.run(.rollback) }
      throw error
    }
  }

  /// The version of a database of this program. Refuses files of newer versions and of others; a file without tables is one of version 0 where
  /// it may become a database.
  @discardableResult
  static func check(_ connection: Connection, file: String, takesNew: Bool = false) throws(StoreFailure) -> Int64 {
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
    guard version >= 0, owner == applicationID || (takesNew && owner == 0 && version == 0 && tables == 0) else {
      throw .refused(
        KubeStatus(.serviceUnavailable, "\(file) is a database of another program, it was left as it is: choose another data directory"))
    }
    return version
  }
}
