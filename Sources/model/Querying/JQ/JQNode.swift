/// The tree of a filter.
indirect enum JQNode: Sendable {
  case identity
  case constant(JQValue)
  case variable(String)
  case call(JQName, [JQNode])
  /// `@name` without a string.
  case format(String)
  /// A string with holes, whose values go through the format (nil: `tostring`).
  case interpolation(format: String?, parts: [JQStringPart])
  case index(JQNode, key: JQNode)
  case slice(JQNode, from: JQNode?, to: JQNode?)
  case iterate(JQNode)
  case array(JQNode)
  case object([JQMemberNode])
  case sign(JQNode, isNegative: Bool)
  case pipe(JQNode, JQNode)
  case comma(JQNode, JQNode)
  case binary(JQOperator, JQNode, JQNode)
  case and(JQNode, JQNode)
  case or(JQNode, JQNode)
  case alternative(JQNode, JQNode)
  case assign(JQNode, JQNode)
  case modify(JQNode, JQNode)
  case update(JQOperator, JQNode, JQNode)
  case conditional(JQNode, JQNode, JQNode?)
  case attempt(JQNode, JQNode?)
  case reduce(JQNode, JQPattern, start: JQNode, update: JQNode)
  case foreach(JQNode, JQPattern, start: JQNode, update: JQNode, extract: JQNode?)
  case bind(JQNode, [JQPattern], JQNode)
  case label(String, JQNode)
  case stop(String)
  case define(JQDefinition, JQNode)
}

extension JQNode {
  /// The path of a node that is only names, indices and slices; gojq assigns to such a one without looking for it.
  var constantPath: [JQValue]? {
    switch self {
    case .identity: return []
    case .index(let base, .constant(let key)) where key.isNumber || key.string != nil:
      return base.constantPath.map { $0 + [key] }
    case .slice(let base, let from, let to):
      func bound(_ node: JQNode?) -> JQValue? {
        switch node {
        case nil: .null
        case .constant(let value)? where value.isNumber: value
        default: nil
        }
      }
      guard let start = bound(from), let end = bound(to), let path = base.constantPath else { return nil }
      do throws(JQFailure) { return path + [try .makeObject([("start", start), ("end", end)])] } catch { return nil }
    default: return nil
    }
  }
}

/// A function's name with the number of its arguments.
struct JQName: Sendable, Hashable {
  var name: String
  var arity: Int
  var description: String { "\(name)/\(arity)" }
}

enum JQStringPart: Sendable {
  case text(String)
  case hole(JQNode)
}

/// One member of an object construction; without a value the key picks it from the input.
struct JQMemberNode: Sendable {
  var key: JQNode
  var value: JQNode?
}

/// What `as` binds.
indirect enum JQPattern: Sendable {
  case variable(String)
  case array([JQPattern])
  case object([JQMemberPattern])

  /// The names of all variables.
  var variables: [String] {
    switch self {
    case .variable(let name): [name]
    case .array(let elements): elements.flatMap(\.variables)
    case .object(let members): members.flatMap { ($0.variable.map { [$0] } ?? []) + ($0.pattern?.variables ?? []) }
    }
  }
}

struct JQMemberPattern: Sendable {
  var key: JQNode
  /// For `$name` and `$name: pattern`: the variable that gets the member itself.
  var variable: String?
  var pattern: JQPattern?
}

/// A function's definition.
final class JQDefinition: Sendable {
  let name: JQName
  /// `$name` for parameters that are values.
  let parameters: [String]
  let body: JQNode

  init(name: String, parameters: [String], body: JQNode) {
    self.name = JQName(name: name, arity: parameters.count)
    self.parameters = parameters
    self.body = body
  }
}

enum JQOperator: Sendable {
  case add, subtract, multiply, divide, modulo
  case equal, notEqual, less, lessOrEqual, greater, greaterOrEqual
  case alternative
}
