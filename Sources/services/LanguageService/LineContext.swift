internal import YAMLText

/// Where in a document a cursor stands, told from the indentation of the lines above it: also in a text that cannot be read as YAML, as it is while
/// somebody types.
struct LineContext: Sendable, Hashable {
  enum Place: Sendable, Hashable {
    /// A key is being written; its object is at `path`.
    case key
    /// A value is being written, of the key or element that `path` ends in.
    case value
  }

  /// The first line of the document.
  var firstLine = 0
  /// The document's `kind`, where a line says it.
  var kind = ""
  var path: [PathStep] = []
  var place = Place.key
  /// What of the word is written already, and the columns that it has.
  var word = ""
  var wordStart = 0
  /// The cursor stands in a tag `{{ }}`.
  var isInTag = false
  /// The column at which keys of the object stand.
  var indentation = 0

  private struct Level {
    var indent: Int
    var step: PathStep
    var isItem: Bool { if case .index = step { true } else { false } }
  }

  init(_ document: TextDocument, at cursor: TextPosition) {
    var first = cursor.line
    while first > 0, !Self.isSeparator(document.line(first - 1)) { first -= 1 }
    firstLine = first
    var levels: [Level] = []
    var blockIndent: Int?
    for number in first..<max(first, cursor.line) {
      let line = document.line(number)
      guard let indent = line.firstIndex(where: { $0 != " " }) else { continue }
      if let block = blockIndent {
        if indent > block { continue }
        blockIndent = nil
      }
      guard line[indent] != "#" else { continue }
      let rest = Self.advance(line, indent, &levels)
      if rest.isBlock { blockIndent = rest.column }
    }
    let last = document.lines.count
    for number in first..<last {
      if number > first, Self.isSeparator(document.line(number)) { break }
      let text = document.text(number, 0..<120)
      if text.hasPrefix("kind:") {
        kind = text.dropFirst(5).split(separator: " ").first.map { $0.filter { $0 != "\"" && $0 != "'" } } ?? ""
      }
    }
    finish(Array(document.line(cursor.line).prefix(cursor.column)), levels, blockIndent)
  }

  private static func isSeparator(_ line: [Unicode.Scalar]) -> Bool { line.starts(with: ["-", "-", "-"]) }

  /// Goes over the dashes and the key of a line. Gives the column of the key, where its value begins, and whether that is a block of text.
  private static func advance(_ line: [Unicode.Scalar], _ indent: Int, _ levels: inout [Level]) -> (column: Int, value: Int?, isBlock: Bool)
  {
    var column = indent
    while column < line.count, line[column] == "-", column + 1 == line.count || line[column + 1] == " " {
      levels.removeAll { $0.indent > column }
      if let top = levels.last, top.isItem, top.indent == column, case .index(let index) = top.step {
        levels[levels.count - 1].step = .index(index + 1)
      } else {
        levels.append(Level(indent: column, step: .index(0)))
      }
      column += 1
      while column < line.count, line[column] == " " { column += 1 }
    }
    guard let (key, end) = key(line, column) else { return (column, nil, false) }
    levels.removeAll { $0.indent >= column }
    levels.append(Level(indent: column, step: .key(key)))
    var value = end
    while value < line.count, line[value] == " " { value += 1 }
    let isBlock = value < line.count && (line[value] == "|" || line[value] == ">")
    return (column, value, isBlock)
  }

  /// The key that begins at a column, and the column behind its colon.
  private static func key(_ line: [Unicode.Scalar], _ start: Int) -> (String, Int)? {
    guard start < line.count else { return nil }
    var text = String.UnicodeScalarView()
    var column = start
    if line[start] == "\"" || line[start] == "'" {
      guard let end = line[(start + 1)...].firstIndex(of: line[start]) else { return nil }
      text.append(contentsOf: line[(start + 1)..<end])
      column = end + 1
    } else {
      while column < line.count, line[column] != ":" || (column + 1 < line.count && line[column + 1] != " ") {
        if line[column] == "{" || line[column] == "[" || line[column] == "#" { return nil }
        text.append(line[column])
        column += 1
      }
    }
    guard column < line.count, line[column] == ":" else { return nil }
    return (String(text), column + 1)
  }

