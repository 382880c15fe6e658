/// By which name the program was called. Through a link named `argo` it is `argo`: the original's commands come first, and texts say so.
package enum ProgramName: String, Sendable, Hashable {
  case argosy, argo

  /// - Parameter path: the first word of the command line.
  package init(path: String) { self = path.split(separator: "/").last == "argo" ? .argo : .argosy }

  /// A text of this program with the name by which it was called: `argosy list` is `argo list` then.
  func renamed(_ text: String, verbs: Set<String>) -> String {
    guard self == .argo else { return text }
    var result = ""
    var rest = text[...]
    while let range = rest.firstRange(of: "argosy") {
      result += rest[..<range.lowerBound]
      let after = rest[range.upperBound...]
      let isWord = result.last.map { !$0.isLetter && !$0.isNumber && !"/._-".contains($0) } ?? true
      let word = after.first == " " ? String(after.dropFirst().prefix { $0.isLetter || $0.isNumber || $0 == "-" }) : ""
      result += isWord && (verbs.contains(word) || word.hasPrefix("--") || word == "help") ? rawValue : "argosy"
      rest = after
    }
    return result + rest
  }
}
