import JSONValue
import YAMLText

/// The forms for code review: SARIF and the commands of GitHub's runners.
extension DiagnosticReport {
  /// SARIF 2.1.0: one run, with the rules that were broken.
  package func sarif(version: String) -> JSON {
    let rules = Set(diagnostics.map(\.rule)).sorted()
    let places = Dictionary(uniqueKeysWithValues: rules.enumerated().map { ($1, $0) })
    let described = rules.map { id -> JSON in
      let rule = LintRule.named[id]
      return [
        "id": .string(id), "shortDescription": ["text": .string(rule?.summary ?? id)],
        "defaultConfiguration": ["level": .string((rule?.severity ?? .error).rawValue)],
      ]
    }
    let results = diagnostics.map { diagnostic -> JSON in
      var place: JSONObject = ["artifactLocation": ["uri": .string(Self.uri(diagnostic.file))]]
      if let position = diagnostic.position {
        place["region"] = ["startLine": .int(Int64(position.line)), "startColumn": .int(Int64(position.column))]
      }
      return [
        "ruleId": .string(diagnostic.rule), "ruleIndex": .int(Int64(places[diagnostic.rule] ?? 0)),
        "level": .string(diagnostic.severity.rawValue), "message": ["text": .string(Self.text(of: diagnostic))],
        "locations": [["physicalLocation": .object(place)]],
      ]
    }
    return [
      "$schema": "https://json.schemastore.org/sarif-2.1.0.json", "version": "2.1.0",
      "runs": [
        [
          "tool": ["driver": ["name": "argosy", "version": .string(version), "rules": .array(described)]],
          "columnKind": "unicodeCodePoints", "results": .array(results),
        ]
      ],
    ]
  }

  /// A workflow command a finding: `::error file=a.yaml,line=3,col=5,title=RULE::message`.
  package var github: String {
    diagnostics.map { diagnostic in
      var properties = "file=\(Self.property(diagnostic.file))"
      if let position = diagnostic.position { properties += ",line=\(position.line),col=\(position.column)" }
      return
        "::\(diagnostic.severity.rawValue) \(properties),title=\(Self.property(diagnostic.rule))::\(Self.data(Self.text(of: diagnostic)))\n"
    }.joined()
  }

  private static func data(_ text: String) -> String {
    text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
  }

  private static func property(_ text: String) -> String { data(text).replacing(":", with: "%3A").replacing(",", with: "%2C") }

  private static func uri(_ file: String) -> String {
    var result = ""
    for byte in file.utf8 {
      if isAlphanumeric(byte) || "-._~/".utf8.contains(byte) {
        result.append(Character(Unicode.Scalar(byte)))
      } else {
        let digits = String(byte, radix: 16, uppercase: true)
        result += digits.count == 1 ? "%0\(digits)" : "%\(digits)"
      }
    }
    return result
  }
}
