import ArgumentParser
import JSONValue

/// `argosy schema`.
struct SchemaCommand: Verb {
  static let configuration = CommandConfiguration(
    commandName: "schema",
    abstract: "Print the JSON Schema of a kind, for editors and other tools.",
    discussion: """
      The schemas (draft 7) are made from the same table that reads manifests. Without a kind, the kinds are listed.

      EXAMPLES
        argosy schema Workflow > workflow.schema.json
        argosy schema cronwf
        argosy schema
      """)

  @Argument(help: ArgumentHelp("A kind, its plural or its short name.", valueName: "kind"))
  var kind: String?

  func execute(_ dependencies: CommandDependencies) async throws -> Int32 {
    let kinds = dependencies.schemas()
    guard let kind else {
      dependencies.output.write(kinds.map { $0.names.first ?? "" }.map { $0 + "\n" }.joined())
      return ConcludingStatus.succeeded.rawValue
    }
    guard let found = kinds.first(where: { $0.names.contains { $0.lowercased() == kind.lowercased() } }) else {
      throw SubmitFailure("unknown kind '\(kind)'. The kinds are \(kinds.compactMap(\.names.first).joined(separator: ", "))")
    }
    dependencies.output.write(found.schema().text(.pretty) + "\n")
    return ConcludingStatus.succeeded.rawValue
  }
}

/// A kind whose schema can be printed.
package struct KindSchema: Sendable {
  /// The kind, then its other names.
  package var names: [String]
  package var schema: @Sendable () -> JSON

  package init(names: [String], schema: @escaping @Sendable () -> JSON) {
    self.names = names
    self.schema = schema
  }
}
