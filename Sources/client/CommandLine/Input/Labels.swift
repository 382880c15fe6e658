/// One label given on the command line.
package struct LabelArgument: Sendable, Hashable {
  package var name: String
  package var value: String

  package init(name: String, value: String) {
    self.name = name
    self.value = value
  }

  /// Reads `name=value,name2=value2`; an empty text holds none.
  package static func list(_ text: String) throws(SubmitFailure) -> [LabelArgument] {
    if text.isEmpty { return [] }
    var result: [LabelArgument] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let sides = part.split(separator: "=", omittingEmptySubsequences: false)
      guard sides.count == 2, !sides[0].isEmpty else {
        throw SubmitFailure("expected labels of the form: NAME1=VALUE1,NAME2=VALUE2. Received: \(text)")
      }
      result.append(LabelArgument(name: String(sides[0]), value: String(sides[1])))
    }
    return result
  }
}
