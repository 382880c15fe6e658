import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// Several runs that share locks, in one store and one table: pods end, users stop, terminate, suspend and delete workflows, limits change, and
/// memory is lost after any commit.
struct LockWorld {
  struct Run {
    var workflow: Resource
    var state: RunState
    var run: RunRow?
    var rows: [NodeRow] = []
    var isDeleted = false
    var timers: [TimerID: Instant] = [:]
    /// Pods that run, with the time of their end.
    var pods: [String: Instant] = [:]
    var priority: Int64
    var created: Int64
    var isOver: Bool { isDeleted || state.isFinished }
  }

  private(set) var runs: [String: Run] = [:]
  private(set) var locks = LockTable()
  private(set) var limits: [String: Int] = [:]
  private var now = Instant(seconds: 1_767_225_600)
  private var random: SeededRandom
  private let crashPercent: Int
  private let commandPercent: Int
  private(set) var commits = 0
  private(set) var trace: [String] = []
  /// Requests in the order of asking, with what the queue goes by.
  private var waiting: [LockHolder: (request: LockRequest, number: Int)] = [:]
  private var arrivals: [String: Int] = [:]
  private var number = 0

  init(seed: UInt64, crashPercent: Int, commandPercent: Int) {
    random = SeededRandom(seed, "lock world")
    self.crashPercent = crashPercent
    self.commandPercent = commandPercent
    limits = ["default/ConfigMap/locks/one": 1, "default/ConfigMap/locks/two": 2]
    for index in 0..<random.within(3...7) {
      let name = "w\(index)"
      let priority = random.chance(30) ? Int64(random.within(1...3)) : 0
      let created = Int64(random.below(4))
      var spec = LockWorkflows.spec(&random)
      if priority != 0 { spec["priority"] = .int(priority) }
      let workflow = Resource(
        .workflow,
        json: [
          "metadata": [
            "name": .string(name), "namespace": "default", "uid": .string(name),
            "creationTimestamp": .string(Instant(seconds: 1_767_225_600 + created).rfc3339),
          ], "spec": spec,
        ])
      runs[name] = Run(
        workflow: workflow, state: RunState(workflow: workflow, templates: TemplateCatalog([])), priority: priority, created: created)
    }
  }

  // MARK: Running

  mutating func runToEnd() throws(Violation) {
    var submitted: Set<String> = []
    for _ in 0..<6000 {
      let left = runs.keys.sorted().filter { runs[$0]?.isOver == false }
      if left.isEmpty { break }
      let isIdle = left.allSatisfy { !submitted.contains($0) }
      if let name = left.first(where: { !submitted.contains($0) }), isIdle || random.chance(30) {
        submitted.insert(name)
        try decide(name, .submitted)
        continue
      }
      let begun = left.filter { submitted.contains($0) }
      if begun.isEmpty { continue }
      if random.chance(commandPercent) { try command(random.pick(begun, or: begun[0])) } else { try proceed(begun) }
    }
    for name in runs.keys.sorted() where runs[name]?.isOver == false {
      throw Violation("\(name) has no end: \(runs[name]?.state.phase.rawValue ?? "") \(runs[name]?.state.message ?? "")")
    }
    if !locks.isEmpty { throw Violation("locks are left: \(locks.names)") }
  }

  /// The next thing that happens by itself.
  private mutating func proceed(_ names: [String]) throws(Violation) {
    var next: (time: Instant, name: String, pod: String?, timer: TimerID?)?
    for name in names {
      guard let run = runs[name] else { continue }
      for (pod, time) in run.pods.sorted(by: { $0.key < $1.key }) where next.map({ time < $0.time }) ?? true {
        next = (time, name, pod, nil)
      }
      for (timer, time) in run.timers.sorted(by: { $0.key.name < $1.key.name }) where next.map({ time < $0.time }) ?? true {
        next = (time, name, nil, timer)
      }
    }
    guard let next else {
      if names.allSatisfy({ runs[$0]?.state.isSuspended == false }) {
        throw Violation("nothing will happen any more: \(names.map { "\($0) \(runs[$0]?.state.message ?? "")" })")
      }
      for name in names where runs[name]?.state.isSuspended == true { try decide(name, .commanded(.resume())) }
      return
    }
    now = max(now, next.time)
    if let timer = next.timer {
      runs[next.name]?.timers[timer] = nil
      try decide(next.name, .timerFired(timer))
    } else if let pod = next.pod {
      runs[next.name]?.pods[pod] = nil
      var seen = PodObservation(podName: pod, phase: .succeeded)
      seen.startedAt = now
      switch random.below(10) {
      case 0, 1:
        seen.phase = .failed
        seen.containers["main"] = PodObservation.Container(exitCode: 1)
      case 2: return try decide(next.name, .podLost(podName: pod))
      default: seen.containers["main"] = PodObservation.Container(exitCode: 0)
      }
      try decide(next.name, .podObserved(seen))
    }
  }

