import JSONValue

/// What came of a task, as a WorkflowTaskSet's status holds it (Argo's `NodeResult`).
struct TaskResult: Sendable, Hashable {
  var phase: String
  var message: String
  var outputs: JSON?

  init(_ phase: String, _ message: String = "", outputs: JSON? = nil) {
    self.phase = phase
    self.message = message
    self.outputs = outputs
  }

  /// Nothing follows but the end of the task.
  var isFinal: Bool { phase != "Pending" && phase != "Running" }

  /// The merge patch that puts the result of a node into the status, without what an earlier one has left there.
  func patch(node: String) -> JSON {
    var members: JSON = ["phase": .string(phase), "message": message.isEmpty ? .null : .string(message)]
    if var outputs {
      for key in ["result", "parameters", "artifacts", "exitCode"] where outputs[key] == nil { outputs[key] = .null }
      members["outputs"] = outputs
    } else {
      members["outputs"] = .null
    }
    return ["status": ["nodes": .object([node: members])]]
  }
}

/// Why a task cannot be carried out.
struct TaskFailure: Error, Hashable {
  var message: String
  init(_ message: String) { self.message = message }
}
