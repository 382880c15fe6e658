/// A field selector: all requirements must hold (`metadata.name=a,status.phase!=Running`). Which fields exist is the caller's business.
package struct FieldSelector: Sendable, Hashable {
  package enum Comparison: String, Sendable, Hashable {
    case equals = "="
    case notEquals = "!="
  }

  package struct Requirement: Sendable, Hashable {
    package var field: String
    package var comparison: Comparison
    package var value: String
    package init(_ field: String, _ comparison: Comparison, _ value: String) {
      self.field = field
      self.comparison = comparison
      self.value = value
    }
  }

  package var requirements: [Requirement]
  package init(_ requirements: [Requirement] = []) { self.requirements = requirements }

  /// The selector that matches everything.
  package static let everything = FieldSelector()

  /// Reads Kubernetes' grammar (`k8s.io/apimachinery/pkg/fields`): terms with `=`, `==` or `!=` joined by commas; in values a backslash
  /// stands before `\`, `,` and `=`. Empty terms are skipped.
  package static func parse(_ text: String) throws(SelectorError) -> FieldSelector {
    var result = FieldSelector()
    for term in terms(text) where !term.isEmpty {
      guard let (field, comparison, value) = split(term) else {
        throw SelectorError("invalid selector: '\(text)'; can't understand '\(term)'")
      }
      result.requirements.append(Requirement(field, comparison, try unescaped(value)))
    }
    return result
  }

  /// Whether an object matches; `value` gives its fields, nil counts as empty.
  package func matches(_ value: (String) -> String?) -> Bool {
    requirements.allSatisfy { (value($0.field) ?? "") == $0.value ? $0.comparison == .equals : $0.comparison == .notEquals }
  }

  private static func terms(_ text: String) -> [String] {
    var result: [String] = []
    var term = ""
    var isEscaped = false
    for character in text.unicodeScalars {
      if character == ",", !isEscaped {
        result.append(term)
        term = ""
        continue
      }
      isEscaped = character == "\\" && !isEscaped
      term.unicodeScalars.append(character)
    }
    return result + [term]
  }

  private static func split(_ term: String) -> (String, Comparison, String)? {
    let scalars = Array(term.unicodeScalars)
    func text(_ part: ArraySlice<Unicode.Scalar>) -> String {
      var view = String.UnicodeScalarView()
      view.append(contentsOf: part)
      return String(view)
    }
    for index in scalars.indices {
      let next = index + 1 < scalars.count ? scalars[index + 1] : nil
      if scalars[index] == "!", next == "=" { return (text(scalars[..<index]), .notEquals, text(scalars[(index + 2)...])) }
      if scalars[index] == "=" { return (text(scalars[..<index]), .equals, text(scalars[(index + (next == "=" ? 2 : 1))...])) }
    }
    return nil
  }

  private static func unescaped(_ value: String) throws(SelectorError) -> String {
    var result = String.UnicodeScalarView()
    var isEscaped = false
    for character in value.unicodeScalars {
      if isEscaped {
        guard ["\\", ",", "="].contains(character) else {
          throw SelectorError("invalid field selector: invalid escape sequence: \\\(character)")
        }
        result.append(character)
        isEscaped = false
      } else if character == "\\" {
        isEscaped = true
      } else if character == "=" {
        throw SelectorError("invalid field selector: unescaped character in value: =")
      } else {
        result.append(character)
      }
    }
    if isEscaped { throw SelectorError("invalid field selector: invalid escape sequence: \\") }
    return String(result)
  }
}