  private mutating func command(_ name: String) throws(Violation) {
    switch random.below(6) {
    case 0: try decide(name, .commanded(.stop(message: nil)))
    case 1: try decide(name, .commanded(.terminate))
    case 2: try decide(name, .commanded(.suspend))
    case 3: try decide(name, .commanded(.resume()))
    case 4:
      note("\(name) is deleted")
      runs[name]?.isDeleted = true
      var changed: Set<String> = []
      forget(name)
      for holder in locks.release(run: name) { try tell(holder, .granted, &changed) }
      try settle(&changed)
      try commit(changed)
    default:
      guard let lock = LockName(.semaphore, "default/ConfigMap/locks/two") else { return }
      let limit = random.within(1...3)
      note("the limit is \(limit)")
      limits[lock.text] = limit
      var changed: Set<String> = []
      for holder in locks.setLimit(limit, of: lock) { try tell(holder, .granted, &changed) }
      try settle(&changed)
      for (holder, answer) in locks.waiting(for: lock) { try tell(holder, answer, &changed) }
      try settle(&changed)
      try commit(changed)
    }
  }

  // MARK: Deciding

  private var work: [RunEffect] = []

  private mutating func decide(_ name: String, _ event: RunEvent) throws(Violation) {
    guard runs[name]?.isDeleted == false else { return }
    note("\(name): \(Trace.text(event))")
    var changed: Set<String> = []
    deliver(name, event, &changed)
    try settle(&changed)
    try commit(changed)
  }

  private mutating func deliver(_ name: String, _ event: RunEvent, _ changed: inout Set<String>) {
    guard runs[name] != nil else { return }
    changed.insert(name)
    for effect in runs[name]?.state.decide(event, in: World(now: now)) ?? [] {
      switch effect {
      case .createPod(let pod): runs[name]?.pods[pod.name] = now + TimeSpan(milliseconds: Int64(random.within(1...9000)))
      case .stopPod(let pod, _): if runs[name]?.pods[pod] != nil { runs[name]?.pods[pod] = now }
      case .setTimer(let timer, let time): runs[name]?.timers[timer] = time
      case .cancelTimer(let timer): runs[name]?.timers[timer] = nil
      case .requestLocks, .releaseLocks: work.append(effect)
      default: break
      }
    }
  }

  private mutating func settle(_ changed: inout Set<String>) throws(Violation) {
    var next = 0
    while next < work.count {
      let item = work[next]
      next += 1
      switch item {
      case .requestLocks(let request):
        number += 1
        arrivals[request.holder.run] = arrivals[request.holder.run] ?? number
        waiting[request.holder] = (request, arrivals[request.holder.run] ?? number)
        let limits = limits
        try tell(request.holder, locks.request(request) { limits[$0.text] }, &changed)
      case .releaseLocks(let holder):
        waiting[holder] = nil
        for granted in locks.release(holder) { try tell(granted, .granted, &changed) }
      default: break
      }
    }
    work.removeAll()
  }

  private mutating func tell(_ holder: LockHolder, _ answer: LockTable.Answer, _ changed: inout Set<String>) throws(Violation) {
    if answer == .granted { try checkTurn(holder) }
    deliver(holder.run, .locks(holder, answer), &changed)
  }

  private mutating func forget(_ name: String) {
    for holder in waiting.keys where holder.run == name { waiting[holder] = nil }
  }

  /// Nobody who comes before in one of the queues is passed.
  private mutating func checkTurn(_ holder: LockHolder) throws(Violation) {
    guard let (request, _) = waiting.removeValue(forKey: holder) else { return }
    for (other, _) in waiting.values where other.holder.run != holder.run && !Set(other.locks).isDisjoint(with: request.locks) {
      let isBefore = (request.priority, other.created) < (other.priority, request.created)
      if isBefore, runs[other.holder.run]?.isOver == false {
        throw Violation("\(holder) got \(request.locks) before \(other.holder), which waits for \(other.locks)")
      }
    }
  }

  // MARK: Committing

  private mutating func commit(_ changed: Set<String>) throws(Violation) {
    for name in changed.sorted() {
      guard let changes = runs[name]?.state.takeChanges() else { continue }
      if let run = changes.run { runs[name]?.run = run }
      for row in changes.nodes {
        let count = runs[name]?.rows.count ?? 0
        guard row.index <= count else { throw Violation("\(name): node row \(row.index) leaves a gap") }
        if row.index == count { runs[name]?.rows.append(row) } else { runs[name]?.rows[row.index] = row }
      }
    }
    commits += 1
    try check()
    if random.chance(crashPercent) { try crash() }
  }

