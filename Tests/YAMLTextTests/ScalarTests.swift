import JSONValue
import Testing
import YAMLText

@Suite struct ScalarTests {
  /// Recorded from `kubectl patch --local -o json` (sigs.k8s.io/yaml).
  @Test(
    "plain scalars become what Kubernetes' reader makes of them",
    arguments: [
      ("true", true), ("True", true), ("TRUE", true), ("tRue", "tRue"), ("yes", true), ("Yes", true), ("no", false), ("NO", false),
      ("on", true),
      ("Off", false), ("y", true), ("Y", true), ("n", false), ("N", false), ("~", nil), ("null", nil), ("Null", nil), ("nuLL", "nuLL"),
      ("0", 0), ("-0", 0), ("12", 12), ("+12", 12), ("-12", -12), ("0x1F", 31), ("0X1f", 31), ("0o17", 15), ("017", 15), ("089", 89),
      ("0o8", "0o8"),
      ("0b101", 5), ("-0b101", -5), ("1_000", 1000), ("1__0", 10), ("_1", "_1"), ("0x", "0x"), ("9223372036854775807", .int(.max)),
      ("-9223372036854775808", .int(.min)), ("18446744073709551615", .number("18446744073709551615")),
      ("18446744073709551616", 1.8446744073709552e19), ("1e3", 1000), ("1.0", 1), (".5", 0.5), ("1.", 1), ("5e-7", 5e-7), ("-0.0", 0),
      ("1e400", "1e400"),
      ("2001-01-01", "2001-01-01"), ("2001-01-01T00:00:00Z", "2001-01-01T00:00:00Z"), ("1:20", "1:20"), ("190:20:30", "190:20:30"),
      ("'1'", "1"),
      ("\"true\"", "true"), ("!!str 1", "1"), ("!!int \"3\"", 3), ("!!float 2", 2), ("!!binary aGk=", "hi"), ("!mine 1", "1"),
      ("1.2.3", "1.2.3"),
      ("1Gi", "1Gi"), ("=", "="), ("'{{x}}'", "{{x}}"), ("a b", "a b"), ("e1", "e1"), ("infinity", "infinity"), ("0x1p3", "0x1p3"),
      (".", "."),
    ] as [(String, JSON)])
  func scalars(text: String, value: JSON) throws {
    #expect(try YAMLText.documents("- " + text).first?.value == [value])
  }

  @Test(
    "keys that are no strings become strings",
    arguments: [
      ("true", "true"), ("yes", "true"), ("n", "false"), ("1", "1"), ("0x10", "16"), ("1.5", "1.5"), ("2.0", "2"), (".inf", ".inf"),
      ("2001-01-01", "2001-01-01"),
      ("\"null\"", "null"),
    ])
  func keys(text: String, key: String) throws {
    #expect(try YAMLText.documents(text + ": v").first?.value == .object([key: "v"]))
  }
}
