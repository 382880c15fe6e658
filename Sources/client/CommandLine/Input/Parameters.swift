import JSONValue

/// One parameter given on the command line or in a parameter file.
package struct ParameterArgument: Sendable, Hashable {
  package var name: String
  package var value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// Reads `NAME=VALUE`, split at the first `=` (spec section 5.3).
  package init(parsing text: String) throws(SubmitFailure) {
    guard let equals = text.utf8.firstIndex(of: UInt8(ascii: "=")) else {
      throw SubmitFailure("expected parameter of the form: NAME=VALUE. Received: \(text)")
    }
    name = String(text[..<equals])
    value = String(text[text.index(after: equals)...])
  }

  /// The parameters of a parameter file: a map of names to values. A value that is no string is taken as JSON text.
  package static func file(_ document: JSON, name: String) throws(SubmitFailure) -> [ParameterArgument] {
    switch document {
    case .null: return []
    case .object(let members): return members.map { ParameterArgument(name: $0.key, value: text($0.value)) }
    default:
      throw SubmitFailure("\(name): expected a map of parameter names to values, found a value of type \(document.typeName)")
    }
  }

  private static func text(_ value: JSON) -> String { value.string ?? value.text() }

  /// `files` and then `given`, each name once: the last value wins at the place of the first.
  package static func merged(files: [ParameterArgument], given: [ParameterArgument]) -> [ParameterArgument] {
    var result: [ParameterArgument] = []
    var places: [String: Int] = [:]
    for parameter in given + files.filter({ file in !given.contains { $0.name == file.name } }) {
      if let place = places[parameter.name] {
        result[place].value = parameter.value
      } else {
        places[parameter.name] = result.count
        result.append(parameter)
      }
    }
    return result
  }
}
