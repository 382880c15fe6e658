import Basics
import Contracts
import KubeModel

/// The condition of a list of archived workflows: SQL of our own words only, and the values to bind to its parameters, in order.
struct ArchiveFilter {
  enum Value {
    case text(String)
    case integer(Int64)
  }

  /// Words that are looked for at once.
  private static let wordLimit = 16
  private static let searchLimit = 2000
  /// SQLite takes no more than 1,000 conditions and 32,766 values.
  private static let conditionLimit = 200
  private static let valueLimit = 5000
  /// The tokenizer's index knows texts of at least so many characters.
  private static let indexedLength = 3

  private(set) var conditions: [String] = []
  private(set) var values: [Value] = []

  /// After `WHERE`.
  var sql: String { conditions.isEmpty ? "1" : conditions.joined(separator: " AND ") }

  /// Throws `badRequest` for a search with too many words, or too many requirements.
  init(_ query: ArchiveQuery) throws(KubeStatus) {
    if let namespace = query.namespace { add("archive.namespace = ?", .text(namespace)) }
    if let namespace = query.otherThan { add("archive.namespace <> ?", .text(namespace)) }
    if let uid = query.uid { add("archive.uid = ?", .text(uid)) }
    for name in query.names { add(name) }
    for requirement in query.labels.requirements { add(requirement) }
    if !query.phases.isEmpty { add("archive.phase IN (\(marks(query.phases.count)))", query.phases.sorted().map { .text($0) }) }
    // An instant between two seconds lies behind the whole one before it.
    if let time = query.startedAfter { add("archive.started > ?", .integer(time.seconds)) }
    if let time = query.startedBefore { add("archive.started * 1000 < ?", .integer(time.milliseconds)) }
    if let time = query.finishedAfter { add("archive.finished > ?", .integer(time.seconds)) }
    if let time = query.finishedBefore { add("archive.finished * 1000 < ?", .integer(time.milliseconds)) }
    if let time = query.createdAfter { add("archive.created > ?", .integer(time.seconds)) }
    if query.isGone {
      add(
        """
        NOT EXISTS (SELECT 1 FROM objects WHERE objects.kind = ? AND objects.namespace = archive.namespace \
        AND objects.name = archive.name AND objects.uid = archive.uid)
        """, .text(ResourceKind.workflow.qualifiedPlural))
    }
    try add(search: query.search)
    guard conditions.count <= Self.conditionLimit, values.count <= Self.valueLimit else {
      throw KubeStatus(.badRequest, "the selectors have too many requirements")
    }
  }

  private mutating func add(_ condition: String, _ values: [Value]) {
    conditions.append(condition)
    self.values += values
  }

  private mutating func add(_ condition: String, _ values: Value...) { add(condition, values) }

  private func marks(_ count: Int) -> String { Array(repeating: "?", count: count).joined(separator: ", ") }

  private mutating func add(_ name: ArchiveQuery.NameFilter) {
    switch name {
    case .exact(let name): add("archive.name = ?", .text(name))
    case .notEquals(let name): add("archive.name <> ?", .text(name))
    case .contains(let part): add("instr(archive.name, ?) > 0", .text(part))
    case .prefix(let prefix): add("archive.name >= ? AND archive.name < ?", .text(prefix), .text(prefix + "\u{10FFFF}"))
    }
  }

  private mutating func add(_ requirement: LabelSelector.Requirement) {
    let key = Value.text(requirement.key)
    let having = "archive.id IN (SELECT archive FROM archive_labels WHERE key = ?"
    let lacking = "NOT EXISTS (SELECT 1 FROM archive_labels WHERE archive_labels.archive = archive.id AND key = ?"
    let number = "value <> '' AND value NOT GLOB '*[^0-9-]*' AND CAST(value AS INTEGER)"
    switch requirement {
    case .equals(_, let value): add("\(having) AND value = ?)", key, .text(value))
    case .notEquals(_, let value): add("\(lacking) AND value = ?)", key, .text(value))
    case .isIn(_, let list): add("\(having) AND value IN (\(marks(list.count))))", [key] + list.map { .text($0) })
    case .notIn(_, let list): add("\(lacking) AND value IN (\(marks(list.count))))", [key] + list.map { .text($0) })
    case .exists: add(having + ")", key)
    case .doesNotExist: add(lacking + ")", key)
    case .greaterThan(_, let bound): add("\(having) AND \(number) > ?)", key, .integer(bound))
    case .lessThan(_, let bound): add("\(having) AND \(number) < ?)", key, .integer(bound))
    }
  }

  // MARK: Full text

  private mutating func add(search: String) throws(KubeStatus) {
    let words = Self.words(search)
    guard search.utf8.count <= Self.searchLimit, words.count <= Self.wordLimit else {
      throw KubeStatus(.badRequest, "the search is too long: at most \(Self.wordLimit) words and \(Self.searchLimit) bytes")
    }
    let indexed = words.filter { $0.unicodeScalars.count >= Self.indexedLength }
    if !indexed.isEmpty {
      // Quoted, a word is text and no expression (SQLite's documentation of FTS5, "FTS5 Strings").
      let expression = indexed.map { word in
        "\"" + word.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"") + "\""
      }
      add("archive.id IN (SELECT rowid FROM archive_text WHERE archive_text MATCH ?)", .text(expression.joined(separator: " AND ")))
    }
    for word in words where word.unicodeScalars.count < Self.indexedLength {
      let pattern = Value.text("%" + word.flatMap { "%_\\".contains($0) ? "\\\($0)" : "\($0)" } + "%")
      let columns = ["names", "parameters", "messages"].map { "\($0) LIKE ? ESCAPE '\\'" }.joined(separator: " OR ")
      add("archive.id IN (SELECT rowid FROM archive_text WHERE \(columns))", pattern, pattern, pattern)
    }
  }

  /// Words between spaces, and what stands in quotes.
  static func words(_ search: String) -> [String] {
    var words: [String] = []
    var word = ""
    var isQuoted = false
    func take() {
      if !word.isEmpty { words.append(word) }
      word = ""
    }
    for character in search where character != "\0" {
      if character == "\"" {
        take()
        isQuoted.toggle()
      } else if character.isWhitespace, !isQuoted {
        take()
      } else {
        word.append(character)
      }
    }
    take()
    return words
  }
}
