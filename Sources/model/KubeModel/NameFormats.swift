/// The forms that names, keys and values must have, and what Kubernetes says of those that have not (`apimachinery/pkg/util/validation`).
package enum NameFormats {
  /// What is wrong with a DNS-1123 label.
  package static func label(_ text: String) -> [String] {
    var result = length(text, 63)
    if !isLabel(text[...]) {
      result.append(
        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric "
          + "character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')")
    }
    return result
  }

  /// Of a DNS-1123 subdomain.
  package static func subdomain(_ text: String) -> [String] {
    var result = length(text, 253)
    if !isSubdomain(text) {
      result.append(
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an "
          + "alphanumeric character (e.g. 'example.com', regex used for validation is "
          + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")
    }
    return result
  }

  /// Of a DNS-1035 label (names of Services).
  package static func label1035(_ text: String) -> [String] {
    var result = length(text, 63)
    if !isLabel(text[...]) || text.utf8.first.map({ (0x30...0x39).contains($0) }) == true {
      result.append(
        "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an "
          + "alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')")
    }
    return result
  }

  /// Of a name that only has to fit into a path (RBAC).
  package static func pathSegment(_ text: String) -> [String] {
    if text == "." || text == ".." { return ["may not be '\(text)'"] }
    return ["/", "%"].filter { text.contains($0) }.map { "may not contain '\($0)'" }
  }

  /// Of the key of a label or annotation, or a finalizer: `example.com/name`.
  package static func qualifiedName(_ text: String) -> [String] {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    var result: [String] = []
    let name: Substring
    switch parts.count {
    case 1: name = parts[0]
    case 2:
      name = parts[1]
      if parts[0].isEmpty {
        result.append("prefix part must be non-empty")
      } else {
        result += subdomain(String(parts[0])).map { "prefix part \($0)" }
      }
    default:
      return [
        "a qualified name must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character "
          + "(e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]') with an "
          + "optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
      ]
    }
    if name.isEmpty {
      result.append("name part must be non-empty")
    } else if name.utf8.count > 63 {
      result.append("name part must be no more than 63 characters")
    }
    if !isMixed(name) {
      result.append(
        "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. "
          + "'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')")
    }
    return result
  }

  package static func labelValue(_ text: String) -> [String] {
    var result = length(text, 63)
    if !text.isEmpty, !isMixed(text[...]) {
      result.append(
        "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
          + "alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is "
          + "'(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')")
    }
    return result
  }

  /// Of a key of a ConfigMap's or Secret's data.
  package static func configKey(_ text: String) -> [String] {
    var result = length(text, 253)
    let isWellFormed = !text.isEmpty && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E }
    if !isWellFormed {
      result.append(
        "a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex "
          + "used for validation is '[-._a-zA-Z0-9]+')")
    }
    if text == "." || text == ".." {
      result.append("must not be '\(text)'")
    } else if text.hasPrefix("..") {
      result.append("must not start with '..'")
    }
    return result
  }

  /// Of the name of an environment variable.
  package static func environmentName(_ text: String) -> [String] {
    let isWellFormed =
      !text.isEmpty && text.unicodeScalars.allSatisfy { (0x20...0x7E).contains($0.value) && $0 != "=" }
    return isWellFormed ? [] : ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
  }

  private static func length(_ text: String, _ limit: Int) -> [String] {
    text.utf8.count > limit ? ["must be no more than \(limit) characters"] : []
  }

  private static func isLower(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
  private static func isAlphanumeric(_ byte: UInt8) -> Bool { isLower(byte) || (0x41...0x5A).contains(byte) }

  private static func isLabel(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return false }
    return isLower(first) && isLower(last) && text.utf8.allSatisfy { isLower($0) || $0 == 0x2D }
  }

  private static func isSubdomain(_ text: String) -> Bool {
    text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy(isLabel)
  }

  private static func isMixed(_ text: Substring) -> Bool {
    guard let first = text.utf8.first, let last = text.utf8.last else { return false }
    return isAlphanumeric(first) && isAlphanumeric(last)
      && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == 0x2D || $0 == 0x5F || $0 == 0x2E }
  }
}
