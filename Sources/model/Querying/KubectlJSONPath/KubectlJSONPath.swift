import Basics
import JSONValue

/// kubectl's JSONPath templates (`-o jsonpath=`), which Argo uses for `jsonPath` of resource outputs (spec section 4.6): text with paths in
/// braces, `range` and `end`, filters, unions, slices, wildcards and recursive descent. A key that is not there yields nothing.
///
/// The members of an object come in the order of their keys, where Go's maps have none.
package struct KubectlJSONPath: Sendable {
  private let source: String
  private let nodes: [JSONPathNode]
  /// The most values that a run may look at.
  private static let maximumWork = 2_000_000

  /// Reads a template; throws kubectl's message.
  package init(_ template: String) throws(JSONPathError) {
    source = template
    do throws(JSONPathError) {
      nodes = try JSONPathParser.parse(template)
    } catch {
      throw JSONPathError(message: "error parsing jsonpath \(template), \(error.message)")
    }
  }

  /// The text that kubectl prints for an object.
  package func text(on object: JSON) throws(JSONPathError) -> String {
    var run = JSONPathRun(nodes: nodes, work: Self.maximumWork)
    do throws(JSONPathError) {
      var text = ""
      for results in try run.results(from: 0, on: object) {
        text += results.map { JSONPathRun.text($0 ?? .null) }.joined(separator: " ")
      }
      return text
    } catch {
      throw JSONPathError(message: "error executing jsonpath \(GoQuote.quoted(source)): Error executing template: \(error.message)")
    }
  }
}

extension KubectlJSONPath {
  /// The first value that the template's first path finds, as printer columns of CustomResourceDefinitions take it; nil where it finds none or cannot be applied.
  package func firstValue(on object: JSON) -> JSON? {
    var run = JSONPathRun(nodes: nodes, work: Self.maximumWork)
    guard let results = try? run.results(from: 0, on: object) else { return nil }
    return results.first?.first ?? nil
  }
}

/// One application of a template. A value is nil where a range without elements is only passed over.
struct JSONPathRun {
  let nodes: [JSONPathNode]
  private var begun = 0
  private var inside = 0
  private var ended = 0
  private var lastEnd: Int?
  private var work: Int

  init(nodes: [JSONPathNode], work: Int) {
    self.nodes = nodes
    self.work = work
  }

  private mutating func charge(_ count: Int) throws(JSONPathError) {
    work -= count
    guard work > 0 else { throw JSONPathError(message: "the template looks at too many values") }
  }

  /// The results of all nodes from an index on, up to the end of the range that they stand in.
  mutating func results(from start: Int, on value: JSON?) throws(JSONPathError) -> [[JSON?]] {
    guard inside < 100 else { throw JSONPathError(message: "ranges nest too deeply") }
    var all: [[JSON?]] = []
    var index = start
    while index < nodes.count {
      let found = try walk([value], nodes[index])
      if ended > 0, ended <= inside {
        ended -= 1
        lastEnd = index
        break
      }
      if begun > 0 {
        begun -= 1
        inside += 1
        for element in found { all += try results(from: index + 1, on: element) }
        if found.isEmpty { _ = try results(from: index + 1, on: nil) }
        inside -= 1
        if let lastEnd, lastEnd > index { index = lastEnd }
      } else {
        all.append(found)
      }
      index += 1
    }
    return all
  }

  private mutating func walk(_ values: [JSON?], _ node: JSONPathNode) throws(JSONPathError) -> [JSON?] {
    try charge(values.count + 1)
    switch node {
    case .list(let inner): return try walk(values, inner)
    case .text(let text): return [.string(text)]
    case .literal(let value): return values.map { _ in value }
    case .field(let name):
      var results: [JSON?] = []
      for value in values { if let member = value?.object?[name] { results.append(member) } }
      return results
    case .array(let slice):
      var results: [JSON?] = []
      for value in values { if try !Self.take(slice, of: value, into: &results) { return results } }
      return results
    case .wildcard: return values.flatMap { Self.children($0) }
    case .recursive: return try descend(values)
    case .union(let lists):
      var results: [JSON?] = []
      for list in lists { results += try walk(values, list) }
      return results
    case .filter(let left, let sign, let right):
      var results: [JSON?] = []
      for value in values { results += try filtered(value, left, sign, right) }
      return results
    case .word("range"):
      begun += 1
      return values
    case .word("end"):
      guard inside > 0 else { throw JSONPathError(message: "not in range, nothing to end") }
      ended += 1
      return []
    case .word(let word): throw JSONPathError(message: "unrecognized identifier \(word)")
    }
  }

