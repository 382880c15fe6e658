/// The lines at the end of the terminal that are drawn over and over. Gives the text to write; keeps what stands on the screen.
package struct LiveRegion: Sendable {
  private var drawn: [String] = []

  package init() {}

  /// Replaces the region by these lines; empty when they stand there already. Only lines of the region are ever erased.
  package mutating func draw(_ lines: [String], columns: Int) -> String {
    if lines == drawn { return "" }
    var text = home(columns: columns)
    for line in lines { text += line + "\u{1B}[K\n" }
    drawn = lines
    return text + "\u{1B}[J"
  }

  /// Erases the region; what is written next stands in its place.
  package mutating func clear(columns: Int) -> String {
    if drawn.isEmpty { return "" }
    defer { drawn = [] }
    return home(columns: columns) + "\u{1B}[J"
  }

  /// Writes text that stays above the region.
  package mutating func insert(_ text: String, columns: Int) -> String {
    let lines = drawn
    let cleared = clear(columns: columns)
    return cleared + text + draw(lines, columns: columns)
  }

  /// Moves to the region's first line; a terminal that became narrower has wrapped the lines since.
  private func home(columns: Int) -> String {
    let columns = max(1, columns)
    let rows = drawn.reduce(0) { $0 + max(1, (DisplayWidth.of($1) + columns - 1) / columns) }
    return rows == 0 ? "" : "\r\u{1B}[\(rows)A"
  }
}
