import Basics
import CommandLine
import Contracts
import Glibc
import JSONValue
import KubeModel
import NodeService
import ResourceDB
import Synchronization
import Validation
import WorkflowCore
import WorkflowService
import YAMLText

/// One `argosy run`: a private control plane over a state directory, from reading the files to the exit status.
struct RunSession: Sendable {
  let options: RunOptions
  let interrupts: Interrupts

  /// How long a terminated run may take to end before its pods are killed without a record.
  private static let patience = TimeSpan(seconds: 15)

  func run() -> Int32 {
    do {
      return try execute()
    } catch {
      DescriptorSink.standardError.write("argosy: \(error)\n")
      return ConcludingStatus.invalid.rawValue
    }
  }

  private func execute() throws -> Int32 {
    if let action = options.action { return try execute(action) }
    var intake = ManifestIntake()
    let namespace = options.submit.namespace ?? "default"
    try intake.read(options.fixtures, namespace: namespace)
    try intake.read(options.files, namespace: namespace, schedules: true)
    if let source = options.source { intake.add(source, namespace: namespace) }
    intake.apply(options.submit)
    // A state that is new is made only when the manifests are right: nothing half-done stays behind.
    let isNew = options.stateDirectory.map { !LocalFiles.exists($0 + "/" + StateDirectory.databaseName) } ?? true
    if isNew {
      // Nothing can be gone on with in a directory that is not there: most likely its name is wrong.
      if options.resumes, intake.workflows.isEmpty, intake.crons.isEmpty { _ = try StateDirectory(existing: options.stateDirectory ?? "") }
      intake.validate(mode: .run, stored: { _ in nil })
      if let status = refuse(intake) { return status }
    }
    let state = try StateDirectory(named: options.stateDirectory)
    let store: ResourceDatabase
    do {
      store = try state.open()
    } catch {
      if state.isTemporary { state.remove() }
      throw error
    }
    if !isNew {
      intake.validate(mode: .run, stored: { try? store.get($0) })
      if let status = refuse(intake) {
        store.close()
        return status
      }
    }
    return try follow(intake, state: state, store: store)
  }

  /// Goes on with workflows of a kept state.
  private func execute(_ action: RunAction) throws -> Int32 {
    let state = try StateDirectory(existing: options.stateDirectory ?? "")
    let store = try state.open()
    return try follow(ManifestIntake(), state: state, store: store)
  }

  /// Prints what is wrong and gives the exit status; nil when nothing is.
  private func refuse(_ intake: ManifestIntake) -> Int32? {
    let style = options.style(descriptor: 2)
    let report = intake.report(isColored: style.hasColor)
    if !report.diagnostics.isEmpty { DescriptorSink.standardError.write(report.pretty) }
    if report.diagnostics.hasErrors { return ConcludingStatus.invalid.rawValue }
    if intake.workflows.isEmpty, intake.crons.isEmpty, !options.resumes {
      DescriptorSink.standardError.write(
        "argosy: no Workflow or CronWorkflow in the given files: name one that has a `kind: Workflow`, or run a template with --from workflowtemplate/NAME\n"
      )
      return ConcludingStatus.invalid.rawValue
    }
    return nil
  }

