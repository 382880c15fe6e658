import ArgoModel
import Basics
import Contracts
import JSONValue

/// The nodes' rows. Each change of a node writes one, so they are written as text at once.
extension RunState {
  /// The record of a node. - Parameter text: what it is written with: empty, and empty again afterwards.
  func nodeRecord(_ index: Int, _ text: inout JSONText) -> NodeRecord {
    text.append("status") { describe(index, withChildren: false, to: &$0) }
    text.append("engine") { writeEngine(index, to: &$0) }
    return NodeRecord(text: text.finish())
  }

  /// What a restored run needs besides the node's status.
  private func writeEngine(_ index: Int, to text: inout JSONText) {
    text.appendText("origin", nodes[index].origin.write)
    text.append("owner", int: nodes[index].owner.map { Int64($0) })
    text.append("boundary", int: nodes[index].boundary.map { Int64($0) })
    if nodes[index].parents.count == 1, let parent = nodes[index].parents.first {
      text.appendText("parents") {
        $0.append(UInt8(ascii: "["))
        $0.append(decimal: Int64(parent))
        $0.append(UInt8(ascii: "]"))
      }
    } else if !nodes[index].parents.isEmpty {
      text.append("parents", ints: nodes[index].parents)
    }
    let hasDetails = nodes[index].hasDetails
    if hasDetails, !nodes[index].details.outbound.isEmpty { text.append("outbound", ints: nodes[index].details.outbound) }
    let key = nodes[index].source.keyText
    if !key.isEmpty { text.append("template", text: key) }
    if hasDetails { text.append("item", nodes[index].details.item) }
    text.append("startedAt", int: nodes[index].startedAt.milliseconds)
    text.append("finishedAt", int: nodes[index].finishedAt?.milliseconds)
    text.append("depth", int: Int64(nodes[index].depth))
    writeFlags(index, to: &text)
    if hasDetails { text.append("locks", nodes[index].details.claim?.json) }
    describePod(index, to: &text)
    text.append("wakeAt", int: nodes[index].wakeAt?.milliseconds)
    if hasDetails {
      text.append("executionDeadline", int: nodes[index].details.executionDeadline?.milliseconds)
      text.append("declaredOutputs", nodes[index].details.declaredOutputs)
      text.append("lastRetry", nodes[index].details.lastRetry)
    }
    if !nodes[index].history.isEmpty {
      text.appendText("history") {
        for (place, transition) in nodes[index].history.enumerated() {
          $0.append(UInt8(ascii: place == 0 ? "[" : ","))
          transition.write(to: &$0)
        }
        $0.append(UInt8(ascii: "]"))
      }
    }
    text.append("problem", string: nodes[index].countsBox?.value.problem)
    guard hasDetails else { return }
    if !nodes[index].details.firedHooks.isEmpty { text.append("firedHooks", ints: nodes[index].details.firedHooks.sorted()) }
    writeLoops(index, to: &text)
  }

  private func describePod(_ index: Int, to text: inout JSONText) {
    guard nodes[index].hasPod else { return }
    guard nodes[index].hasUsualPod, nodes[index].hasUsualNames else {
      text.append("pod", string: nodes[index].podName)
      return
    }
    text.append("pod", plain: nodes[index].source.podText, number: Int64(nodes[index].hash))
  }

  private func writeFlags(_ index: Int, to text: inout JSONText) {
    guard nodes[index].hasFlags else { return }
    text.appendText("flags") { text in
      func add(_ isSet: Bool, _ word: StaticString) {
        guard isSet else { return }
        text.append(UInt8(ascii: text.last == UInt8(ascii: ":") ? "[" : ","))
        text.append(UInt8(ascii: "\""))
        text.append(word)
        text.append(UInt8(ascii: "\""))
      }
      add(nodes[index].isOnExit, "onExit")
      add(nodes[index].isStopping, "stopping")
      add(nodes[index].hasRun, "ran")
      add(nodes[index].hasTask, "task")
      add(nodes[index].isReused, "reused")
      add(nodes[index].isSettled, "settled")
      add(nodes[index].isExitDecided, "exitDecided")
      add(nodes[index].isProblemFailure, "problemIsFailure")
      add(nodes[index].isTimedOut, "timedOut")
      add(nodes[index].isRaised, "raised")
      text.append(UInt8(ascii: "]"))
    }
  }

  private func writeLoops(_ index: Int, to text: inout JSONText) {
    guard !nodes[index].details.loops.isEmpty else { return }
    var kept: [(String, JSON)] = []
    for (place, items) in nodes[index].details.loops.sorted(by: { $0.key < $1.key }) where constantItems(index, place: place) == nil {
      kept.append((String(place), .array(items)))
    }
    if !kept.isEmpty { text.append("loops", .object(JSONObject(kept))) }
  }
}
