/// The messages that clients of Kubernetes send in protobuf (Go clients with types do, `kubectl create` among them): the numbers and types of their fields,
/// from the `.proto` files of the Kubernetes API.
///
/// Of each message a line with its name and lines with its fields: the name in JSON, the number, the type. `s` is text, `i` an integer, `b` a boolean, `y`
/// bytes, `d` a number, all else a message. Before the type: `*` several, `%` a map by text, `?` may be left out (so that zero says something), `<` its fields are
/// those of the parent in JSON.
enum ProtobufTypes {
  struct Field: Sendable {
    enum Form: Sendable { case plain, optional, list, map, inline }
    var name: String
    var form: Form
    var type: String
  }

  /// Fields by their numbers, by message.
  static let messages: [String: [Int: Field]] = {
    var result: [String: [Int: Field]] = [:]
    var name = ""
    for text in [coreFirst, coreLast, others] {
      for line in text.split(separator: "\n") {
        guard line.hasPrefix("  ") else {
          name = String(line)
          result[name] = [:]
          continue
        }
        for part in line.split(separator: ",") {
          let words = part.split(separator: " ")
          guard words.count == 3, let number = Int(words[1]), let first = words[2].first else { continue }
          let forms: [Character: Field.Form] = ["*": .list, "%": .map, "?": .optional, "<": .inline]
          let form = forms[first]
          result[name]?[number] = Field(
            name: String(words[0]), form: form ?? .plain, type: String(form == nil ? words[2] : words[2].dropFirst()))
        }
      }
    }
    return result
  }()
}
