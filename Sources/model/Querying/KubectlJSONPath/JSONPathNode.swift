import JSONValue

/// A part of a JSONPath template.
indirect enum JSONPathNode: Sendable {
  /// What stands in one pair of braces.
  case list([JSONPathNode])
  case text(String)
  case field(String)
  case array(JSONPathSlice)
  case filter(left: [JSONPathNode], sign: String, right: [JSONPathNode])
  case literal(JSON)
  case wildcard
  case recursive
  case union([[JSONPathNode]])
  /// `range`, `end`, or a word that nobody knows.
  case word(String)
}

/// `[from:to:step]`; nil for a bound that is not given.
struct JSONPathSlice: Sendable {
  var from: Int?
  var to: Int?
  var step: Int?
  /// `[n]`, where the end follows from the start.
  var isSingle = false
}

/// Why a template cannot be read or applied, in kubectl's words.
package struct JSONPathError: Error, Sendable, Hashable, CustomStringConvertible {
  package var message: String
  package var description: String { message }
}
