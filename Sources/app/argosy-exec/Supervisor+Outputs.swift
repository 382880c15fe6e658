import Contracts
import Glibc

/// Outputs of one of several mains that lie in its volumes: the others may write there too, so they are copied when all mains are over, as Argo's
/// wait container reads them then. What lies elsewhere goes with the main itself.
struct LateOutputs {
  /// Containers with such outputs, by index, that are still to be copied.
  private(set) var waiting: [(index: Int, outputs: [PodPlan.Output])] = []
  /// What copies now: a container without a command.
  var copier: ContainerRun?
  /// When one that the machine had no process for is tried again.
  var due: Int64?
  /// Until when that is done.
  var end: Int64?

  /// Takes the outputs that are to be copied late out of a plan.
  init(takenOutOf plan: inout PodPlan) {
    guard plan.containers.count(where: { $0.role == .main }) > 1 else { return }
    for index in plan.containers.indices where plan.containers[index].role == .main {
      let mounts = plan.containers[index].mounts
      let late = plan.containers[index].outputs.filter { output in
        mounts.contains { output.path == $0.target || output.path.hasPrefix($0.target + "/") }
      }
      guard !late.isEmpty else { continue }
      waiting.append((index, late))
      plan.containers[index].outputs.removeAll(where: late.contains)
    }
  }

  /// Nothing is left to do.
  var isDone: Bool { waiting.isEmpty && copier == nil }

  mutating func next() -> (index: Int, outputs: [PodPlan.Output]) { waiting.removeFirst() }
  mutating func takeBack(_ item: (index: Int, outputs: [PodPlan.Output])) { waiting.insert(item, at: 0) }
}

extension Supervisor {
  private static let pause: Int64 = 50
  private static let longestWait: Int64 = 60_000

  /// Something is left to be copied, and the pod waits for it.
  var isCopyingAwaited: Bool { !lateOutputs.isDone && hasStartedMains && report.failure == nil && lacks.reason == nil }

  /// Copies what the mains left in their volumes, once none of them runs or waits.
  func copyLateOutputs() {
    guard !lateOutputs.waiting.isEmpty, lateOutputs.copier == nil, hasStartedMains, report.failure == nil else { return }
    guard waitingMembers.isEmpty, lacks.due.isEmpty, lateOutputs.due.map({ $0 <= now() }) ?? true else { return }
    guard !running.contains(where: { $0.plan.role == .main }) else { return }
    let item = lateOutputs.next()
    do throws(SandboxFailure) {
      let container = try ContainerRun(
        index: item.index, plan: copyPlan(item.outputs, of: item.index), directory: directory, restarts: 1, pipe: pipe,
        prepared: Prepared())
      lateOutputs.copier = container
      running.append(container)
    } catch {
      endCopying(item, failure: error.message, isLack: error.isLack)
    }
  }

  /// The container's place with its mounts, where no command is run.
  private func copyPlan(_ outputs: [PodPlan.Output], of index: Int) -> PodPlan {
    let own = plan.containers[index]
    var copy = plan
    copy.sharesContract = false
    copy.containers[index] = PodPlan.Container(
      name: own.name, role: .main, argv: own.argv, env: own.env, workingDirectory: "/", mounts: own.mounts, outputs: outputs)
    copy.containers[index].attempts = 0
    return copy
  }

  /// Takes over what the copying has come to.
  func takeCopying(_ container: ContainerRun) {
    guard container.isOver else { return }
    lateOutputs.copier = nil
    guard let failure = container.failure ?? container.lack else { return }
    endCopying((container.index, container.plan.outputs), failure: failure, isLack: container.failure == nil)
  }

  private func endCopying(_ item: (index: Int, outputs: [PodPlan.Output]), failure: String, isLack: Bool) {
    let time = now()
    let end = lateOutputs.end ?? time + Self.longestWait
    lateOutputs.end = end
    guard isLack, time < end else {
      fail(failure)
      return
    }
    lateOutputs.due = time + Self.pause
    lateOutputs.takeBack(item)
  }
}
