import Contracts
import JSONValue
import KubeModel

/// Secrets and ConfigMaps with `immutable: true`: their content never changes again (`pkg/apis/core/validation`).
enum ImmutableData {
  static func check(_ new: Resource, old: Resource?) throws(KubeStatus) {
    guard let old, old.json["immutable"]?.bool == true else { return }
    var fields: [String] = []
    if new.json["immutable"]?.bool != true { fields.append("immutable") }
    let isWritten = new.json["stringData"]?.object.map { !$0.isEmpty } ?? false
    if isWritten || content(new, "data") != content(old, "data") { fields.append("data") }
    if content(new, "binaryData") != content(old, "binaryData") { fields.append("binaryData") }
    guard let first = fields.first else { return }
    let message = "Forbidden: field is immutable when `immutable` is set"
    let text = fields.count == 1 ? "\(first): \(message)" : "[" + fields.map { "\($0): \(message)" }.joined(separator: ", ") + "]"
    var details = KubeStatus.Details(name: new.name, kind: new.kind.kind)
    details.causes = fields.map { .init(reason: "FieldValueForbidden", message: message, field: $0) }
    throw KubeStatus(.invalid, "\(new.kind.kind) \"\(new.name)\" is invalid: \(text)", details: details)
  }

  /// Key by key, since their order says nothing.
  private static func content(_ object: Resource, _ field: String) -> JSONObject { (object.json[field]?.object ?? [:]).sortedByKey() }
}
