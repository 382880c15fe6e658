import Testing

@testable import CommandLine

@Suite("Widths on the terminal") struct WidthTests {
  @Test(
    "A text's columns",
    arguments: [
      ("abc", 3), ("✔ ok", 4), ("⚠ x", 3), ("◷", 1), ("├─└─", 4), ("工作流", 6), ("한글", 4), ("e\u{301}", 1), ("🚀", 2),
      ("\u{1B}[32m✔\u{1B}[0m a", 3),
      ("", 0), ("ｆ", 2),
    ])
  func columns(text: String, expected: Int) {
    #expect(DisplayWidth.of(text) == expected)
  }

  @Test(
    "A text is cut to the columns there are",
    arguments: [
      ("hello", 5, "hello"), ("hello!", 5, "hell…"), ("工作流程", 6, "工作…"), ("工作流程", 5, "工作…"), ("工作流程", 8, "工作流程"),
      ("ab", 1, "…"), ("ab", 0, ""),
    ])
  func truncation(text: String, columns: Int, expected: String) {
    let cut = DisplayWidth.truncate(text, to: columns)
    #expect(cut == expected)
    #expect(DisplayWidth.of(cut) <= columns)
  }

  @Test("A cut closes colours")
  func truncatedColor() {
    let text = "\u{1B}[31m✖\u{1B}[0m failing"
    #expect(DisplayWidth.truncate(text, to: 4) == "\u{1B}[31m✖\u{1B}[0m f…\u{1B}[0m")
  }

  @Test("Text from outside cannot steer the terminal")
  func printable() {
    #expect(Printable.line("a\nb\tc\u{1B}[2Jd\u{7}\u{202E}e") == "a b c?[2Jd??e")
    #expect(Printable.line("\u{1B}[31mred\u{1B}[0m") == "red")
    #expect(Printable.block("a\nb\u{1B}]0;x") == "a\nb?]0;x")
    #expect(Printable.logLine("\u{1B}[31mred\u{1B}[0m\u{1B}[1A") == "\u{1B}[31mred\u{1B}[0m?[1A")
    #expect(Printable.line("工作流 ✔") == "工作流 ✔")
  }

  @Test("Columns are runs of adjacent lines that have a cell behind")
  func table() {
    var table = TabTable(padding: 2)
    table.append(["A", "B", "C"])
    table.append(["工作", "b", "long", ""])
    table.append(["", "", "", ""])
    table.append(["x", "end"])
    table.append(["none"])
    table.append(["yy", "z"])
    #expect(table.lines() == ["A     B  C", "工作  b  long  ", "               ", "x     end", "none", "yy  z"])
  }
}
