import ArgoModel
import Basics
import JSONValue

/// Locks that a run or one of its nodes holds or wants.
struct LockClaim: Sendable, Hashable {
  enum Stage: String, Sendable, Hashable {
    /// The lock table has not granted them.
    case waiting
    /// Granted, but there is no place to begin yet, or the run is suspended.
    case granted
    case held
  }
  var locks: [LockName]
  var stage = Stage.waiting
  /// The lock that stands in the way; empty until the table has answered.
  var waitingFor = ""

  init(_ locks: [LockName]) { self.locks = locks }

  var json: JSON {
    [
      "stage": .string(stage.rawValue), "waiting": .string(waitingFor),
      "names": .array(locks.map { [.string($0.kind.rawValue), .string($0.text)] }),
    ]
  }

  init?(json: JSON) {
    guard let stage = json["stage"]?.string.flatMap(Stage.init(rawValue:)) else { return nil }
    self.stage = stage
    waitingFor = json["waiting"]?.string ?? ""
    locks = []
    for name in json.list("names") {
      guard let kind = name[0]?.string.flatMap(LockName.Kind.init(rawValue:)), let text = name[1]?.string, let lock = LockName(kind, text)
      else { return nil }
      locks.append(lock)
    }
  }
}

/// Mutexes and semaphores (spec 2.17). What is granted is decided by the ``LockTable`` over all runs; a run asks and releases by effects and
/// is answered by events.
extension RunState {
  /// What the run and its nodes hold or wait for: enough to build the lock table anew after a restart.
  package var lockRequests: [(request: LockRequest, isHeld: Bool)] {
    var result: [(request: LockRequest, isHeld: Bool)] = []
    if let claim = header.claim { result.append((request(-1, claim.locks), claim.stage != .waiting)) }
    for node in claimed.sorted() {
      if let claim = nodes[node].details.claim { result.append((request(node, claim.locks), claim.stage != .waiting)) }
    }
    return result
  }

  private func holder(_ number: Int) -> LockHolder {
    let key = "\(namespace)/\(name)"
    return LockHolder(run: uid, number: number, key: number < 0 ? key : "\(key)/\(nodes[number].id)")
  }

  private func request(_ number: Int, _ locks: [LockName]) -> LockRequest {
    LockRequest(
      holder: holder(number), locks: locks, priority: header.priority, created: identity.creationTimestamp ?? Instant(milliseconds: 0))
  }

  // MARK: The run's own locks

  mutating func requestLocks(_ synchronization: JSON) {
    do throws(RunFailure) {
      let json = try evaluate(CompiledTree(synchronization), Frame(), isStrict: false)
      let locks = try LockName.all(in: json, namespace: namespace)
      guard !locks.isEmpty else {
        start()
        return
      }
      header.claim = LockClaim(locks)
      header.phase = .pending
      effects.append(.requestLocks(request(-1, locks)))
    } catch {
      refuseRun(error.message)
    }
  }

  private mutating func refuseRun(_ message: String) {
    complete(.failed, "Failed to acquire the synchronization lock. \(message)")
  }

  // MARK: Locks of nodes

  /// The locks that a node of the template needs; nil: none. What only comes to fail, after a stop or the deadline, waits for nothing.
  func locksNeeded(_ template: CompiledTemplate, _ leaf: Frame, isOnExit: Bool) throws(RunFailure) -> [LockName]? {
    guard let tree = template.synchronization else { return nil }
    if let shutdown = header.shutdown, shutdown == .terminate || !isOnExit { return nil }
    if header.isDeadlinePassed || isDeadlineDue, !isOnExit { return nil }
    let locks = try LockName.all(in: try evaluate(tree, leaf, isStrict: false), namespace: namespace)
    return locks.isEmpty ? nil : locks
  }

  /// Has a new node wait for locks. Its timeouts run meanwhile.
  mutating func requestLocks(_ node: Int, _ locks: [LockName], _ template: CompiledTemplate, _ leaf: Frame) {
    count(node, -1)
    nodes[node].details.claim = LockClaim(locks)
    count(node, 1)
    claimed.insert(node)
    changedNodes.insert(node)
    do throws(RunFailure) {
      if let timeout = try pendingDeadline(node, template, leaf) {
        nodes[node].wakeAt = timeout
        setTimer(.node(node), at: timeout)
      }
    } catch {
      raise(node, error)
      return
    }
    effects.append(.requestLocks(request(node, locks)))
  }

  /// Begins a node that has its locks.
  mutating func beginClaimed(_ node: Int) {
    guard let template = nodes[node].template, nodes[node].details.claim?.stage == .granted, !nodes[node].phase.isFulfilled else { return }
    count(node, -1)
    nodes[node].details.claim?.stage = .held
    count(node, 1)
    changedNodes.insert(node)
    cancelTimer(.node(node))
    nodes[node].wakeAt = nil
    let label = nodes[node].source.label
    var leaf = Frame(item: nodes[node].details.item, locals: callerNames(of: node), inputs: nodes[node].inputs)
    leaf.locals["node.name"] = nodes[node].name
    if template.isInline, let boundary = nodes[node].boundary {
      leaf.outer = Frame.OuterFrame(boundary: boundary, item: nodes[node].details.item)
    }
    if template.isPod, template.retry == nil { leaf.locals["pod.name"] = podName(nodes[node].name, label) }
    do throws(RunFailure) {
      if header.shutdown == nil || nodes[node].isOnExit, let (status, outputs) = try lookUpCache(template, leaf) {
        nodes[node].details.memoization = status
        if status.isHit {
          nodes[node].outputs = outputs
          liftGlobals(node)
          setPhase(node, .succeeded)
          return
        }
      }
    } catch {
      raise(node, error)
      return
    }
    proceed(node, template, leaf, label)
    emitClocks(ofNode: node)
  }

