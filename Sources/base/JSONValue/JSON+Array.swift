extension JSON {
  /// Edits the array in place; a value that is no array becomes an empty array first.
  package mutating func modifyArray(_ body: (inout [JSON]) -> Void) {
    var elements: [JSON] = if case .array(let held) = self { held } else { [] }
    self = .null
    body(&elements)
    self = .array(elements)
  }
}
