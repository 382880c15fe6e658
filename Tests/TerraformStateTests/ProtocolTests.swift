import Contracts
import JSONValue
import KubeModel
import ResourceDB
import TerraformBackend
import TerraformStateService
import Testing

/// What Terraform's `http` backend sends, and what it must get.
@Suite("Terraform's http backend") struct ProtocolTests {
  private let backend: Backend
  init() throws { backend = try Backend() }

  private static let path = "/tfstate/team/app/network"

  @Test("there is no state at first; what is written is read again, byte by byte, with its digest")
  func writeAndRead() {
    #expect(backend.send("GET", Self.path).status == 404)
    #expect(backend.send("POST", Self.path, Backend.state(1)).status == 200)
    let answer = backend.send("GET", Self.path)
    #expect(answer.status == 200 && answer.text == Backend.state(1))
    #expect(answer[header: "content-md5"] != nil && answer[header: "content-type"] == "application/json")
    #expect(backend.send("GET", "/tfstate/team/app").status == 404, "another key")
    #expect(backend.send("GET", "/tfstate/other/app/network").status == 404, "another namespace")
  }

  @Test("a lock is one client's; others get its document with 423, and write nothing")
  func locking() {
    #expect(backend.send("LOCK", Self.path, Backend.lock("one")).status == 200)
    let refused = backend.send("LOCK", Self.path, Backend.lock("two"))
    #expect(refused.status == 423 && refused.json["ID"]?.string == "one" && refused.json["Who"]?.string == "me@here")
    for target in [Self.path, Self.path + "?ID=two"] {
      let answer = backend.send("POST", target, Backend.state(1))
      #expect(answer.status == 423 && answer.json["ID"]?.string == "one", "\(target)")
    }
    #expect(backend.send("DELETE", Self.path).status == 423)
    #expect(backend.send("GET", Self.path).status == 404)
    #expect(backend.send("POST", Self.path + "?ID=one", Backend.state(1)).status == 200)
    #expect(backend.send("UNLOCK", Self.path, Backend.lock("two")).status == 409)
    #expect(backend.send("UNLOCK", Self.path, Backend.lock("one")).status == 200)
    #expect(backend.send("LOCK", Self.path, Backend.lock("two")).status == 200)
  }

