import JSONValue

/// Gives the present state of the workflows of a run.
package protocol RunView: Sendable {
  /// The Workflow objects with their status, in order of submission. Called from the display's thread, at most ten times a second and
  /// for at most a tenth of the time; it may block briefly.
  func snapshots() -> [JSON]
  /// The last lines, `limit` at most, of what the node with this `NodeStatus` document has printed. Called from the display's thread.
  func logLines(workflow: JSON, node: JSON, limit: Int) -> [String]
}

extension RunView {
  package func logLines(workflow: JSON, node: JSON, limit: Int) -> [String] { [] }
}

/// One change that a display is told of.
package enum RunChange: Sendable {
  /// A workflow's phase or message changed: the object, of which `metadata.name`, `status.phase`, `status.message`,
  /// `status.startedAt` and `status.finishedAt` are read.
  case workflow(JSON)
  /// A node's phase or message changed: the workflow's name and the `NodeStatus` document.
  case node(workflow: String, JSON)
}

/// What a user sees while a run goes on. Calls come from any thread and return quickly.
package protocol RunDisplay: Sendable {
  func changed(_ changes: [RunChange])
  /// One line of a pod's output, without its line break.
  func log(pod: String, line: String)
  /// A remark for the user, above whatever is drawn.
  func note(_ text: String)
  /// Ends the display and leaves the terminal clean; what follows prints normally. It waits for the display's thread: hold no lock that
  /// ``RunView/snapshots()`` takes. Further calls do nothing.
  func finish()
}

/// The display that shows nothing.
package struct NoDisplay: RunDisplay {
  package init() {}
  package func changed(_ changes: [RunChange]) {}
  package func log(pod: String, line: String) {}
  package func note(_ text: String) {}
  package func finish() {}
}
