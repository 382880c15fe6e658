/// Sections of `name = value` lines, as cloud tools keep credentials.
enum INIFile {
  /// Names of values are in lower case; comments begin with `#` or `;`. `[profile x]` is `x`.
  static func sections(_ text: String) -> [String: [String: String]] {
    var sections: [String: [String: String]] = [:]
    var section = ""
    for line in text.split(whereSeparator: \.isNewline) {
      let trimmed = trimmed(line)
      if trimmed.isEmpty || trimmed.hasPrefix("#") || trimmed.hasPrefix(";") { continue }
      if trimmed.hasPrefix("["), trimmed.hasSuffix("]") {
        let name = self.trimmed(trimmed.dropFirst().dropLast())
        section = name.hasPrefix("profile ") ? self.trimmed(name.dropFirst(8)) : name
        continue
      }
      guard let equals = trimmed.firstIndex(of: "=") else { continue }
      let value = self.trimmed(trimmed[trimmed.index(after: equals)...])
      if !value.isEmpty { sections[section, default: [:]][self.trimmed(trimmed[..<equals]).lowercased()] = value }
    }
    return sections
  }

  private static func trimmed(_ text: some StringProtocol) -> String {
    String(text.drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
  }
}
