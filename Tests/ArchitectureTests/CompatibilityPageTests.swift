import Testing

/// Holds docs/compatibility.md and docs/behaviours.md against the tests that they name.
@Suite struct CompatibilityPageTests {
  private static let root = ArchitectureTests.root
  private static let page = ArchitectureTests.read(root + "/docs/compatibility.md")
  /// What the test sources have: suites, and the texts in quotes or backquotes, among which are the names of tests.
  private static let sources = ArchitectureTests.files(below: root + "/Tests", suffix: ".swift").map(Source.init)

  private struct Source {
    var path: String
    var suites: Set<String> = []
    var texts: Set<String> = []

    init(path: String) {
      self.path = path
      for line in ArchitectureTests.read(path).utf8.split(separator: UInt8(ascii: "\n")) {
        for piece in line.split(whereSeparator: { $0 == UInt8(ascii: "\"") || $0 == UInt8(ascii: "`") }).dropFirst() {
          texts.insert(String(Substring(piece)))
        }
        let words = Substring(line).split { " :{<".contains($0) }
        for (keyword, name) in zip(words, words.dropFirst()) where ["struct", "class", "extension"].contains(keyword) {
          suites.insert(String(name))
        }
      }
    }
  }

  /// One feature of the page's tables.
  private struct Row {
    var feature: String
    var state: String
    var note: String
    var shownBy: String

    init?(_ line: Substring) {
      guard line.hasPrefix("|"), line.hasSuffix("|") else { return nil }
      let cells = line.dropFirst().dropLast().split(separator: "|", omittingEmptySubsequences: false).map { cell in
        String(cell.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      }
      if cells.count == 3, cells[0].first?.isNumber == true {
        (feature, state, note, shownBy) = (cells[1], "works", "", cells[2])
        return
      }
      guard cells.count == 4, cells[0] != "Feature", !cells[0].hasPrefix("---") else { return nil }
      (feature, state, note, shownBy) = (cells[0], cells[1], cells[2], cells[3])
    }
  }

  private static let rows = page.split(separator: "\n").compactMap(Row.init)
  private static let behaviours = ArchitectureTests.read(root + "/docs/behaviours.md").split(separator: "\n").compactMap(Row.init)

  /// What a text names: a suite, a sentence in quotes, a rule in backquotes.
  private enum Token { case suite(String), sentence(String), code(String) }

  private static func tokens(_ text: String) -> [Token] {
    var result: [Token] = []
    var rest = text[...]
    while let first = rest.first {
      if first == "\"" || first == "`" {
        let body = rest.dropFirst().prefix { $0 != first }
        result.append(first == "`" ? .code(String(body)) : .sentence(String(body)))
        rest = rest.dropFirst(body.count + 2)
      } else if first.isLetter || first == "/" {
        let word = rest.prefix { $0.isLetter || $0.isNumber || "./-_".contains($0) }
        let name = word.split(separator: ";")[0]
        if name.hasSuffix("Tests") && !name.contains("/") { result.append(.suite(String(name))) }
        rest = rest.dropFirst(word.count)
      } else {
        rest = rest.dropFirst()
      }
    }
    return result
  }

  /// The sources in which a suite (`Suite` or `Target.Suite`) is declared; a name of a target alone stands for all of it.
  private static func sources(of suite: String) -> [Source] {
    let parts = suite.split(separator: ".").map(String.init)
    let found = sources.filter { source in
      (parts.count == 1 || source.path.contains("/Tests/\(parts[0])/")) && source.suites.contains(parts[parts.count - 1])
    }
    return found.isEmpty ? sources.filter { $0.path.contains("/Tests/\(suite)/") } : found
  }

  @Test("every suite, sentence and rule that the pages name exists")
  func testsExist() {
    #expect(Self.rows.count > 150 && Self.behaviours.count > 15)
    for row in Self.rows + Self.behaviours {
      var suite: [Source] = []
      for token in Self.tokens(row.shownBy) {
        switch token {
        case .suite(let name):
          suite = Self.sources(of: name)
          #expect(!suite.isEmpty, "\(row.feature): there is no suite \(name)")
        case .sentence(let sentence):
          let isThere = suite.contains { $0.texts.contains(sentence) }
          #expect(isThere, "\(row.feature): none of the suite's tests is called \"\(sentence)\"")
        case .code(let rule):
          let name = rule.prefix { $0 != "*" }
          let isThere = Self.sources.contains { $0.path.contains("/ValidationTests/") && $0.texts.contains { $0.hasPrefix(name) } }
          #expect(isThere, "\(row.feature): no rule \(rule)")
        }
      }
    }
  }

  @Test("every feature has a state, what works or differs a test, and what is not yet a reason")
  func rowsAreWhole() {
    for row in Self.rows {
      #expect(["works", "differs", "not yet"].contains(row.state), "\(row.feature): \(row.state)")
      #expect(row.state == "works" || !row.note.isEmpty, "\(row.feature): \(row.state) without a note")
      let names = Self.tokens(row.shownBy)
      #expect(row.state == "not yet" || !names.isEmpty || row.shownBy.contains("conf:"), "\(row.feature): nothing shows it")
    }
  }

  @Test("manifests that rows refer to are in the table at the page's end")
  func manifests() {
    let table = Self.page.split(separator: "# 5. Manifests").last.map(String.init) ?? ""
    for row in Self.rows {
      for part in row.shownBy.split(separator: "conf: ").dropFirst() {
        for name in part.split(whereSeparator: { ", ".contains($0) }).map({ $0.split(separator: ";")[0] }).prefix(while: {
          $0.hasSuffix(".yaml")
        }) {
          #expect(table.contains("\(name) |"), "\(row.feature): \(name) is not in the table")
        }
      }
    }
  }
}
