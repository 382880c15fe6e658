/// Aligns columns as Go's `text/tabwriter` does with padding and no flags: a column is a run of adjacent lines that have a further cell
/// behind that cell; the last cell of a line belongs to none. Widths are columns of the terminal.
struct TabTable {
  struct Cell {
    var text: String
    var width: Int

    init(_ text: String) {
      self.text = text
      width = DisplayWidth.of(text)
    }
  }

  private var rows: [[Cell]] = []
  private let padding: Int

  init(padding: Int) { self.padding = padding }

  mutating func append(_ cells: [String]) { rows.append(cells.map(Cell.init)) }

  /// The lines, each without its line break.
  func lines() -> [String] {
    var layout = Layout(rows: rows, padding: padding)
    layout.format(rows.indices)
    return layout.output
  }

  private struct Layout {
    let rows: [[Cell]]
    let padding: Int
    var widths: [Int] = []
    var output: [String] = []

    init(rows: [[Cell]], padding: Int) {
      self.rows = rows
      self.padding = padding
      output.reserveCapacity(rows.count)
    }

    /// Lays out the rows from the column on that follows those of known width. As deep as a row has cells.
    mutating func format(_ range: Range<Int>) {
      let column = widths.count
      var first = range.lowerBound
      var row = first
      while row < range.upperBound {
        guard column < rows[row].count - 1 else {
          row += 1
          continue
        }
        write(first..<row)
        first = row
        var width = 0
        while row < range.upperBound, column < rows[row].count - 1 {
          width = max(width, rows[row][column].width + padding)
          row += 1
        }
        widths.append(width)
        format(first..<row)
        widths.removeLast()
        first = row
      }
      write(first..<range.upperBound)
    }

    mutating func write(_ range: Range<Int>) {
      for row in range {
        var line = ""
        for (column, cell) in rows[row].enumerated() {
          line += cell.text
          if column < widths.count, widths[column] > cell.width {
            line += String(repeating: " ", count: widths[column] - cell.width)
          }
        }
        output.append(line)
      }
    }
  }
}
