internal import JSONValue
internal import KubeModel
import YAMLText

/// YAML on the wire.
enum YAMLBody {
  static func text(_ document: JSON) -> String { YAMLText.text(document) }

  /// One YAML document.
  static func parse(_ bytes: [UInt8]) throws(KubeStatus) -> JSON {
    do throws(YAMLError) {
      var limits = YAMLLimits()
      limits.expandedNodes = 100_000
      let documents = try YAMLText.documents(bytes, limits: limits)
      guard documents.count <= 1 else { throw YAMLError("there is more than one document", at: SourcePosition(line: 1, column: 1)) }
      return documents.first?.value ?? .null
    } catch {
      throw KubeStatus(.badRequest, "error converting YAML to JSON: yaml: \(error)")
    }
  }
}
