package import JSONValue

/// What a strategic merge patch must know of an object's fields: how their lists merge, and the shape of what is in them.
package protocol MergeShape: Sendable {
  func list(_ field: String) -> MergeList<Self>
  func member(_ field: String) -> Self
}

/// How a list merges.
package enum MergeList<Shape: MergeShape>: Sendable {
  case replaced
  /// Plain values, each once.
  case set
  /// Objects, told apart by a member (the first of these that is there), with the shape of the elements.
  case keyed([String], Shape)
}

/// The rules of ``MergeKeys``, which go by a field's name alone, wherever it stands: for documents whose type is not known.
package struct NamedMergeShape: MergeShape {
  let exceptions: Set<String>
  package init(exceptions: Set<String> = []) { self.exceptions = exceptions }

  package func member(_ field: String) -> NamedMergeShape { self }
  package func list(_ field: String) -> MergeList<NamedMergeShape> {
    if MergeKeys.sets.contains(field) { return .set }
    guard !exceptions.contains(field), let keys = MergeKeys.keys(of: field) else { return .replaced }
    return .keyed(keys, self)
  }
}

/// Why a strategic merge patch cannot be applied, in Kubernetes' words (`apimachinery/pkg/util/mergepatch`).
package struct StrategicMergeError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Kind: Sendable, Hashable {
    /// A directive is not what it must be.
    case format
    case listOfLists
    /// The patch does not fit the object.
    case mismatch
  }
  package var kind: Kind
  package var description: String
  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  static func noMergeKey(_ object: JSON, _ key: String) -> StrategicMergeError {
    StrategicMergeError(.mismatch, "map: \(object.goText) does not contain declared merge key: \(key)")
  }
}

extension JSON {
  /// The value as Go's `%v` prints it, as messages of Kubernetes have values in them: `map[image:nginx name:main]`.
  package var goText: String {
    switch self {
    case .null: "<nil>"
    case .string(let text): text
    case .array(let elements): "[" + elements.map(\.goText).joined(separator: " ") + "]"
    case .object(let object):
      "map[" + object.sortedByKey().map { "\($0.key):\($0.value.goText)" }.joined(separator: " ") + "]"
    default: text()
    }
  }
}
