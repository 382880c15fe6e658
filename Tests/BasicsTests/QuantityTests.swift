import Basics
import Testing

@Suite struct QuantityTests {
  @Test(
    "quantities are read as Kubernetes reads them",
    arguments: [
      ("0", 0, 0), ("1", 1, 1000), ("100m", 1, 100), ("1.5", 2, 1500), ("2e3", 2000, 2_000_000), ("2E3", 2000, 2_000_000), ("1e-3", 1, 1),
      ("1Ki", 1024, 1_024_000),
      ("1.5Gi", 1_610_612_736, 1_610_612_736_000), ("1k", 1000, 1_000_000), ("1M", 1_000_000, 1_000_000_000), ("100n", 1, 1),
      ("-1.5", -2, -1500), ("+2", 2, 2000),
      (".5", 1, 500), ("5.", 5, 5000), ("1E", 1_000_000_000_000_000_000, .max), ("8Ei", .max, .max), ("1e1000", .max, .max),
      ("1e-1000", 1, 1),
      ("99999999999999999999999999999999999999999999", .max, .max), ("0.0000000001", 1, 1),
    ] as [(String, Int64, Int64)])
  func read(text: String, value: Int64, milli: Int64) throws {
    let quantity = try #require(Quantity(text))
    #expect(quantity.value == value)
    #expect(quantity.milliValue == milli)
  }

  @Test(
    "what is no quantity is refused",
    arguments: ["", "x", "1x", "m", ".", "-", "1 Gi", "1KI", "1K", "1e", "1e5000", "1.2.3", "1Gi ", "--1", "1mm"])
  func refused(text: String) {
    #expect(Quantity(text) == nil)
  }

  @Test("equal amounts are equal however they are written")
  func equality() {
    #expect(Quantity("1000m") == Quantity("1"))
    #expect(Quantity("1Gi") == Quantity("1024Mi"))
    #expect(Quantity("1G").flatMap { small in Quantity("1Gi").map { small < $0 } } == true)
  }
}
