import AccessCore
import Basics
import Contracts
import Identity
import JSONValue
import KubeModel
import ResourceDB
import SwiftASN1
import Testing

@testable import AccessService

@Suite("Who a client is") struct AuthenticationTests {
  let world: World
  init() throws { world = try World() }

  @Test("nobody is anonymous, the administrator is a master, others are refused in one word")
  func certificates() throws {
    #expect(try world.service.authenticate(.none) == .anonymous)
    let pem = try world.identity.administratorKeyPair().certificate
    let user = try world.service.authenticate(.certificate(try PEMDocument(pemString: pem).derBytes))
    #expect(user.groups == ["system:masters", "system:authenticated"])
    // Known, and still not beyond its time.
    let der = try PEMDocument(pemString: pem).derBytes
    #expect(try world.service.authenticate(.certificate(der)) == user)
    world.pass(seconds: 366 * 86_400)
    #expect(throws: KubeStatus.self) { try world.service.authenticate(.certificate(der)) }
    for credential in [Credential.bearer(""), .bearer("a.b.c"), .certificate([1, 2, 3])] {
      #expect(throws: KubeStatus(.unauthorized, "Unauthorized")) { try world.service.authenticate(credential) }
    }
  }

  @Test("a token is its service account, with its groups, until it expires")
  func tokens() throws {
    let account = try world.make(.serviceAccount, "n", "robot")
    let token = try world.token("n", "robot")
    let user = try #require(world.user(token))
    #expect(user.name == "system:serviceaccount:n:robot")
    #expect(user.uid == account.uid)
    #expect(user.groups == ["system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated"])
    #expect(user.extra["authentication.kubernetes.io/credential-id"]?.first?.hasPrefix("JTI=") == true)
    world.pass(seconds: 3590)
    #expect(world.user(token) != nil)
    world.pass(seconds: 20)
    #expect(world.user(token) == nil)
  }

  @Test("a token dies with its account, also when another of the name comes")
  func deletedAccounts() throws {
    let account = try world.make(.serviceAccount, "n", "robot")
    let token = try world.token("n", "robot")
    #expect(world.user(token) != nil)
    try world.remove(account)
    #expect(world.user(token) == nil)
    try world.make(.serviceAccount, "n", "robot")
    #expect(world.user(token) == nil)
  }

  @Test("a bound token dies with its pod or secret")
  func boundTokens() throws {
    try world.make(.serviceAccount, "n", "robot")
    let pod = try world.make(.pod, "n", "p", ["spec": ["serviceAccountName": "robot"]])
    let secret = try world.make(.secret, "n", "s")
    for (object, kind) in [(pod, "Pod"), (secret, "Secret")] {
      let token = try world.token(
        "n", "robot", ["boundObjectRef": ["kind": .string(kind), "apiVersion": "v1", "name": .string(object.name)]])
      let user = try #require(world.user(token))
      if kind == "Pod" {
        #expect(user.extra["authentication.kubernetes.io/pod-name"] == ["p"])
        #expect(user.extra["authentication.kubernetes.io/pod-uid"] == [pod.uid])
      }
      try world.remove(object)
      #expect(world.user(token) == nil, "\(kind)")
    }
    let token = try world.service.issueToken(.init(namespace: "n", serviceAccount: "robot", lifetime: 60))
    #expect(world.user(token.token) != nil)
    var wish = TokenWish(namespace: "n", serviceAccount: "robot", lifetime: 60)
    wish.pod = ("p", pod.uid)
    #expect(world.user(try world.service.issueToken(wish).token) == nil)
  }

  @Test("what is being deleted counts for a minute more")
  func deletion() throws {
    var account = try world.make(.serviceAccount, "n", "robot", ["metadata": ["finalizers": ["x/y"]]])
    let token = try world.token("n", "robot", ["expirationSeconds": 7200])
    account.json["metadata"]?["deletionTimestamp"] = .string(world.now.rfc3339)
    try world.store.update(account)
    #expect(world.user(token) != nil)
    world.pass(seconds: 70)
    #expect(world.user(token) == nil)
  }

