import Basics

/// Mutexes and semaphores over all runs of a store (spec 2.17). A value: who asks, releases or changes a limit is told who gets what.
///
/// All locks of a request are granted together or none. A lock goes to the run that comes first in its queue, by priority, then by the age of
/// the workflow, then by arrival; while that run waits for another lock too, nobody passes it, but its own nodes pass each other. The order
/// of the runs is the same in all queues, so runs that wait never wait for each other in a circle.
///
/// A waiter is looked at again only when the lock that it stands before may let it through. Work per call is O(log n) for each lock that a
/// request names and each waiter that is let through or sent on to another lock.
package struct LockTable: Sendable {
  package enum Answer: Sendable, Hashable {
    case granted
    /// The lock that stands in the way, and Argo's message.
    case waiting(for: LockName, message: String)
    /// The locks cannot be had at all; Argo's message.
    case refused(String)
  }

  /// Reads a semaphore's limit; nil when there is none.
  package typealias Limits = (LockName) -> Int?

  private struct RunOrder: Comparable, Sendable {
    var priority: Int64
    var created: Instant
    var arrival: Int
    static func < (left: RunOrder, right: RunOrder) -> Bool {
      (right.priority, left.created, left.arrival) < (left.priority, right.created, right.arrival)
    }
  }

  private struct Place: Comparable, Sendable {
    var order: RunOrder
    var run: String
    static func < (left: Place, right: Place) -> Bool { left.order < right.order }
  }

  /// A waiter that stands before a lock; void once its number is not the waiter's any more.
  private struct Ticket: Comparable, Sendable {
    var holder: LockHolder
    var number: Int
    static func < (left: Ticket, right: Ticket) -> Bool { (left.holder.number, left.number) < (right.holder.number, right.number) }
  }

  /// A waiter that may go, as far as the lock knows that it stands before.
  private struct Candidate: Comparable, Sendable {
    var order: RunOrder
    var ticket: Ticket
    var lock: LockName
    static func < (left: Candidate, right: Candidate) -> Bool { (left.order, left.ticket) < (right.order, right.ticket) }
    static func == (left: Candidate, right: Candidate) -> Bool { left.order == right.order && left.ticket == right.ticket }
  }

  /// The waiters of one run in one queue.
  private struct Group: Sendable {
    var order: RunOrder
    var count = 0
    var tickets = Heap<Ticket>()
  }

  private struct Lock: Sendable {
    /// nil: cannot be read now.
    var limit: Int?
    /// With a number by the order of granting.
    var holders: [LockHolder: Int] = [:]
    var groups: [String: Group] = [:]
    /// May hold runs that wait no longer.
    var queue = Heap<Place>()
    var isIdle: Bool { holders.isEmpty && groups.isEmpty }
  }

  private struct Waiter: Sendable {
    var request: LockRequest
    var ticket: Int
  }

  private struct Run: Sendable {
    var order: RunOrder
    var holders: Set<LockHolder> = []
  }

  private var locks: [LockName: Lock] = [:]
  private var waiters: [LockHolder: Waiter] = [:]
  private var held: [LockHolder: [LockName]] = [:]
  private var runs: [String: Run] = [:]
  private var sources: [LockName.LimitSource: LockName] = [:]
  private var configMaps: [String: Set<LockName>] = [:]
  private var number = 0

  package init() {}

  package var isEmpty: Bool { locks.isEmpty && waiters.isEmpty && held.isEmpty && runs.isEmpty }
  /// Locks that somebody holds or waits for.
  package var names: [LockName] { locks.keys.sorted { ($0.text, $0.kind.rawValue) < ($1.text, $1.kind.rawValue) } }

  /// Who holds a lock, in the order of granting.
  package func holders(of lock: LockName) -> [LockHolder] {
    (locks[lock]?.holders ?? [:]).sorted { $0.value < $1.value }.map(\.key)
  }

  package func limit(of lock: LockName) -> Int? { locks[lock]?.limit }

  /// The semaphores in use whose limits a ConfigMap has.
  package func semaphores(ofConfigMap name: String, namespace: String) -> [LockName] {
    (configMaps["\(namespace)/\(name)"] ?? []).sorted { $0.text < $1.text }
  }

  /// The semaphore in use whose limit is kept under a key of the database.
  package func semaphore(ofDatabase key: String, namespace: String) -> LockName? { sources[.database(namespace: namespace, key: key)] }

  // MARK: Asking and releasing

  /// Asks for locks. Asked again, says again what is so.
  package mutating func request(_ request: LockRequest, limits: Limits) -> Answer {
    if held[request.holder] != nil { return .granted }
    if let waiter = waiters[request.holder] { return answer(waiter.request) }
    for (place, lock) in request.locks.enumerated() {
      open(lock, limits)
      guard let limit = locks[lock]?.limit, limit != 0 || locks[lock]?.isIdle == false else {
        for lock in request.locks[...place] { closeIfIdle(lock) }
        return .refused("failed to initialize semaphore \(lock.text) with limit")
      }
    }
    enqueue(request)
    guard let blocker = blocker(request) else {
      grant(request)
      return .granted
    }
    watch(request.holder, blocker)
    return .waiting(for: blocker, message: message(blocker))
  }

  /// Takes away what a holder has or waits for; answers who is let through by that, in order.
  package mutating func release(_ holder: LockHolder) -> [LockHolder] { settle(drop(holder)) }

  /// Takes away all that a run and its nodes have or wait for.
  package mutating func release(run: String) -> [LockHolder] {
    var changed: [LockName] = []
    for holder in (runs[run]?.holders ?? []).sorted() { changed += drop(holder) }
    return settle(changed)
  }

  /// Sets the limit of a semaphore in use. Holders above a lower limit stay; the next is let through when there are fewer.
  package mutating func setLimit(_ limit: Int, of lock: LockName) -> [LockHolder] {
    guard locks[lock] != nil, locks[lock]?.limit != limit else { return [] }
    locks[lock]?.limit = limit
    return settle([lock])
  }

  /// Those that wait and name the lock, with what to tell them.
  package mutating func waiting(for lock: LockName) -> [(holder: LockHolder, answer: Answer)] {
    var result: [(holder: LockHolder, answer: Answer)] = []
    for waiter in waiters.values where waiter.request.locks.contains(lock) {
      result.append((waiter.request.holder, answer(waiter.request)))
    }
    return result.sorted { $0.holder < $1.holder }
  }

  // MARK: After a restart

  /// Puts back a holder of before a restart, whatever the limit says.
  package mutating func restore(holding request: LockRequest, limits: Limits) {
    guard held[request.holder] == nil else { return }
    register(request)
    for lock in request.locks {
      open(lock, limits)
      hold(lock, request.holder)
    }
    held[request.holder] = request.locks
  }

  /// Puts back those that waited before a restart, when all holders are there; answers who is let through.
  package mutating func restore(waiting requests: [LockRequest], limits: Limits) -> [LockHolder] {
    var granted: [LockHolder] = []
    for request in requests where waiters[request.holder] == nil && held[request.holder] == nil {
      for lock in request.locks { open(lock, limits) }
      enqueue(request)
    }
    let ordered = waiters.values.map(\.request).sorted { left, right in
      guard let first = runs[left.holder.run]?.order, let second = runs[right.holder.run]?.order, first != second else {
        return left.holder.number < right.holder.number
      }
      return first < second
    }
    for request in ordered {
      if let blocker = blocker(request) {
        watch(request.holder, blocker)
      } else {
        grant(request)
        granted.append(request.holder)
      }
    }
    return granted + settle(Array(locks.keys))
  }

  // MARK: Within

  private mutating func register(_ request: LockRequest) {
    if runs[request.holder.run] == nil {
      number += 1
      runs[request.holder.run] = Run(order: RunOrder(priority: request.priority, created: request.created, arrival: number))
    }
    runs[request.holder.run]?.holders.insert(request.holder)
  }

  private mutating func open(_ lock: LockName, _ limits: Limits) {
    if locks[lock] == nil {
      locks[lock] = Lock()
      if let source = lock.limitSource {
        sources[source] = lock
        if case .configMap(let namespace, let name, _) = source { configMaps["\(namespace)/\(name)", default: []].insert(lock) }
      }
    }
    if locks[lock]?.limit == nil { locks[lock]?.limit = lock.kind == .mutex ? 1 : limits(lock) }
  }

  private mutating func closeIfIdle(_ lock: LockName) {
    guard locks[lock]?.isIdle == true else { return }
    locks[lock] = nil
    guard let source = lock.limitSource else { return }
    sources[source] = nil
    guard case .configMap(let namespace, let name, _) = source else { return }
    let map = "\(namespace)/\(name)"
    configMaps[map]?.remove(lock)
    if configMaps[map]?.isEmpty == true { configMaps[map] = nil }
  }

  private mutating func enqueue(_ request: LockRequest) {
    register(request)
    guard let order = runs[request.holder.run]?.order else { return }
    waiters[request.holder] = Waiter(request: request, ticket: -1)
    for lock in request.locks {
      if locks[lock]?.groups[request.holder.run] == nil {
        locks[lock]?.groups[request.holder.run] = Group(order: order)
        locks[lock]?.queue.insert(Place(order: order, run: request.holder.run))
      }
      locks[lock]?.groups[request.holder.run]?.count += 1
    }
  }

  private mutating func dequeue(_ request: LockRequest) {
    waiters[request.holder] = nil
    for lock in request.locks {
      guard let count = locks[lock]?.groups[request.holder.run]?.count else { continue }
      if count > 1 {
        locks[lock]?.groups[request.holder.run]?.count = count - 1
      } else {
        locks[lock]?.groups[request.holder.run] = nil
      }
    }
  }

  /// The run whose turn it is.
  private mutating func front(_ lock: LockName) -> String? {
    while let place = locks[lock]?.queue.first {
      if locks[lock]?.groups[place.run]?.order == place.order { return place.run }
      _ = locks[lock]?.queue.popFirst()
    }
    return nil
  }

  private func hasRoom(_ lock: LockName) -> Bool {
    guard let entry = locks[lock], let limit = entry.limit else { return false }
    return entry.holders.count < limit
  }

  /// The first lock that does not let a waiter through now.
  private mutating func blocker(_ request: LockRequest) -> LockName? {
    for lock in request.locks where !hasRoom(lock) || front(lock) != request.holder.run { return lock }
    return nil
  }

  private mutating func answer(_ request: LockRequest) -> Answer {
    guard let blocker = blocker(request) else { return .granted }
    return .waiting(for: blocker, message: message(blocker))
  }

  private mutating func watch(_ holder: LockHolder, _ lock: LockName) {
    number += 1
    waiters[holder]?.ticket = number
    locks[lock]?.groups[holder.run]?.tickets.insert(Ticket(holder: holder, number: number))
  }

  private mutating func hold(_ lock: LockName, _ holder: LockHolder) {
    number += 1
    locks[lock]?.holders[holder] = number
  }

  private mutating func grant(_ request: LockRequest) {
    dequeue(request)
    for lock in request.locks { hold(lock, request.holder) }
    held[request.holder] = request.locks
  }

  /// Removes a holder or waiter; answers the locks that this changes.
  private mutating func drop(_ holder: LockHolder) -> [LockName] {
    var changed: [LockName] = []
    if let waiter = waiters[holder] {
      dequeue(waiter.request)
      changed = waiter.request.locks
    } else if let locks = held.removeValue(forKey: holder) {
      for lock in locks { self.locks[lock]?.holders[holder] = nil }
      changed = locks
    }
    runs[holder.run]?.holders.remove(holder)
    if runs[holder.run]?.holders.isEmpty == true { runs[holder.run] = nil }
    return changed
  }

  /// Lets through who can go now that some locks have changed, in the order of runs and within a run of its nodes. So what comes of it does
  /// not depend on which of its locks a waiter stands before, which a restart forgets.
  private mutating func settle(_ changed: [LockName]) -> [LockHolder] {
    var granted: [LockHolder] = []
    var candidates = Heap<Candidate>()
    // Each lock has at most one candidate at a time.
    var queued: Set<LockName> = []
    var touched = Set(changed)
    func add(_ candidate: Candidate?) {
      if let candidate, queued.insert(candidate.lock).inserted { candidates.insert(candidate) }
    }
    for lock in changed { add(candidate(lock)) }
    while let next = candidates.popFirst() {
      let (lock, ticket) = (next.lock, next.ticket)
      queued.remove(lock)
      if let waiter = waiters[ticket.holder], waiter.ticket == ticket.number, hasRoom(lock), front(lock) == ticket.holder.run {
        if let blocker = blocker(waiter.request) {
          watch(ticket.holder, blocker)
        } else {
          grant(waiter.request)
          granted.append(ticket.holder)
          touched.formUnion(waiter.request.locks)
          // Whoever stood behind it may have come to the front.
          for other in waiter.request.locks where other != lock { add(candidate(other)) }
        }
      }
      add(candidate(lock))
    }
    for lock in touched { closeIfIdle(lock) }
    return granted
  }

  /// The first of those that stand before a lock, if the lock has room for it.
  private mutating func candidate(_ lock: LockName) -> Candidate? {
    guard hasRoom(lock), let run = front(lock), let order = runs[run]?.order else { return nil }
    while let ticket = locks[lock]?.groups[run]?.tickets.first {
      if waiters[ticket.holder]?.ticket == ticket.number { return Candidate(order: order, ticket: ticket, lock: lock) }
      _ = locks[lock]?.groups[run]?.tickets.popFirst()
    }
    return nil
  }

  /// Argo's words for a lock that stands in the way.
  private func message(_ lock: LockName) -> String {
    let limit = locks[lock]?.limit ?? 0
    let count = locks[lock]?.holders.count ?? 0
    if let key = lock.databaseKey { return "Waiting for \(lock.text) lock (\(key)). Lock status: \(count)/\(limit)" }
    if limit == 0 { return "Failed to get semaphore limit for \(lock.text)" }
    return "Waiting for \(lock.text) lock. Lock status: \(limit - count)/\(limit)"
  }
}
