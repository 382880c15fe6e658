internal import JSONValue
internal import Validation
internal import YAMLText

/// The keys and scalars of a parsed text in the order in which they stand there.
struct Outline: Sendable {
  struct Token: Sendable {
    var path: [PathStep]
    var isKey: Bool
    var start: TextPosition
    /// Where the next token begins; nil: at the text's end.
    var limit: TextPosition?
    /// The key, or the scalar's text; nil for a list or an object.
    var text: String?
  }

  private(set) var tokens: [Token] = []

  init(_ document: YAMLDocument) {
    walk(document.value, [], document.positions)
    tokens.sort { $0.start < $1.start }
    for index in tokens.indices.dropLast() {
      tokens[index].limit = tokens[(index + 1)...].first { $0.start > tokens[index].start }?.start
    }
  }

  private mutating func walk(_ value: JSON, _ path: [PathStep], _ positions: PositionMap) {
    switch value {
    case .object(let members):
      for (key, member) in members {
        let inner = path + [.key(key)]
        tokens.append(Token(path: inner, isKey: true, start: TextPosition(positions.key(at: inner)), text: key))
        walk(member, inner, positions)
      }
    case .array(let elements):
      for (index, element) in elements.enumerated() { walk(element, path + [.index(index)], positions) }
    default:
      guard !path.isEmpty else { return }
      tokens.append(Token(path: path, isKey: false, start: TextPosition(positions.value(at: path)), text: value.string ?? value.text(.go)))
    }
  }

  /// The token that a place is in.
  func token(at position: TextPosition) -> Token? {
    var (low, high) = (0, tokens.count)
    while low < high {
      let middle = (low + high) / 2
      if tokens[middle].start <= position { low = middle + 1 } else { high = middle }
    }
    return low > 0 ? tokens[low - 1] : nil
  }
}

extension TextDocument {
  /// Where a key's or scalar's text stands when it is written on one line and as it is (in quotes or not); nil otherwise.
  func range(of token: Outline.Token) -> TextRange? {
    guard let text = token.text, !text.isEmpty else { return nil }
    let scalars = Array(text.unicodeScalars)
    let line = line(token.start.line)
    var column = token.start.column
    guard line.indices.contains(column) else { return nil }
    if line[column] == "\"" || line[column] == "'" { column += 1 }
    guard column + scalars.count <= line.count, Array(line[column..<column + scalars.count]) == scalars else { return nil }
    return TextRange(line: token.start.line, column..<column + scalars.count)
  }
}