  @Test("a token in a Secret is good while the Secret holds it")
  func tokenSecrets() throws {
    let account = try world.make(.serviceAccount, "n", "robot")
    let token = world.identity.tokens.token(
      .init(
        namespace: "n", serviceAccount: "robot", serviceAccountUID: account.uid,
        binding: .init(kind: "Secret", name: "robot-token", uid: "")))
    #expect(world.user(token) == nil)
    var secret = try world.make(
      .secret, "n", "robot-token", ["type": "kubernetes.io/service-account-token", "data": ["token": .string(Base64.encode(token.utf8))]])
    world.pass(seconds: 10 * 365 * 86_400)
    #expect(world.user(token)?.name == "system:serviceaccount:n:robot")
    secret.json["data"] = ["token": .string(Base64.encode("other".utf8))]
    secret = try world.store.update(secret)
    #expect(world.user(token) == nil)
    secret.json["data"] = ["token": .string(Base64.encode(token.utf8))]
    secret = try world.store.update(secret)
    #expect(world.user(token) != nil)
    try world.remove(secret)
    #expect(world.user(token) == nil)
  }

  @Test("a token for another audience is no key to this server, but a review may ask for it")
  func audiences() throws {
    try world.make(.serviceAccount, "n", "robot")
    let token = try world.token("n", "robot", ["audiences": ["vault", "bank"]])
    #expect(world.user(token) == nil)
    func review(_ spec: JSONObject) throws -> JSON? {
      try world.service.review("tokenreviews", ["spec": .object(spec)], by: .anonymous)["status"]
    }
    let good = try review(["token": .string(token), "audiences": ["bank", "other"]])
    #expect(good?["authenticated"] == true)
    #expect(good?["audiences"] == ["bank"])
    #expect(good?.at("user", "username") == "system:serviceaccount:n:robot")
    let bad = try review(["token": .string(token)])
    #expect(bad?["authenticated"] == nil)
    #expect(bad?["error"] == "invalid bearer token")
    #expect(throws: KubeStatus(.badRequest, "token is required for TokenReview in authentication")) { _ = try review([:]) }
    let own = try world.token("n", "robot")
    #expect(try review(["token": .string(own)])?["audiences"] == .array([.string(world.identity.tokens.issuer)]))
  }

  @Test("a token request answers in Kubernetes' words")
  func tokenRequests() throws {
    let account = try world.make(.serviceAccount, "n", "robot")
    try world.make(.pod, "n", "p", ["spec": ["serviceAccountName": "other"]])
    func request(_ spec: JSONObject, _ name: String = "robot") -> KubeStatus? {
      do throws(KubeStatus) {
        _ = try world.service.requestToken(namespace: "n", name: name, ["spec": .object(spec)])
        return nil
      } catch {
        return error
      }
    }
    #expect(request([:], "nobody")?.message == "serviceaccounts \"nobody\" not found")
    #expect(
      request(["expirationSeconds": 60])?.message
        == "TokenRequest.authentication.k8s.io \"\" is invalid: spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes"
    )
    #expect(request(["expirationSeconds": 4_294_967_297])?.reason == .invalid)
    func bound(_ kind: String, _ name: String, uid: String = "") -> JSONObject {
      ["boundObjectRef": ["kind": .string(kind), "apiVersion": "v1", "name": .string(name), "uid": .string(uid)]]
    }
    #expect(request(bound("Pod", "gone"))?.reason == .notFound)
    #expect(request(bound("Pod", "p"))?.reason == .badRequest)
    #expect(request(bound("ConfigMap", "c"))?.reason == .badRequest)
    let secret = try world.make(.secret, "n", "s")
    #expect(request(bound("Secret", "s", uid: "wrong"))?.reason == .conflict)
    #expect(request(bound("Secret", "s", uid: secret.uid)) == nil)
    let answer = try world.service.requestToken(
      namespace: "n", name: "robot", ["kind": "TokenRequest", "spec": ["expirationSeconds": 1200]])
    #expect(answer["kind"] == "TokenRequest")
    #expect(answer.at("spec", "audiences") == .array([.string(world.identity.tokens.issuer)]))
    let expiry = try #require(answer.at("status", "expirationTimestamp")?.string.flatMap(Instant.init(rfc3339:)))
    #expect((1190...1210).contains(expiry.seconds - world.now.seconds))
    #expect(account.uid == world.user(answer.at("status", "token")?.string ?? "")?.uid)
  }
}

