/// Finds names that nobody defines before a filter runs.
struct JQCheck {
  private var variables: Set<String> = ["ENV"]
  private var functions: Set<JQName> = []
  private var labels: Set<String> = []

  static func check(_ node: JQNode) throws(JQError) { try JQCheck().visit(node) }

  private func visit(_ node: JQNode) throws(JQError) {
    switch node {
    case .identity, .constant, .format: break
    case .variable(let name):
      guard variables.contains(name) else { throw JQError(message: "variable not defined: $\(name)") }
    case .call(let name, let arguments):
      if name == JQName(name: "input", arity: 0) || name == JQName(name: "inputs", arity: 0), !functions.contains(name) {
        throw JQError(message: "input(s)/0 is not allowed")
      }
      guard functions.contains(name) || JQPrelude.definitions[name] != nil || JQFunctions.names.contains(name) else {
        throw JQError(message: "function not defined: \(name.description)")
      }
      for argument in arguments { try visit(argument) }
    case .interpolation(_, let parts):
      for case .hole(let node) in parts { try visit(node) }
    case .index(let base, let key):
      try visit(base)
      try visit(key)
    case .slice(let base, let from, let to):
      try visit(base)
      for bound in [from, to] { if let bound { try visit(bound) } }
    case .iterate(let inner), .array(let inner), .sign(let inner, _): try visit(inner)
    case .object(let members):
      for member in members {
        try visit(member.key)
        if let value = member.value { try visit(value) }
      }
    case .pipe(let left, let right), .comma(let left, let right), .binary(_, let left, let right), .and(let left, let right),
      .or(let left, let right), .alternative(let left, let right), .assign(let left, let right), .modify(let left, let right),
      .update(_, let left, let right):
      try visit(left)
      try visit(right)
    case .conditional(let condition, let body, let other):
      try visit(condition)
      try visit(body)
      if let other { try visit(other) }
    case .attempt(let body, let handler):
      try visit(body)
      if let handler { try visit(handler) }
    case .reduce(let source, let pattern, let start, let update):
      try visit(start)
      try visit(source)
      try binding([pattern]).visit(update)
    case .foreach(let source, let pattern, let start, let update, let extract):
      try visit(start)
      try visit(source)
      let inner = try binding([pattern])
      try inner.visit(update)
      if let extract { try inner.visit(extract) }
    case .bind(let source, let patterns, let body):
      try visit(source)
      try binding(patterns).visit(body)
    case .label(let name, let body):
      var inner = self
      inner.labels.insert(name)
      try inner.visit(body)
    case .stop(let name):
      guard labels.contains(name) else { throw JQError(message: "label not defined: $\(name)") }
    case .define(let definition, let body):
      var inner = self
      inner.functions.insert(definition.name)
      var within = inner
      for parameter in definition.parameters {
        let name = parameter.hasPrefix("$") ? String(parameter.dropFirst()) : parameter
        if name != parameter { within.variables.insert(name) }
        within.functions.insert(JQName(name: name, arity: 0))
      }
      try within.visit(definition.body)
      try inner.visit(body)
    }
  }

  /// The names that also hold behind patterns; their keys may use those to their left.
  private func binding(_ patterns: [JQPattern]) throws(JQError) -> JQCheck {
    var inner = self
    for pattern in patterns {
      inner.variables.formUnion(pattern.variables)
    }
    for pattern in patterns { try inner.visit(pattern) }
    return inner
  }

  private func visit(_ pattern: JQPattern) throws(JQError) {
    switch pattern {
    case .variable: break
    case .array(let elements): for element in elements { try visit(element) }
    case .object(let members):
      for member in members {
        try visit(member.key)
        if let pattern = member.pattern { try visit(pattern) }
      }
    }
  }
}
