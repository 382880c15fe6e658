import Basics
import Testing

@testable import WorkflowCore

/// Makes requests of runs named by one letter; the number is the node's, -1 for the run itself.
private func request(
  _ run: String, _ number: Int, _ locks: [LockName], priority: Int64 = 0, created: Int64 = 0
) -> LockRequest {
  LockRequest(
    holder: LockHolder(run: run, number: number, key: number < 0 ? "default/\(run)" : "default/\(run)/\(number)"), locks: locks,
    priority: priority, created: Instant(seconds: created))
}

private func request(_ run: String, _ locks: [LockName], priority: Int64 = 0, created: Int64 = 0) -> LockRequest {
  request(run, -1, locks, priority: priority, created: created)
}

private func limits(_ values: [String: Int]) -> LockTable.Limits {
  { values[$0.text] }
}

private func holder(_ run: String, _ number: Int = -1) -> LockHolder { LockHolder(run: run, number: number, key: "") }

@Suite struct LockTableTests {
  private let s = semaphore("s")
  private let t = semaphore("t")
  private let m = mutex("m")
  private let n = mutex("n")
  private let two = limits(["default/ConfigMap/locks/s": 2, "default/ConfigMap/locks/t": 1])

  @Test("a mutex has one holder, and goes to the next when it is released") func mutexes() {
    var table = LockTable()
    #expect(table.request(request("a", [m]), limits: two) == .granted)
    #expect(
      table.request(request("b", [m]), limits: two)
        == .waiting(for: m, message: "Waiting for default/Mutex/m lock. Lock status: 0/1"))
    #expect(table.holders(of: m).map(\.key) == ["default/a"])
    #expect(table.release(holder("a")) == [holder("b")])
    #expect(table.release(holder("b")).isEmpty)
    #expect(table.isEmpty)
  }

  @Test("asked again, the table says the same and counts once") func repeated() {
    var table = LockTable()
    for _ in 0..<2 { #expect(table.request(request("a", 1, [s]), limits: two) == .granted) }
    #expect(table.request(request("a", 2, [s]), limits: two) == .granted)
    let wait = LockTable.Answer.waiting(for: s, message: "Waiting for default/ConfigMap/locks/s lock. Lock status: 0/2")
    for _ in 0..<2 { #expect(table.request(request("a", 3, [s]), limits: two) == wait) }
    #expect(table.release(holder("a", 1)) == [holder("a", 3)])
    #expect(table.release(holder("a", 1)).isEmpty)
  }

  @Test("the queue goes by priority, then age, then arrival")
  func order() {
    var table = LockTable()
    #expect(table.request(request("x", [m]), limits: two) == .granted)
    for (run, priority, created) in [("late", 0, 9), ("old", 0, 1), ("high", 5, 9), ("low", -1, 0), ("old2", 0, 1)]
      as [(String, Int64, Int64)]
    {
      _ = table.request(request(run, [m], priority: priority, created: created), limits: two)
    }
    var order: [String] = []
    var next: LockHolder? = holder("x")
    while let current = next {
      next = table.release(current).first
      if let next { order.append(next.run) }
    }
    #expect(order == ["high", "old", "old2", "late", "low"])
  }

  @Test("several locks are granted together or not at all") func allOrNone() {
    var table = LockTable()
    #expect(table.request(request("a", [m]), limits: two) == .granted)
    #expect(
      table.request(request("b", [s, m]), limits: two) == .waiting(for: m, message: "Waiting for default/Mutex/m lock. Lock status: 0/1"))
    #expect(table.holders(of: s).isEmpty)
    #expect(table.release(holder("a")) == [holder("b")])
    #expect(table.holders(of: s) == [holder("b")] && table.holders(of: m) == [holder("b")])
  }

  @Test("who is first in a queue holds it for itself while it waits for another lock") func frontBlocks() {
    var table = LockTable()
    _ = table.request(request("x", [m]), limits: two)
    _ = table.request(request("a", [s, m], created: 1), limits: two)
    // There is room in the semaphore, but it is a's turn.
    #expect(
      table.request(request("b", [s], created: 2), limits: two)
        == .waiting(for: s, message: "Waiting for default/ConfigMap/locks/s lock. Lock status: 2/2"))
    #expect(table.release(holder("x")) == [holder("a"), holder("b")])
  }

  @Test("nodes of one run pass each other") func passing() {
    var table = LockTable()
    _ = table.request(request("x", [m]), limits: two)
    _ = table.request(request("a", 1, [s, m]), limits: two)
    #expect(table.request(request("a", 2, [s]), limits: two) == .granted)
    #expect(table.request(request("a", 3, [s]), limits: two) == .granted)
    _ = table.request(request("a", 4, [s]), limits: two)
    // The earlier node still waits for the mutex, so a later one takes the place.
    #expect(table.release(holder("a", 2)) == [holder("a", 4)])
  }

  @Test("one that gives up lets the next come to the front") func cancelled() {
    var table = LockTable()
    _ = table.request(request("x", [m]), limits: two)
    _ = table.request(request("a", [s, m], created: 1), limits: two)
    _ = table.request(request("b", [s], created: 2), limits: two)
    #expect(table.release(holder("a")) == [holder("b")])
    #expect(table.release(run: "x").isEmpty)
    #expect(table.release(run: "b").isEmpty)
    #expect(table.isEmpty)
  }

  @Test("a run that goes lets go of all it has and waits for") func runGone() {
    var table = LockTable()
    _ = table.request(request("a", [n]), limits: two)
    _ = table.request(request("a", 1, [m]), limits: two)
    _ = table.request(request("a", 2, [m]), limits: two)
    _ = table.request(request("b", [m]), limits: two)
    _ = table.request(request("c", [n]), limits: two)
    #expect(Set(table.release(run: "a")) == [holder("b"), holder("c")])
  }

  @Test("a limit that changes holds at once, and holders above it stay") func limitChange() {
    var table = LockTable()
    for run in ["a", "b", "c", "d"] { _ = table.request(request(run, [s]), limits: two) }
    #expect(table.setLimit(3, of: s) == [holder("c")])
    #expect(table.setLimit(1, of: s).isEmpty)
    #expect(table.waiting(for: s).map(\.answer) == [.waiting(for: s, message: "Waiting for \(s) lock. Lock status: -2/1")])
    #expect(table.release(holder("a")).isEmpty)
    #expect(table.release(holder("b")).isEmpty)
    #expect(table.setLimit(0, of: s).isEmpty)
    #expect(table.waiting(for: s).map(\.answer) == [.waiting(for: s, message: "Failed to get semaphore limit for \(s)")])
    #expect(table.release(holder("c")).isEmpty)
    #expect(table.setLimit(1, of: s) == [holder("d")])
  }

  @Test("a semaphore without a limit, or with 0, is refused and leaves nothing", arguments: [nil, 0]) func refused(_ limit: Int?) {
    var table = LockTable()
    let answer = table.request(request("a", [t, s]), limits: limits(limit.map { ["default/ConfigMap/locks/t": 1, s.text: $0] } ?? [:]))
    #expect(answer == .refused("failed to initialize semaphore \(limit == nil ? t : s) with limit"))
    #expect(table.isEmpty)
  }

  @Test("locks of the database are worded in their own way, and a mutex and a semaphore of one name are two") func database() throws {
    var table = LockTable()
    let semaphore = try #require(LockName(.semaphore, "default/Database/k"))
    let mutex = try #require(LockName(.mutex, "default/Database/k"))
    let limits = limits(["default/Database/k": 1])
    #expect(table.request(request("a", [semaphore]), limits: limits) == .granted)
    #expect(table.request(request("b", [mutex]), limits: limits) == .granted)
    #expect(
      table.request(request("c", [semaphore]), limits: limits)
        == .waiting(for: semaphore, message: "Waiting for default/Database/k lock (sem/default/k). Lock status: 1/1"))
    #expect(
      table.request(request("d", [mutex]), limits: limits)
        == .waiting(for: mutex, message: "Waiting for default/Database/k lock (mtx/default/k). Lock status: 1/1"))
    #expect(table.semaphore(ofDatabase: "k", namespace: "default") == semaphore)
  }

  @Test("restored holders keep what they have, whatever the limit, and the queue goes on in its order") func restored() {
    var table = LockTable()
    let one = limits([s.text: 1])
    table.restore(holding: request("a", [s]), limits: one)
    table.restore(holding: request("b", [s]), limits: one)
    let granted = table.restore(
      waiting: [request("late", [s], created: 9), request("old", 4, [s], created: 1), request("free", [n])], limits: one)
    #expect(granted == [holder("free")])
    #expect(table.release(holder("a")).isEmpty)
    #expect(table.release(holder("b")) == [holder("old", 4)])
    #expect(table.release(holder("old", 4)) == [holder("late")])
  }

  @Test("a ConfigMap names its semaphores only while they are used") func index() {
    var table = LockTable()
    _ = table.request(request("a", [s, t]), limits: two)
    #expect(table.semaphores(ofConfigMap: "locks", namespace: "default") == [s, t])
    #expect(table.semaphores(ofConfigMap: "locks", namespace: "other").isEmpty)
    _ = table.release(holder("a"))
    #expect(table.semaphores(ofConfigMap: "locks", namespace: "default").isEmpty)
  }

  @Test("ten thousand waiters with locks of their own besides a common one are let through one by one") func many() {
    var table = LockTable()
    let count = 10_000
    let common = limits([s.text: 1])
    for number in 0..<count { _ = table.request(request("a", number, [s, mutex("m\(number % 7)")]), limits: common) }
    var done = 0
    var next: LockHolder? = holder("a", 0)
    while let current = next {
      done += 1
      let granted = table.release(current)
      #expect(granted.count <= 1)
      next = granted.first
    }
    #expect(done == count)
    #expect(table.isEmpty)
  }

  /// The rule, looked up the slow way.
  private struct Model {
    var limits: [LockName: Int]
    var waiting: [(request: LockRequest, arrival: Int)] = []
    var held: [LockHolder: LockRequest] = [:]
    var arrivals: [String: Int] = [:]
    var number = 0

    func count(_ lock: LockName) -> Int { held.values.count { $0.locks.contains(lock) } }
    func isFirst(_ request: LockRequest, _ lock: LockName) -> Bool {
      let best = waiting.filter { $0.request.locks.contains(lock) }
        .min { ($1.request.priority, $0.request.created, $0.arrival) < ($0.request.priority, $1.request.created, $1.arrival) }
      return best?.request.holder.run == request.holder.run
    }
    func isFree(_ request: LockRequest) -> Bool {
      request.locks.allSatisfy { count($0) < limits[$0, default: 1] && isFirst(request, $0) }
    }
    func canGo() -> [LockHolder] { waiting.filter { isFree($0.request) }.map(\.request.holder) }

    mutating func ask(_ request: LockRequest) {
      number += 1
      let arrival = arrivals[request.holder.run] ?? number
      arrivals[request.holder.run] = arrival
      waiting.append((request, arrival))
    }
    mutating func take(_ holder: LockHolder) {
      guard let place = waiting.firstIndex(where: { $0.request.holder == holder }) else { return }
      held[holder] = waiting.remove(at: place).request
    }
    mutating func drop(_ holder: LockHolder) {
      held[holder] = nil
      waiting.removeAll { $0.request.holder == holder }
      if !held.keys.contains(where: { $0.run == holder.run }), !waiting.contains(where: { $0.request.holder.run == holder.run }) {
        arrivals[holder.run] = nil
      }
    }
  }

  @Test("whatever is asked and released, who may go goes and nobody else", arguments: 1...40) func random(_ seed: Int) {
    var random = SplitMix(state: UInt64(seed))
    let all = [s, t, m, n]
    var limit: [LockName: Int] = [s: 2, t: 1]
    var table = LockTable()
    var model = Model(limits: [s: 2, t: 1, m: 1, n: 1])
    for step in 0..<400 {
      let granted: [LockHolder]
      switch random.below(10) {
      case 0..<5:
        let run = ["a", "b", "c", "d", "e"][random.below(5)]
        let locks = all.filter { _ in random.below(2) == 0 }
        guard !locks.isEmpty else { continue }
        let asked = request(
          run, step, locks, priority: run == "e" ? 3 : 0, created: run == "a" ? 5 : run == "b" ? 1 : 3)
        model.ask(asked)
        let values = limit
        if table.request(asked, limits: { values[$0] }) == .granted {
          #expect(model.canGo().contains(asked.holder), "seed \(seed) step \(step)")
          model.take(asked.holder)
        }
        granted = []
      case 5..<9:
        let known = (Array(model.held.keys) + model.waiting.map(\.request.holder)).sorted()
        guard !known.isEmpty else { continue }
        let gone = known[random.below(known.count)]
        model.drop(gone)
        granted = table.release(gone)
      default:
        guard table.limit(of: s) != nil else { continue }
        let value = random.below(4)
        limit[s] = value
        model.limits[s] = value
        granted = table.setLimit(value, of: s)
      }
      for holder in granted {
        #expect(model.canGo().contains(holder), "seed \(seed) step \(step): \(holder) went")
        model.take(holder)
      }
      #expect(model.canGo().isEmpty, "seed \(seed) step \(step): \(model.canGo()) may go and did not")
      // 0 is refused where nobody uses the semaphore.
      if table.limit(of: s) == nil, limit[s] == 0 {
        limit[s] = 1
        model.limits[s] = 1
      }
    }
    for run in ["a", "b", "c", "d", "e"] { _ = table.release(run: run) }
    #expect(table.isEmpty)
  }
}

/// A small generator of random numbers.
private struct SplitMix {
  var state: UInt64
  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((value ^ (value >> 31)) % UInt64(bound))
  }
}
