import ArgoModel
import Basics
import JSONValue
import KubeModel
import Testing

@testable import WorkflowCore

/// The scheduling of CronWorkflows (spec 1.2), over virtual time.
@Suite struct CronTests {
  /// A CronWorkflow with its workflows, in memory.
  final class Bench {
    var state: CronState
    var now: Instant
    var workflows: [String: Resource] = [:]
    var made: [String] = []
    var terminated: [String] = []
    var problem: String?

    init(_ spec: JSONObject, at time: String = "2026-03-01T10:00:30Z", status: JSON? = nil, annotations: JSON? = nil) throws {
      now = try #require(Instant(rfc3339: time))
      var whole: JSONObject = ["schedules": ["* * * * *"], "workflowSpec": ["entrypoint": "m"]]
      for (key, value) in spec { whole[key] = value }
      var metadata: JSONObject = ["name": "c", "namespace": "n", "uid": "u", "labels": ["team": "x"]]
      metadata["annotations"] = annotations
      var json: JSON = ["metadata": .object(metadata), "spec": .object(whole)]
      if let status { json["status"] = status }
      let resource = Resource(.cronWorkflow, json: json)
      state = CronState(resource, children: [])
      carryOut(state.changed(resource, in: world))
    }

    var world: CronWorld { CronWorld(now: now, zone: SystemTimeZones.named) { [problem] _ in problem } }
    var status: JSON { state.resource.status }

    func carryOut(_ effects: [CronEffect]) {
      for effect in effects {
        switch effect {
        case .submit(var workflow):
          workflow.uid = "uid-\(workflow.name)"
          made.append(workflow.name)
          workflows[workflow.name] = workflow
          carryOut(state.childChanged(workflow.uid, CronChild(workflow), in: world))
        case .terminate(let name): terminated.append(name)
        case .delete(let name):
          guard let gone = workflows.removeValue(forKey: name) else { continue }
          carryOut(state.childChanged(gone.uid, nil, in: world))
        case .update: break
        }
      }
    }

    /// Lets time pass, minute by minute.
    func pass(minutes: Int) {
      for _ in 0..<minutes {
        now = now + TimeSpan(seconds: 60)
        carryOut(state.due(in: world))
      }
    }

    func end(_ name: String, _ phase: String) {
      workflows[name]?.status = ["phase": .string(phase), "finishedAt": .string(now.rfc3339)]
      if let workflow = workflows[name] { carryOut(state.childChanged(workflow.uid, CronChild(workflow), in: world)) }
    }

    var active: [String] { status.list("active").compactMap { $0["name"]?.string } }
  }

  private static let first = "c-1772359260"

  @Test("each run is a workflow named for its time, owned, labelled, with the scheduled time") func child() throws {
    let bench = try Bench(["workflowMetadata": ["labels": ["l": "1"], "annotations": ["a": "2"], "finalizers": ["f"]]])
    bench.pass(minutes: 1)
    #expect(bench.made == [Self.first])
    let workflow = try #require(bench.workflows[Self.first])
    #expect(workflow.annotation(ArgoKey.scheduledTime) == "2026-03-01T10:01:00Z")
    #expect(workflow.label(ArgoKey.cronWorkflow) == "c" && workflow.label("l") == "1" && workflow.annotation("a") == "2")
    #expect(workflow.label("team") == nil)
    #expect(workflow.metadata["finalizers"] == ["f"])
    #expect(CronChild.owner(of: workflow) == "u")
    #expect(bench.active == [Self.first])
    #expect(bench.status["lastScheduledTime"] == "2026-03-01T10:01:00Z")
    #expect(bench.status["phase"] == "Active")
  }

