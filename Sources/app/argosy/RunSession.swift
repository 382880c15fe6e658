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

  func run() -> Int32 {
    do {
      return try execute()
    } catch {
      DescriptorSink.standardError.write("argosy: \(error)\n")
      return ConcludingStatus.invalid.rawValue
    }
  }

  private func execute() throws -> Int32 {
    var intake = ManifestIntake()
    let namespace = options.submit.namespace ?? "default"
    try intake.read(options.fixtures, namespace: namespace)
    try intake.read(options.files, namespace: namespace)
    var workflows = intake
    workflows.applyToWorkflows(options.submit)
    intake = workflows
    // A state that is new is made only when the manifests are right: nothing half-done stays behind.
    if options.stateDirectory == nil {
      intake.validate(mode: .run, stored: { _ in nil })
      if let status = refuse(intake, hasStored: false) { return status }
    }
    let state = try StateDirectory(named: options.stateDirectory)
    let store: ResourceDatabase
    do {
      store = try ResourceDatabase(file: state.database)
    } catch {
      if state.isTemporary { state.remove() }
      throw error
    }
    if options.stateDirectory != nil {
      intake.validate(mode: .run, stored: { try? store.get($0) })
      if let status = refuse(intake, hasStored: true) {
        store.close()
        return status
      }
    }
    return try follow(intake, state: state, store: store)
  }

  /// Prints what is wrong and gives the exit status; nil when nothing is.
  private func refuse(_ intake: ManifestIntake, hasStored: Bool) -> Int32? {
    let style = options.style(descriptor: 2)
    let report = intake.report(isColored: style.hasColor)
    if !report.diagnostics.isEmpty { DescriptorSink.standardError.write(report.pretty) }
    if report.diagnostics.hasErrors { return ConcludingStatus.invalid.rawValue }
    if intake.workflows.isEmpty, options.source == nil, !options.resumes {
      DescriptorSink.standardError.write(
        "argosy: no Workflow in the given files: name one that has a `kind: Workflow`, or run a template with --from workflowtemplate/NAME\n"
      )
      return ConcludingStatus.invalid.rawValue
    }
    return nil
  }

  private func follow(_ intake: ManifestIntake, state: StateDirectory, store: ResourceDatabase) throws -> Int32 {
    try store.commit(Self.applying(intake.fixtures.map(\.resource), to: store))
    let tracker = RunTracker()
    let wiring = try Wiring(state: state, store: store, maximumPods: options.maximumPods, observer: tracker.progressed)
    let view = TrackedRuns(tracker: tracker, workflows: wiring.workflows)
    let display = options.makeDisplay(view: view)
    tracker.show(on: display)
    let follower = options.followsLogs ? LogFollower { pod, line in display.log(pod: pod, line: line) } : nil
    let logWatch = follower.map { follower in
      store.watch([.pod]) { events in
        for event in events where event.change != .deleted {
          follower.follow(event.resource, directory: wiring.node.directory(of: event.resource))
        }
      }
    }
    follower?.start()
    try wiring.start()
    try submit(intake, store: store, tracker: tracker)
    interrupts.observe { count in
      for uid in tracker.unfinished { wiring.workflows.command(runUID: uid, count == 1 ? .stop(message: nil) : .terminate) }
      if count == 1 { display.note("stopping: exit handlers still run; press Ctrl-C again to terminate") }
    }
    let timedOut = !tracker.waitUntilFinished(timeout: options.timeout) && stop(tracker, wiring: wiring, display: display)
    wiring.node.waitUntilIdle(timeout: TimeSpan(seconds: 60))
    logWatch?.cancel()
    follower?.stop()
    display.finish()
    let workflows = tracker.keys.compactMap { try? wiring.workflows.workflow($0) }
    let report = options.report(workflows.map(\.json), context: DisplayContext(style: options.style(descriptor: 1), now: SystemClock.now()))
    {
      YAMLText.text($0)
    }
    DescriptorSink.standardOutput.write(report)
    wiring.stop()
    let phases = workflows.map { $0.status["phase"]?.string ?? "" }
    let status = timedOut ? .failed : ConcludingStatus.of(phases: phases, isInterrupted: interrupts.count > 0)
    conclude(state, status: status)
    return status.rawValue
  }

  /// At the end of `--timeout` stops the workflows and waits for their exit handlers. Always true.
  private func stop(_ tracker: RunTracker, wiring: Wiring, display: any RunDisplay) -> Bool {
    display.note("the time given by --timeout is over: stopping")
    for uid in tracker.unfinished { wiring.workflows.command(runUID: uid, .stop(message: "stopped by --timeout")) }
    _ = tracker.waitUntilFinished(timeout: nil)
    return true
  }

  private func submit(_ intake: ManifestIntake, store: ResourceDatabase, tracker: RunTracker) throws {
    var resources = intake.workflows.map(\.resource)
    if let source = options.source {
      var workflow = options.submit.apply(to: source.workflow)
      if workflow.namespace.isEmpty { workflow.namespace = options.submit.namespace ?? "default" }
      resources.append(workflow)
    }
    for workflow in resources { tracker.expect(try store.create(workflow)) }
    if options.resumes {
      for row in try store.runs(uid: nil) {
        guard let workflow = try store.get(ResourceKey(.workflow, namespace: row.namespace, name: row.name)) else { continue }
        tracker.expect(workflow)
      }
    }
  }

  /// Writes that make the resources be there as given, whether they were or not.
  private static func applying(_ resources: [Resource], to store: ResourceDatabase) throws -> [Write] {
    try resources.map { resource in
      guard !resource.name.isEmpty, try store.get(resource.key) != nil else { return .create(resource) }
      return .update(resource)
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
