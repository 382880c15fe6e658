import JSONValue
import Templating

/// The naming rules of list items and their messages.
enum NameRule {
  case field
  case parameterOrArtifact

  /// What is wrong with the name; empty when nothing is.
  func complaints(_ name: String) -> [String] {
    let bytes = Array(name.utf8)
    switch self {
    case .parameterOrArtifact:
      let isValid = !bytes.isEmpty && bytes.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F }
      return isValid ? [] : ["Parameter/Artifact name must consist of alpha-numeric characters, '_' or '-' e.g. my_param_1, MY-PARAM-1"]
    case .field:
      var result: [String] = []
      if bytes.count > 128 { result.append("must be no more than 128 characters") }
      if !(bytes.first.map(isAlphanumeric) ?? false) || !bytes.allSatisfy({ isAlphanumeric($0) || $0 == 0x2D }) {
        result.append(
          "name must consist of alpha-numeric characters or '-', and must start with an alpha-numeric character (e.g. My-name1-2, 123-NAME)"
        )
      }
      return result
    }
  }
}

func isAlphanumeric(_ byte: UInt8) -> Bool {
  (byte >= 0x61 && byte <= 0x7A) || (byte >= 0x41 && byte <= 0x5A) || (byte >= 0x30 && byte <= 0x39)
}

/// Whether the text holds a plain `{{a.b-c}}` tag, which the original lets stand for a name.
func holdsParameterTag(_ text: String) -> Bool {
  TagTemplate(compiling: text).tags.contains { tag in
    guard case .simple(_, let raw) = tag, !raw.isEmpty else { return false }
    return raw.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E }
  }
}

extension ValidationRun {
  /// Names of a list's items must be there, be well formed and differ.
  func checkNames(_ items: [JSON], _ rule: NameRule, prefix: String, at path: FieldPath) {
    var seen: Set<String> = []
    for (index, item) in items.enumerated() {
      let name = item.text(at: "name")
      let place = path[index]
      if name.isEmpty {
        report("name-required", "\(prefix)[\(index)].name is required", at: place)
        continue
      }
      let complaints = isTemplated(name) ? [] : rule.complaints(name)
      if !complaints.isEmpty {
        report("name-invalid", "\(prefix)[\(index)].name: '\(name)' is invalid: \(complaints.joined(separator: ";"))", at: place["name"])
      } else if !seen.insert(name).inserted {
        report("name-not-unique", "\(prefix)[\(index)].name '\(name)' is not unique", at: place["name"])
      }
    }
  }
}
