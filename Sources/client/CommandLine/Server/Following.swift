import ArgoClient
import ArgumentParser
import Basics
import Glibc
import JSONValue
import Synchronization

/// What is done with a workflow after it was submitted, retried or resubmitted.
struct FollowArguments: ParsableArguments {
  @Flag(name: .shortAndLong, help: "Wait for the workflow to complete; the exit status tells how it ended.")
  var wait = false

  @Flag(help: "Watch the workflow until it completes.")
  var watch = false

  @Flag(help: "Follow the logs of all pods.")
  var log = false
}

/// Follows workflows of a server: until they end, as a picture, or as their logs.
struct Following: Sendable {
  let client: ArgoClient
  let dependencies: CommandDependencies
  var noColor = false
  var noUTF8 = false

  private var context: DisplayContext { Terminal.context(dependencies.style(noColor: noColor, noUTF8: noUTF8)) }

  /// As the flags say; the exit status.
  func follow(_ workflows: [WorkflowName], _ flags: FollowArguments, output: WorkflowOutput?, filter: NodeFilter) async throws -> Int32 {
    if flags.log {
      for workflow in workflows {
        try await log(workflow, query: [("logOptions.container", "main"), ("logOptions.follow", "true")])
      }
    }
    if flags.wait {
      let haveSucceeded = try await wait(workflows, isQuiet: output?.isForPrograms ?? false)
      return (haveSucceeded ? ConcludingStatus.succeeded : .failed).rawValue
    }
    if flags.watch { for workflow in workflows { try await watch(workflow, filter: filter) } }
    return ConcludingStatus.succeeded.rawValue
  }

  // MARK: Waiting