  @Test("several schedules and a time zone") func schedules() throws {
    let bench = try Bench(["schedules": ["5 19 * * *", "7 19 * * *"], "timezone": "Asia/Tokyo"])
    bench.pass(minutes: 10)
    #expect(
      bench.workflows.values.compactMap { $0.annotation(ArgoKey.scheduledTime) }.sorted() == [
        "2026-03-01T10:05:00Z", "2026-03-01T10:07:00Z",
      ])
  }

  @Test(
    "Forbid skips, Replace terminates, Allow runs beside", arguments: [("Forbid", 1, 0), ("Replace", 3, 3), ("Allow", 3, 0), ("", 3, 0)])
  func concurrency(policy: String, made: Int, terminated: Int) throws {
    let bench = try Bench(["concurrencyPolicy": .string(policy)])
    bench.pass(minutes: 3)
    #expect(bench.made.count == made)
    #expect(bench.terminated.count == terminated)
    #expect(bench.active.count == made)
  }

  @Test("suspended, nothing runs") func suspended() throws {
    let bench = try Bench(["suspend": true])
    bench.pass(minutes: 3)
    #expect(bench.made.isEmpty)
  }

  @Test("finished workflows are counted and kept as the history limits say") func history() throws {
    let bench = try Bench(["successfulJobsHistoryLimit": 2])
    for phase in ["Succeeded", "Failed", "Succeeded", "Error", "Succeeded"] {
      bench.pass(minutes: 1)
      bench.end(try #require(bench.made.last), phase)
    }
    #expect(bench.status["succeeded"] == 3 && bench.status["failed"] == 2)
    #expect(bench.active.isEmpty)
    let phases = bench.workflows.values.compactMap { $0.status["phase"]?.string }.sorted()
    #expect(phases == ["Error", "Succeeded", "Succeeded"])
  }

  @Test("when decides with the counters, and its bare words are no strings") func when() throws {
    let bench = try Bench(["when": "{{= cronworkflow.succeeded < 1 }} && '{{cronworkflow.name}}' == 'c'"])
    bench.pass(minutes: 1)
    bench.end(Self.first, "Succeeded")
    bench.pass(minutes: 3)
    #expect(bench.made == [Self.first])
    let first = try Bench([
      "when": "{{= cronworkflow.lastScheduledTime == nil || (now() - cronworkflow.lastScheduledTime).Seconds() > 100 }}"
    ])
    first.pass(minutes: 4)
    #expect(first.made.count == 2)
    let bare = try Bench(["when": "foo == foo"])
    bare.pass(minutes: 1)
    #expect(bare.made.isEmpty)
    let condition = bare.status["conditions"]?[0]
    #expect(condition?["type"] == "SubmissionError" && condition?["message"]?.string?.hasPrefix("run policy error: ") == true)
    #expect(bare.status["failed"] == 1)
  }

  @Test("once the stop strategy's expression was true nothing runs any more") func stopStrategy() throws {
    let bench = try Bench(["stopStrategy": ["expression": "cronworkflow.failed >= 1"]])
    bench.pass(minutes: 1)
    bench.end(Self.first, "Failed")
    #expect(bench.status["phase"] == "Stopped")
    #expect(bench.state.resource.label("workflows.argoproj.io/cron-workflow-completed") == "true")
    bench.pass(minutes: 3)
    #expect(bench.made == [Self.first])
  }

  @Test(
    "what was missed is made up for within the deadline, the newest only",
    arguments: [
      (nil, []), (10, []), (45, ["c-1772359200"]), (100_000, ["c-1772359200"]),
    ] as [(Int64?, [String])])
  func missed(deadline: Int64?, made: [String]) throws {
    let bench = try Bench(
      deadline.map { ["startingDeadlineSeconds": .int($0)] } ?? [:],
      status: ["lastScheduledTime": "2026-03-01T09:00:00Z"], annotations: ["cronworkflows.argoproj.io/last-used-schedule": "* * * * *"])
    #expect(bench.made == made)
  }

  @Test(
    "after a sleep the time that was due is run late, within the deadline the newest one that was missed",
    arguments: [
      (nil, [first]), (100_000, [first]), (0, []), (600, ["c-1772362800"]),
    ] as [(Int64?, [String])])
  func slept(deadline: Int64?, made: [String]) throws {
    let bench = try Bench(
      deadline.map { ["startingDeadlineSeconds": .int($0)] } ?? [:], status: ["lastScheduledTime": "2026-03-01T10:00:00Z"],
      annotations: ["cronworkflows.argoproj.io/last-used-schedule": "* * * * *"])
    bench.now = try #require(Instant(rfc3339: "2026-03-01T11:00:30Z"))
    bench.carryOut(bench.state.due(in: bench.world))
    #expect(bench.made == made)
    bench.pass(minutes: 1)
    #expect(bench.made == made + ["c-1772362860"])
  }

  @Test("where the clock is set back an hour, the schedule goes on within a minute")
  func setBack() throws {
    let bench = try Bench([:])
    bench.pass(minutes: 1)
    bench.now = try #require(Instant(rfc3339: "2026-03-01T09:00:30Z"))
    bench.carryOut(bench.state.clockSetBack(in: bench.world))
    bench.pass(minutes: 2)
    #expect(bench.made == [Self.first, "c-1772355660", "c-1772355720"])
  }

  @Test("a schedule that is new has missed nothing") func newSchedule() throws {
    let bench = try Bench(
      ["startingDeadlineSeconds": 100], status: ["lastScheduledTime": "2026-03-01T09:00:00Z"],
      annotations: ["cronworkflows.argoproj.io/last-used-schedule": "0 * * * *"])
    #expect(bench.made.isEmpty)
    bench.pass(minutes: 1)
    #expect(bench.state.resource.annotation("cronworkflows.argoproj.io/last-used-schedule") == "* * * * *")
  }

  @Test("what validation finds is a condition until it is mended") func specError() throws {
    let bench = try Bench([:])
    bench.problem = "template reference gone.x not found"
    bench.pass(minutes: 1)
    #expect(bench.made.isEmpty)
    #expect(bench.status["conditions"]?[0]?["type"] == "SpecError")
    #expect(bench.status["conditions"]?[0]?["message"] == "template reference gone.x not found")
    bench.problem = nil
    bench.pass(minutes: 1)
    #expect(bench.made.count == 1)
    #expect(bench.status["conditions"] == [])
    let malformed = try Bench(["schedules": ["61 * * * *"]])
    #expect(malformed.status["conditions"]?[0]?["message"]?.string?.hasPrefix("cron schedule 61 * * * * is malformed: ") == true)
    #expect(malformed.state.next == nil)
  }
}
