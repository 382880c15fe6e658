import ArgoModel
import Basics
import JSONValue
import KubeModel

/// A mutex or semaphore by Argo's name (spec 2.17). A semaphore and a mutex of the database may have the same name and are two locks.
package struct LockName: Sendable, Hashable, CustomStringConvertible {
  package enum Kind: String, Sendable, Hashable { case semaphore, mutex }

  /// Where a semaphore's limit is read.
  package enum LimitSource: Sendable, Hashable {
    case configMap(namespace: String, name: String, key: String)
    case database(namespace: String, key: String)
  }

  package let kind: Kind
  /// `<ns>/Mutex/<name>`, `<ns>/ConfigMap/<cm>/<key>` or `<ns>/Database/<key>`.
  package let text: String

  package var description: String { text }

  /// The lock of a stored name; nil when it is none.
  package init?(_ kind: Kind, _ text: String) {
    self.kind = kind
    self.text = text
    do throws(RunFailure) { try check() } catch { return nil }
  }

  /// The lock of an element of `semaphores`. Throws Argo's words.
  init(semaphore: JSON, namespace: String) throws(RunFailure) {
    let place = semaphore.text("namespace") ?? namespace
    kind = .semaphore
    switch (semaphore.present("configMapKeyRef"), semaphore.present("database")) {
    case (_?, _?): throw RunFailure("invalid semaphore with both ConfigMapKeyRef and Database")
    case (let reference?, nil): text = "\(place)/ConfigMap/\(reference.text("name") ?? "")/\(reference.text("key") ?? "")"
    case (nil, let reference?): text = "\(place)/Database/\(reference.text("key") ?? "")"
    case (nil, nil): throw RunFailure("cannot get LockName for a Semaphore without a ConfigMapRef or Database")
    }
    try check()
  }

  /// The lock of an element of `mutexes`.
  init(mutex: JSON, namespace: String) throws(RunFailure) {
    kind = .mutex
    text = "\(mutex.text("namespace") ?? namespace)/\(mutex["database"]?.bool == true ? "Database" : "Mutex")/\(mutex.text("name") ?? "")"
    try check()
  }

  /// The parts between slashes; all that follows the second is one.
  private var parts: [Substring] { text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false) }

  private func check() throws(RunFailure) {
    func refuse(_ problem: String) -> RunFailure { RunFailure("unable to decode lock (\(text)) that was just encoded: \(problem)") }
    let parts = parts
    guard parts.count == 3 else { throw refuse("Invalid lock key: unknown format") }
    switch parts[1] {
    case "Mutex", "Database": break
    case "ConfigMap":
      let words = parts[2].split(separator: "/", omittingEmptySubsequences: false)
      guard words.count == 2 else { throw refuse("Invalid ConfigMap lock key: unknown format") }
      if words[0].isEmpty { throw refuse("Invalid lock key: ResourceName is missing") }
      if words[1].isEmpty { throw refuse("Invalid lock key: Key is missing for ConfigMap lock") }
    default: throw refuse("Invalid lock key, unexpected kind: \(parts[1])")
    }
    if parts[0].isEmpty { throw refuse("Invalid lock key: Namespace is missing") }
    if parts[2].isEmpty { throw refuse("Invalid lock key: ResourceName is missing") }
  }

  /// nil for a mutex, whose limit is 1.
  package var limitSource: LimitSource? {
    let parts = parts
    guard kind == .semaphore, parts.count == 3 else { return nil }
    let (namespace, rest) = (String(parts[0]), parts[2])
    if parts[1] == "Database" { return .database(namespace: namespace, key: String(rest)) }
    guard let slash = rest.firstIndex(of: "/") else { return nil }
    return .configMap(namespace: namespace, name: String(rest[..<slash]), key: String(rest[rest.index(after: slash)...]))
  }

  /// What names the lock in the tables of Argo's database; nil for a lock that is not kept there.
  var databaseKey: String? {
    let parts = parts
    guard parts.count == 3, parts[1] == "Database" else { return nil }
    return "\(kind == .mutex ? "mtx" : "sem")/\(parts[0])/\(parts[2])"
  }

  /// The locks of a `synchronization` whose tags are replaced: semaphores before mutexes, each once. Throws what Argo says of a wrong one.
  static func all(in synchronization: JSON, namespace: String) throws(RunFailure) -> [LockName] {
    do throws(RunFailure) {
      var names: [LockName] = []
      for (field, kind) in [("semaphores", Kind.semaphore), ("mutexes", .mutex)] {
        let items = synchronization.list(field)
        guard Set(items).count == items.count else { throw RunFailure("duplicate synchronization item found") }
        for item in items {
          let name = try kind == .semaphore ? LockName(semaphore: item, namespace: namespace) : LockName(mutex: item, namespace: namespace)
          if !names.contains(name) { names.append(name) }
        }
      }
      return names
    } catch {
      throw RunFailure("requested configuration is invalid: \(error.message)")
    }
  }
}

/// Who holds a lock or waits for it: a run, or one node of it.
package struct LockHolder: Sendable, Hashable, Comparable, CustomStringConvertible {
  /// The uid of the run.
  package let run: String
  /// The node's number in its run; -1: the run itself.
  package let number: Int
  /// `<ns>/<wf>` or `<ns>/<wf>/<nodeID>`.
  package let key: String

  package init(run: String, number: Int, key: String) {
    self.run = run
    self.number = number
    self.key = key
  }

  package var description: String { key }
  package static func == (left: LockHolder, right: LockHolder) -> Bool { left.number == right.number && left.run == right.run }
  package static func < (left: LockHolder, right: LockHolder) -> Bool { (left.run, left.number) < (right.run, right.number) }
  package func hash(into hasher: inout Hasher) {
    hasher.combine(run)
    hasher.combine(number)
  }
}

/// Locks that are wanted together.
package struct LockRequest: Sendable, Hashable {
  package var holder: LockHolder
  /// In the order in which they are looked at: semaphores, then mutexes.
  package var locks: [LockName]
  /// `spec.priority` of the workflow and when it was created: the order of the queue.
  package var priority: Int64
  package var created: Instant

  package init(holder: LockHolder, locks: [LockName], priority: Int64 = 0, created: Instant = Instant(milliseconds: 0)) {
    self.holder = holder
    self.locks = locks
    self.priority = priority
    self.created = created
  }
}
