package import Basics
package import Contracts
package import JSONValue
package import KubeModel

/// What Terraform's `http` backend asks for, and what is done with states beside it: reading, writing, locking, their history. Who may ask is the gate's
/// business. All calls block.
///
/// A client that lost an answer asks again: taking a lock that one has, giving up a lock that nobody has, and writing what is there already succeed and
/// change nothing.
package struct TerraformStateService: Sendable {
  /// What became of a wish to change a state.
  package enum Outcome: Sendable, Hashable {
    case done
    /// Nothing was changed: somebody else has the lock.
    case held(TerraformLock)
  }

  private let states: any TerraformStateStoring
  private let objects: any ResourceStoring
  private let retention: TerraformRetention
  private let clock: @Sendable () -> Instant

  /// - Parameter objects: says which namespaces there are.
  package init(
    states: any TerraformStateStoring, objects: any ResourceStoring, retention: TerraformRetention = TerraformRetention(),
    clock: @escaping @Sendable () -> Instant = SystemClock.now
  ) {
    self.states = states
    self.objects = objects
    self.retention = retention
    self.clock = clock
  }

  /// Forgets what became too old while the server was away.
  package func start() throws(KubeStatus) {
    try states.forgetTerraformVersions(endedBefore: clock() + TimeSpan(milliseconds: -retention.age.milliseconds))
  }

  /// The states of a namespace (nil: of all), by namespace and key.
  package func list(namespace: String?) throws(KubeStatus) -> [TerraformState] { try states.terraformStates(namespace: namespace) }

  /// Throws `notFound` when nothing is known of the state.
  package func state(_ key: TerraformStateKey) throws(KubeStatus) -> TerraformState {
    guard let state = try states.terraformState(key) else { throw Self.notFound(key) }
    return state
  }

  /// The versions that are kept, the newest first.
  package func versions(of key: TerraformStateKey) throws(KubeStatus) -> [TerraformStateVersion] { try states.terraformVersions(of: key) }

  /// The content of a version; nil: of the current one. Throws `notFound`.
  package func content(of key: TerraformStateKey, version: Int64? = nil) throws(KubeStatus) -> [UInt8] {
    var number = version
    if number == nil { number = try states.terraformState(key)?.current?.number }
    guard let number else { throw Self.notFound(key) }
    guard let content = try states.terraformContent(of: key, version: number) else {
      throw version == nil ? Self.notFound(key) : Self.notFound(key, version: number)
    }
    return content
  }

  /// Stores a new version. `lockID` is what the writer says it holds; nil: it holds no lock.
  ///
  /// Throws `conflict` when the lock was taken away from the writer; `badRequest` for what is no state; `notFound` and `forbidden` when there is no such
  /// namespace, or not for long.
  package func put(
    _ content: [UInt8], as key: TerraformStateKey, lockID: String?, user: UserInfo
  ) throws(KubeStatus) -> Outcome {
    let document = try StateDocument(content)
    try checkNamespace(of: key)
    let version = TerraformStateVersion(
      created: clock(), user: user.name, bytes: content.count, serial: document.serial, lineage: document.lineage,
      terraformVersion: document.terraformVersion)
    return try put(version, content, as: key, lockID: lockID)
  }

  /// Makes an earlier version the current one again, as a new version. Throws `notFound` when that one is not kept.
  package func restore(
    _ number: Int64, of key: TerraformStateKey, lockID: String?, user: UserInfo
  ) throws(KubeStatus) -> Outcome {
    let content = try self.content(of: key, version: number)
    let document = try StateDocument(content)
    try checkNamespace(of: key)
    let version = TerraformStateVersion(
      created: clock(), user: user.name, bytes: content.count, serial: document.serial, lineage: document.lineage,
      terraformVersion: document.terraformVersion, restoredFrom: number)
    return try put(version, content, as: key, lockID: lockID)
  }

  private func put(
    _ version: TerraformStateVersion, _ content: [UInt8], as key: TerraformStateKey, lockID: String?
  ) throws(KubeStatus) -> Outcome {
    let current = try states.terraformState(key)?.current
    var isSame = false
    if let current, current.bytes == content.count { isSame = try states.terraformContent(of: key, version: current.number) == content }
    let (known, isKnown) = (current?.number, isSame)
    return try change(key, lockID: lockID) { state in
      if isKnown, state?.current?.number == known { return .nothing }
      return .put(version, content: content, keeping: retention)
    }
  }

  /// Ends the state. Its versions stay for a while, unless it is to be forgotten at once (`isFinal`). What is not there is no error.
  package func delete(_ key: TerraformStateKey, lockID: String?, isFinal: Bool = false) throws(KubeStatus) -> Outcome {
    let now = clock()
    return try change(key, lockID: lockID) { state in
      guard state != nil else { return .nothing }
      return isFinal ? .purge : state?.current == nil ? .nothing : .delete(at: now)
    }
  }

  /// Takes the lock, for who sends this document. Throws `badRequest` when it has no `ID`, `notFound` and `forbidden` as ``put(_:as:lockID:user:)``.
  package func lock(_ key: TerraformStateKey, info text: [UInt8], user: UserInfo) throws(KubeStatus) -> Outcome {
    let (id, info) = try Self.lock(text)
    try checkNamespace(of: key)
    let lock = TerraformLock(id: id, info: info, user: user.name, time: clock())
    var holder: TerraformLock?
    try states.changeTerraformState(key) { (state) throws(KubeStatus) in
      holder = state?.lock
      return holder == nil ? .lock(lock) : .nothing
    }
    if let holder, holder.id != id { return .held(holder) }
    return .done
  }

  /// Gives up the lock of this id; nil: whoever has it. That nobody has it is no error.
  package func unlock(_ key: TerraformStateKey, id: String?) throws(KubeStatus) -> Outcome {
    var holder: TerraformLock?
    try states.changeTerraformState(key) { (state) throws(KubeStatus) in
      holder = nil
      guard let lock = state?.lock else { return .nothing }
      if id == nil || id == lock.id { return .unlock }
      holder = lock
      return .nothing
    }
    return holder.map { .held($0) } ?? .done
  }

  /// A document that Terraform sends with a lock: its `ID`, and all of it.
  package static func lock(_ text: [UInt8]) throws(KubeStatus) -> (id: String, info: JSON) {
    guard let info = try? JSON.parse(text), let id = info["ID"]?.string, !id.isEmpty, id.utf8.count <= 256 else {
      throw KubeStatus(.badRequest, "the body is no lock of Terraform: it must be a JSON object with an ID")
    }
    return (id, info)
  }

  /// Lets who holds the lock, or nobody else does, change a state.
  private func change(
    _ key: TerraformStateKey, lockID: String?, _ decide: (TerraformState?) -> TerraformStateChange
  ) throws(KubeStatus) -> Outcome {
    var holder: TerraformLock?
    try states.changeTerraformState(key) { (state) throws(KubeStatus) in
      holder = nil
      if let lock = state?.lock, lock.id != lockID {
        holder = lock
        return .nothing
      }
      if let lockID, state?.lock == nil {
        throw KubeStatus(
          .conflict,
          "the lock \(lockID) of the Terraform state \"\(key.key)\" is held no longer: somebody has released it, and the state may have changed since"
        )
      }
      return decide(state)
    }
    return holder.map { .held($0) } ?? .done
  }
}

