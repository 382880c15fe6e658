import JSONValue
import Testing

@Suite struct JSONTextTests {
  @Test(
    "numbers are written as Go's encoding/json writes them",
    arguments: [
      (1.0, "1"), (0.1, "0.1"), (-2.5, "-2.5"), (1e20, "100000000000000000000"), (1e21, "1e+21"), (1.5e-7, "1.5e-7"),
      (0.000001, "0.000001"),
      (123456789.125, "123456789.125"), (1e-10, "1e-10"), (1.7976931348623157e308, "1.7976931348623157e+308"),
    ] as [(Double, String)])
  func numbers(value: Double, text: String) {
    #expect(JSON.double(value).text() == text)
  }
}
