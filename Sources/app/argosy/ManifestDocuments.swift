import CommandLine
import JSONValue
import Validation
import YAMLText

/// Reads manifests that are sent to a server: what they hold is the server's to judge, but which fields it has no idea of is told here.
enum ManifestDocuments {
  /// The objects of a file in their order, with numbers and booleans as text where a field wants that (`args: [sleep, 5]`), which the API refuses and
  /// Argo's command line does before it. Throws ``SubmitFailure`` for a file that is no YAML, and, when strict, for unknown fields of kinds that are
  /// known.
  static func read(_ file: InputFile, isStrict: Bool) throws -> [JSON] {
    let values: [JSON]
    do throws(YAMLError) {
      values = try documents(file.bytes).map(\.value)
    } catch {
      throw SubmitFailure("\(file.name):\(error.position): \(error.message)")
    }
    if isStrict {
      let validator = WorkflowValidator(.init(mode: .lint))
      let unknown = ManifestLoader().load(file.bytes, file: file.name).manifests.flatMap { manifest in
        validator.diagnostics(for: manifest).filter { ["unknown-field", "removed-field"].contains($0.rule) && $0.severity == .error }
      }
      if !unknown.isEmpty {
        throw SubmitFailure(DiagnosticReport(unknown).simple.trimmingNewlines + "\n(--no-strict takes them for nothing)")
      }
    }
    return values.flatMap { value in
      let isList = value["kind"]?.string.map { $0 == "List" || $0.hasSuffix("List") } ?? false
      if isList, let items = value["items"]?.array { return items }
      return value.isNull ? [] : [value]
    }.map { Schema.standard.normalized($0, kind: $0["kind"]?.string ?? "") }
  }
}

extension String {
  fileprivate var trimmingNewlines: String {
    var text = self
    while text.utf8.last == 0x0A { text.removeLast() }
    return text
  }
}