  /// A retry that waits for locks takes the place that its attempts will take.
  func takesPlaceWaiting(_ node: Int) -> Bool {
    guard nodes[node].isHeldBack, let body = nodes[node].template?.template.body?.nodeType else { return false }
    return body == .pod || body == .steps || body == .dag
  }

  // MARK: Answers

  mutating func answered(_ holder: LockHolder, _ answer: LockTable.Answer) {
    guard holder.run == uid, !isFinished else { return }
    if holder.number < 0 { answeredRun(answer) } else if nodes.indices.contains(holder.number) { answeredNode(holder.number, answer) }
  }

  private mutating func answeredRun(_ answer: LockTable.Answer) {
    guard header.claim?.stage == .waiting else { return }
    switch answer {
    case .granted:
      header.claim?.stage = .held
      header.claim?.waitingFor = ""
      start()
    case .waiting(let lock, let message):
      guard header.claim?.waitingFor != lock.text || header.message != message else { return }
      header.claim?.waitingFor = lock.text
      header.message = message
      isHeaderChanged = true
    case .refused(let message): refuseRun(message)
    }
  }

  private mutating func answeredNode(_ node: Int, _ answer: LockTable.Answer) {
    guard nodes[node].details.claim?.stage == .waiting, !nodes[node].phase.isFulfilled else { return }
    switch answer {
    case .granted:
      nodes[node].details.claim?.stage = .granted
      nodes[node].details.claim?.waitingFor = ""
      nodes[node].message = ""
      note(node, .locked, nodes[node].details.claim?.locks.map(\.text).joined(separator: ", ") ?? "")
      // It begins when the workflow has a place for it.
      nodes[node].counts.pending.insert(0)
      stack.append(.pump(QueueEntry(units: node)))
    case .waiting(let lock, let message):
      guard nodes[node].details.claim?.waitingFor != lock.text || nodes[node].message != message else { return }
      nodes[node].details.claim?.waitingFor = lock.text
      nodes[node].message = message
      note(node, .waits, message)
    case .refused(let message):
      // As every node that cannot be started.
      count(node, -1)
      nodes[node].type = .skipped
      count(node, 1)
      raise(node, RunFailure(message))
    }
  }

  // MARK: Releasing

  mutating func releaseLocks(_ node: Int) {
    guard nodes[node].detailsBox?.value.claim != nil else { return }
    nodes[node].details.claim = nil
    claimed.remove(node)
    changedNodes.insert(node)
    effects.append(.releaseLocks(holder(node)))
  }

  /// At the end of the run.
  mutating func releaseAllLocks() {
    for node in claimed.sorted() { releaseLocks(node) }
    guard header.claim != nil else { return }
    header.claim = nil
    isHeaderChanged = true
    effects.append(.releaseLocks(holder(-1)))
  }

  // MARK: Status

  /// `status.synchronization`: what the workflow holds, and of what it waits for the present holders; nil when there is nothing.
  func synchronizationStatus(_ holders: (LockName) -> [LockHolder]?) -> JSON? {
    var claims: [(key: String, claim: LockClaim)] = []
    if let claim = header.claim { claims.append((holder(-1).key, claim)) }
    for node in claimed.sorted() { if let claim = nodes[node].details.claim { claims.append((holder(node).key, claim)) } }
    guard !claims.isEmpty else { return nil }
    var holding: [LockName: [String]] = [:]
    var order: [LockName] = []
    var waiting: [LockName] = []
    var seen: Set<LockName> = []
    for (key, claim) in claims {
      for lock in claim.locks {
        if claim.stage == .waiting {
          if seen.insert(lock).inserted { waiting.append(lock) }
        } else {
          if holding[lock] == nil { order.append(lock) }
          holding[lock, default: []].append(key)
        }
      }
    }
    func present(_ lock: LockName) -> [String] { holders(lock)?.map(\.key) ?? holding[lock] ?? [] }
    func texts(_ keys: [String]) -> JSON { .array(keys.map { .string($0) }) }
    var result = JSONObject()
    for kind in [LockName.Kind.semaphore, .mutex] {
      let held = order.filter { $0.kind == kind }
      let wanted = waiting.filter { $0.kind == kind }
      if held.isEmpty, wanted.isEmpty { continue }
      var member = JSONObject()
      if kind == .semaphore {
        if !held.isEmpty { member["holding"] = .array(held.map { ["semaphore": .string($0.text), "holders": texts(holding[$0] ?? [])] }) }
        if !wanted.isEmpty {
          member["waiting"] = .array(
            wanted.map { lock in
              let keys = present(lock)
              return keys.isEmpty ? ["semaphore": .string(lock.text)] : ["semaphore": .string(lock.text), "holders": texts(keys)]
            })
        }
      } else {
        if !held.isEmpty {
          member["holding"] = .array(held.map { ["mutex": .string($0.text), "holder": .string(holding[$0]?.first ?? "")] })
        }
        // A mutex that is free, but not alone wanted, is not told.
        let taken = wanted.compactMap { lock in present(lock).first.map { (lock, $0) } }
        if !taken.isEmpty { member["waiting"] = .array(taken.map { ["mutex": .string($0.0.text), "holder": .string($0.1)] }) }
      }
      result[kind.rawValue] = .object(member)
    }
    return .object(result)
  }
}