  private func follow(_ intake: ManifestIntake, state: StateDirectory, store: ResourceDatabase) throws -> Int32 {
    try store.commit(Self.applying(intake.fixtures.map(\.resource), to: store))
    let tracker = RunTracker()
    let wiring = try Wiring(state: state, store: store, maximumPods: options.maximumPods, observer: tracker.progressed)
    let view = TrackedRuns(tracker: tracker, workflows: wiring.workflows, logs: PodLogTail(store: store, node: wiring.node))
    let display = options.makeDisplay(view: view)
    tracker.show(on: display)
    let follower = options.followsLogs ? LogFollower { pod, line in display.log(pod: pod, line: line) } : nil
    let logWatch = follower.map { follower in
      store.watch([.pod]) { events in
        // What plugins print is nobody's step.
        for event in events where event.change != .deleted && event.resource.label("workflows.argoproj.io/component") == nil {
          follower.follow(event.resource, directory: wiring.node.directory(of: event.resource))
        }
      }
    }
    let childWatch = store.watch([.workflow]) { events in
      for event in events {
        switch event.change {
        case .added: if CronChild.owner(of: event.resource) == nil { tracker.accompany(event.resource) }
        case .deleted: tracker.dismiss(event.resource)
        case .modified: break
        }
      }
    }
    follower?.start()
    try wiring.start()
    if let problem = try submit(intake, store: store, wiring: wiring, tracker: tracker) {
      display.finish()
      follower?.stop()
      wiring.stop()
      DescriptorSink.standardError.write("argosy: \(problem)\n")
      return ConcludingStatus.failed.rawValue
    }
    if options.resumes, tracker.keys.isEmpty, intake.crons.isEmpty {
      display.note("nothing to go on with: all workflows of \(state.path) have ended")
    }
    let cron = intake.crons.isEmpty ? nil : CronSession(intake.crons, store: store, tracker: tracker)
    if let cron {
      try cron.start()
      display.note("\(intake.crons.count == 1 ? "the CronWorkflow fires" : "CronWorkflows fire") until Ctrl-C or the end of --timeout")
    }
    let keyControl = KeyControl(store: store, directory: state)
    let control = StateControl(store: store, workflows: wiring.workflows)
    let server =
      state.isTemporary
      ? nil
      : ControlServer(directory: state.path) { request, _ in
        try keyControl.answer(request) ?? control.answer(request)
      }
    let kept = state.isTemporary ? nil : state.path
    let keys = (display as? LiveTree).flatMap { RunKeys(tracker: tracker, workflows: wiring.workflows, tree: $0, kept: kept).start() }
    defer { keys?.stop() }
    interrupts.observe { count in
      cron?.end()
      for uid in tracker.unfinished { wiring.workflows.command(runUID: uid, count == 1 ? .stop(message: nil) : .terminate) }
      switch count {
      case 1: display.note("stopping: exit handlers still run; press Ctrl-C again to terminate")
      case 2: tracker.abandon(after: Self.patience)
      default: tracker.abandon(after: .zero)
      }
    }
    let timedOut = !wait(tracker, cron) && stop(tracker, wiring: wiring, display: display)
    cron?.end()
    if tracker.isDetached {
      keys?.stop()
      server?.stop()
      logWatch?.cancel()
      childWatch.cancel()
      follower?.stop()
      display.finish()
      wiring.stop()
      DescriptorSink.standardOutput.write(
        "detached: steps that run go on; go on with the workflow by\n  argosy run --state \(state.path) --resume\n")
      return ConcludingStatus.succeeded.rawValue
    }
    if tracker.isAbandoned {
      display.note("the workflows cannot be brought to an end in order, their pods are killed; go on with --state \(state.path) --resume")
      wiring.node.killAll()
    }
    wiring.node.waitUntilIdle(timeout: TimeSpan(seconds: tracker.isAbandoned ? 2 : 60))
    logWatch?.cancel()
    childWatch.cancel()
    follower?.stop()
    keys?.stop()
    display.finish()
    server?.stop()
    let workflows = tracker.keys.compactMap { try? wiring.workflows.workflow($0) }
    let report = options.report(workflows.map(\.json), context: DisplayContext(style: options.style(descriptor: 1), now: SystemClock.now()))
    {
      YAMLText.text($0)
    }
    DescriptorSink.standardOutput.write(report)
    let hasMetrics = writeMetrics(wiring.workflows)
    wiring.stop()
    let phases = workflows.map { $0.status["phase"]?.string ?? "" }
    let status = timedOut ? .failed : ConcludingStatus.of(phases: phases, isInterrupted: interrupts.count > 0)
    conclude(state, status: status)
    return hasMetrics || status != .succeeded ? status.rawValue : ConcludingStatus.failed.rawValue
  }

  /// Waits for the end of what is followed; false when `--timeout` is over first. With CronWorkflows it is how long they fire: what they have
  /// begun then goes on to its end.
  private func wait(_ tracker: RunTracker, _ cron: CronSession?) -> Bool {
    let isOver = tracker.waitUntilFinished(timeout: options.timeout)
    guard !isOver, let cron else { return isOver }
    cron.end()
    return tracker.waitUntilFinished(timeout: nil)
  }

  /// At the end of `--timeout` stops the workflows and waits for their exit handlers. Always true.
  private func stop(_ tracker: RunTracker, wiring: Wiring, display: any RunDisplay) -> Bool {
    display.note("the time given by --timeout is over: stopping")
    for uid in tracker.unfinished { wiring.workflows.command(runUID: uid, .stop(message: "stopped by --timeout")) }
    _ = tracker.waitUntilFinished(timeout: nil)
    return true
  }

