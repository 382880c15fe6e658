/// Words that stand for values of a run, and what they stand for.
struct Marks: Sendable {
  private var names: [String] = []
  private static let prefix = "rtv"

  /// A word of letters and digits, which conditions can compare.
  mutating func make(_ name: String) -> String {
    // The name of a node may hold the mark of its item.
    let name = shown(name)
    let place = names.firstIndex(of: name) ?? names.count
    if place == names.count { names.append(name) }
    return "\(Self.prefix)\(place)qx"
  }

  func isIn(_ text: String) -> Bool { shown(text) != text }

  /// Whether a message is that of a mark which was read as JSON.
  static func isUnreadable(_ message: String) -> Bool {
    message.contains("invalid character '\(prefix.prefix(1))' looking for beginning of value")
  }

  /// The text with `‹name›` for every mark.
  func shown(_ text: String) -> String {
    guard text.contains(Self.prefix) else { return text }
    var result = ""
    var rest = text[...]
    while let range = rest.firstRange(of: Self.prefix) {
      result += rest[..<range.lowerBound]
      let digits = rest[range.upperBound...].prefix { $0.isASCII && $0.isNumber }
      let after = rest[digits.endIndex...]
      if let place = Int(digits), names.indices.contains(place), after.hasPrefix("qx") {
        result += "‹\(names[place])›"
        rest = after.dropFirst(2)
      } else {
        result += rest[range]
        rest = rest[range.upperBound...]
      }
    }
    return result + rest
  }
}
