import Basics
import Contracts
import JSONValue
import KubeModel
import Synchronization

/// Carries out the pods of `resource` and `data` templates inside this process, where a cluster would start Argo's executor: same reports, logs,
/// exit codes and messages (spec 4.6). What blocks runs on the workers of the node service; waiting for an object takes no thread: the
/// object's changes are watched.
///
/// A pod that an earlier process had begun goes on where it was: what its action has done is noted on the pod (``ActionRecord``).
final class ActionRunner: Sendable {
  struct State: Sendable {
    var runs: [String: ActionRun] = [:]
    /// Pods that wait for an object, by the object.
    var waiting: [ResourceKey: Set<String>] = [:]
    var watches: [ResourceKind: any WatchHandle] = [:]
    /// Until when the clock's thread sleeps.
    var armed: Instant?
    var isClosed = false
  }

  let store: any ResourceStoring
  let artifacts: any ArtifactTransferring
  /// Whose rights bind the actions; nil: nobody's.
  let rights: ActionRights?
  private let submit: @Sendable (@escaping @Sendable () -> Void) -> Void
  private let state = Mutex(State())
  private let ticks = Mailbox<Void>()
  private let clock = Mutex<OSThread?>(nil)
  /// How long what the store could not do waits for another try.
  static let pause = TimeSpan(milliseconds: 500)

  /// `submit` runs what blocks on some other thread.
  init(
    store: any ResourceStoring, artifacts: any ArtifactTransferring, rights: ActionRights? = nil,
    submit: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void
  ) {
    self.store = store
    self.artifacts = artifacts
    self.rights = rights
    self.submit = submit
  }

  func start() {
    let thread = startThread(name: "actions") { [self] in
      while ticks.takeAll(deadline: sleepUntil()) != nil { wake(at: SystemClock.steady()) }
    }
    clock.withLock { $0 = thread }
  }

  /// Begins nothing more; what waits goes on with the next start.
  func close() {
    let watches = state.withLock { state in
      defer { state.watches = [:] }
      state.isClosed = true
      state.runs = [:]
      return state.watches
    }
    for watch in watches.values { watch.cancel() }
    ticks.close()
    clock.withLock { $0.take() }?.join()
  }

  /// Takes up a pod, new or begun by an earlier process; its reports go to `observe`, the last one with `isFinished`.
  func begin(_ run: ActionRun) throws(FileError) {
    if let report = run.files.report, report.isFinished { return run.observe(report) }
    try run.files.prepare()
    let report = run.report()
    try run.files.write(report)
    let uid = run.pod.uid
    let isTaken = state.withLock { state -> Bool in
      guard !state.isClosed, state.runs[uid] == nil else { return false }
      state.runs[uid] = run
      return true
    }
    guard isTaken else { return }
    run.observe(report)
    arm(run.deadline)
    submit { [self] in work(uid) }
  }

  /// Ends a pod before its time; false when it is none of this runner's.
  func stop(_ uid: String, _ ending: ActionRun.Ending) -> Bool {
    let (isKnown, ended) = state.withLock { state -> (Bool, ActionRun?) in
      guard let run = state.runs[uid] else { return (false, nil) }
      state.runs[uid]?.ending = ending
      // What an action does to the store is done in a moment and must be told; a listing changes nothing.
      guard !run.isWorking || run.body == .data else { return (true, nil) }
      return (true, Self.remove(uid, from: &state))
    }
    if let ended { submit { [self] in end(ended, ending) } }
    return isKnown
  }

  // MARK: The clock

  private func sleepUntil() -> Instant? {
    state.withLock { state in
      state.armed = state.runs.values.lazy.compactMap(\.wakeAt).min()
      return state.armed
    }
  }

  private func arm(_ time: Instant?) {
    guard let time else { return }
    if state.withLock({ $0.armed.map { time < $0 } ?? true }) { ticks.post(()) }
  }

