import Basics
import ClusterService
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import Testing

@Suite struct ServiceAccountTests {
  private func token(of secret: Resource) -> String {
    Base64.decode(secret.json.at("data", "token")?.string ?? "").map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  @Test("each namespace has the account default, and each account a Secret with its token, named in secrets")
  func tokens() throws {
    let world = try World()
    try world.make(.namespace, "team", in: "")
    let account = try world.wait(world.key(.serviceAccount, "default", in: "team"), "had a secret") { $0.json["secrets"] != nil }
    let name = try #require(account.json["secrets"]?[0]?["name"]?.string)
    #expect(name.hasPrefix("default-token-") && name.utf8.count == "default-token-".utf8.count + 5)
    let secret = try #require(try world.store.get(world.key(.secret, name, in: "team")))
    #expect(secret.json["type"]?.string == "kubernetes.io/service-account-token")
    #expect(token(of: secret) == "team/default/\(account.uid)/\(name)")
    #expect(secret.json.at("data", "namespace")?.string == Base64.encode("team".utf8))
    #expect(secret.json.at("data", "ca.crt")?.string == Base64.encode("-----BEGIN CERTIFICATE-----\n".utf8))
    let root = try world.wait(world.key(.configMap, "kube-root-ca.crt", in: "team"), "was there") { _ in true }
    #expect(root.json.at("data", "ca.crt")?.string == "-----BEGIN CERTIFICATE-----\n")
  }

  @Test("a token Secret that a user makes is filled, and keeps what else is in it")
  func filled() throws {
    let world = try World()
    let account = try world.make(.serviceAccount, "robot")
    let type: JSON = "kubernetes.io/service-account-token"
    try world.make(
      .secret, "robot.service-account-token",
      ["type": type, "metadata": ["annotations": ["kubernetes.io/service-account.name": "robot"]], "data": ["extra": "eA=="]])
    let filled = try world.wait(world.key(.secret, "robot.service-account-token"), "was filled") { $0.json.at("data", "token") != nil }
    #expect(token(of: filled) == "default/robot/\(account.uid)/robot.service-account-token")
    #expect(filled.json.at("data", "extra")?.string == "eA==")
    #expect(filled.annotation("kubernetes.io/service-account.uid") == account.uid)
  }

  @Test("the Secrets of an account go with it; those of an account that is not there too")
  func deletion() throws {
    let world = try World()
    let key = world.key(.serviceAccount, "robot")
    try world.make(.serviceAccount, "robot")
    let account = try world.wait(key, "had a secret") { $0.json["secrets"] != nil }
    let secret = world.key(.secret, account.json["secrets"]?[0]?["name"]?.string ?? "")
    try world.delete(key)
    try world.waitGone(secret)
    try world.make(
      .secret, "stray",
      ["type": "kubernetes.io/service-account-token", "metadata": ["annotations": ["kubernetes.io/service-account.name": "nobody"]]])
    try world.waitGone(world.key(.secret, "stray"))
  }

  @Test("a token Secret that is deleted is made anew under another name; the account default comes back")
  func renewal() throws {
    let world = try World()
    let key = world.key(.serviceAccount, "default")
    let account = try world.wait(key, "had a secret") { $0.json["secrets"] != nil }
    let first = account.json["secrets"]?[0]?["name"]?.string ?? ""
    try world.delete(world.key(.secret, first))
    let renewed = try world.wait(key, "named another") { account in
      guard let name = account.json["secrets"]?[0]?["name"]?.string else { return false }
      return name != first && account.json["secrets"]?.array?.count == 1
    }
    try world.delete(key)
    let again = try world.wait(key, "was made again with a token") { $0.uid != renewed.uid && $0.json["secrets"] != nil }
    let names = try world.store.list(.secret, namespace: "default", labels: .everything).map(\.name)
    #expect(names == [again.json["secrets"]?[0]?["name"]?.string ?? ""])
  }

  @Test("a pod runs as default unless it says otherwise; an account that is not there is refused in Kubernetes' words")
  func admission() throws {
    let world = try World()
    try world.wait(world.key(.serviceAccount, "default"), "was there") { _ in true }
    let gate = ServiceAccountAdmission(store: world.store)
    let key = world.key(.pod, "p")
    var request = AdmissionRequest(.create, key: key, old: nil, new: Resource(.pod, json: ["spec": [:]]), user: .anonymous)
    try gate.admit(&request)
    #expect(request.new?.spec["serviceAccountName"]?.string == "default")
    var other = AdmissionRequest(
      .create, key: key, old: nil, new: Resource(.pod, json: ["spec": ["serviceAccountName": "nope"]]), user: .anonymous)
    do throws(KubeStatus) {
      try gate.admit(&other)
      Issue.record("not refused")
    } catch {
      #expect(error.message == "pods \"p\" is forbidden: error looking up service account default/nope: serviceaccount \"nope\" not found")
    }
  }
}
