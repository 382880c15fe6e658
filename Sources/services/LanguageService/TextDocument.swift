internal import JSONValue
internal import YAMLText

/// How clients count the characters of a line (LSP 3.17, `PositionEncodingKind`).
enum PositionEncoding: String, Sendable, Hashable {
  case utf8 = "utf-8"
  case utf16 = "utf-16"
  case utf32 = "utf-32"

  func width(of scalar: Unicode.Scalar) -> Int {
    switch self {
    case .utf8: UTF8.width(scalar)
    case .utf16: UTF16.width(scalar)
    case .utf32: 1
    }
  }
}

/// A place in a text: line and column from 0, the column in Unicode scalars.
struct TextPosition: Sendable, Hashable, Comparable {
  var line: Int
  var column: Int

  init(_ line: Int, _ column: Int) {
    self.line = line
    self.column = column
  }

  init(_ position: SourcePosition) { self.init(position.line - 1, position.column - 1) }

  static func < (left: TextPosition, right: TextPosition) -> Bool { (left.line, left.column) < (right.line, right.column) }
}

/// From a place up to, and not with, another.
struct TextRange: Sendable, Hashable {
  var start: TextPosition
  var end: TextPosition

  init(_ start: TextPosition, _ end: TextPosition) {
    self.start = start
    self.end = end
  }

  /// Part of one line.
  init(line: Int, _ columns: Range<Int>) {
    self.init(TextPosition(line, columns.lowerBound), TextPosition(line, columns.upperBound))
  }

  /// Whether a cursor there stands in it, or directly behind it.
  func touches(_ position: TextPosition) -> Bool { start <= position && position <= end }
}

/// A text as an editor has it.
struct TextDocument: Sendable {
  /// The lines without their ends, as scalars; at least one.
  private(set) var lines: [[Unicode.Scalar]]
  private(set) var text: String

  init(_ text: String) {
    self.text = text
    lines = Self.split(text)
  }

  private static func split(_ text: String) -> [[Unicode.Scalar]] {
    text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      line.last == "\r" ? Array(line.dropLast()) : Array(line)
    }
  }

  /// Behind the last sign.
  var end: TextPosition { TextPosition(max(0, lines.count - 1), lines.last?.count ?? 0) }

  func line(_ number: Int) -> [Unicode.Scalar] { lines.indices.contains(number) ? lines[number] : [] }

  /// Part of a line as text.
  func text(_ number: Int, _ columns: Range<Int>) -> String {
    var result = String.UnicodeScalarView()
    let line = line(number)
    result.append(contentsOf: line[columns.clamped(to: 0..<line.count)])
    return String(result)
  }

  /// The place that a client means; places outside the text are moved into it, as the protocol wants it.
  func position(_ json: JSON?, _ encoding: PositionEncoding) -> TextPosition {
    let number = Int(clamping: max(0, json?["line"]?.int ?? 0))
    guard number < lines.count else { return TextPosition(lines.count - 1, lines.last?.count ?? 0) }
    let units = Int(clamping: max(0, json?["character"]?.int ?? 0))
    var (column, passed) = (0, 0)
    for scalar in lines[number] {
      let width = encoding.width(of: scalar)
      if passed + width > units { break }
      passed += width
      column += 1
    }
    return TextPosition(number, column)
  }

  func json(_ position: TextPosition, _ encoding: PositionEncoding) -> JSON {
    let units = line(position.line).prefix(max(0, position.column)).reduce(0) { $0 + encoding.width(of: $1) }
    return ["line": .int(Int64(position.line)), "character": .int(Int64(units))]
  }

  func json(_ range: TextRange, _ encoding: PositionEncoding) -> JSON {
    ["start": json(range.start, encoding), "end": json(range.end, encoding)]
  }

  /// Puts in what a client changed: the whole text, or a range of it.
  mutating func apply(_ change: JSON, _ encoding: PositionEncoding) {
    let new = change["text"]?.string ?? ""
    guard let range = change["range"], !range.isNull else {
      self = TextDocument(new)
      return
    }
    let (start, end) = (position(range["start"], encoding), position(range["end"], encoding))
    guard start <= end else { return }
    var result = String.UnicodeScalarView()
    let ends = Self.offsets(of: [start, end], in: text)
    let scalars = text.unicodeScalars
    result.append(contentsOf: scalars[..<ends[0]])
    result.append(contentsOf: new.unicodeScalars)
    result.append(contentsOf: scalars[ends[1]...])
    self = TextDocument(String(result))
  }

  /// The indices of places, which are in order.
  private static func offsets(of positions: [TextPosition], in text: String) -> [String.Index] {
    let scalars = text.unicodeScalars
    var result: [String.Index] = []
    var (index, line, column) = (scalars.startIndex, 0, 0)
    for position in positions {
      while index < scalars.endIndex, TextPosition(line, column) < position {
        if scalars[index] == "\n" {
          line += 1
          column = 0
        } else {
          column += 1
        }
        index = scalars.index(after: index)
      }
      result.append(index)
    }
    return result
  }
}
