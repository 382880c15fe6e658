package import Basics
package import JSONValue
package import KubeModel

/// Names a state of Terraform: the namespace whose access rules count, and a key, which may have slashes (`team/network`).
package struct TerraformStateKey: Sendable, Hashable {
  package var namespace: String
  package var key: String
  package init(namespace: String, key: String) {
    self.namespace = namespace
    self.key = key
  }

  /// What access rules and messages call a state; there are no objects of this kind.
  package static let group = "argosy.io"
  package static let plural = "terraformstates"
}

/// Who holds a state, since when, and what he said about it.
package struct TerraformLock: Sendable, Hashable {
  /// Chosen by the holder; who knows it holds the lock.
  package var id: String
  /// The document that Terraform sent (`ID`, `Operation`, `Who`, `Created` …), for others who want the lock.
  package var info: JSON
  /// The user by whose credential the lock was taken.
  package var user: String
  package var time: Instant
  package init(id: String, info: JSON, user: String, time: Instant) {
    self.id = id
    self.info = info
    self.user = user
    self.time = time
  }
}

/// One version of a state, without its content.
package struct TerraformStateVersion: Sendable, Hashable {
  /// From 1; no number comes again as long as a version or a lock of the state is there.
  package var number: Int64
  package var created: Instant
  package var user: String
  /// Bytes of the content.
  package var bytes: Int
  /// What the content says of itself; nil or empty where it says nothing (encrypted by the client).
  package var serial: Int64?
  package var lineage: String
  package var terraformVersion: String
  /// The version whose content this is again; nil: it was written by a client.
  package var restoredFrom: Int64?
  package init(
    number: Int64 = 0, created: Instant, user: String, bytes: Int, serial: Int64? = nil, lineage: String = "",
    terraformVersion: String = "",
    restoredFrom: Int64? = nil
  ) {
    self.number = number
    self.created = created
    self.user = user
    self.bytes = bytes
    self.serial = serial
    self.lineage = lineage
    self.terraformVersion = terraformVersion
    self.restoredFrom = restoredFrom
  }
}

/// What is known of a state.
package struct TerraformState: Sendable, Hashable {
  package var key: TerraformStateKey
  /// Nil: there is none (only locked so far, or deleted); earlier versions may be there.
  package var current: TerraformStateVersion?
  package var lock: TerraformLock?
  package init(key: TerraformStateKey, current: TerraformStateVersion? = nil, lock: TerraformLock? = nil) {
    self.key = key
    self.current = current
    self.lock = lock
  }
}

/// How much of the past is kept. The current version of a state always is.
package struct TerraformRetention: Sendable, Hashable {
  /// Earlier versions of one state.
  package var versions = 100
  /// Bytes of the earlier versions of one state together.
  package var bytes = 256 << 20
  /// How long after it was replaced or deleted a version is kept.
  package var age = TimeSpan(seconds: 90 * 86_400)
  package init() {}
}

/// What becomes of a state.
package enum TerraformStateChange: Sendable {
  case nothing
  case lock(TerraformLock)
  case unlock
  /// A new current version, which gets the next number.
  case put(TerraformStateVersion, content: [UInt8], keeping: TerraformRetention)
  /// There is no current version any more; the versions stay until the retention ends them.
  case delete(at: Instant)
  /// The state with its lock and all its versions.
  case purge
}

/// Keeps states of Terraform. Contents are encrypted where Secrets are. All calls block; a change waits for the disk.
package protocol TerraformStateStoring: Sendable {
  /// All states of a namespace (nil: of all), by namespace and key; also those that are only locked, not the deleted ones.
  func terraformStates(namespace: String?) throws(KubeStatus) -> [TerraformState]
  /// A state, also one that was deleted and has versions left; nil: nothing is known of it.
  func terraformState(_ key: TerraformStateKey) throws(KubeStatus) -> TerraformState?
  /// The versions that are kept, the newest first.
  func terraformVersions(of key: TerraformStateKey) throws(KubeStatus) -> [TerraformStateVersion]
  /// The content of a version; nil where there is no such version.
  func terraformContent(of key: TerraformStateKey, version: Int64) throws(KubeStatus) -> [UInt8]?
  /// Changes a state in one transaction: `decide` is given what is stored at that moment, while nobody else writes, and must be quick. What it throws
  /// leaves everything as it is. Returns the state afterwards.
  @discardableResult func changeTerraformState(
    _ key: TerraformStateKey, _ decide: (TerraformState?) throws(KubeStatus) -> TerraformStateChange
  ) throws(KubeStatus) -> TerraformState?
  /// Forgets versions, of whatever state, that were replaced or deleted before a time.
  func forgetTerraformVersions(endedBefore time: Instant) throws(KubeStatus)
}