  /// Begins what is to be followed. Returns why that was refused.
  private func submit(_ intake: ManifestIntake, store: ResourceDatabase, wiring: Wiring, tracker: RunTracker) throws -> String? {
    // All or none: a crash leaves no part of them behind, for which `--resume` would not know the rest.
    for stored in try store.commit(intake.workflows.map { .create($0.resource) }) { if let stored { tracker.expect(stored) } }
    if options.resumes {
      for row in try store.runs(uid: nil) {
        guard let workflow = try store.get(ResourceKey(.workflow, namespace: row.namespace, name: row.name)) else { continue }
        tracker.expect(workflow)
      }
      // Those that had not begun: they waited for others, or the end came too early.
      let begun = Set(tracker.keys)
      for workflow in try store.list(.workflow, namespace: nil, labels: .everything) where !begun.contains(workflow.key) {
        let isOver = ["Succeeded", "Failed", "Error"].contains(workflow.status["phase"]?.string ?? "")
        if !isOver, workflow.deletionTimestamp == nil { tracker.expect(workflow) }
      }
    }
    guard let action = options.action else { return nil }
    var request = StateRequest(.get, directory: "")
    request.names = options.workflows
    request.namespace = options.submit.namespace ?? "default"
    do {
      for key in try StateControl(store: store, workflows: wiring.workflows).keys(request) {
        tracker.expect(try begin(action, key, wiring.workflows))
      }
      return nil
    } catch {
      return "\(error)"
    }
  }

  private func begin(_ action: RunAction, _ key: ResourceKey, _ workflows: WorkflowService) throws -> Resource {
    let parameters = options.submit.parameters.map { ParameterValue($0.name, $0.value) }
    switch action {
    case .retry(let restartsSuccessful, let selector):
      let nodes = selector.isEmpty ? nil : try NodeSelector(parsing: selector)
      return try workflows.retry(key, RetryRequest(restartsSuccessful: restartsSuccessful, selector: nodes, parameters: parameters))
    case .resubmit(let memoized, let priority):
      return try workflows.resubmit(key, ResubmitRequest(isMemoized: memoized, parameters: parameters, priority: priority))
    case .fork(let node, let inputs, let outputs):
      var request = ForkRequest(node: node)
      request.parameters = parameters
      request.inputs = inputs.map { ParameterValue($0.name, $0.value) }
      request.outputs = outputs.map { ForkRequest.OutputEdit(node: $0.node, name: $0.name, value: $0.value) }
      return try workflows.fork(key, request)
    }
  }

  /// Writes that make the resources be there as given, whether they were or not.
  private static func applying(_ resources: [Resource], to store: ResourceDatabase) throws -> [Write] {
    // Of several with one name the last counts, as with `kubectl apply`.
    var last: [ResourceKey: Int] = [:]
    for (index, resource) in resources.enumerated() where !resource.name.isEmpty { last[resource.key] = index }
    return try resources.enumerated().filter { $1.name.isEmpty || last[$1.key] == $0 }.map { _, resource in
      guard !resource.name.isEmpty, let stored = try store.get(resource.key) else { return .create(resource) }
      return .update(applying(resource, over: stored))
    }
  }

  /// What a manifest makes of the stored object of its name: services' marks and the status stay, which manifests do not speak of.
  private static func applying(_ resource: Resource, over stored: Resource) -> Resource {
    var resource = resource
    if resource.json["status"] == nil, let status = stored.json["status"] { resource.status = status }
    for field in ["labels", "annotations"] {
      for (key, value) in stored.metadata[field]?.object ?? [:] where key.split(separator: "/")[0].hasSuffix("workflows.argoproj.io") {
        var metadata = resource.metadata
        var members = metadata[field] ?? .object([:])
        if members[key] == nil { members[key] = value }
        metadata[field] = members
        resource.metadata = metadata
      }
    }
    return resource
  }

  /// Writes what `--metrics` asks for. False when that is not possible.
  private func writeMetrics(_ workflows: WorkflowService) -> Bool {
    guard let file = options.metricsFile else { return true }
    let text = workflows.metricsText()
    if file == "-" {
      DescriptorSink.standardOutput.write(text)
      return true
    }
    do {
      try LocalFiles.write(Array(text.utf8), to: file, mode: 0o644)
      return true
    } catch {
      DescriptorSink.standardError.write("argosy: the metrics cannot be written to \(file): \(error)\n")
      return false
    }
  }

  private func conclude(_ state: StateDirectory, status: ConcludingStatus) {
    guard state.isTemporary else { return }
    if status == .succeeded, !options.keepsState {
      state.remove()
    } else {
      DescriptorSink.standardError.write("argosy: logs, artifacts and the database of this run are in \(state.path)\n")
    }
  }
}
