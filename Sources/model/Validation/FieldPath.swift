import YAMLText

/// Where a value sits in a manifest: `spec.templates[2].steps[0][1].template`. Empty for the document itself.
package struct FieldPath: Sendable, Hashable, CustomStringConvertible {
  package var steps: [PathStep]

  package init(_ steps: [PathStep] = []) { self.steps = steps }
  package init(_ keys: String...) { steps = keys.map { .key($0) } }

  package subscript(key: String) -> FieldPath { FieldPath(steps + [.key(key)]) }
  package subscript(index: Int) -> FieldPath { FieldPath(steps + [.index(index)]) }

  /// The path of the value that holds this one; nil for the document itself.
  package var parent: FieldPath? { steps.isEmpty ? nil : FieldPath(Array(steps.dropLast())) }

  /// Members joined by dots, indices in brackets. A key with other characters than letters, digits, `_` and `-` is written `["a.b/c"]`.
  package var description: String {
    var text = ""
    for step in steps {
      switch step {
      case .index(let index): text += "[\(index)]"
      case .key(let key):
        if key.utf8.allSatisfy(Self.isPlain), !key.isEmpty {
          text += text.isEmpty ? key : ".\(key)"
        } else {
          text += "[\"\(key)\"]"
        }
      }
    }
    return text
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x30 && byte <= 0x39) || byte == 0x5F || byte == 0x2D
  }
}
