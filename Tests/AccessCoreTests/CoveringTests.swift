import Contracts
import KubeModel
import Testing

@testable import AccessCore

/// A repeatable source of choices.
private struct Choices: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var value = state
    value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
    value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
    return value ^ (value >> 31)
  }
}

@Suite("Escalation") struct CoveringTests {
  private static let verbs = ["get", "list", "create"], groups = ["", "apps"], resources = ["pods", "pods/log", "jobs", "jobs/log"]
  private static let names = ["", "a", "b"], paths = ["/x", "/x/y", "/z"]

  private static func rule(_ random: inout Choices) -> PolicyRule {
    func some(_ values: [String], _ star: String?) -> [String] {
      if let star, Int.random(in: 0..<6, using: &random) == 0 { return [star] }
      let picked = values.filter { _ in Bool.random(using: &random) }
      return picked.isEmpty ? [values[Int.random(in: 0..<values.count, using: &random)]] : picked
    }
    if Int.random(in: 0..<5, using: &random) == 0 { return PolicyRule(some(verbs, "*"), paths: some(paths + ["/x/*", "/*"], "*")) }
    let wanted = Int.random(in: 0..<4, using: &random) == 0 ? ["*/log"] : some(resources, "*")
    let named = Int.random(in: 0..<3, using: &random) == 0 ? some(["a", "b"], nil) : []
    return PolicyRule(some(verbs, "*"), of: wanted, in: some(groups, "*"), named: named)
  }

  /// Every request that can be made in this small world, and one of each sort that only a star covers.
  private static let requests: [AccessAttributes] = {
    var all: [AccessAttributes] = []
    for verb in verbs + ["other"] {
      for group in groups + ["other"] {
        for resource in resources + ["other", "other/log", "other/other"] {
          for name in names + ["other"] { all.append(.test(verb, resource, group: group, named: name)) }
        }
      }
      for path in paths + ["/other", "/x/other"] { all.append(.path(verb, path)) }
    }
    return all
  }()

  @Test("what covers allows every request that the covered rules allow")
  func coveringIsSound() {
    var covered = 0
    for seed in 0..<2000 {
      var random = Choices(state: UInt64(seed))
      let held = (0..<Int.random(in: 1...4, using: &random)).map { _ in Self.rule(&random) }
      let wanted = [Self.rule(&random)]
      guard RuleCovering.missing(wanted, from: held).isEmpty else { continue }
      covered += 1
      for request in Self.requests where wanted.contains(where: { $0.allows(request) }) && !held.contains(where: { $0.allows(request) }) {
        Issue.record("\(held) covers \(wanted) but does not allow \(request)")
      }
    }
    #expect(covered > 50)
  }

  /// The other direction holds for pieces that name one thing each: a star needs a star, though all there is in this world were listed.
  @Test("what is not covered is a request that nothing allows", )
  func missingIsMissing() {
    var checked = 0
    for seed in 0..<1000 {
      var random = Choices(state: UInt64(seed) &+ 1_000_000)
      let held = (0..<Int.random(in: 1...4, using: &random)).map { _ in Self.rule(&random) }
      for piece in RuleCovering.missing([Self.rule(&random)], from: held) {
        let stars = piece.verbs + piece.apiGroups + piece.resources + piece.nonResourceURLs
        guard !stars.contains(where: { $0.contains("*") }) else { continue }
        for request in Self.requests where piece.allows(request) {
          // Without names a piece is about all objects: a rule that names some allows a part of it only.
          if piece.resourceNames.isEmpty, !piece.resources.isEmpty, request.name != "other" { continue }
          checked += 1
          if held.contains(where: { $0.allows(request) }) { Issue.record("\(held) allows \(request), yet \(piece) is said to be missing") }
        }
      }
    }
    #expect(checked > 500)
  }

  @Test("stars cover and need stars")
  func stars() {
    func isCovered(_ wanted: PolicyRule, _ held: PolicyRule...) -> Bool { RuleCovering.missing([wanted], from: held).isEmpty }
    let all = PolicyRule(["*"], of: ["*"], in: ["*"])
    #expect(isCovered(PolicyRule(["get"], of: ["pods/log"], in: ["x"], named: ["a"]), all))
    #expect(isCovered(all, all))
    #expect(!isCovered(all, PolicyRule(["get", "list"], of: ["*"], in: ["*"])))
    #expect(!isCovered(PolicyRule(["get"], of: ["*"], in: [""]), PolicyRule(["get"], of: ["pods", "pods/log"], in: [""])))
    #expect(isCovered(PolicyRule(["get"], of: ["pods/log"], in: [""]), PolicyRule(["get"], of: ["*/log"], in: [""])))
    #expect(!isCovered(PolicyRule(["get"], of: ["*/log"], in: [""]), PolicyRule(["get"], of: ["pods/log"], in: [""])))
    #expect(!isCovered(PolicyRule(["get"], of: ["pods"], in: [""]), PolicyRule(["get"], of: ["pods"], in: [""], named: ["a"])))
    #expect(isCovered(PolicyRule(["get"], of: ["pods"], in: [""], named: ["a"]), PolicyRule(["get"], of: ["pods"], in: [""])))
    #expect(isCovered(PolicyRule(["get"], paths: ["/a/b/*"]), PolicyRule(["get"], paths: ["/a/*"])))
    #expect(!isCovered(PolicyRule(["get"], paths: ["/*"]), PolicyRule(["get"], paths: ["/a/*"])))
    // Two rules together: each piece needs one of them.
    #expect(
      isCovered(
        PolicyRule(["get", "list"], of: ["pods"], in: [""]), PolicyRule(["get"], of: ["pods"], in: [""]),
        PolicyRule(["list"], of: ["pods"], in: [""])))
  }

  @Test("the refusal lists what is missing as Kubernetes does")
  func words() {
    var rules = AccessRules()
    rules.put(.role("some", PolicyRule(["get"], of: ["pods"], in: [""])))
    rules.put(.binding("b", of: ("ClusterRole", "some"), to: .init(kind: "User", name: "u")))
    let user = UserInfo(name: "u", groups: ["g1", "g2"])
    let wanted = [
      PolicyRule(["get", "list", "watch"], of: ["pods"], in: [""]), PolicyRule(["get"], paths: ["/metrics"]),
      PolicyRule(["get"], of: ["secrets"], in: [""], named: ["s"]),
    ]
    #expect(
      rules.escalation(of: wanted, by: user, namespace: "") == """
        user "u" (groups=["g1" "g2"]) is attempting to grant RBAC permissions not currently held:
        {APIGroups:[""], Resources:["pods"], Verbs:["list" "watch"]}
        {APIGroups:[""], Resources:["secrets"], ResourceNames:["s"], Verbs:["get"]}
        {NonResourceURLs:["/metrics"], Verbs:["get"]}
        """)
    #expect(rules.escalation(of: [PolicyRule(["get"], of: ["pods"], in: [""])], by: user, namespace: "n") == nil)
  }
}
