package import JSONValue

/// The engine's record of a node as it is kept: JSON, of which the engine writes the text at once and only a few look into what it says.
/// Records are equal when their texts are.
package struct NodeRecord: Sendable {
  private enum Form {
    case text([UInt8])
    case tree(JSON)
  }
  private let form: Form

  /// The text of a JSON document.
  package init(text: [UInt8]) { form = .text(text) }
  package init(_ json: JSON) { form = .tree(json) }

  package var text: [UInt8] {
    switch form {
    case .text(let text): text
    case .tree(let json): json.bytes()
    }
  }

  /// What it says. Reads the text where only that is there, so that it is to be asked for once; null where the text is no JSON.
  package var json: JSON {
    switch form {
    case .text(let text): (try? JSON.parse(text)) ?? .null
    case .tree(let json): json
    }
  }
}

extension NodeRecord: Hashable {
  package static func == (left: NodeRecord, right: NodeRecord) -> Bool { left.text == right.text }
  package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}

extension NodeRecord: ExpressibleByDictionaryLiteral {
  package init(dictionaryLiteral elements: (String, JSON)...) { self.init(.object(JSONObject(elements))) }
}
