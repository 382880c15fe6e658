import Basics
import Testing

/// A fixed sequence, so that a test's names do not change.
private struct Sequence: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
    return state
  }
}

@Suite struct RandomTextTests {
  @Test("suffixes use Kubernetes' alphabet and the generator alone")
  func suffix() {
    var one = Sequence(state: 7)
    var other = Sequence(state: 7)
    let text = randomSuffix(count: 2000, using: &one)
    #expect(text == randomSuffix(count: 2000, using: &other))
    #expect(Set(text) == Set(kubernetesAlphabet))
    #expect(randomSuffix(using: &one).count == 5)
    #expect(randomSuffix(count: -1, using: &one).isEmpty)
  }

  @Test("UUIDs have version 4 and RFC 9562's variant", arguments: [0, 1, .max, 0xDEAD_BEEF] as [UInt64])
  func uuid(seed: UInt64) {
    var random = Sequence(state: seed)
    let text = Array(randomUUID(using: &random))
    #expect(text.count == 36)
    #expect([8, 13, 18, 23].allSatisfy { text[$0] == "-" })
    #expect(text[14] == "4")
    #expect("89ab".contains(text[19]))
    #expect(text.allSatisfy { "0123456789abcdef-".contains($0) })
  }

  @Test(
    "edits are counted, neighbours swapped as one",
    arguments: [("", "", 0), ("a", "", 1), ("kitten", "sitting", 3), ("teh", "the", 1), ("é", "e", 1)])
  func distance(left: String, right: String, edits: Int) {
    #expect(editDistance(left, right) == edits)
    #expect(editDistance(right, left) == edits)
  }

  @Test(
    "the nearest name is offered, and none when all are far",
    arguments: [
      ("entrypont", "entrypoint"), ("Templates", "templates"), ("template", "templates"), ("zzz", nil), ("", nil), ("imgae", "image"),
    ] as [(String, String?)])
  func offers(name: String, expected: String?) {
    #expect(closest(to: name, among: ["entrypoint", "templates", "templateRef", "image"]) == expected)
  }
}