  /// No more holders than the limit lets in, and every holder and waiter is one that its run tells of.
  private func check() throws(Violation) {
    var told: [LockName: Set<LockHolder>] = [:]
    for run in runs.values where !run.isOver {
      for (request, isHeld) in run.state.lockRequests where isHeld {
        for lock in request.locks { told[lock, default: []].insert(request.holder) }
      }
    }
    for lock in Set(locks.names).union(told.keys) {
      let holders = Set(locks.holders(of: lock))
      if holders != told[lock] ?? [] { throw Violation("\(lock) is held by \(holders), the runs tell \(told[lock] ?? [])") }
      // A lowered limit sends nobody away; three is the highest that there was.
      let most = lock.kind == .mutex || lock.text.hasSuffix("one") ? 1 : 3
      if holders.count > most { throw Violation("\(lock) is held by \(holders)") }
    }
  }

  private mutating func crash() throws(Violation) {
    note("crash after commit \(commits)")
    locks = LockTable()
    var requests: [(request: LockRequest, isHeld: Bool)] = []
    for name in runs.keys.sorted(by: { (arrivals[$0] ?? 0, $0) < (arrivals[$1] ?? 0, $1) }) {
      guard let run = runs[name], !run.isOver, let row = run.run else { continue }
      do throws(RunRestoreError) {
        runs[name]?.state = try RunState(restoring: row, nodes: run.rows)
      } catch {
        throw Violation("\(name) cannot be restored: \(error)")
      }
      let timers = runs[name]?.state.pendingTimers ?? []
      runs[name]?.timers = Dictionary(uniqueKeysWithValues: timers.map { ($0.id, $0.at) })
      requests += runs[name]?.state.lockRequests ?? []
    }
    let limits = limits
    for (request, isHeld) in requests where isHeld { locks.restore(holding: request) { limits[$0.text] } }
    let granted = locks.restore(waiting: requests.filter { !$0.isHeld }.map(\.request)) { limits[$0.text] }
    if !granted.isEmpty { throw Violation("a restart lets \(granted) through, who waited before") }
    try check()
  }

  private mutating func note(_ text: String) { trace.append(text) }
}

/// Workflows that contend for the same few locks at both levels.
enum LockWorkflows {
  static func spec(_ random: inout SeededRandom) -> JSON {
    var templates: [JSON] = []
    var members: [JSON] = []
    for index in 0..<random.within(1...3) {
      var leaf: JSONObject = ["name": .string("leaf\(index)"), "container": ["image": "sim", "command": ["sim"]]]
      if random.chance(75) { leaf["synchronization"] = locks(&random) }
      if random.chance(30) { leaf["retryStrategy"] = ["limit": 1, "backoff": ["duration": "2s"]] }
      if random.chance(15) { leaf["timeout"] = "8s" }
      templates.append(.object(leaf))
      var step: JSONObject = ["name": .string("s\(index)"), "template": .string("leaf\(index)")]
      if random.chance(50) { step["withSequence"] = ["count": .string(String(random.within(1...4)))] }
      if random.chance(30) { step["continueOn"] = ["failed": true, "error": true] }
      if random.chance(25) { step["hooks"] = ["exit": ["template": "leaf0"]] }
      members.append(.object(step))
    }
    var main: JSONObject = ["name": "main"]
    if random.chance(50) { main["steps"] = .array(members.map { [$0] }) } else { main["steps"] = [.array(members)] }
    if random.chance(20) { main["parallelism"] = .int(Int64(random.within(1...2))) }
    if random.chance(15) { main["failFast"] = true }
    templates.append(.object(main))
    var spec: JSONObject = ["entrypoint": "main", "templates": .array(templates)]
    if random.chance(40) { spec["synchronization"] = ["mutexes": [["name": "whole"]]] }
    if random.chance(25) { spec["onExit"] = "leaf0" }
    if random.chance(25) { spec["parallelism"] = .int(Int64(random.within(1...2))) }
    if random.chance(15) { spec["activeDeadlineSeconds"] = .int(Int64(random.within(5...40))) }
    return .object(spec)
  }

  private static func locks(_ random: inout SeededRandom) -> JSON {
    var mutexes: [JSON] = []
    var semaphores: [JSON] = []
    for name in ["red", "blue"] where random.chance(45) { mutexes.append(["name": .string(name)]) }
    for key in ["one", "two"] where random.chance(40) {
      semaphores.append(["configMapKeyRef": ["name": "locks", "key": .string(key)]])
    }
    if mutexes.isEmpty, semaphores.isEmpty { mutexes = [["name": "red"]] }
    return ["mutexes": .array(mutexes), "semaphores": .array(semaphores)]
  }
}
