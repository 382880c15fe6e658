import Basics
import JSONValue
import Synchronization

/// Shows a run where there is no terminal: one line per change, `2026-11-21T02:44:13Z hello-x[0].a (a) Succeeded in 2s: message`.
package final class LineProgress: RunDisplay {
  private struct State {
    /// What was last said of each workflow and node: hashes of texts, since there may be many.
    var said: [Int: Int32] = [:]
    var isFinished = false
  }

  private let sink: any TextSink
  private let style: DisplayStyle
  private let now: @Sendable () -> Instant
  private let state = Mutex(State())

  package init(sink: any TextSink, style: DisplayStyle, now: @escaping @Sendable () -> Instant = Terminal.now) {
    self.sink = sink
    self.style = style
    self.now = now
  }

  package func changed(_ changes: [RunChange]) {
    let now = now()
    state.withLock { state in
      if state.isFinished { return }
      var text = ""
      for change in changes {
        guard let line = Self.line(change, now: now) else { continue }
        let said = Int32(truncatingIfNeeded: line.text.hashValue)
        guard state.said.updateValue(said, forKey: line.subject.hashValue) != said else { continue }
        text += "\(now.rfc3339) \(line.subject) \(line.text)\n"
      }
      if !text.isEmpty { sink.write(text) }
    }
  }

  package func log(pod: String, line: String) { write(LogLine.text(pod: pod, line: line, style: style)) }

  package func note(_ text: String) { write(text + "\n") }

  package func finish() { state.withLock { $0.isFinished = true } }

  private func write(_ text: String) {
    state.withLock { state in
      if !state.isFinished { sink.write(text) }
    }
  }

  /// Who changed and how; nil for what is not told: groups, retries of one attempt, root nodes that wait for
  /// no lock, pending nodes without a reason.
  private static func line(_ change: RunChange, now: Instant) -> (subject: String, text: String)? {
    switch change {
    case .workflow(let workflow):
      let status = workflow["status"] ?? .null
      // A change comes without the time of creation, by which a workflow that nobody has looked at is told from one that waits.
      let phase = status["phase"]?.string == "Pending" ? "Pending" : WorkflowText.status(workflow)
      let name = workflow.at("metadata", "name")?.string ?? ""
      let span = duration(status["startedAt"], status["finishedAt"])
      return (Printable.line(name), phase + span + suffix(status["message"]?.string ?? ""))
    case .node(let workflow, let json):
      let node = NodeFields(json: json)
      let isWaitingRoot = node.name == workflow && json["synchronizationStatus"] != nil
      if (node.name == workflow && !isWaitingRoot) || ["StepGroup", "TaskGroup", "Container"].contains(node.type) { return nil }
      if node.type == "Retry" && node.children.count < 2 { return nil }
      if node.phase.isEmpty || (node.phase == "Pending" && node.message.isEmpty) { return nil }
      let template = node.templateColumn
      let subject = Printable.line(node.name + (template.isEmpty ? "" : " (\(template))"))
      let phase = node.isActiveSuspend ? "Suspended" : node.phase
      let span = node.type == "Skipped" ? "" : duration(json["startedAt"], json["finishedAt"])
      return (subject, phase + span + suffix(node.message))
    }
  }

  private static func duration(_ start: JSON?, _ finish: JSON?) -> String {
    guard let start = WorkflowText.instant(start), let finish = WorkflowText.instant(finish) else { return "" }
    return " in " + Humanize.shortDuration(finish - start)
  }

  private static func suffix(_ message: String) -> String { message.isEmpty ? "" : ": " + Printable.line(message) }
}