  private mutating func walk(_ values: [JSON?], _ list: [JSONPathNode]) throws(JSONPathError) -> [JSON?] {
    var values = values
    for node in list { values = try walk(values, node) }
    return values
  }

  /// Appends a slice of a list; false when an empty slice ends the whole selection.
  private static func take(_ slice: JSONPathSlice, of value: JSON?, into results: inout [JSON?]) throws(JSONPathError) -> Bool {
    if let value, value.isNull { return true }
    guard case .array(let elements)? = value else { throw JSONPathError(message: "\(typeName(value)) is not array or slice") }
    let count = elements.count
    var from = slice.from ?? 0
    if from < 0 { from += count }
    var to = slice.to ?? count
    if to < 0 || to == 0 && slice.isSingle { to += count }
    if from == to { return false }
    if from >= count || from < 0 { throw JSONPathError(message: "array index out of bounds: index \(from), length \(count)") }
    if to > count || to < 0 { throw JSONPathError(message: "array index out of bounds: index \(to - 1), length \(count)") }
    if from > to { throw JSONPathError(message: "starting index \(from) is greater than ending index \(to)") }
    if let step = slice.step, step <= 0 { throw JSONPathError(message: "step must be > 0") }
    for index in stride(from: from, to: to, by: slice.step ?? 1) { results.append(elements[index]) }
    return true
  }

  /// Members in the order of their keys, elements, and of a string its bytes.
  private static func children(_ value: JSON?) -> [JSON?] {
    switch value {
    case .object(let object)?: object.sortedByKey().map(\.value)
    case .array(let elements)?: elements
    case .string(let text)?: text.utf8.map { .int(Int64($0)) }
    default: []
    }
  }

  /// Everything that holds something, parents first.
  private mutating func descend(_ values: [JSON?]) throws(JSONPathError) -> [JSON?] {
    var results: [JSON?] = []
    for value in values {
      let children = Self.children(value)
      if children.isEmpty { continue }
      results.append(value)
      if case .string? = value { continue }
      try charge(children.count)
      results += try descend(children)
    }
    return results
  }

  private mutating func filtered(
    _ value: JSON?, _ left: [JSONPathNode], _ sign: String, _ right: [JSONPathNode]
  ) throws(JSONPathError) -> [JSON?] {
    guard case .array(let elements)? = value else {
      throw JSONPathError(message: "\(Self.goText(value ?? .null)) is not array or slice and cannot be filtered")
    }
    var results: [JSON?] = []
    for element in elements {
      if sign == "exists" {
        var lefts: [JSON?] = []
        do throws(JSONPathError) { lefts = try walk([element], left) } catch { try charge(1) }
        if !lefts.isEmpty { results.append(element) }
        continue
      }
      let lefts = try walk([element], left)
      if lefts.isEmpty { continue }
      guard lefts.count == 1 else { throw JSONPathError(message: "can only compare one element at a time") }
      let rights = try walk([element], right)
      if rights.isEmpty { continue }
      guard rights.count == 1 else { throw JSONPathError(message: "can only compare one element at a time") }
      if try Self.holds(lefts[0] ?? .null, sign, rights[0] ?? .null) { results.append(element) }
    }
    return results
  }

