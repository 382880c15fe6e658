import ArgoModel
import JSONValue

/// The name that a template gives to its nodes by an annotation (spec section 1.4).
extension RunState {
  /// Gives a node its template's display name, if it has one. Attempts keep their own. A name that does not fit is an error of the node; false
  /// then.
  mutating func setDisplayName(_ node: Int, _ template: CompiledTemplate, _ leaf: Frame) -> Bool {
    if case .attempt = nodes[node].origin { return true }
    guard let text = template.displayName, let name = try? evaluate(text, leaf, isStrict: false), !name.isEmpty else { return true }
    guard Self.isDisplayName(name) else {
      raise(node, RunFailure("displayName must match the regex ^[a-zA-Z0-9][a-zA-Z0-9-.]{0,61}[a-zA-Z0-9]$"))
      return false
    }
    nodes[node].display(name)
    changedNodes.insert(node)
    return true
  }

  private static func isDisplayName(_ name: String) -> Bool {
    let bytes = Array(name.utf8)
    func isAlphanumeric(_ byte: UInt8) -> Bool {
      (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
    guard (2...63).contains(bytes.count), let first = bytes.first, let last = bytes.last else { return false }
    return isAlphanumeric(first) && isAlphanumeric(last)
      && bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: ".") }
  }
}
