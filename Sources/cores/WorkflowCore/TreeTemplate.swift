import JSONValue
import Templating

/// A JSON tree whose strings are compiled once: parts without tags are kept as they are and shared by everything made from it.
indirect enum TreeTemplate: Sendable {
  case constant(JSON)
  case text(TagTemplate)
  case array([TreeTemplate])
  case object([(key: TagTemplate, value: TreeTemplate)])

  init(_ json: JSON, depth: Int = 0) {
    guard depth < 256 else {
      self = .constant(json)
      return
    }
    switch json {
    case .string(let text):
      let template = TagTemplate(compiling: text)
      self = template.hasTags ? .text(template) : .constant(json)
    case .array(let elements):
      let parts = elements.map { TreeTemplate($0, depth: depth + 1) }
      self = parts.allSatisfy(\.isConstant) ? .constant(json) : .array(parts)
    case .object(let object):
      let parts = object.map { (key: TagTemplate(compiling: $0.key), value: TreeTemplate($0.value, depth: depth + 1)) }
      self = parts.allSatisfy { !$0.key.hasTags && $0.value.isConstant } ? .constant(json) : .object(parts)
    case .null, .bool, .int, .double, .number: self = .constant(json)
    }
  }

  var isConstant: Bool { if case .constant = self { true } else { false } }

  func apply(_ substitution: Substitution) throws(SubstitutionError) -> JSON {
    switch self {
    case .constant(let json): return json
    case .text(let template): return .string(try substitution.apply(to: template))
    case .array(let parts):
      var result: [JSON] = []
      result.reserveCapacity(parts.count)
      for part in parts { result.append(try part.apply(substitution)) }
      return .array(result)
    case .object(let parts):
      var result = JSONObject()
      for (key, value) in parts {
        let name = key.hasTags ? try substitution.apply(to: key) : key.source
        result[name] = try value.apply(substitution)
      }
      return .object(result)
    }
  }

  /// The variables that expression tags in the tree read; an expression that reads none is an empty path.
  var references: [[String]] {
    var found: [[String]] = []
    collect(into: &found)
    return found
  }

  private func collect(into found: inout [[String]]) {
    switch self {
    case .constant: break
    case .text(let template): found += template.expressionReferences
    case .array(let parts): for part in parts { part.collect(into: &found) }
    case .object(let parts):
      for (key, value) in parts {
        found += key.expressionReferences
        value.collect(into: &found)
      }
    }
  }
}

extension TagTemplate {
  /// The variables that the text's expression tags read; an expression that reads none is an empty path, for it may ask for the time.
  var expressionReferences: [[String]] {
    guard hasTags else { return [] }
    var found: [[String]] = []
    for case .expression(let text) in tags {
      guard let expression = try? Expression(compiling: text) else { continue }
      found += expression.references.isEmpty ? [[]] : expression.references.map(\.path)
    }
    return found
  }
}

/// A compiled tree with the variables its expressions read.
struct CompiledTree: Sendable {
  var tree: TreeTemplate
  var references: [[String]]
  init(_ json: JSON) {
    tree = TreeTemplate(json)
    references = tree.references
  }
}

/// A compiled text with the variables its expressions read.
struct CompiledText: Sendable {
  var template: TagTemplate
  var references: [[String]]
  init(_ text: String) {
    template = TagTemplate(compiling: text)
    references = template.expressionReferences
  }
  var source: String { template.source }
}
