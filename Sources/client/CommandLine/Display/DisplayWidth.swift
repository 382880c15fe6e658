/// How many columns of a terminal text takes, and how it is cut to fit.
package enum DisplayWidth {
  /// Columns of a text without control characters; ANSI colour sequences take none. Wide East Asian characters and emoji take two,
  /// combining marks none.
  package static func of(_ text: String) -> Int {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text.utf8.count }
    var width = 0
    var scanner = SequenceScanner()
    for character in text where !scanner.isInside(character) { width += columns(character) }
    return width
  }

  /// `text` cut to at most `columns`, the last of them an ellipsis where something was cut. Colour sequences are kept whole and
  /// closed.
  package static func truncate(_ text: String, to columns: Int, ellipsis: String = "…") -> String {
    guard columns > 0 else { return "" }
    if text.utf8.count <= columns || of(text) <= columns { return text }
    let room = columns - min(columns, of(ellipsis))
    var result = ""
    var used = 0
    var hasColor = false
    var scanner = SequenceScanner()
    for character in text {
      if scanner.isInside(character) {
        hasColor = true
        result.append(character)
        continue
      }
      let width = Self.columns(character)
      if used + width > room { break }
      used += width
      result.append(character)
    }
    return result + ellipsis + (hasColor ? "\u{1B}[0m" : "")
  }

  /// `text` followed by spaces up to a width.
  static func pad(_ text: String, to width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - of(text)))
  }

  /// `line` up to its last character that is no space.
  static func withoutTrailingSpaces(_ line: String) -> String {
    guard line.utf8.last == 0x20 else { return line }
    let spaces = line.utf8.reversed().prefix { $0 == 0x20 }.count
    return String(decoding: line.utf8.dropLast(spaces), as: UTF8.self)
  }

  private static func columns(_ character: Character) -> Int {
    var width = 0
    for scalar in character.unicodeScalars {
      if scalar.value == 0xFE0F { return 2 }
      width = max(width, columns(scalar))
    }
    return width
  }

  private static func columns(_ scalar: Unicode.Scalar) -> Int {
    let value = scalar.value
    if value < 0x300 { return value < 0x20 || (0x7F..<0xA0).contains(value) ? 0 : 1 }
    // Arrows, box drawing and geometric shapes: the glyphs of the tree itself.
    if (0x2190..<0x231A).contains(value) || (0x2500..<0x25FD).contains(value) { return 1 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    if wide.contains(where: { $0.contains(value) }) || scalar.properties.isEmojiPresentation { return 2 }
    return (0x1160...0x11FF).contains(value) ? 0 : 1
  }

  /// The blocks whose East Asian Width is wide or full width (Unicode Annex 11).
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF, 0xA960...0xA97C,
    0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF,
    0x1F900...0x1F9FF, 0x20000...0x3FFFD,
  ]
}

/// Tells the characters of `ESC [ … letter` sequences from text.
private struct SequenceScanner {
  private enum Place { case text, escape, parameters }
  private var place = Place.text

  mutating func isInside(_ character: Character) -> Bool {
    switch place {
    case .text:
      guard character == "\u{1B}" else { return false }
      place = .escape
    case .escape:
      place = character == "[" ? .parameters : .text
    case .parameters:
      if let byte = character.asciiValue, (0x40...0x7E).contains(byte) { place = .text }
    }
    return true
  }
}

/// Makes text from outside harmless to the terminal and to tables.
package enum Printable {
  /// One line: line breaks and tabs become spaces, every other control character and direction override `?`.
  package static func line(_ text: String) -> String { clean(text, keepsLines: false, keepsColors: false) }

  /// As ``line(_:)``, but line breaks and tabs stay.
  package static func block(_ text: String) -> String { clean(text, keepsLines: true, keepsColors: false) }

  /// One line of a program's output beside a live region: colours and tabs stay, everything that moves the cursor goes.
  package static func logLine(_ text: String) -> String { clean(text, keepsLines: false, keepsColors: true) }

  private static func clean(_ text: String, keepsLines: Bool, keepsColors: Bool) -> String {
    if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return text }
    var result = String.UnicodeScalarView()
    let scalars = Array(text.unicodeScalars)
    var position = 0
    while position < scalars.count {
      let scalar = scalars[position]
      position += 1
      switch scalar.value {
      case 0x09: result.append(keepsLines || keepsColors ? scalar : " ")
      case 0x0A: result.append(keepsLines ? scalar : " ")
      case 0x0D: if !keepsLines && !keepsColors { result.append(" ") }
      case 0x1B:
        let end = endOfColorSequence(scalars, position)
        if let end {
          if keepsColors {
            result.append(scalar)
            result.append(contentsOf: scalars[position..<end])
          }
          position = end
        } else {
          result.append("?")
        }
      case 0..<0x20, 0x7F..<0xA0, 0x2028, 0x2029, 0x202A...0x202E, 0x2066...0x2069: result.append("?")
      default: result.append(scalar)
      }
    }
    return String(result)
  }

  /// The position after the `[ … m` that starts here; nil when something else does.
  private static func endOfColorSequence(_ scalars: [Unicode.Scalar], _ start: Int) -> Int? {
    guard start < scalars.count, scalars[start] == "[" else { return nil }
    var position = start + 1
    while position < scalars.count {
      let scalar = scalars[position]
      if scalar == "m" { return position + 1 }
      guard ("0"..."9").contains(scalar) || scalar == ";" || scalar == ":" else { return nil }
      position += 1
    }
    return nil
  }
}
