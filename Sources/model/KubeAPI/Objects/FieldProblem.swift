internal import Basics
package import JSONValue
package import KubeModel

/// Something that is wrong with a field, in the words of Kubernetes (`apimachinery/pkg/util/validation/field.Error`).
package struct FieldProblem: Sendable, Hashable {
  /// `FieldValueInvalid` …
  package var reason: String
  /// `spec.containers[0].name`
  package var path: String
  /// What is wrong: `Required value: name or generateName is required`.
  package var body: String

  /// `path: body`
  package var text: String { path.isEmpty ? body : "\(path): \(body)" }

  private init(_ reason: String, _ path: String, _ body: String, _ detail: String) {
    self.reason = reason
    self.path = path
    self.body = detail.isEmpty ? body : "\(body): \(detail)"
  }

  package static func required(_ path: String, _ detail: String = "") -> FieldProblem {
    FieldProblem("FieldValueRequired", path, "Required value", detail)
  }
  package static func invalid(_ path: String, _ value: JSON, _ detail: String) -> FieldProblem {
    FieldProblem("FieldValueInvalid", path, "Invalid value: \(shown(value))", detail)
  }
  package static func wrongType(_ path: String, _ value: JSON, _ detail: String) -> FieldProblem {
    FieldProblem("FieldValueTypeInvalid", path, "Invalid value: \(shown(value))", detail)
  }
  package static func notSupported(_ path: String, _ value: JSON, _ choices: [JSON]) -> FieldProblem {
    let supported = choices.map { $0.string.map(GoQuote.quoted) ?? $0.text() }.joined(separator: ", ")
    return FieldProblem(
      "FieldValueNotSupported", path, "Unsupported value: \(shown(value))", choices.isEmpty ? "" : "supported values: \(supported)")
  }
  package static func duplicate(_ path: String, _ value: JSON) -> FieldProblem {
    FieldProblem("FieldValueDuplicate", path, "Duplicate value: \(shown(value))", "")
  }
  package static func notFound(_ path: String, _ value: JSON) -> FieldProblem {
    FieldProblem("FieldValueNotFound", path, "Not found: \(shown(value))", "")
  }
  package static func forbidden(_ path: String, _ detail: String) -> FieldProblem {
    FieldProblem("FieldValueForbidden", path, "Forbidden", detail)
  }
  package static func tooLong(_ path: String, limit: Int64) -> FieldProblem {
    FieldProblem("FieldValueTooLong", path, "Too long", "may not be more than \(limit) bytes")
  }
  package static func tooMany(_ path: String, count: Int, limit: Int64) -> FieldProblem {
    FieldProblem("FieldValueTooMany", path, "Too many: \(count)", "must have at most \(limit) items")
  }
  package static func immutable(_ path: String, _ value: JSON) -> FieldProblem { invalid(path, value, "field is immutable") }

  /// A value as messages show it: texts in Go's quotes, others as JSON. Long ones are cut.
  private static func shown(_ value: JSON) -> String {
    let text = value.string.map(GoQuote.quoted) ?? value.text()
    guard text.utf8.count > 4096 else { return text }
    return String(decoding: text.utf8.prefix(4096), as: UTF8.self) + "…"
  }
}

extension KubeStatus {
  /// `Invalid` with its causes (`apimachinery/pkg/api/errors.NewInvalid`); nil without problems.
  package static func invalid(_ kind: ResourceKind, name: String, _ problems: [FieldProblem]) -> KubeStatus? {
    guard let first = problems.first else { return nil }
    let subject = kind.group.isEmpty ? kind.kind : "\(kind.kind).\(kind.group)"
    var seen: Set<String> = []
    let texts = problems.map(\.text).filter { seen.insert($0).inserted }
    let text = texts.count == 1 ? first.text : "[\(texts.joined(separator: ", "))]"
    var details = Details(name: name, group: kind.group, kind: kind.kind)
    details.causes = problems.map { Cause(reason: $0.reason, message: $0.body, field: $0.path) }
    return KubeStatus(.invalid, "\(subject) \(GoQuote.quoted(name)) is invalid: \(text)", details: details)
  }
}
