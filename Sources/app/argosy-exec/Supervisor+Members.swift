import CLinux
import Contracts
import Glibc

/// Container sets: the graph of the mains, and what containers tell each other by files.
extension Supervisor {
  /// Milliseconds from the failure of one of several mains until the others are stopped: what Argo's controller needs to see it, so that
  /// what runs beside it and is nearly done can end.
  private static let failureDelay: Int64 = 1000

  /// Starts the mains whose dependencies have succeeded; those of which one has failed end without having run.
  func startMembers() {
    var isChanged = true
    while isChanged {
      isChanged = false
      for index in waitingMembers where !isStopping {
        guard let answer = answer(to: plan.containers[index]) else { continue }
        waitingMembers.removeAll { $0 == index }
        isChanged = true
        if let (name, code) = answer.failure {
          end(index, code: 64, message: "dependency \"\(name)\" exited with non-zero code: \(code)", told: code)
        } else {
          start(index)
        }
      }
    }
  }

  private struct Answer { var failure: (name: String, code: Int32)? }

  /// Looks at the dependencies in the order in which they are written; nil: one is to be waited for.
  private func answer(to container: PodPlan.Container) -> Answer? {
    for name in container.dependencies {
      guard let ended = endCodes[name], let code = ended else { return nil }
      if code != 0 { return Answer(failure: (name, code)) }
    }
    return Answer()
  }

  /// Ends a main whose command was not started.
  ///
  /// - Parameter told: the exit code that those who depend on it see.
  func end(_ index: Int, code: Int32, message: String?, told: Int32? = nil) {
    let time = now()
    report.containers[index].startedAt = report.containers[index].startedAt ?? time
    report.containers[index].finishedAt = time
    report.containers[index].exitCode = code
    report.containers[index].message = message
    tellEnd(index, code: told ?? code)
  }

  /// Ends the mains that still wait, as a signal does.
  func endMembers(code: Int32) {
    let waiting = waitingMembers
    waitingMembers = []
    for index in waiting {
      end(index, code: code, message: nil)
      report.containers[index].signal = code - 128
    }
  }

  /// Tells the other containers that one has ended.
  func tellEnd(_ index: Int, code: Int32) {
    let container = plan.containers[index]
    if plan.sharesContract {
      let place = directory + "/argo/ctr/" + container.name
      mkdir(directory + "/argo/ctr", 0o777)
      mkdir(place, 0o777)
      Files.write(place + "/exitcode", Array("\(code)".utf8))
    }
    guard hasSeveralMains, container.role == .main else { return }
    // The kernel kills a container that runs out of memory as a whole, and with it Argo's emissary, which would have told the code.
    endCodes[container.name] = .some(report.containers[index].message == "OOMKilled" ? nil : code)
    if code != 0, membersStopAt == nil { membersStopAt = now() + Self.failureDelay }
  }

  /// A container asks for a signal to another one by a file with its number.
  func takeSignalFiles() {
    for container in running {
      let path = directory + "/argo/ctr/" + container.plan.name + "/signal"
      guard access(path, F_OK) == 0, let bytes = Files.read(path) else { continue }
      unlink(path)
      let text = String(decoding: bytes, as: UTF8.self).filter { $0.isNumber }
      if let number = Int32(text), (1..<65).contains(number) { container.signal(number) }
    }
  }
}
