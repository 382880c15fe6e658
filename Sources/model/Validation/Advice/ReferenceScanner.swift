import JSONValue
import Templating

/// Something that a tag or an expression names, and where.
package struct LocatedReference {
  /// `["steps", "a", "outputs", "result"]`
  package var name: [String]
  /// The string that holds it.
  var path: FieldPath
  /// Whether it is read in an expression, and whether that copes with its absence: by `??`, `?.` or a condition.
  var isExpression = false
  package var isGuarded = false
  /// Whether the string is nothing but this tag.
  var isAlone = false
}

/// Finds what strings refer to.
package enum ReferenceScanner {
  /// Fields that hold an expression, or a reference, without braces.
  private static let bare: Set<String> = ["expression", "fromExpression", "parameter", "from", "successCondition", "event"]

  /// Everything named in the strings below a value. A name that is only known at run time, and an expression that cannot be read, is a reference
  /// as far as it is known: `["inputs", "parameters"]`, or `[]` for anything.
  package static func references(in value: JSON, at path: FieldPath) -> [LocatedReference] {
    var result: [LocatedReference] = []
    walk(value, nil, path, &result)
    return result
  }

  private static func walk(_ value: JSON, _ key: String?, _ path: FieldPath, _ result: inout [LocatedReference]) {
    switch value {
    case .string(let text):
      if text.utf8.contains(UInt8(ascii: "{")), text.contains("{{") {
        add(text, path, &result)
      } else if let key, bare.contains(key), !text.isEmpty {
        addExpression(text, path, isAlone: true, &result)
      }
    case .array(let elements):
      for (index, element) in elements.enumerated() { walk(element, nil, path[index], &result) }
    case .object(let members):
      for (key, member) in members {
        if key.contains("{{") { add(key, path[key], &result) }
        walk(member, key, path[key], &result)
      }
    default: break
    }
  }

  private static func add(_ text: String, _ path: FieldPath, _ result: inout [LocatedReference]) {
    let template = TagTemplate(compiling: text)
    let isAlone = template.onlyTag != nil
    for tag in template.tags {
      switch tag {
      case .simple(let name, _):
        result.append(LocatedReference(name: name.split(separator: ".").map(String.init), path: path, isAlone: isAlone))
      case .expression(let expression): addExpression(expression, path, isAlone: false, &result)
      case .nested(let parts):
        guard case .text(let start)? = parts.first else {
          result.append(LocatedReference(name: [], path: path))
          continue
        }
        // The last part may go on in the inner tag.
        let known = start.split(separator: ".", omittingEmptySubsequences: false).dropLast().map(String.init)
        result.append(LocatedReference(name: known, path: path))
      }
    }
  }

  private static func addExpression(_ text: String, _ path: FieldPath, isAlone: Bool, _ result: inout [LocatedReference]) {
    guard let expression = try? Expression(compiling: text) else {
      result.append(LocatedReference(name: [], path: path, isExpression: true, isGuarded: true))
      return
    }
    let hasCondition = text.contains("?") || text.contains("&&") || text.contains("||") || text.contains("if ")
    for reference in expression.references {
      result.append(
        LocatedReference(
          name: reference.path, path: path, isExpression: true, isGuarded: reference.isGuarded || hasCondition, isAlone: isAlone))
    }
  }
}

/// The names below `inputs.parameters` and their like that are used.
struct NameUses {
  private let prefix: [String]
  private var names: Set<String> = []
  private var isOpen = false

  init(of prefix: String...) { self.prefix = prefix }

  mutating func add(_ references: [LocatedReference]) {
    for reference in references {
      let name = reference.name
      if name.count <= prefix.count {
        // The whole list, or something that is only known at run time.
        if prefix.starts(with: name) { isOpen = true }
      } else if name.starts(with: prefix) {
        if name[prefix.count] == "json" { isOpen = true }
        names.insert(name[prefix.count])
      }
    }
  }

  mutating func addAll() { isOpen = true }

  func contains(_ name: String) -> Bool { isOpen || names.contains(name) }
}
