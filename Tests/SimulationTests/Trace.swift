import Basics
import Contracts
import JSONValue
import KubeModel
import WorkflowCore

/// Events and effects in one line.
enum Trace {
  static func text(_ event: RunEvent) -> String {
    switch event {
    case .podObserved(let pod):
      "\(pod.podName) \(pod.phase) exit \(pod.exitCode.map { String($0) } ?? "-")\(pod.isInfrastructureError ? " infrastructure" : "") \(pod.outputs.text())"
    case .taskObserved(let task): "task \(task.nodeID) \(task.phase) \(task.message) \(task.outputs.text())"
    case .podLost(let name): "\(name) lost"
    default: "\(event)"
    }
  }

  static func text(_ effect: RunEffect) -> String {
    switch effect {
    case .createPod(let pod): "createPod \(pod.name)"
    case .createTask(let task): "createTask \(task.name)"
    case .createClaim(let claim): "createClaim \(claim.name)"
    case .setTimer(let timer, let moment): "setTimer \(timer) \(moment.rfc3339Milliseconds)"
    default: "\(effect)"
    }
  }
}

enum Comparison {
  static func require<Value: Equatable>(_ left: [Value], _ right: [Value], _ subject: String) throws(Violation) {
    guard left != right else { return }
    var differences: [String] = []
    for index in 0..<max(left.count, right.count) {
      let (one, other) = (index < left.count ? left[index] : nil, index < right.count ? right[index] : nil)
      if one != other { differences.append("[\(index)] \(show(one))\n    versus \(show(other))") }
    }
    throw Violation("\(subject) differ:\n    " + differences.prefix(4).joined(separator: "\n    "))
  }

  static func require(_ left: RunChanges, _ right: RunChanges, _ subject: String) throws(Violation) {
    try require(left.nodes, right.nodes, subject)
    try require([left.run], [right.run], subject + " (run)")
  }

  private static func show<Value>(_ value: Value?) -> String {
    switch value {
    case nil: "nothing"
    case let row as any NodeRowText: row.rowText
    case let effect as RunEffect: Trace.text(effect)
    case let json as JSON: json.text(.canonical)
    case let value?: "\(value)"
    }
  }
}

/// What has a text of its own in differences.
protocol NodeRowText { var rowText: String { get } }
