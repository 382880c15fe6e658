import Testing

@testable import WorkflowCore

/// A lock table for the runs of a test: carries out what they ask and tells them the answers.
final class SharedLocks {
  var table = LockTable()
  /// By the lock's name.
  var limits: [String: Int] = [:]
  private struct Member {
    weak var driver: Driver?
  }
  private var members: [String: Member] = [:]
  private var work: [RunEffect] = []
  private var isBusy = false

  init(_ limits: [String: Int] = [:]) { self.limits = limits }

  func add(_ driver: Driver, _ uid: String) { members[uid] = Member(driver: driver) }

  private var reader: LockTable.Limits {
    let limits = limits
    return { limits[$0.text] }
  }

  func carryOut(_ effects: [RunEffect]) {
    for effect in effects {
      switch effect {
      case .requestLocks, .releaseLocks: work.append(effect)
      default: break
      }
    }
    guard !isBusy else { return }
    isBusy = true
    while !work.isEmpty {
      switch work.removeFirst() {
      case .requestLocks(let request): tell(request.holder, table.request(request, limits: reader))
      case .releaseLocks(let holder): tell(table.release(holder))
      default: break
      }
      check()
    }
    isBusy = false
  }

  func tell(_ granted: [LockHolder]) { for holder in granted { tell(holder, .granted) } }
  private func tell(_ holder: LockHolder, _ answer: LockTable.Answer) { members[holder.run]?.driver?.send(.locks(holder, answer)) }

  func setLimit(_ limit: Int, of lock: LockName) {
    limits[lock.text] = limit
    tell(table.setLimit(limit, of: lock))
    for (holder, answer) in table.waiting(for: lock) { tell(holder, answer) }
    carryOut([])
  }

  private func check() {
    for lock in table.names {
      if let limit = table.limit(of: lock), table.holders(of: lock).count > max(limit, peakLimits[lock.text] ?? limit) {
        Issue.record("\(lock) has \(table.holders(of: lock)) where \(limit) may be")
      }
    }
  }

  /// Limits that were lowered while more were held.
  var peakLimits: [String: Int] = [:]
}

func semaphore(_ key: String, configMap: String = "locks") -> LockName {
  guard let lock = LockName(.semaphore, "default/ConfigMap/\(configMap)/\(key)") else { fatalError("no lock \(key)") }
  return lock
}

func mutex(_ name: String) -> LockName {
  guard let lock = LockName(.mutex, "default/Mutex/\(name)") else { fatalError("no lock \(name)") }
  return lock
}
