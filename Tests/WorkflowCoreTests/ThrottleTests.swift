import Basics
import Testing

@testable import WorkflowCore

@Suite struct ThrottleTests {
  private func limits(_ total: Int = 0, _ namespace: Int = 0, _ own: [String: Int] = [:]) -> RunLimits {
    var limits = RunLimits()
    limits.total = total
    limits.namespaceDefault = namespace
    limits.namespaces = own
    return limits
  }

  private func add(
    _ throttle: inout RunThrottle, _ uid: String, _ namespace: String = "n", priority: Int64 = 0, created: Int64 = 0
  ) -> [String] {
    throttle.add(uid, namespace: namespace, priority: priority, created: Instant(seconds: created))
  }

  @Test("without limits every workflow begins at once") func unlimited() {
    var throttle = RunThrottle()
    for number in 0..<5 { #expect(add(&throttle, "w\(number)") == ["w\(number)"]) }
  }

  @Test("those that wait begin by priority, then age, then arrival") func order() {
    var throttle = RunThrottle(limits: limits(1))
    #expect(add(&throttle, "first") == ["first"])
    for (uid, priority, created) in [("young", 0, 9), ("old", 0, 1), ("high", 7, 9), ("old2", 0, 1)] as [(String, Int64, Int64)] {
      #expect(add(&throttle, uid, priority: priority, created: created).isEmpty)
    }
    #expect(throttle.isWaiting("high") && !throttle.isUnderWay("high"))
    #expect(throttle.remove("old2").isEmpty)
    #expect(throttle.remove("first") == ["high"])
    #expect(throttle.remove("high") == ["old"])
    #expect(throttle.remove("old") == ["young"])
    #expect(throttle.remove("young").isEmpty)
  }

  @Test("a namespace at its limit holds nobody else up, and its label beats the default") func namespaces() {
    var throttle = RunThrottle(limits: limits(0, 1, ["big": 2, "free": 0]))
    #expect(add(&throttle, "a", "n") == ["a"])
    #expect(add(&throttle, "b", "n", priority: 9).isEmpty)
    #expect(add(&throttle, "c", "other") == ["c"])
    #expect(add(&throttle, "d", "big") == ["d"])
    #expect(add(&throttle, "e", "big") == ["e"])
    #expect(add(&throttle, "f", "big").isEmpty)
    for number in 0..<4 { #expect(add(&throttle, "x\(number)", "free") == ["x\(number)"]) }
    #expect(throttle.remove("a") == ["b"])
  }

  @Test("a higher limit lets in as many as fit; a lower one sends nobody back") func changes() {
    var throttle = RunThrottle(limits: limits(1))
    for uid in ["a", "b", "c", "d"] { _ = add(&throttle, uid) }
    #expect(throttle.setLimits(limits(3)) == ["b", "c"])
    #expect(throttle.setLimits(limits(1)).isEmpty)
    #expect(throttle.remove("a").isEmpty)
    #expect(throttle.remove("b").isEmpty)
    #expect(throttle.remove("c") == ["d"])
  }

  @Test("workflows of before a restart are under way whatever the limits say") func restored() {
    var throttle = RunThrottle(limits: limits(1))
    throttle.admit("a", namespace: "n")
    throttle.admit("a", namespace: "n")
    throttle.admit("b", namespace: "n")
    #expect(add(&throttle, "c").isEmpty)
    #expect(throttle.remove("a").isEmpty)
    #expect(throttle.remove("b") == ["c"])
  }
}
