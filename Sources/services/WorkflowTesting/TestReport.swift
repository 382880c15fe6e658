import JSONValue
import YAMLText

/// Results as text.
package struct TestReport: Sendable {
  package var results: [TestResult]

  package init(_ results: [TestResult]) { self.results = results }

  package var failed: [TestResult] { results.filter { !$0.failures.isEmpty } }

  /// For people: a mark and a line a test, below a failed one what was expected and what came, and the run's nodes.
  package func pretty(isColored: Bool) -> String {
    func styled(_ text: String, _ code: String) -> String { isColored ? "\u{1B}[\(code)m\(text)\u{1B}[0m" : text }
    var output = ""
    for result in results {
      if result.failures.isEmpty {
        output += "\(styled("✔", "32")) \(result.test.name)\n"
        continue
      }
      output += "\(styled("✖", "31")) \(result.test.name)  \(result.test.file):\(result.test.position.line)\n"
      for failure in result.failures {
        output += "    \(failure.what)\n"
        output += styled("      - \(Self.line(failure.expected))", "32") + "\n"
        output += styled("      + \(Self.line(failure.actual))", "31") + "\n"
      }
      output += "    the run:\n"
      for line in result.tree.prefix(40) { output += "      \(Self.line(line))\n" }
      if result.tree.count > 40 { output += "      … \(result.tree.count - 40) more\n" }
    }
    let count = failed.count
    output += count == 0 ? "\(results.count) passed\n" : "\(count) of \(results.count) failed\n"
    return output
  }

  /// TAP version 14.
  package var tap: String {
    var output = "TAP version 14\n1..\(results.count)\n"
    for (index, result) in results.enumerated() {
      let isOK = result.failures.isEmpty
      output += "\(isOK ? "ok" : "not ok") \(index + 1) - \(Self.line(result.test.name).replacing("#", with: "\\#"))\n"
      if isOK { continue }
      output += "  ---\n  at: \(JSON.string("\(result.test.file):\(result.test.position.line)").text())\n  failures:\n"
      for failure in result.failures {
        output += "  - what: \(JSON.string(failure.what).text())\n    expected: \(JSON.string(failure.expected).text())\n"
        output += "    actual: \(JSON.string(failure.actual).text())\n"
      }
      output += "  ...\n"
    }
    return output
  }

  /// JUnit's XML: a test suite a file.
  package var junit: String {
    var files: [String] = []
    for result in results where !files.contains(result.test.file) { files.append(result.test.file) }
    var output = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites tests=\"\(results.count)\" failures=\"\(failed.count)\">\n"
    for file in files {
      let own = results.filter { $0.test.file == file }
      output += "  <testsuite name=\"\(Self.xml(file))\" tests=\"\(own.count)\" failures=\"\(own.count { !$0.failures.isEmpty })\">\n"
      for result in own {
        output += "    <testcase classname=\"\(Self.xml(file))\" name=\"\(Self.xml(result.test.name))\""
        if result.failures.isEmpty {
          output += "/>\n"
          continue
        }
        let text = result.failures.map { "\($0.what)\n  expected: \($0.expected)\n  actual: \($0.actual)\n" }.joined()
        output += ">\n      <failure message=\"\(Self.xml(result.failures[0].what))\">\(Self.xml(text))</failure>\n    </testcase>\n"
      }
      output += "  </testsuite>\n"
    }
    return output + "</testsuites>\n"
  }

  package var json: JSON {
    .array(
      results.map { result in
        [
          "name": .string(result.test.name), "file": .string(result.test.file), "line": .int(Int64(result.test.position.line)),
          "passed": .bool(result.failures.isEmpty), "seconds": .int(result.seconds),
          "failures": .array(
            result.failures.map { ["what": .string($0.what), "expected": .string($0.expected), "actual": .string($0.actual)] }),
        ]
      })
  }

  /// Control characters would break the line or the terminal.
  private static func line(_ text: String) -> String {
    String(String.UnicodeScalarView(text.unicodeScalars.map { $0.value < 0x20 || $0.value == 0x7F ? " " : $0 }))
  }

  private static func xml(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20: result += " "
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