  /// Waits for all at once and says when each ends. False when one ended Failed or in Error, or is gone.
  func wait(_ workflows: [WorkflowName], isQuiet: Bool = false, ignoresMissing: Bool = false) async throws -> Bool {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for workflow in workflows {
        group.addTask { try await waitForOne(workflow, isQuiet: isQuiet, ignoresMissing: ignoresMissing) }
      }
      var result = true
      for try await succeeded in group where !succeeded { result = false }
      return result
    }
  }

  private func waitForOne(_ workflow: WorkflowName, isQuiet: Bool, ignoresMissing: Bool) async throws -> Bool {
    let end: JSON
    do {
      end = try await untilEnd(workflow) { _ in }
    } catch let failure as ClientFailure where failure.isNotFound {
      if ignoresMissing { return true }
      dependencies.errors.write("Error: \(Printable.block(failure.message))\n")
      return false
    }
    let phase = end.at("status", "phase")?.string ?? ""
    if !isQuiet {
      let finished = WorkflowText.instant(end.at("status", "finishedAt"))
      dependencies.output.write("\(Printable.line(workflow.name)) \(phase) at \(Self.goTime(finished))\n")
    }
    return phase != "Failed" && phase != "Error"
  }

  /// Shows each state of a workflow until its last one, which it returns; also when it is deleted or archived meanwhile.
  private func untilEnd(_ workflow: WorkflowName, _ show: (JSON) async -> Void) async throws -> JSON {
    // An archived workflow has no events; `@latest` is one workflow from here on.
    var current = try await client.workflow(workflow.name, namespace: workflow.namespace)
    await show(current)
    if Self.hasEnded(current) { return current }
    let named = WorkflowName(current, fallback: workflow.namespace)
    let uid = current.at("metadata", "uid")?.string
    var isDeleted = false
    try await client.watch(
      ["api", "v1", "workflow-events", named.namespace], fieldSelector: "metadata.name=\(named.name)"
    ) { event in
      // Another one that took its name is another one.
      guard event.object.at("metadata", "uid")?.string == uid else { return true }
      isDeleted = event.type == "DELETED"
      if isDeleted { return false }
      current = event.object
      await show(current)
      return !Self.hasEnded(current)
    }
    if isDeleted && !Self.hasEnded(current) {
      current = try await client.workflow(named.name, namespace: named.namespace)
      guard Self.hasEnded(current), current.at("metadata", "uid")?.string == uid else {
        throw ClientFailure("workflow \(named.name) was deleted", code: 5, status: 404)
      }
      await show(current)
    }
    return current
  }

  private static func hasEnded(_ workflow: JSON) -> Bool { WorkflowText.instant(workflow.at("status", "finishedAt")) != nil }

  /// As Go prints a time: `2026-11-28 22:15:51 +0000 UTC`, in the local zone.
  static func goTime(_ instant: Instant?) -> String {
    guard let instant else { return "0001-01-01 00:00:00 +0000 UTC" }
    var seconds = time_t(instant.seconds)
    var local = tm()
    var zone = "UTC"
    var offset: Int64 = 0
    if localtime_r(&seconds, &local) != nil {
      offset = Int64(local.tm_gmtoff)
      if let name = local.tm_zone { zone = String(cString: name) }
    }
    return (instant + TimeSpan(seconds: offset)).formatted("%Y-%m-%d %H:%M:%S ")
      + "\(offset < 0 ? "-" : "+")\((abs(offset) / 3600).padded(2))\((abs(offset) / 60 % 60).padded(2)) \(zone)"
  }

  // MARK: Watching

  /// Draws a workflow's block until it ends: on a terminal in place, every second; elsewhere once for each change.
  func watch(_ workflow: WorkflowName, filter: NodeFilter) async throws {
    let picture = Picture(following: self, filter: filter)
    guard dependencies.isTerminal else {
      _ = try await untilEnd(workflow) { picture.draw($0) }
      return
    }
    try await withThrowingTaskGroup(of: Bool.self) { group in
      group.addTask {
        _ = try await untilEnd(workflow) { picture.draw($0) }
        return true
      }
      group.addTask {
        while true {
          do { try await Task.sleep(for: .seconds(1)) } catch { return false }
          picture.redraw()
        }
      }
      while let isOver = try await group.next() {
        if isOver { group.cancelAll() }
      }
    }
  }

  private final class Picture: Sendable {
    private let following: Following
    private let filter: NodeFilter
    private let shown = Mutex<(workflow: JSON, text: String)?>(nil)

    init(following: Following, filter: NodeFilter) {
      self.following = following
      self.filter = filter
    }

    func draw(_ workflow: JSON) {
      let text = WorkflowOutput.text(workflow, nil, following.context, yaml: { _ in "" }, isShown: filter.isShown)
      let before = shown.withLock { shown in
        defer { shown = (workflow, text) }
        return shown?.text
      }
      guard following.dependencies.isTerminal else {
        if text != before { following.dependencies.output.write(text) }
        return
      }
      let clear = before == nil ? "\u{1B}[H\u{1B}[2J" : "\u{1B}[H"
      let lines = text.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: "\u{1B}[K\n")
      following.dependencies.output.write(clear + lines + "\u{1B}[J")
    }

    func redraw() {
      if let workflow = shown.withLock({ $0?.workflow }) { draw(workflow) }
    }
  }

  // MARK: Logs

  /// Prints a workflow's log, each line behind its pod's name. What is followed (`logOptions.follow`) is taken up again after a restart of the server.
  func log(_ workflow: WorkflowName, query: ArgoClient.Query) async throws {
    let style = dependencies.style(noColor: noColor)
    func show(_ entry: JSON) {
      let (pod, line) = (entry["podName"]?.string ?? "", entry["content"]?.string ?? "")
      dependencies.output.write(LogLine.text(pod: pod, line: dependencies.isTerminal ? Printable.logLine(line) : line, style: style))
    }
    guard query.contains(where: { $0 == ("logOptions.follow", "true") }) else {
      return try await client.log(workflow.name, namespace: workflow.namespace, query: query) { entry in
        show(entry)
        return true
      }
    }
    // `@latest` is one workflow from here on.
    let found = try await client.workflow(workflow.name, namespace: workflow.namespace)
    let named = WorkflowName(found, fallback: workflow.namespace)
    var place = LogPlace(query)
    var reconnection = Reconnection()
    while true {
      do {
        try await client.log(named.name, namespace: named.namespace, query: place.query) { entry in
          reconnection.succeeded()
          if place.takes(entry) { show(entry) }
          return !place.isOver
        }
        // Of a server that does not say where it is the stream's end is the end.
        if place.isOver || !place.isKnown { return }
      } catch let failure as ClientFailure {
        guard place.isKnown else { throw failure }
        try reconnection.check(failure)
      }
      try await reconnection.pause()
      guard try await isThere(named, uid: found.at("metadata", "uid")?.string) else { return }
      place.lost()
    }
  }

  /// Whether the workflow is still there or archived; also where nobody answers just now.
  private func isThere(_ workflow: WorkflowName, uid: String?) async throws -> Bool {
    do throws(ClientFailure) {
      return try await client.workflow(workflow.name, namespace: workflow.namespace).at("metadata", "uid")?.string == uid
    } catch {
      return !error.isNotFound
    }
  }
}