@Suite("Impersonation") struct ImpersonationTests {
  let world: World
  let admin = UserInfo(name: "root", groups: ["system:masters"])
  init() throws { world = try World() }

  private func wanted(_ name: String, groups: [String] = [], uid: String = "", extra: [String: [String]] = [:]) -> Impersonation {
    var wanted = Impersonation()
    wanted.userName = name
    wanted.groups = groups
    wanted.uid = uid
    wanted.extra = extra
    return wanted
  }

  @Test("a master may be anybody; the one it is has its own groups")
  func masters() throws {
    #expect(try world.service.impersonate(Impersonation(), by: admin) == admin)
    #expect(try world.service.impersonate(wanted("ann"), by: admin) == UserInfo(name: "ann", groups: ["system:authenticated"]))
    #expect(
      try world.service.impersonate(wanted("system:serviceaccount:n:robot"), by: admin).groups
        == ["system:serviceaccounts", "system:serviceaccounts:n", "system:authenticated"])
    #expect(
      try world.service.impersonate(wanted("ann", groups: ["g"], uid: "1", extra: ["k": ["v"]]), by: admin)
        == UserInfo(name: "ann", uid: "1", groups: ["g", "system:authenticated"], extra: ["k": ["v"]]))
    #expect(try world.service.impersonate(wanted("system:anonymous"), by: admin).groups == ["system:unauthenticated"])
    #expect(throws: KubeStatus.self) { try world.service.impersonate(wanted("", groups: ["g"]), by: admin) }
  }

  @Test("others need the verb for each part")
  func parts() throws {
    let ann = UserInfo(name: "ann", groups: ["system:authenticated"])
    let words = "users \"bob\" is forbidden: User \"ann\" cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
    #expect { try world.service.impersonate(wanted("bob"), by: ann) } throws: { "\($0)" == words }
    try world.make(
      AccessKinds.clusterRole, "", "acting",
      [
        "rules": [
          ["verbs": ["impersonate"], "apiGroups": [""], "resources": ["users"], "resourceNames": ["bob"]],
          ["verbs": ["impersonate"], "apiGroups": [""], "resources": ["groups"], "resourceNames": ["g"]],
          ["verbs": ["impersonate"], "apiGroups": ["authentication.k8s.io"], "resources": ["userextras/scope"], "resourceNames": ["read"]],
        ]
      ])
    try world.make(
      AccessKinds.clusterRoleBinding, "", "acting",
      ["roleRef": ["kind": "ClusterRole", "name": "acting"], "subjects": [["kind": "User", "name": "ann"]]])
    #expect(try world.service.impersonate(wanted("bob", groups: ["g"], extra: ["scope": ["read"]]), by: ann).name == "bob")
    for refused in [
      wanted("eve"), wanted("bob", groups: ["h"]), wanted("bob", groups: ["system:masters"]), wanted("bob", uid: "1"),
      wanted("bob", extra: ["scope": ["write"]]), wanted("bob", extra: ["other": ["read"]]), wanted("system:serviceaccount:n:s"),
    ] {
      #expect(throws: KubeStatus.self) { try world.service.impersonate(refused, by: ann) }
    }
  }
}