  @Test("a client whose answer was lost asks again, and that changes nothing more")
  func repetition() throws {
    for _ in 0..<2 { #expect(backend.send("LOCK", Self.path, Backend.lock("one")).status == 200) }
    for _ in 0..<2 { #expect(backend.send("POST", Self.path + "?ID=one", Backend.state(1)).status == 200) }
    for _ in 0..<2 { #expect(backend.send("UNLOCK", Self.path, Backend.lock("one")).status == 200) }
    for _ in 0..<2 { #expect(backend.send("DELETE", Self.path).status == 200) }
    #expect(try backend.service.versions(of: TerraformStateKey(namespace: "team", key: "app/network")).count == 1)
  }

  @Test("force-unlock names no lock; who had it cannot write any more")
  func forceUnlock() {
    #expect(backend.send("LOCK", Self.path, Backend.lock("one")).status == 200)
    #expect(backend.send("UNLOCK", Self.path).status == 200)
    let late = backend.send("POST", Self.path + "?ID=one", Backend.state(1))
    #expect(late.status == 409 && late.json["message"]?.string?.contains("held no longer") == true, "\(late.text)")
    #expect(backend.send("GET", Self.path).status == 404)
  }

  @Test(
    "lock and unlock by other methods, at an address of their own",
    arguments: [("POST", "DELETE"), ("PUT", "UNLOCK"), ("LOCK", "DELETE")])
  func otherMethods(lock: String, unlock: String) {
    let path = "/tfstate-lock/team/app/network"
    #expect(backend.send(lock, path, Backend.lock("one")).status == 200)
    #expect(backend.send(lock, path, Backend.lock("two")).status == 423)
    #expect(backend.send("PUT", Self.path + "?ID=one", Backend.state(3)).status == 200)
    #expect(backend.send(unlock, path, Backend.lock("one")).status == 200)
    #expect(backend.send("GET", Self.path).text == Backend.state(3))
  }

  @Test(
    "what is no state, or no lock, is refused and stored nowhere",
    arguments: ["", "[]", "{", "\"x\"", Backend.lock("one")])
  func wrongBodies(text: String) {
    let answer = backend.send("POST", Self.path, text)
    #expect(answer.status == 400 && answer.json["message"]?.string?.isEmpty == false, "\(answer.text)")
    #expect(backend.send("GET", Self.path).status == 404)
    if text != Backend.lock("one") { #expect(backend.send("LOCK", Self.path, text).status == 400) }
    #expect(backend.send("LOCK", Self.path, #"{"ID":""}"#).status == 400)
  }

  @Test("a body that was changed on its way is refused")
  func digest() {
    let state = Backend.state(1)
    #expect(backend.send("POST", Self.path, state, headers: [("Content-MD5", "AAAA")]).status == 400)
    #expect(backend.send("GET", Self.path).status == 404)
    #expect(backend.send("POST", Self.path, state).status == 200)
    let sum = backend.send("GET", Self.path)[header: "content-md5"] ?? ""
    #expect(backend.send("POST", Self.path, state, headers: [("content-md5", sum)]).status == 200)
  }

  @Test("nothing comes into a namespace that is not there, or is being deleted; states go with their namespace")
  func namespaces() throws {
    #expect(backend.send("POST", "/tfstate/nowhere/a", Backend.state(1)).status == 404)
    #expect(backend.send("LOCK", "/tfstate/nowhere/a", Backend.lock("one")).status == 404)
    #expect(backend.send("POST", Self.path, Backend.state(1)).status == 200)
    let key = ResourceKey(.namespace, namespace: "", name: "team")
    try backend.store.commit([.patch(key, ["metadata": ["deletionTimestamp": "2026-11-28T00:00:00Z"]])])
    #expect(backend.send("POST", Self.path, Backend.state(2)).status == 403)
    #expect(backend.send("GET", Self.path).text == Backend.state(1))
    try backend.store.commit([.delete(key)])
    #expect(backend.send("GET", Self.path).status == 404)
    #expect(backend.send("GET", "/tfstate").json["items"]?.array?.isEmpty == true)
  }

  @Test("the password of basic access is the token")
  func basicAccess() throws {
    func user(_ field: String?) throws -> String? {
      let fields = HeaderFields(field.map { [("Authorization", $0)] } ?? [])
      return try backend.routes.authenticate(UnadmittedRequest(method: "GET", path: Self.path, fields: fields, peer: ""))?.name
    }
    #expect(try user("Basic YW55Ym9keTp0b2tlbg==") == "somebody", "anybody:token")
    #expect(try user("basic OnRva2Vu") == "somebody", ":token")
    #expect(try user(nil) == nil && user("Bearer token") == nil, "the server's own way")
    for field in ["Basic YW55Ym9keTp3cm9uZw==", "Basic dG9rZW4=", "Basic !", "Basic YTo="] {
      #expect(throws: KubeStatus.self) { try user(field) }
    }
    let reply = backend.routes.reply(to: KubeStatus(.unauthorized, "Unauthorized"), path: Self.path)
    #expect(reply.status == 401 && reply.headers.contains { $0.name == "www-authenticate" && $0.value.hasPrefix("Basic") })
  }

  @Test("each route says what its sender must be allowed to do")
  func access() {
    var verbs: Set<String> = []
    for route in backend.routes.routes {
      guard case .resource(let verb, "argosy.io", "terraformstates", "") = route.access else {
        Issue.record("\(route.method) \(route.pattern) is open")
        continue
      }
      verbs.insert(verb)
    }
    #expect(verbs == ["get", "list", "update", "delete", "lock", "unlock"])
  }
}