  private func wake(at now: Instant) {
    let (late, retried) = state.withLock { state -> ([String], [String]) in
      var late: [String] = []
      var retried: [String] = []
      for (uid, run) in state.runs {
        if let deadline = run.deadline, deadline <= now, run.ending == nil {
          late.append(uid)
        } else if let time = run.retryAt, time <= now, !run.isWorking {
          state.runs[uid]?.retryAt = nil
          state.runs[uid]?.isWorking = true
          retried.append(uid)
        }
      }
      return (late, retried)
    }
    for uid in late { _ = stop(uid, .deadline) }
    for uid in retried { submit { [self] in work(uid) } }
  }

  // MARK: Waiting

  /// The objects that were changed; called on the committing thread.
  private func changed(_ keys: [ResourceKey]) {
    let work = state.withLock { state -> [String] in
      var work: [String] = []
      for key in keys {
        for uid in state.waiting[key] ?? [] {
          if state.runs[uid]?.isWorking == true {
            state.runs[uid]?.isStale = true
          } else if state.runs[uid] != nil {
            state.runs[uid]?.isWorking = true
            work.append(uid)
          }
        }
      }
      return work
    }
    for uid in work { submit { [self] in self.work(uid) } }
  }

  /// Begins to watch the object of a pod.
  private func watch(_ target: ActionTarget, for uid: String) {
    state.withLock { state in
      guard state.runs[uid] != nil else { return }
      state.runs[uid]?.target = target
      state.waiting[target.key, default: []].insert(uid)
      guard state.watches[target.kind] == nil else { return }
      state.watches[target.kind] = store.watch([target.kind]) { [weak self] events in self?.changed(events.map(\.resource.key)) }
    }
  }

  private static func remove(_ uid: String, from state: inout State) -> ActionRun? {
    guard let run = state.runs.removeValue(forKey: uid) else { return nil }
    if let key = run.target?.key {
      state.waiting[key]?.remove(uid)
      if state.waiting[key]?.isEmpty == true { state.waiting[key] = nil }
    }
    return run
  }
}

/// What the workers do.
extension ActionRunner {
  private func work(_ uid: String) {
    while let run = state.withLock({ $0.runs[uid] }) {
      do throws(ActionStop) {
        switch run.body {
        case .data: return finish(uid, outputs: try DataAction(run, artifacts: artifacts, store: store).perform())
        case .resource: if try advance(run) { return }
        }
      } catch {
        switch error {
        case .failed(let message):
          run.log.write(message)
          return finish(uid, failure: message)
        case .later(let status):
          run.log.write("trying again: \(status.message)")
          return pause(uid)
        case .gone: return finish(uid, failure: "the pod is gone")
        }
      }
      if rest(uid) { return }
    }
  }

  /// Carries out the action or looks at the object again; true when the pod is over.
  private func advance(_ run: ActionRun) throws(ActionStop) -> Bool {
    let uid = run.pod.uid
    let conditions: ObjectConditions?
    let target: ActionTarget
    if let known = run.target {
      conditions = try ObjectConditions(template: run.template)
      target = known
    } else {
      guard let pod = try stored(run.pod.key), pod.uid == uid else { throw .gone }
      try checkDeletion(run.template)
      let action = ResourceAction(
        pod: pod, template: run.template, manifest: run.manifest, manifestPath: run.manifestPath, store: store, rights: rights,
        log: run.log)
      let found = try action.perform()
      if run.template.at("resource", "action")?.string == "delete" {
        finish(uid, outputs: [:])
        return true
      }
      conditions = try ObjectConditions(template: run.template)
      guard let found else {
        if conditions != nil { throw .failed(ObjectConditions.deleted("there is no such object")) }
        finish(uid, outputs: try ResourceOutputs.values(template: run.template, object: nil))
        return true
      }
      target = found
      run.log.write("\(target.namespace)/\(target.fullName)")
      if target.kind.isInert, run.template.at("resource", "action")?.string != "get" { note(target, of: uid) }
      if conditions != nil { watch(target, for: uid) }
    }
    guard let object = try stored(target.key) else {
      let status = KubeStatus.notFound(target.key)
      throw .failed(conditions == nil ? "Error from server (NotFound): \(status.message)" : ObjectConditions.deleted(status.message))
    }
    if let conditions, try !conditions.isMet(by: object.json, log: run.log) { return false }
    finish(uid, outputs: try ResourceOutputs.values(template: run.template, object: object.json))
    return true
  }

