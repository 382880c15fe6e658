import APIServer
import Contracts
import JSONValue
import ServerKit
import Testing

/// What the server tells the audit log.
@Suite struct AuditHookTests {
  private static let maps = "/api/v1/namespaces/n/configmaps"

  /// What is recorded of these requests, in their order; each is asked of a server with this policy.
  private func recorded(_ policy: AuditPolicy, _ body: (TestServer) async throws -> Void) async throws -> [AuditRecord] {
    let server = try await TestServer({ _ in }, parts: { $0.auditPolicy = policy })
    do {
      try await body(server)
    } catch {
      await server.stop()
      throw error
    }
    let records = server.audit.all
    await server.stop()
    return records
  }

  @Test("what changes something is recorded with its outcome before it is answered, what reads is not") func changes() async throws {
    let records = try await recorded(.changes) { (server: TestServer) async throws -> Void in
      #expect(try await server.call("GET", Self.maps).status == 200)
      #expect(server.audit.all.isEmpty)
      #expect(try await server.call("POST", Self.maps, body: #"{"metadata":{"generateName":"made-"}}"#).status == 201)
      #expect(server.audit.all.count == 1)
      #expect(try await server.call("POST", Self.maps + "?dryRun=All", body: #"{"metadata":{"name":"dry"}}"#).status == 201)
      #expect(try await server.call("POST", Self.maps, body: #"{"metadata":{"name":"Bad Name"}}"#).status == 422)
      #expect(try await server.call("DELETE", Self.maps + "/nowhere").status == 404)
      #expect(try await server.call("GET", "/version").status == 200)
      let review = #"{"spec":{"resourceAttributes":{"verb":"get","resource":"pods"}}}"#
      #expect(try await server.call("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", body: review).status == 201)
    }
    #expect(records.map(\.status) == [201, 201, 422, 404])
    #expect(records[0].name.hasPrefix("made-") && records[0].namespace == "n" && records[0].resource == "configmaps")
    #expect(records[0].user == "admin" && records[0].peer == "127.0.0.1" && records[0].id.utf8.count == 36)
    #expect(records.map(\.isDryRun) == [false, true, false, false])
    #expect(records[2].message?.contains("Invalid value") == true)
    #expect(records[3].name == "nowhere" && records[3].verb == "delete")
    #expect(records.allSatisfy { $0.path == Self.maps || $0.path.hasPrefix(Self.maps + "/") })
  }

  @Test("what is denied is recorded with who it was, reading too") func denials() async throws {
    let records = try await recorded(.changes) { (server: TestServer) async throws -> Void in
      #expect(try await server.call("GET", Self.maps, token: "user-bob").status == 403)
      #expect(try await server.call("POST", Self.maps, token: "user-bob", body: "{}").status == 403)
      #expect(try await server.call("GET", Self.maps, token: "wrong").status == 401)
      #expect(try await server.call("GET", "/api", token: "user-bob", headers: [("Impersonate-User", "ann")]).status == 403)
    }
    #expect(records.map(\.user) == ["bob", "bob", "", "bob"])
    #expect(records.map(\.status) == [403, 403, 401, 403])
    #expect(records.map(\.verb) == ["list", "create", "list", "get"])
    #expect(records[0].groups == ["system:authenticated"])
  }

  @Test("readings of Secrets are recorded where that is wished, and everything where that is") func readings() async throws {
    func read(_ server: TestServer) async throws {
      #expect(try await server.call("GET", "/api/v1/namespaces/n/secrets").status == 200)
      #expect(try await server.call("GET", "/api/v1/namespaces/n/secrets/none").status == 404)
      #expect(try await server.call("GET", Self.maps).status == 200)
    }
    let secrets = try await recorded(.secrets, read)
    #expect(secrets.map(\.resource) == ["secrets", "secrets"])
    let all = try await recorded(.all, read)
    #expect(all.map(\.resource) == ["secrets", "secrets", "configmaps"])
    let changes = try await recorded(.changes, read)
    #expect(changes.isEmpty)
  }
}