extension TerraformStateService {
  /// Throws `badRequest` for what is no proper key: up to 512 bytes, and no segment between its slashes empty, `.` or `..`.
  package static func check(_ key: String) throws(KubeStatus) {
    let segments = key.split(separator: "/", omittingEmptySubsequences: false)
    let isProper =
      key.utf8.count <= 512 && segments.allSatisfy { !["", ".", ".."].contains($0) }
      && !key.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F }
    guard isProper else {
      throw KubeStatus(
        .badRequest, "the key of a Terraform state has up to 512 bytes, and between its slashes neither nothing nor dots alone")
    }
  }

  /// Nothing new comes into a namespace that is not there or is being deleted (Kubernetes' `NamespaceLifecycle`).
  private func checkNamespace(of key: TerraformStateKey) throws(KubeStatus) {
    let name = ResourceKey(.namespace, namespace: "", name: key.namespace)
    guard let namespace = try objects.get(name) else { throw .notFound(name) }
    guard namespace.deletionTimestamp != nil else { return }
    throw KubeStatus(
      .forbidden,
      "\(TerraformStateKey.plural).\(TerraformStateKey.group) \"\(key.key)\" is forbidden: unable to create new content in namespace "
        + "\(key.namespace) because it is being terminated")
  }

  private static func notFound(_ key: TerraformStateKey, version: Int64? = nil) -> KubeStatus {
    let details = KubeStatus.Details(name: key.key, group: TerraformStateKey.group, kind: TerraformStateKey.plural)
    let name = "\(TerraformStateKey.plural).\(TerraformStateKey.group) \"\(key.key)\""
    guard let version else { return KubeStatus(.notFound, "\(name) not found", details: details) }
    return KubeStatus(.notFound, "\(name) has no version \(version)", details: details)
  }
}

/// What a state says of itself.
private struct StateDocument {
  var serial: Int64?
  var lineage = ""
  var terraformVersion = ""

  /// Throws `badRequest` for what cannot be a state. States that the client has encrypted are JSON objects too.
  init(_ content: [UInt8]) throws(KubeStatus) {
    let json: JSON
    do throws(JSONParseError) {
      json = try JSON.parse(content)
    } catch {
      throw KubeStatus(.badRequest, "the body is no Terraform state: \(error)")
    }
    guard case .object = json else { throw KubeStatus(.badRequest, "the body is no Terraform state: it must be a JSON object") }
    if json["ID"]?.string != nil, json["Operation"] != nil, json["lineage"] == nil {
      throw KubeStatus(
        .badRequest, "the body is a lock, not a state: with lock_method POST or PUT, lock_address is below /tfstate-lock, not /tfstate")
    }
    serial = json["serial"]?.int
    lineage = String((json["lineage"]?.string ?? "").prefix(128))
    terraformVersion = String((json["terraform_version"]?.string ?? "").prefix(64))
  }
}