  private func checkDeletion(_ template: JSON) throws(ActionStop) {
    guard let resource = template["resource"], resource["action"]?.string == "delete" else { return }
    let conditions = ["successCondition", "failureCondition"].contains { resource[$0]?.string?.isEmpty == false }
    guard !conditions, template.at("outputs", "parameters")?.array?.isEmpty != false else {
      throw .failed("successCondition, failureCondition and outputs are not supported for delete action")
    }
  }

  private func stored(_ key: ResourceKey) throws(ActionStop) -> Resource? {
    do throws(KubeStatus) { return try store.get(key) } catch { throw .later(error) }
  }

  /// Tells once that waiting for the object's status may be waiting for nothing.
  private func note(_ target: ActionTarget, of uid: String) {
    let text = "\(target.kind.kind) \"\(target.name)\" is stored, but nothing on this machine acts on objects of its kind"
    let run = state.withLock { state in
      state.runs[uid]?.note = text
      return state.runs[uid]
    }
    guard let run else { return }
    run.log.write("Warning: " + text)
    run.observe(run.report())
  }

  /// Puts a pod that waits aside; false when there is something to do at once.
  private func rest(_ uid: String) -> Bool {
    let ended = state.withLock { state -> (run: ActionRun, ending: ActionRun.Ending)?? in
      guard let run = state.runs[uid] else { return .some(nil) }
      if let ending = run.ending { return Self.remove(uid, from: &state).map { ($0, ending) } }
      if run.isStale {
        state.runs[uid]?.isStale = false
        return nil
      }
      state.runs[uid]?.isWorking = false
      return .some(nil)
    }
    guard let ended else { return false }
    if let ended { end(ended.run, ended.ending) }
    return true
  }

  private func pause(_ uid: String) {
    let time = SystemClock.steady() + Self.pause
    let ended = state.withLock { state -> (ActionRun, ActionRun.Ending)? in
      if let ending = state.runs[uid]?.ending { return Self.remove(uid, from: &state).map { ($0, ending) } }
      state.runs[uid]?.isWorking = false
      state.runs[uid]?.retryAt = time
      return nil
    }
    if let (run, ending) = ended { return end(run, ending) }
    arm(time)
  }

  private func end(_ run: ActionRun, _ ending: ActionRun.Ending) {
    tell(run, run.report(exitCode: ending == .stopped(.immediately) ? 137 : 143, ending: ending))
  }

  private func finish(_ uid: String, failure: String) {
    guard let run = state.withLock({ Self.remove(uid, from: &$0) }) else { return }
    tell(run, run.report(exitCode: 64, message: failure))
  }

  private func finish(_ uid: String, outputs: JSON) {
    guard let run = state.withLock({ Self.remove(uid, from: &$0) }) else { return }
    do throws(FileError) {
      try run.files.write(outputs: outputs)
      tell(run, run.report(exitCode: 0))
    } catch {
      tell(run, run.report(exitCode: 64, message: "\(error)"))
    }
  }

  private func tell(_ run: ActionRun, _ report: PodReport) {
    // The pod's object is what counts; a status that cannot be kept here is found out again.
    do throws(FileError) { try run.files.write(report) } catch { Diagnostics.report("the status of pod \(run.pod.name): \(error)") }
    run.observe(report)
  }
}
