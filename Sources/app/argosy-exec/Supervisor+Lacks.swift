import Contracts
import Glibc

/// The containers for which the machine has no process, no memory or no open file left.
struct Lacks {
  /// When they are begun again, by index.
  var due: [Int: Int64] = [:]
  /// Since when the pod has waited for one of them.
  var since: Int64?
  /// Why the pod is given up: it gives back what it has, and nothing of it is told.
  var reason: String?
}

/// Where the machine allows no more processes, or has no memory for one.
///
/// Each pod needs several processes and gets them one by one. Pods that keep what they have and wait for the rest could fill the machine and wait for
/// each other for ever. So a pod of which no main has run gives all back after a moment, to be begun anew when there is more room. One that has run a main
/// cannot begin anew: it waits for what still runs of it, and beyond that for a minute, and fails.
extension Supervisor {
  private static let pause: Int64 = 50
  /// Not the same for all: who gives up first makes room for the others.
  private static let patience = 200 + Int64(getpid() % 16) * 25
  private static let longestWait: Int64 = 60_000

  /// Takes up a container that could not be begun.
  func postpone(_ index: Int, for lack: String) {
    let time = now()
    let since = lacks.since ?? time
    lacks.since = since
    lacks.due[index] = time + Self.pause
    if isStopping {
      endLacking(code: 143)
    } else if !hasRunMain {
      if time - since >= Self.patience { giveUp(for: lack) }
    } else if time - since >= Self.longestWait, !running.contains(where: { !$0.isOver }) {
      fail(lack)
    }
  }

  /// Begins again what could not be begun.
  func startLacking() {
    let time = now()
    for (index, due) in lacks.due where due <= time && !isStopping {
      lacks.due[index] = nil
      start(index)
    }
    if lacks.due.isEmpty, running.allSatisfy(\.hasStarted) { lacks.since = nil }
  }

  /// Ends containers that could not be begun, as a signal does.
  func endLacking(code: Int32) {
    for index in lacks.due.keys {
      end(index, code: code, message: nil)
      report.containers[index].signal = code - 128
    }
    lacks.due = [:]
  }

  private func giveUp(for lack: String) {
    lacks.reason = lack
    lacks.due = [:]
    isStopping = true
    waitingMembers = []
    restarts?.due = [:]
    for container in running { container.stop(gracePeriod: 0) }
  }
}
