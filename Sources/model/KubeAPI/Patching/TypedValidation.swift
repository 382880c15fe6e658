internal import JSONValue
internal import KubeModel

/// What is wrong with an applied value, in structured-merge-diff's words.
struct TypedError: Error, Hashable, CustomStringConvertible {
  var path: String
  var message: String
  var description: String { path.isEmpty ? message : "\(path): \(message)" }

  static func text(_ errors: [TypedError]) -> String {
    errors.count == 1 ? errors[0].description : (["errors:"] + errors.map { "  \($0)" }).joined(separator: "\n")
  }
}

extension FieldType {
  /// What of a value does not fit its type: unknown fields, wrong forms, list elements that cannot be told apart. At most ``maximumErrors``.
  func errors(in value: JSON) -> [TypedError] {
    var result: [TypedError] = []
    check(value, "", &result)
    return result
  }

  private static let maximumErrors = 100

  private func check(_ value: JSON, _ path: String, _ errors: inout [TypedError]) {
    guard errors.count < Self.maximumErrors, !value.isNull else { return }
    func fail(_ message: String) { errors.append(TypedError(path: path, message: message)) }
    switch form(of: value) {
    case .scalar: if let message = scalar?.mismatch(value) { fail(message) }
    case .list:
      guard let list, let elements = value.array else { return fail("expected list, got &{\(value.goText)}") }
      if case .whole = list.form {
        for (index, element) in elements.enumerated() { list.element.check(element, "\(path)[\(index)]", &errors) }
        return
      }
      var seen: Set<PathElement> = []
      for (index, element) in elements.enumerated() {
        do throws(ListElementError) {
          let place = try list.pathElement(of: element)
          if !seen.insert(place).inserted { fail("duplicate entries for key \(place)") }
          list.element.check(element, path + place.description, &errors)
        } catch {
          return fail("element \(index): \(error)")
        }
      }
    case .map:
      guard let map, let members = value.object else { return fail("expected map, got &{\(value.goText)}") }
      for (name, member) in members {
        guard map.accepts(name) else {
          errors.append(TypedError(path: "\(path).\(name)", message: "field not declared in schema"))
          return
        }
        map.type(of: name).check(member, "\(path).\(name)", &errors)
      }
    }
  }
}

extension FieldType.Scalar {
  fileprivate func mismatch(_ value: JSON) -> String? {
    switch (self, value) {
    case (.string, .string), (.boolean, .bool), (.number, .int), (.number, .double), (.number, .number): nil
    case (.any, .bool), (.any, .int), (.any, .double), (.any, .number), (.any, .string): nil
    case (.string, _): "expected string, got &value.valueUnstructured{Value:\(value.goSyntax)}"
    case (.number, _): "expected numeric (int or float), got \(value.goTypeName)"
    case (.boolean, _): "expected boolean, got &{\(value.goText)}"
    case (.any, _): "expected any scalar, got &{\(value.goText)}"
    }
  }
}

extension JSON {
  /// The value as Go's `%#v` prints it.
  fileprivate var goSyntax: String {
    switch self {
    case .null: "interface {}(nil)"
    case .array(let elements): "[]interface {}{" + elements.map(\.goSyntax).joined(separator: ", ") + "}"
    case .object(let object):
      "map[string]interface {}{"
        + object.sortedByKey().map { "\(JSON.string($0.key).text()):\($0.value.goSyntax)" }.joined(separator: ", ") + "}"
    default: text()
    }
  }

  fileprivate var goTypeName: String {
    switch self {
    case .null: "<nil>"
    case .bool: "bool"
    case .int: "int64"
    case .double, .number: "float64"
    case .string: "string"
    case .array: "[]interface {}"
    case .object: "map[string]interface {}"
    }
  }
}
