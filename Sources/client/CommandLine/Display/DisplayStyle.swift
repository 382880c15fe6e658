import Basics

/// How text is dressed: with colours or without, with glyphs beyond ASCII or with words.
package struct DisplayStyle: Sendable, Hashable {
  /// ANSI colours. Only ever for a terminal.
  package var hasColor: Bool
  /// `✔`, `├─` and their like; else `Succeeded`, `|-`.
  package var hasGlyphs: Bool

  package init(hasColor: Bool = false, hasGlyphs: Bool = true) {
    self.hasColor = hasColor
    self.hasGlyphs = hasGlyphs
  }

  /// The style for an output: colours need a terminal that is not `TERM=dumb`, no `--no-color` and no `NO_COLOR` in the environment.
  package static func detect(
    isTerminal: Bool, noColor: Bool, noUTF8: Bool, environment: (String) -> String?
  ) -> DisplayStyle {
    let isRefused = noColor || environment("TERM") == "dumb" || !(environment("NO_COLOR") ?? "").isEmpty
    return DisplayStyle(hasColor: isTerminal && !isRefused, hasGlyphs: !noUTF8)
  }

  /// `text` in a colour, or as it is when this style has none.
  func paint(_ text: String, _ color: ANSIColor?) -> String {
    guard hasColor, let color else { return text }
    return "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m"
  }
}

/// Foreground colours by their SGR code.
enum ANSIColor: Int {
  case red = 31
  case green = 32
  case yellow = 33
  case blue = 34
  case magenta = 35
  case cyan = 36
  case white = 37
}

/// With what a text is drawn: its style, the present moment and the local time zone. Everything that display functions know of the
/// world outside stands here.
package struct DisplayContext: Sendable {
  package var style: DisplayStyle
  package var now: Instant
  /// Seconds east of UTC at an instant.
  package var utcOffset: @Sendable (Instant) -> Int64

  package init(style: DisplayStyle, now: Instant, utcOffset: @escaping @Sendable (Instant) -> Int64 = { _ in 0 }) {
    self.style = style
    self.now = now
    self.utcOffset = utcOffset
  }
}
