import JSONValue

/// What a simple tag's name stands for.
package enum TagValue: Sendable, Hashable {
  case text(String)
  /// The optional output of a node that was skipped or omitted and has no default (spec 3.5). Using it in a text is an error.
  case absent
  /// No such variable: the tag stays as it is, unless its prefix is strict.
  case unknown
}

/// Replaces the `{{…}}` tags of a JSON tree, value by value. A tag's result is put as text into that one string: quotes, line breaks, a
/// megabyte of JSON or a `{{` inside it arrive intact, never change the tree's structure and are not scanned again in the same pass.
///
/// **Double substitution.** Argo runs several passes over one template and so resolves tags that came in with a value. To do it once only,
/// apply one `Substitution` whose `lookup` knows all names of all passes to the tree *as the user wrote it*, and put resolved values into
/// the tree by other means (as data) afterwards. When two passes cannot be avoided (late-bound names such as `item`), mark what the first
/// pass may not touch by answering `.unknown` for it, and hold inserted values apart from the tree until the last pass.
package struct Substitution {
  /// Simple tags with these prefixes must be known, and expressions may not miss a reference below these roots: `steps.`, `tasks.`.
  package var strictPrefixes: [String] = []
  /// Whether an expression that fails or yields nil stays in place instead of being an error.
  package var keepsFailedExpressions = false
  /// `EXPRESSION_TEMPLATES=false`: `{{=…}}` is left alone.
  package var evaluatesExpressions = true
  /// The most bytes one string may grow to.
  package var maximumOutput = 64 << 20
  /// The value of a simple tag, by its name without white space.
  package var lookup: (String) -> TagValue
  /// The variables of expressions.
  package var scope: any ExpressionScope

  package init(scope: any ExpressionScope = EmptyScope(), lookup: @escaping (String) -> TagValue) {
    self.scope = scope
    self.lookup = lookup
  }

  /// The names that may be bound later: an expression that uses one that the scope does not have stays in place (spec 3.1).
  package static let lateBound: [[String]] = [["item"], ["retries"], ["lastRetry"], ["workflow", "status"], ["workflow", "failures"]]
}

/// Why a tag could not be replaced.
package struct SubstitutionError: Error, Sendable, Hashable, CustomStringConvertible {
  package enum Reason: Sendable, Hashable {
    /// A simple tag with a strict prefix has no value yet: wait, or report.
    case unresolved
    /// The tag is an optional output of a skipped or omitted node: never retried.
    case absent
    /// An expression failed, or yielded nil.
    case expression(String)
    /// An expression needs a reference below a strict prefix that does not exist (yet).
    case missing(String)
    case tooLarge
  }
  package var reason: Reason
  /// The tag with its braces.
  package var tag: String
  /// Where the string stands in the tree.
  package var path: [JSONStep]

  package init(reason: Reason, tag: String, path: [JSONStep]) {
    self.reason = reason
    self.tag = tag
    self.path = path
  }

  package var description: String {
    switch reason {
    case .unresolved: "failed to resolve \(tag)"
    case .absent: "unable to substitute \(tag): output is an absent optional (skipped/omitted node with no default)"
    case .expression(let message): "failed to evaluate expression \(tag): \(message)"
    case .missing(let name): "failed to evaluate expression: \(name) is missing"
    case .tooLarge: "\(tag): the result of the substitution is too large"
    }
  }
}

/// One step of a path in a JSON tree.
package enum JSONStep: Sendable, Hashable, CustomStringConvertible {
  case key(String)
  case index(Int)
  package var description: String {
    switch self {
    case .key(let key): key
    case .index(let index): "[\(index)]"
    }
  }
}

/// A tag of a tree and where it stands.
package struct LocatedTag: Sendable, Hashable {
  package var tag: TagTemplate.Tag
  package var path: [JSONStep]
  /// Whether the tag is in the key of the last step instead of its value.
  package var isInKey: Bool
}

extension Substitution {
  /// The text with its tags replaced.
  package func apply(to text: String) throws(SubstitutionError) -> String { try apply(to: TagTemplate(compiling: text)) }

  /// The compiled text with its tags replaced.
  package func apply(to template: TagTemplate) throws(SubstitutionError) -> String {
    try replace(template, path: [])
  }

  /// The tree with the tags of all strings and keys replaced; numbers, booleans and the structure stay. Of two keys that become equal
  /// the last wins.
  package func apply(to tree: JSON) throws(SubstitutionError) -> JSON {
    var path: [JSONStep] = []
    return try visit(tree, path: &path)
  }

  private func visit(_ tree: JSON, path: inout [JSONStep]) throws(SubstitutionError) -> JSON {
    switch tree {
    case .null, .bool, .int, .double, .number: return tree
    case .string(let text):
      let template = TagTemplate(compiling: text)
      return template.hasTags ? .string(try replace(template, path: path)) : tree
    case .array(let elements):
      var result: [JSON] = []
      result.reserveCapacity(elements.count)
      for (index, element) in elements.enumerated() {
        path.append(.index(index))
        result.append(try visit(element, path: &path))
        path.removeLast()
      }
      return .array(result)
    case .object(let object):
      var result = JSONObject()
      for (key, value) in object {
        path.append(.key(key))
        let template = TagTemplate(compiling: key)
        let newKey = template.hasTags ? try replace(template, path: path) : key
        result[newKey] = try visit(value, path: &path)
        path.removeLast()
      }
      return .object(result)
    }
  }

