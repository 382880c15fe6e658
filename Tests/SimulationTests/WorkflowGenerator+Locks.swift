import JSONValue
import WorkflowCore

/// Mutexes and semaphores for generated templates. Leaves share a few; what encloses others has one of its own, so that nothing waits for what
/// an enclosing node holds.
extension WorkflowGenerator {
  static let lockLimits = ["default/ConfigMap/locks/one": 1, "default/ConfigMap/locks/two": 2, "default/Database/three": 3]

  mutating func addLocks(_ json: inout JSON, _ entry: Known, _ fact: inout TemplateFacts) {
    guard allowsLocks, !entry.isDaemon, lockRandom.chance(entry.isLeaf ? 45 : 20) else { return }
    guard entry.isLeaf else {
      json["synchronization"] = ["mutexes": [["name": .string("own-\(entry.name)")]]]
      return
    }
    var synchronization = JSONObject()
    var locks: [LockName?] = []
    if lockRandom.chance(60) {
      let mutex = lockRandom.pick(["red", "blue"], or: "red")
      synchronization["mutexes"] = [["name": .string(mutex)]]
      locks.append(LockName(.mutex, "default/Mutex/\(mutex)"))
    }
    if locks.isEmpty || lockRandom.chance(40) {
      if lockRandom.chance(30) {
        synchronization["semaphores"] = [["database": ["key": "three"]]]
        locks.append(LockName(.semaphore, "default/Database/three"))
      } else {
        let key = lockRandom.pick(["one", "two"], or: "one")
        synchronization["semaphores"] = [["configMapKeyRef": ["name": "locks", "key": .string(key)]]]
        locks.append(LockName(.semaphore, "default/ConfigMap/locks/\(key)"))
      }
    }
    json["synchronization"] = .object(synchronization)
    fact.locks = locks.compactMap { $0 }
  }

  /// The workflow's own lock.
  mutating func addLocks(_ spec: inout JSON) {
    guard allowsLocks, lockRandom.chance(30) else { return }
    spec["synchronization"] = ["mutexes": [["name": "whole"]]]
  }
}