  private static func holds(_ left: JSON, _ sign: String, _ right: JSON) throws(JSONPathError) -> Bool {
    func less() throws(JSONPathError) -> Bool {
      switch (left, right) {
      case (.int(let a), .int(let b)): return a < b
      case (.double(let a), .double(let b)): return a < b
      case (.string(let a), .string(let b)): return a.utf8.lexicographicallyPrecedes(b.utf8)
      case (.bool, .bool): throw JSONPathError(message: "invalid type for comparison")
      default: throw mismatch()
      }
    }
    func equal() throws(JSONPathError) -> Bool {
      switch (left, right) {
      case (.int(let a), .int(let b)): return a == b
      case (.double(let a), .double(let b)): return a == b
      case (.string(let a), .string(let b)): return a.utf8.elementsEqual(b.utf8)
      case (.bool(let a), .bool(let b)): return a == b
      default: throw mismatch()
      }
    }
    func lessOrEqual() throws(JSONPathError) -> Bool {
      if try less() { return true }
      return try equal()
    }
    func mismatch() -> JSONPathError {
      func isBasic(_ value: JSON) -> Bool {
        switch value {
        case .null, .array, .object: false
        default: true
        }
      }
      return JSONPathError(message: isBasic(left) && isBasic(right) ? "incompatible types for comparison" : "invalid type for comparison")
    }
    switch sign {
    case "==": return try equal()
    case "!=": return try !equal()
    case "<": return try less()
    case "<=": return try lessOrEqual()
    case ">": return try !lessOrEqual()
    case ">=": return try !less()
    default: throw JSONPathError(message: "unrecognized filter operator \(sign)")
    }
  }

  // MARK: - Text

  private static func typeName(_ value: JSON?) -> String {
    switch value {
    case nil: "<nil>"
    case .null?: "interface {}"
    case .bool?: "bool"
    case .int?: "int64"
    case .double?, .number?: "float64"
    case .string?: "string"
    case .array?: "[]interface {}"
    case .object?: "map[string]interface {}"
    }
  }

  /// How kubectl prints one result: scalars as Go's `fmt` does, lists and objects as JSON.
  static func text(_ value: JSON) -> String {
    switch value {
    case .null: "null"
    case .array, .object: value.text(.go)
    default: goText(value)
    }
  }

  /// Go's `%v`.
  private static func goText(_ value: JSON) -> String {
    switch value {
    case .null: "<nil>"
    case .bool(let value): value ? "true" : "false"
    case .int(let value): String(value)
    case .double(let value): GoFormat.text(value)
    case .number(let text): GoFormat.text(Double(text) ?? .infinity)
    case .string(let text): text
    case .array(let elements): "[" + elements.map(goText).joined(separator: " ") + "]"
    case .object(let object): "map[" + object.sortedByKey().map { "\($0.key):\(goText($0.value))" }.joined(separator: " ") + "]"
    }
  }
}

/// Go's `%v` of a floating-point number: the shortest digits, with an exponent below 1e-4 and from 1e21 on.
enum GoFormat {
  static func text(_ value: Double) -> String {
    if value.isNaN { return "NaN" }
    if value.isInfinite { return value < 0 ? "-Inf" : "+Inf" }
    let magnitude = abs(value)
    if magnitude == 0 || magnitude >= 1e-4 { return magnitude >= 1e21 ? padded(JSON.numberText(value)) : JSON.numberText(value) }
    // Below 1e-6 the JSON form has an exponent already; down from 1e-4 it has not.
    if magnitude < 1e-6 { return padded(JSON.numberText(value)) }
    let exponent = magnitude < 1e-5 ? 6 : 5
    let digits = JSON.numberText(magnitude).utf8.drop { $0 == UInt8(ascii: "0") || $0 == UInt8(ascii: ".") }
    var text = value < 0 ? "-" : ""
    text += String(Substring(digits.prefix(1)))
    if digits.count > 1 { text += "." + String(Substring(digits.dropFirst())) }
    return text + "e-0\(exponent)"
  }

  /// At least two digits of exponent.
  private static func padded(_ text: String) -> String {
    guard let mark = text.lastIndex(where: { $0 == "-" || $0 == "+" }), text.distance(from: mark, to: text.endIndex) == 2 else {
      return text
    }
    var text = text
    text.insert("0", at: text.index(after: mark))
    return text
  }
}
