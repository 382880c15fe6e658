import Basics
import JSONValue
import Templating
import Testing

@testable import CommandLine

@Suite("The backfill of a cron workflow") struct BackfillTests {
  private static let cron: JSON = [
    "metadata": ["name": "nightly", "uid": "u-1", "labels": ["workflows.argoproj.io/controller-instanceid": "i"]],
    "spec": [
      "schedules": ["0 3 * * *", "0 3,15 * * *"], "workflowMetadata": ["labels": ["team": "build"], "annotations": ["a": "b"]],
      "workflowSpec": [
        "entrypoint": "main",
        "arguments": ["parameters": [["name": "env", "value": "test"], ["name": "cronScheduleTime", "value": "x"]]],
      ],
    ],
  ]

  private func time(_ text: String) throws -> (instant: Instant, zone: TimeZoneRules) {
    try #require(GoTime.parse(text, CronBackfill.rfc1123, in: .utc))
  }

  @Test("the times of all schedules after the start until the end, each once, in order")
  func times() throws {
    let start = try time("Sun, 01 Nov 2026 03:00:00 UTC")
    let end = try time("Mon, 02 Nov 2026 15:00:00 UTC")
    #expect(
      try CronBackfill.times(of: Self.cron, after: start, until: end.instant, most: 10).map(CronBackfill.text) == [
        "2026-11-01 15:00:00 +0000 UTC", "2026-11-02 03:00:00 +0000 UTC", "2026-11-02 15:00:00 +0000 UTC",
      ])
    #expect(try CronBackfill.times(of: Self.cron, after: end, until: start.instant, most: 10).isEmpty)
    #expect(throws: SubmitFailure.self) { try CronBackfill.times(of: Self.cron, after: start, until: end.instant, most: 2) }
    var zoned = Self.cron
    zoned["spec"] = ["schedules": ["0 3 * * *"], "timezone": "Asia/Tokyo"]
    #expect(
      try CronBackfill.times(of: zoned, after: start, until: end.instant, most: 10).map(CronBackfill.text) == [
        "2026-11-02 03:00:00 +0900 JST"
      ])
  }

  @Test("a workflow of the backfill has the time as its parameter, waits for its turn, and belongs to the cron workflow")
  func workflow() throws {
    let workflow = CronBackfill(name: "Fill").workflow(of: Self.cron, now: Fixture.origin)
    #expect(workflow.at("metadata", "generateName") == "nightly-backfill-fill-")
    #expect(
      workflow.at("metadata", "labels") == [
        "workflows.argoproj.io/controller-instanceid": "i", "workflows.argoproj.io/cron-workflow": "nightly", "team": "build",
      ])
    #expect(workflow.at("metadata", "annotations", "a") == "b")
    #expect(workflow.at("metadata", "ownerReferences")?[0]?["uid"] == "u-1")
    #expect(
      workflow.at("spec", "arguments", "parameters") == [
        ["name": "env", "value": "test"], ["name": "cronScheduleTime", "value": "{{inputs.parameters.backfillscheduletime}}"],
      ])
    #expect(workflow.at("spec", "priority") == 2_147_483_647)
    #expect(workflow.at("spec", "synchronization", "mutexes") == [["name": "Fill"]])
    let parallel = CronBackfill(name: "x", isParallel: true, argument: "day").workflow(of: Self.cron, now: Fixture.origin)
    #expect(parallel.at("spec", "priority") == nil && parallel.at("spec", "synchronization") == nil)
    #expect(parallel.at("spec", "arguments", "parameters")?.array?.last?["name"] == "day")
  }

  @Test("the tags of a workflow are filled in by itself, not by the one that creates it")
  func tags() {
    var cron = Self.cron
    cron["spec"] = ["workflowSpec": ["templates": [["container": ["args": ["{{workflow.name}} {{=1+1}}", "none"]]]]]]
    let workflow = CronBackfill(name: "fill").workflow(of: cron, now: Fixture.origin)
    #expect(
      workflow.at("spec", "templates")?[0]?.at("container", "args")
        == ["{{=`{`+`{`}}workflow.name}} {{=`{`+`{`}}=1+1}}", "none"])
    #expect(workflow.at("spec", "arguments", "parameters")?[0]?["value"] == "{{inputs.parameters.backfillscheduletime}}")
  }

  @Test("one workflow creates so many at most, and no empty one is left")
  func monitors() throws {
    let backfill = CronBackfill(name: "fill", limit: 2)
    let monitors = backfill.monitors(of: Self.cron, times: ["a", "b", "c", "d"], now: Fixture.origin) {
      "yaml of \($0["kind"]?.string ?? "")"
    }
    #expect(monitors.count == 2)
    let first = try #require(monitors.first)
    #expect(first.at("metadata", "labels", "workflows.argoproj.io/backfill") == "nightly")
    let templates = try #require(first.at("spec", "templates")?.array)
    #expect(templates[0]["steps"]?[0]?[0]?["withParam"] == "[\"a\",\"b\"]")
    #expect(templates[1].at("resource", "manifest") == "yaml of Workflow" && templates[1].at("resource", "action") == "create")
    #expect(backfill.monitors(of: Self.cron, times: ["a"], now: Fixture.origin) { _ in "" }.count == 1)
  }

  @Test("a long name leaves room for what the server adds")
  func longNames() {
    var cron = Self.cron
    cron["metadata"] = ["name": .string(String(repeating: "n", count: 250))]
    let prefix = CronBackfill(name: "fill").workflow(of: cron, now: Fixture.origin).at("metadata", "generateName")?.string
    #expect(prefix?.utf8.count == 243 && prefix?.hasSuffix("n-") == true)
  }
}
