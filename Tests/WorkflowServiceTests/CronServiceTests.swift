import ArgoModel
import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing
import WorkflowCore

@testable import WorkflowService

/// CronWorkflows over a store, with the workflows that they make running.
@Suite struct CronServiceTests {
  private func cron(_ bench: Bench, _ spec: JSONObject) throws {
    var whole: JSONObject = ["schedules": ["@every 1s"], "workflowSpec": single]
    for (key, value) in spec { whole[key] = value }
    try bench.database.create(Resource(.cronWorkflow, json: ["metadata": ["name": "c", "namespace": "n"], "spec": .object(whole)]))
  }

  private func status(_ bench: Bench) throws -> JSON {
    try bench.database.get(ResourceKey(.cronWorkflow, namespace: "n", name: "c"))?.status ?? .null
  }

  @Test("workflows are made in time, run, are counted, and the old ones go", .timeLimit(.minutes(2))) func fires() async throws {
    try await Bench.with { bench, _, node in
      let cron = CronService(store: bench.store)
      try cron.start()
      defer { cron.stop() }
      try self.cron(bench, ["successfulJobsHistoryLimit": 1])
      try await eventually("three have succeeded") { try (status(bench)["succeeded"]?.int ?? 0) >= 3 }
      #expect(Set(node.created.withLock { $0 }).count >= 3)
      try await eventually("one is kept") {
        try bench.objects(.workflow).count { $0.status["phase"]?.string == "Succeeded" } <= 1
      }
    }
  }

  @Test("Replace ends the workflow before; a second service goes on where the first stopped", .timeLimit(.minutes(2)))
  func replaces() async throws {
    try await Bench.with(script: { _ in nil }) { bench, _, _ in
      let first = CronService(store: bench.store)
      try first.start()
      try cron(bench, ["concurrencyPolicy": "Replace", "failedJobsHistoryLimit": 10])
      try await eventually("one was replaced") { try (status(bench)["failed"]?.int ?? 0) >= 1 }
      first.stop()
      let failed = try status(bench)["failed"]?.int ?? 0
      let second = CronService(store: bench.store)
      try second.start()
      defer { second.stop() }
      try await eventually("another was replaced") { try (status(bench)["failed"]?.int ?? 0) > failed }
      #expect(try bench.objects(.workflow).allSatisfy { $0.label(ArgoKey.cronWorkflow) == "c" })
    }
  }

  @Test("the end of a workflow that could not be noted is noted later", .timeLimit(.minutes(2))) func unstored() async throws {
    let bench = try Bench()
    let flaky = Flaky(bench.database)
    let service = CronService(store: flaky)
    try service.start()
    defer { service.stop() }
    try cron(bench, ["concurrencyPolicy": "Forbid"])
    try await eventually("the first is there") { try status(bench).list("active").count == 1 }
    let first = try #require(try bench.objects(.workflow).first)
    flaky.failures.store(1, ordering: .sequentiallyConsistent)
    try bench.database.commit([.delete(first.key)])
    try await eventually("another follows") { try bench.objects(.workflow).contains { $0.uid != first.uid } }
    #expect(flaky.failures.load(ordering: .sequentiallyConsistent) == 0)
  }
}