  private func replace(_ template: TagTemplate, path: [JSONStep]) throws(SubstitutionError) -> String {
    guard template.hasTags else { return template.source }
    var output = ""
    for part in template.parts {
      switch part {
      case .text(let text): output += text
      case .tag(let tag): output += try replacement(of: tag, path: path).text
      }
      guard output.utf8.count <= maximumOutput else {
        throw SubstitutionError(reason: .tooLarge, tag: template.parts.first { $0.isTag }?.source ?? "", path: path)
      }
    }
    return output
  }

  private func replacement(of tag: TagTemplate.Tag, path: [JSONStep]) throws(SubstitutionError) -> (text: String, isResolved: Bool) {
    switch tag {
    case .simple(let name, _): return try simple(name, source: tag.source, path: path)
    case .expression(let text): return try expression(text, source: tag.source, path: path)
    case .nested(let parts):
      var name = ""
      for part in parts {
        switch part {
        case .text(let text): name += text
        case .tag(let inner):
          let value = try replacement(of: inner, path: path)
          guard value.isResolved else { return (tag.source, false) }
          name += value.text
        }
      }
      return try simple(name.trimmingTagSpace(), source: "{{\(name)}}", path: path)
    }
  }

  private func simple(_ name: String, source: String, path: [JSONStep]) throws(SubstitutionError) -> (text: String, isResolved: Bool) {
    switch lookup(name) {
    case .text(let text): return (text, true)
    case .absent: throw SubstitutionError(reason: .absent, tag: source, path: path)
    case .unknown:
      if strictPrefixes.contains(where: { name.hasPrefix($0) }) {
        throw SubstitutionError(reason: .unresolved, tag: source, path: path)
      }
      return (source, false)
    }
  }

  private func expression(_ text: String, source: String, path: [JSONStep]) throws(SubstitutionError) -> (text: String, isResolved: Bool) {
    guard evaluatesExpressions else { return (source, false) }
    var missing: String?
    let result: Result<String?, ExpressionError>
    do throws(ExpressionError) {
      let expression = try Expression(compiling: text)
      if isLate(expression) { return (source, false) }
      missing = firstMissing(expression)
      if missing == nil {
        let value = try expression.evaluate(in: scope)
        result = .success(value.isNil ? nil : try value.insertedText())
      } else {
        result = .success(nil)
      }
    } catch {
      result = .failure(error)
    }
    if let missing { throw SubstitutionError(reason: .missing(missing), tag: source, path: path) }
    switch result {
    case .success(let text?): return (text, true)
    case .success(nil):
      if keepsFailedExpressions { return (source, false) }
      throw SubstitutionError(reason: .expression("the result is nil"), tag: source, path: path)
    case .failure(let error):
      if keepsFailedExpressions { return (source, false) }
      throw SubstitutionError(reason: .expression(error.description), tag: source, path: path)
    }
  }

  /// Whether the expression uses a name that will be bound later only.
  private func isLate(_ expression: Expression) -> Bool {
    expression.references.contains { reference in
      Substitution.lateBound.contains { reference.path.starts(with: $0) && !has($0) }
    }
  }

  /// The first reference below a strict prefix that the scope does not have.
  private func firstMissing(_ expression: Expression) -> String? {
    guard !strictPrefixes.isEmpty else { return nil }
    for reference in expression.references where !reference.isGuarded {
      let name = reference.path.joined(separator: ".")
      if strictPrefixes.contains(where: { name.hasPrefix($0) }), !has(reference.path) { return name }
    }
    return nil
  }

  /// Whether the scope has the value at a path, be it nil.
  private func has(_ path: [String]) -> Bool {
    guard let first = path.first, var value = scope.root(first) else { return false }
    for step in path.dropFirst() {
      guard case .map(let members) = value else { return true }
      guard let next = members[step] else { return false }
      value = next
    }
    return true
  }

  /// All tags of a tree in document order, for validation.
  package static func tags(of tree: JSON) -> [LocatedTag] {
    var result: [LocatedTag] = []
    var path: [JSONStep] = []
    collect(tree, path: &path, into: &result)
    return result
  }

  private static func collect(_ tree: JSON, path: inout [JSONStep], into result: inout [LocatedTag]) {
    switch tree {
    case .null, .bool, .int, .double, .number: break
    case .string(let text):
      for tag in TagTemplate(compiling: text).tags { result.append(LocatedTag(tag: tag, path: path, isInKey: false)) }
    case .array(let elements):
      for (index, element) in elements.enumerated() {
        path.append(.index(index))
        collect(element, path: &path, into: &result)
        path.removeLast()
      }
    case .object(let object):
      for (key, value) in object {
        path.append(.key(key))
        for tag in TagTemplate(compiling: key).tags { result.append(LocatedTag(tag: tag, path: path, isInKey: true)) }
        collect(value, path: &path, into: &result)
        path.removeLast()
      }
    }
  }
}

extension TagTemplate.Part {
  fileprivate var isTag: Bool { if case .tag = self { true } else { false } }
}
