import Glibc
import JSONValue
import Testing

/// Limits of semaphores by the Argo API, and workflows that wait for them.
@Suite("Sync limits", .needsKubectl, .needs("curl")) struct SyncAPITests {
  private static func flow(_ name: String, semaphore: String) -> String {
    """
    apiVersion: argoproj.io/v1alpha1
    kind: Workflow
    metadata: {name: \(name)}
    spec:
      entrypoint: hold
      synchronization: {semaphores: [\(semaphore)]}
      templates: [{name: hold, suspend: {}}]
    """
  }

  @Test(
    "a limit that is raised lets go on who waits",
    arguments: [
      (#"{"type": 0, "cmName": "limits", "key": "pool", "limit": 1}"#, "{configMapKeyRef: {name: limits, key: pool}}", "?cmName=limits"),
      (#"{"type": "DATABASE", "key": "pool", "limit": 1}"#, "{database: {key: pool}}", "?type=1"),
    ])
  func raised(limit: String, semaphore: String, query: String) async throws {
    let cluster = try await ServedCluster()
    let curl = try await ArgoCurl(cluster, namespace: "team")
    let made = try await curl.send("POST", "/api/v1/sync/team", body: limit)
    #expect(made.status == 200, "\(made)")
    #expect(made.json["limit"] == 1)
    #expect(try await curl.send("POST", "/api/v1/sync/team", body: limit).status == 409)
    try cluster.bench.file("flows.yaml", ["first", "second"].map { Self.flow($0, semaphore: semaphore) }.joined(separator: "\n---\n"))
    try await cluster.ok("create -n team -f flows.yaml")
    func phases() async throws -> [String] {
      try await cluster.ok("get workflows -n team -o jsonpath={.items[*].status.phase}").split(separator: " ").map(String.init).sorted()
    }
    try await eventually("one holds the semaphore, the other waits", within: .seconds(600)) {
      try await phases() == ["Pending", "Running"]
    }
    var raised = try JSON.parse(limit)
    raised["limit"] = 2
    let changed = try await curl.send("PUT", "/api/v1/sync/team/pool", body: raised.text())
    #expect(changed.status == 200, "\(changed)")
    try await eventually("both run", within: .seconds(600)) { try await phases() == ["Running", "Running"] }
    let read = try await curl.send("GET", "/api/v1/sync/team/pool\(query)")
    #expect(read.json["limit"] == 2 && read.json["key"] == "pool" && read.json["namespace"] == "team", "\(read)")
    #expect(try await curl.send("DELETE", "/api/v1/sync/team/pool\(query)").status == 200)
    #expect(try await curl.send("GET", "/api/v1/sync/team/pool\(query)").status == 404)
    #expect(try await curl.send("PUT", "/api/v1/sync/team/pool", body: raised.text()).status == 404)
    raised["limit"] = 0
    #expect(try await curl.send("POST", "/api/v1/sync/team", body: raised.text()).status == 400)
    raised["type"] = "SOMEWHERE"
    raised["limit"] = 1
    #expect(try await curl.send("POST", "/api/v1/sync/team", body: raised.text()).status == 400)
    #expect(try await curl.send("GET", "/api/v1/sync/default/pool\(query)").status == 403)
    #expect(try await curl.send("POST", "/api/v1/sync/team", body: limit, token: false).status == 401)
  }
}
