import Basics
import JSONValue

/// A jq filter with the semantics of gojq, which Argo's executor uses for `jqFilter` of resource outputs (spec section 4.6): keys in the
/// order of their bytes, integers of any length, gojq's functions and error messages.
///
/// Where this one is bounded and gojq is not: steps, nesting, and the length of values; the error says so. `env` and `$ENV` are empty,
/// local time is UTC.
package struct JQ: Sendable {
  private let root: JQNode
  /// The most steps of a run; a step takes about a microsecond.
  package static let standardSteps = 5_000_000

  /// Reads a filter. Throws gojq's message for what does not parse and for names that nobody defines.
  package init(compiling source: String) throws(JQError) {
    root = try JQParser.parse(source)
    try JQCheck.check(root)
  }

  /// All results on a document. Its numbers are floating-point, as Argo's executor reads them. An error that nothing catches is thrown,
  /// and the results before it are lost, as in the executor.
  package func run(on input: JSON, now: Instant = Instant(seconds: 0), steps: Int = standardSteps) throws(JQError) -> [JSON] {
    try values(on: input, now, steps).map(\.json)
  }

  /// The text that Argo's executor makes of the results: strings as they are, everything else as Go's JSON, a line each, trimmed.
  package func text(on input: JSON, now: Instant = Instant(seconds: 0), steps: Int = standardSteps) throws(JQError) -> String {
    var lines = ""
    for value in try values(on: input, now, steps) {
      if let text = value.string {
        lines += text
      } else if let number = value.unsupportedNumber {
        throw JQError(message: "json: unsupported value: \(number.isNaN ? "NaN" : number < 0 ? "-Inf" : "+Inf")")
      } else {
        lines += value.json.text(.go)
      }
      lines += "\n"
    }
    return JQText.trimmed(lines, left: true, right: true)
  }

  private func values(on input: JSON, _ now: Instant, _ steps: Int) throws(JQError) -> [JQValue] {
    do throws(JQFailure) {
      var machine = JQMachine(clock: JQClock(now: now), steps: steps)
      return try machine.run(root, on: try JQValue(input))
    } catch {
      throw error.error
    }
  }
}