  private mutating func finish(_ line: [Unicode.Scalar], _ before: [Level], _ blockIndent: Int?) {
    var levels = before
    let indent = line.firstIndex { $0 != " " } ?? line.count
    isInTag = Self.isInTag(line)
    if let block = blockIndent, indent > block {
      place = .value
      path = levels.map(\.step)
      setWord(line, from: 0)
      return
    }
    guard indent < line.count else {
      // An empty line: the cursor's column says whose key it will be. In a list it goes on with the element.
      levels.removeAll { $0.indent >= indent }
      path = levels.map(\.step)
      indentation = indent
      wordStart = line.count
      return
    }
    let (column, value, isBlock) = Self.advance(line, indent, &levels)
    guard let value, !isBlock else {
      if value == nil, column < line.count, line[column] == "{" || line[column] == "[" {
        levels.removeAll { $0.indent >= column }
        path = levels.map(\.step)
        finishFlow(line, column)
        return
      }
      if value == nil { levels.removeAll { $0.indent >= column } }
      path = levels.map(\.step)
      place = value == nil && !isInTag ? .key : .value
      indentation = column
      setWord(line, from: column)
      return
    }
    path = levels.map(\.step)
    place = .value
    indentation = column
    if value < line.count, line[value] == "{" || line[value] == "[", !isInTag {
      finishFlow(line, value)
    } else {
      setWord(line, from: value)
    }
  }

  /// The part of a line in braces and brackets up to the cursor.
  private mutating func finishFlow(_ line: [Unicode.Scalar], _ start: Int) {
    var levels: [(isList: Bool, steps: Int)] = []
    var column = start
    var wordBegin = start
    place = .value
    while column < line.count {
      switch line[column] {
      case "{":
        levels.append((false, path.count))
        place = .key
        wordBegin = column + 1
      case "[":
        levels.append((true, path.count + 1))
        path.append(.index(0))
        place = .value
        wordBegin = column + 1
      case "}", "]":
        if let level = levels.popLast() { path.removeSubrange((level.isList ? level.steps - 1 : level.steps)...) }
        place = .value
        wordBegin = column + 1
      case ",":
        guard let level = levels.last else { break }
        path.removeSubrange(level.steps...)
        if level.isList, case .index(let index)? = path.last { path[path.count - 1] = .index(index + 1) }
        place = level.isList ? .value : .key
        wordBegin = column + 1
      case ":" where levels.last?.isList == false && place == .key:
        var text = String.UnicodeScalarView()
        text.append(contentsOf: line[wordBegin..<column].filter { $0 != " " && $0 != "\"" && $0 != "'" })
        path.append(.key(String(text)))
        place = .value
        wordBegin = column + 1
      case "\"", "'":
        if let end = line[(column + 1)...].firstIndex(of: line[column]) { column = end }
      default: break
      }
      column += 1
    }
    setWord(line, from: wordBegin)
  }

  private mutating func setWord(_ line: [Unicode.Scalar], from column: Int) {
    var start = line.count
    while start > min(column, line.count), Words.isLetter(line[start - 1]) || (isInTag && line[start - 1] == ".") { start -= 1 }
    wordStart = start
    var text = String.UnicodeScalarView()
    text.append(contentsOf: line[start...])
    word = String(text)
  }

  private static func isInTag(_ line: [Unicode.Scalar]) -> Bool {
    var isOpen = false
    var column = 0
    while column + 1 < line.count {
      if line[column] == "{", line[column + 1] == "{" {
        isOpen = true
        column += 2
      } else if line[column] == "}", line[column + 1] == "}" {
        isOpen = false
        column += 2
      } else {
        column += 1
      }
    }
    return isOpen
  }
}
