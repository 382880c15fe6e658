import ArgoModel
import Basics
import JSONValue
import KubeModel
import Templating

/// The scheduling of one CronWorkflow (spec 1.2): a value that takes what happened and says what is to be done. It keeps nothing that its
/// object does not say, so that a restart begins with the object alone.
package struct CronState: Sendable {
  package private(set) var resource: Resource
  private var schedules: [CronSchedule] = []
  /// Its workflows, by uid.
  private var children: [String: CronChild] = [:]
  /// When the next run is due; nil: never.
  package private(set) var next: Instant?

  /// - Parameter children: the workflows that exist and were made by it.
  package init(_ resource: Resource, children: [CronChild]) {
    self.resource = resource
    for child in children { self.children[child.uid] = child }
  }

  /// What is to be done at its first sight, or after its object changed: what was missed while nobody watched is run if the deadline
  /// allows, unless the schedule itself is new.
  package mutating func changed(_ resource: Resource, in world: CronWorld) -> [CronEffect] {
    self.resource = resource
    var work = CronWork(resource: resource, world: world)
    guard compile(world) else {
      work.report("SpecError", problem ?? "")
      return finish(work)
    }
    if !work.isStopped, !work.usesNewSchedule(scheduleText), let missed = missed(at: world.now) { run(missed, &work) }
    work.reconcile(children)
    plan(after: world.now)
    return finish(work)
  }

  /// A workflow of it was made, went on, or was deleted (nil).
  package mutating func childChanged(_ uid: String, _ child: CronChild?, in world: CronWorld) -> [CronEffect] {
    guard children[uid] != child else { return [] }
    children[uid] = child
    var work = CronWork(resource: resource, world: world)
    work.reconcile(children)
    return finish(work)
  }

  /// The time of a run has come.
  package mutating func due(in world: CronWorld) -> [CronEffect] {
    guard let time = next, time <= world.now else { return [] }
    var work = CronWork(resource: resource, world: world)
    if isTooLate(time, at: world.now) { if let missed = missed(at: world.now) { run(missed, &work) } } else { run(time, &work) }
    plan(after: max(time, world.now))
    return finish(work)
  }

  /// The wall clock was set back: the next time is one of those that come once more.
  package mutating func clockSetBack(in world: CronWorld) -> [CronEffect] {
    plan(after: world.now)
    return []
  }

  /// The machine slept, or its clock was set forwards, for longer than `startingDeadlineSeconds` allows. Times are whole minutes.
  private func isTooLate(_ time: Instant, at now: Instant) -> Bool {
    guard let deadline = resource.spec["startingDeadlineSeconds"]?.looseInt else { return false }
    return now - time > TimeSpan(seconds: max(60, deadline))
  }

  /// The object as the store has it after a decision was carried out.
  package mutating func stored(_ resource: Resource) { self.resource = resource }

  private mutating func finish(_ work: CronWork) -> [CronEffect] {
    var work = work
    let effects = work.finish()
    resource = work.resource
    return effects
  }

  // MARK: Schedules

  private var problem: String?

  /// The schedules with the time zone, as Argo remembers them on the object.
  private var scheduleText: String { schedulesWithZone.joined(separator: ",") }

  private var schedulesWithZone: [String] {
    let zone = resource.spec["timezone"]?.string ?? ""
    return resource.spec.list("schedules").compactMap(\.string).map { zone.isEmpty ? $0 : "CRON_TZ=\(zone) \($0)" }
  }

  private mutating func compile(_ world: CronWorld) -> Bool {
    schedules = []
    problem = nil
    for text in schedulesWithZone {
      do throws(CronScheduleError) {
        schedules.append(try CronSchedule(parsing: text, local: world.localZone, zone: world.zone))
      } catch {
        problem = "cron schedule \(text) is malformed: \(error)"
        next = nil
        return false
      }
    }
    return true
  }

  private mutating func plan(after now: Instant) {
    next = schedules.compactMap { $0.next(after: now) }.min()
  }

  /// The newest time that has passed since the last run, if it is not older than `startingDeadlineSeconds`. Without that number nothing is
  /// ever made up for.
  private func missed(at now: Instant) -> Instant? {
    guard let last = resource.status["lastScheduledTime"]?.string.flatMap(Instant.init(rfc3339:)),
      let deadline = resource.spec["startingDeadlineSeconds"]?.looseInt
    else { return nil }
    let span = TimeSpan(seconds: max(0, deadline))
    for schedule in schedules {
      // Only what is within the deadline counts, however long the machine slept.
      let from = max(last, now + TimeSpan(milliseconds: -span.milliseconds - 1))
      var newest: Instant?
      var time = schedule.next(after: from)
      while let candidate = time, candidate < now {
        newest = candidate
        time = schedule.next(after: candidate)
      }
      if let newest, now < newest + span { return newest }
    }
    return nil
  }

  // MARK: Running

  private mutating func run(_ time: Instant, _ work: inout CronWork) {
    work.rememberSchedule(scheduleText)
    guard work.isValid() else { return }
    guard work.checkStop(), work.mayRun() else { return }
    let child = work.child(at: time)
    work.submit(child, at: time)
  }
}

/// A workflow that a CronWorkflow made.
package struct CronChild: Sendable, Hashable {
  package var uid: String
  package var name: String
  package var phase: WorkflowPhase
  package var finishedAt: Instant?
  package var resourceVersion: Int64

  /// nil for a workflow that no CronWorkflow made.
  package init?(_ workflow: Resource) {
    guard Self.owner(of: workflow) != nil else { return nil }
    uid = workflow.uid
    name = workflow.name
    phase = workflow.workflowPhase
    finishedAt = workflow.status["finishedAt"]?.string.flatMap(Instant.init(rfc3339:))
    resourceVersion = workflow.resourceVersion ?? 0
  }

  /// The uid of the CronWorkflow that controls a workflow.
  package static func owner(of workflow: Resource) -> String? {
    workflow.metadata.list("ownerReferences").first { $0["kind"]?.string == "CronWorkflow" && $0["controller"]?.bool == true }?["uid"]?
      .string
  }

  package static func == (left: CronChild, right: CronChild) -> Bool {
    left.uid == right.uid && left.phase == right.phase && left.finishedAt == right.finishedAt
  }
  package func hash(into hasher: inout Hasher) { hasher.combine(uid) }
}

/// What a decision about a CronWorkflow may know.
package struct CronWorld: Sendable {
  package var now: Instant
  /// What is wrong with the CronWorkflow by the rules of validation; nil when nothing is.
  package var problem: @Sendable (Resource) -> String?
  /// A time zone by its IANA name, and that of schedules which name none.
  package var zone: @Sendable (String) -> TimeZoneRules?
  package var localZone: TimeZoneRules

  package init(
    now: Instant, localZone: TimeZoneRules = .utc, zone: @escaping @Sendable (String) -> TimeZoneRules?,
    problem: @escaping @Sendable (Resource) -> String? = { _ in nil }
  ) {
    self.now = now
    self.localZone = localZone
    self.zone = zone
    self.problem = problem
  }
}

/// What is to be done for a CronWorkflow. `submit` and the `update` after it belong into one transaction; a workflow that is there already is
/// the same run, made before, and no error.
package enum CronEffect: Sendable, Hashable {
  case submit(Resource)
  /// Terminate a workflow, by name.
  case terminate(String)
  /// Delete a workflow, by name.
  case delete(String)
  /// A merge patch of the CronWorkflow.
  case update(JSON)
}
