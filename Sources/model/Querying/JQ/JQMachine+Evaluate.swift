extension JQMachine {
  /// The first step of a node.
  mutating func evaluate(_ node: JQNode, _ scope: JQScope?, _ item: JQItem, _ frame: JQFrame?) throws(JQFailure) -> State {
    switch node {
    case .identity: return .give(item, frame)
    case .constant(let value): return .give(item.with(value), frame)
    case .variable(let name): return .give(item.with(try variable(name, scope)), frame)
    case .call(let name, let arguments): return try call(name, arguments, scope, item, frame)
    case .format(let name): return .give(item.with(try JQFormat.apply(name, item.value)), frame)
    case .interpolation(let format, let parts):
      let build = JQStringBuild(format: format, parts: parts, index: parts.count, tail: "", scope: scope, item: item)
      return nextPart(build, frame)
    case .index(let base, .constant(let key)):
      if case .identity = base { return .give(try indexed(item, key), frame) }
      return .evaluate(base, scope, item, JQFrame(.index(key: key), frame))
    case .index(let base, let key): return .evaluate(key, scope, item.plain, JQFrame(.indexKey(base, scope, item), frame))
    case .slice(let base, let from, let to):
      return .evaluate(from ?? .constant(.null), scope, item.plain, JQFrame(.sliceStart(base, to: to, scope, item), frame))
    case .iterate(let base): return .evaluate(base, scope, item, JQFrame(.iterate, frame))
    case .array(let inner):
      let cell = JQCell()
      try push(.collected(cell, item, frame))
      return .evaluate(inner, scope, item.plain, JQFrame(.collect(cell), nil))
    case .object(let members): return try nextMember(JQObjectBuild(members: members, scope: scope, item: item), frame)
    case .sign(let inner, let isNegative): return .evaluate(inner, scope, item.plain, JQFrame(.sign(isNegative: isNegative), frame))
    case .pipe(let left, let right): return .evaluate(left, scope, item, JQFrame(.then(right, scope), frame))
    case .comma(let left, let right):
      try push(.evaluate(right, scope, item, frame))
      return .evaluate(left, scope, item, frame)
    case .binary(let operation, let left, let right):
      return .evaluate(right, scope, item.plain, JQFrame(.right(operation, left, scope, item), frame))
    case .and(let left, let right):
      return .evaluate(left, scope, item.plain, JQFrame(.logicLeft(isAnd: true, right, scope, item), frame))
    case .or(let left, let right):
      return .evaluate(left, scope, item.plain, JQFrame(.logicLeft(isAnd: false, right, scope, item), frame))
    case .alternative(let left, let right):
      let cell = JQCell()
      try push(.alternativeRight(cell, right, scope, item, frame))
      return .evaluate(left, scope, item, JQFrame(.alternativeLeft(cell), frame))
    case .conditional(let condition, let body, let other):
      return .evaluate(condition, scope, item.plain, JQFrame(.branch(body, other, scope, item), frame))
    case .attempt(let body, let handler):
      try push(.attempt(handler, scope, item, frame))
      return .evaluate(body, scope, item, JQFrame(.endAttempt, frame))
    case .reduce(let source, let pattern, let start, let update):
      let fold = JQFold(source: source, pattern: pattern, update: update, extract: nil, isReduce: true, scope: scope)
      return .evaluate(start, scope, item, JQFrame(.startFold(fold, item), frame))
    case .foreach(let source, let pattern, let start, let update, let extract):
      let fold = JQFold(source: source, pattern: pattern, update: update, extract: extract, isReduce: false, scope: scope)
      return .evaluate(start, scope, item, JQFrame(.startFold(fold, item), frame))
    case .bind(let source, let patterns, let body):
      let binding = JQBinding(patterns: patterns, body: body, scope: scope, item: item, frame: frame)
      return .evaluate(source, scope, item.plain, JQFrame(.bindSource(binding), nil))
    case .label(let name, let body):
      labels += 1
      try push(.label(labels))
      return .evaluate(body, try JQScope(.label(name, labels), scope), item, frame)
    case .stop(let name): return .raise(.stop(label(name, scope)))
    case .define(let definition, let body): return .evaluate(body, try JQScope(.function(definition), scope), item, frame)
    case .assign(let target, let source):
      return .evaluate(source, scope, item.plain, JQFrame(.assignRight(target, scope, item), frame))
    case .modify(let target, let function): return try modify(target, function, scope, item, frame)
    case .update(let operation, let target, let source):
      return .evaluate(source, scope, item.plain, JQFrame(.updateRight(operation, target, scope, item), frame))
    }
  }

  // MARK: - Names

  private func variable(_ name: String, _ scope: JQScope?) throws(JQFailure) -> JQValue {
    var current = scope
    while let here = current {
      if case .variable(name, let value) = here.meaning { return value }
      current = here.outer
    }
    if name == "ENV" { return .object(.empty) }
    throw .message("variable not defined: $\(name)")
  }

  private func label(_ name: String, _ scope: JQScope?) -> Int {
    var current = scope
    while let here = current {
      if case .label(name, let number) = here.meaning { return number }
      current = here.outer
    }
    return -1
  }

  private mutating func call(
    _ name: JQName, _ arguments: [JQNode], _ scope: JQScope?, _ item: JQItem, _ frame: JQFrame?
  ) throws(JQFailure) -> State {
    var current = scope
    while let here = current {
      switch here.meaning {
      case .function(let definition) where definition.name == name:
        return try enter(definition, arguments, callerScope: scope, definitionScope: here, item, frame)
      case .closure(let parameter, let node, let closureScope) where name.arity == 0 && parameter == name.name:
        return .evaluate(node, closureScope, item, frame)
      default: break
      }
      current = here.outer
    }
    if let definition = JQPrelude.definitions[name] {
      return try enter(definition, arguments, callerScope: scope, definitionScope: nil, item, frame)
    }
    switch (name.name, name.arity) {
    case ("empty", 0): return .backtrack
    case ("path", 1):
      return .evaluate(arguments[0], scope, JQItem(item.value, JQTrack(start: item.value)), JQFrame(.endPath(item), frame))
    case ("_last", 1):
      let cell = JQCell()
      try push(.last(cell, item, frame))
      return .evaluate(arguments[0], scope, item, JQFrame(.last(cell), nil))
    default: return try nextArgument(JQCall(function: name, arguments: arguments, values: [], scope: scope, item: item), frame)
    }
  }

  /// Binds parameters that are filters, and begins to evaluate those that are values.
  private mutating func enter(
    _ definition: JQDefinition, _ arguments: [JQNode], callerScope: JQScope?, definitionScope: JQScope?, _ item: JQItem, _ frame: JQFrame?
  ) throws(JQFailure) -> State {
    let parameters = JQParameters(
      definition: definition, arguments: arguments, callerScope: callerScope, scope: definitionScope, index: 0, item: item)
    return try nextParameter(parameters, frame)
  }

  mutating func nextParameter(_ parameters: JQParameters, _ frame: JQFrame?) throws(JQFailure) -> State {
    var parameters = parameters
    while parameters.index < parameters.definition.parameters.count {
      let name = parameters.definition.parameters[parameters.index]
      let argument = parameters.arguments[parameters.index]
      if name.hasPrefix("$") {
        return .evaluate(argument, parameters.callerScope, parameters.item.plain, JQFrame(.parameter(parameters), frame))
      }
      let (node, scope) = closure(argument, parameters.callerScope)
      parameters.scope = try JQScope(.closure(name, node, scope), parameters.scope)
      parameters.index += 1
    }
    return .evaluate(parameters.definition.body, parameters.scope, parameters.item, frame)
  }

  /// What an argument means; one that is only the caller's own parameter is handed on as it came, so that chains do not grow.
  private func closure(_ argument: JQNode, _ scope: JQScope?) -> (JQNode, JQScope?) {
    guard case .call(let name, _) = argument, name.arity == 0 else { return (argument, scope) }
    var current = scope
    while let here = current {
      switch here.meaning {
      case .function(let definition) where definition.name == name: return (argument, scope)
      case .closure(let parameter, let node, let closureScope) where parameter == name.name: return (node, closureScope)
      default: break
      }
      current = here.outer
    }
    return (argument, scope)
  }

  mutating func nextArgument(_ call: JQCall, _ frame: JQFrame?) throws(JQFailure) -> State {
    let missing = call.arguments.count - call.values.count
    guard missing == 0 else {
      return .evaluate(call.arguments[missing - 1], call.scope, call.item.plain, JQFrame(.argument(call), frame))
    }
    let (value, arguments) = (call.item.value, call.values)
    switch call.function.name {
    case "_range":
      for argument in arguments where !argument.isNumber { throw .cannotApply("range", argument) }
      try push(.range(value: arguments[0], end: arguments[1], step: arguments[2], call.item.track, frame))
      return .backtrack
    case "getpath":
      guard let path = arguments[0].array else { throw .cannotApply("getpath", value, arguments[0]) }
      let result = try JQPaths.get(value, path)
      guard var track = call.item.track else { return .give(JQItem(result), frame) }
      guard track.isIntact(value) else { throw .message("invalid path against: \(value.described)") }
      for step in path { track = try JQTrack(track, step: step, value: result) }
      return .give(JQItem(result, track), frame)
    default:
      charge(JQFunctions.work(value, arguments))
      return .give(call.item.with(try JQFunctions.call(call.function.name, value, arguments, clock)), frame)
    }
  }

  // MARK: - Steps with state

  func indexed(_ item: JQItem, _ key: JQValue) throws(JQFailure) -> JQItem {
    let value = try JQPaths.index(item.value, key)
    return JQItem(value, try tracked(item, key, value))
  }

  func tracked(_ item: JQItem, _ step: JQValue, _ value: JQValue) throws(JQFailure) -> JQTrack? {
    guard let track = item.track else { return nil }
    guard track.isIntact(item.value) else { throw .message("invalid path against: \(item.value.described)") }
    return try JQTrack(track, step: step, value: value)
  }

  func nextPart(_ build: JQStringBuild, _ frame: JQFrame?) -> State {
    var build = build
    while build.index > 0 {
      build.index -= 1
      switch build.parts[build.index] {
      case .text(let text): build.tail = text + build.tail
      case .hole(let node): return .evaluate(node, build.scope, build.item.plain, JQFrame(.stringHole(build), frame))
      }
    }
    return .give(build.item.with(.string(build.tail)), frame)
  }

  func nextMember(_ build: JQObjectBuild, _ frame: JQFrame?) throws(JQFailure) -> State {
    guard build.index < build.members.count else { return .give(build.item.with(try .makeObject(build.done)), frame) }
    return .evaluate(build.members[build.index].key, build.scope, build.item.plain, JQFrame(.memberKey(build), frame))
  }

  mutating func modify(
    _ target: JQNode, _ function: JQNode, _ scope: JQScope?, _ item: JQItem, _ frame: JQFrame?
  ) throws(JQFailure) -> State {
    let modification = JQModification(value: item.value, function: function, scope: scope, item: item, frame: frame)
    try push(.modifiedAll(modification))
    return .evaluate(target, scope, JQItem(item.value, JQTrack(start: item.value)), JQFrame(.modifyPath(modification), nil))
  }
}
