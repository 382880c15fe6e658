import Basics

/// Texts as Go's `fmt` prints them, for messages in Kubernetes' words.
enum GoText {
  /// `%q` of a string.
  static func quoted(_ text: String) -> String { GoQuote.quoted(text) }
  /// `%q` of a list of strings.
  static func quoted(_ texts: [String]) -> String { "[" + texts.map { quoted($0) }.joined(separator: " ") + "]" }
}
