extension JQMachine {
  /// Gives a value to the frame that waited for it.
  mutating func continueWith(_ action: JQAction, _ item: JQItem, _ frame: JQFrame?) throws(JQFailure) -> State {
    let value = item.value
    switch action {
    case .then(let node, let scope): return .evaluate(node, scope, item, frame)
    case .iterate: return try iterate(item, frame)
    case .indexKey(let base, let scope, let input): return .evaluate(base, scope, input, JQFrame(.index(key: value), frame))
    case .index(let key): return .give(try indexed(item, key), frame)
    case .sliceStart(let base, let to, let scope, let input):
      return .evaluate(to ?? .constant(.null), scope, input.plain, JQFrame(.sliceEnd(base, start: value, scope, input), frame))
    case .sliceEnd(let base, let start, let scope, let input):
      return .evaluate(base, scope, input, JQFrame(.slice(start: start, end: value), frame))
    case .slice(let start, let end):
      let part = try JQPaths.slice(value, start, end)
      let step = item.track == nil ? JQValue.null : try .makeObject([("start", start), ("end", end)])
      return .give(JQItem(part, try tracked(item, step, part)), frame)
    case .sign(let isNegative):
      guard value.isNumber, let negated = JQArithmetic.negated(value) else {
        throw .message("cannot \(isNegative ? "negate" : "plus"): \(value.described)")
      }
      return .give(item.with(isNegative ? negated : value), frame)
    case .collect(let cell):
      cell.list.append(value)
      return .backtrack
    case .memberKey(let build): return try memberKey(build, value, frame)
    case .memberValue(let build, let key): return try memberValue(build, key, value, frame)
    case .stringHole(var build):
      let text = try JQFormat.text(build.format, value)
      guard build.tail.utf8.count + text.utf8.count <= JQArithmetic.maximumText else { throw .limit("a string grows too long") }
      charge(text.utf8.count)
      build.tail = text + build.tail
      return nextPart(build, frame)
    case .right(let operation, let left, let scope, let input):
      return .evaluate(left, scope, input.plain, JQFrame(.left(operation, value, input), frame))
    case .left(let operation, let right, let input):
      charge(JQFunctions.work(value, [right]))
      return .give(input.with(try JQArithmetic.apply(operation, value, right)), frame)
    case .logicLeft(let isAnd, let right, let scope, let input):
      if value.isTruthy != isAnd { return .give(input.with(.bool(!isAnd)), frame) }
      return .evaluate(right, scope, input.plain, JQFrame(.truth(input), frame))
    case .truth(let input): return .give(input.with(.bool(value.isTruthy)), frame)
    case .alternativeLeft(let cell):
      guard value.isTruthy else { return .backtrack }
      cell.isSet = true
      return .give(item, frame)
    case .branch(let body, let other, let scope, let input):
      return value.isTruthy ? .evaluate(body, scope, input, frame) : .evaluate(other ?? .identity, scope, input, frame)
    case .endAttempt:
      try push(.endedAttempt)
      return .give(item, frame)
    case .startFold(let fold, let input):
      let cell = JQCell(value)
      if fold.isReduce { try push(.reduced(cell, input.plainTracked(item.track), frame)) }
      return .evaluate(fold.source, fold.scope, JQItem(input.value, item.track), JQFrame(.foldItem(fold, cell), frame))
    case .foldItem(let fold, let cell):
      return try match(JQMatch(work: [.match(fold.pattern, value)], scope: fold.scope, goal: .fold(fold, cell, item)), frame)
    case .foldReduced(let cell):
      cell.value = value
      return .backtrack
    case .foldNext(let fold, let cell, let scope):
      cell.value = value
      return fold.extract.map { .evaluate($0, scope, item, frame) } ?? .give(item, frame)
    case .bindSource(let binding): return try bind(binding, item, 0)
    case .match(var matching):
      guard let waiting = matching.waiting else { return .backtrack }
      matching.waiting = nil
      matching.work.append(.members(waiting.members, waiting.index + 1, waiting.value))
      try bindMember(waiting.members[waiting.index], try JQPaths.index(waiting.value, value), &matching)
      return try match(matching, frame)
    case .endPath(let input):
      guard let track = item.track, track.isIntact(value) else { throw .message("invalid path against: \(value.described)") }
      return .give(input.with(try .makeArray(track.path)), frame)
    case .argument(var call):
      call.values.insert(value, at: 0)
      return try nextArgument(call, frame)
    case .parameter(var parameters):
      let name = String(parameters.definition.parameters[parameters.index].dropFirst())
      parameters.scope = try JQScope(.closure(name, .constant(value), nil), try JQScope(.variable(name, value), parameters.scope))
      parameters.index += 1
      return try nextParameter(parameters, frame)
    case .updateRight(let operation, let target, let scope, let input):
      return try modify(target, .binary(operation, .identity, .constant(value)), scope, input, frame)
    case .assignRight(let target, let scope, let input):
      if let path = target.constantPath { return .give(input.with(try JQPaths.set(input.value, try .makeArray(path), value)), frame) }
      let cell = JQCell(input.value)
      try push(.assigned(cell, input, frame))
      return .evaluate(
        target, scope, JQItem(input.value, JQTrack(start: input.value)), JQFrame(.assignPath(cell, value), nil))
    case .assignPath(let cell, let new):
      cell.value = try JQPaths.set(cell.value, try path(of: item), new)
      charge(JQFunctions.work(cell.value, []))
      return .backtrack
    case .modifyPath(let modification):
      let path = try path(of: item)
      let mark = choices.count
      try push(.unmodified(modification, path: path))
      let old = try JQPaths.get(modification.value, path.array ?? [])
      return .evaluate(
        modification.function, modification.scope, JQItem(old), JQFrame(.modified(modification, path: path, choices: mark), nil))
    case .modified(let modification, let path, let mark):
      modification.value = try JQPaths.set(modification.value, path, value)
      charge(JQFunctions.work(modification.value, []))
      // Only the first value of the function counts.
      choices.removeSubrange(mark...)
      return .backtrack
    case .last(let cell):
      cell.value = value
      cell.isSet = true
      return .backtrack
    }
  }

  private func path(of item: JQItem) throws(JQFailure) -> JQValue {
    guard let track = item.track, track.isIntact(item.value) else { throw .message("invalid path against: \(item.value.described)") }
    return try .makeArray(track.path)
  }

  private mutating func iterate(_ item: JQItem, _ frame: JQFrame?) throws(JQFailure) -> State {
    switch item.value {
    case .array(let array):
      if let track = item.track, !track.isIntact(item.value) {
        throw .message("invalid path on iterating against: \(item.value.described)")
      }
      try push(.elements(array.elements, next: 0, item.track, frame))
    case .object(let object):
      if let track = item.track, !track.isIntact(item.value) {
        throw .message("invalid path on iterating against: \(item.value.described)")
      }
      try push(.members(object, next: 0, item.track, frame))
    default: throw .message("cannot iterate over: \(item.value.described)")
    }
    return .backtrack
  }

  private func memberKey(_ build: JQObjectBuild, _ key: JQValue, _ frame: JQFrame?) throws(JQFailure) -> State {
    guard let node = build.members[build.index].value else {
      return try memberValue(build, key, try JQPaths.index(build.item.value, key), frame)
    }
    return .evaluate(node, build.scope, build.item.plain, JQFrame(.memberValue(build, key: key), frame))
  }

  private func memberValue(_ build: JQObjectBuild, _ key: JQValue, _ value: JQValue, _ frame: JQFrame?) throws(JQFailure) -> State {
    guard case .string(let name) = key else { throw .message("expected a string for object key but got: \(key.described)") }
    var build = build
    build.done.append((name, value))
    build.index += 1
    return try nextMember(build, frame)
  }

  // MARK: - Patterns

  /// Binds the pattern with this number; an error there or later tries the next one.
  mutating func bind(_ binding: JQBinding, _ item: JQItem, _ index: Int) throws(JQFailure) -> State {
    var scope = binding.scope
    if binding.patterns.count > 1 {
      for name in binding.patterns.flatMap(\.variables) { scope = try JQScope(.variable(name, .null), scope) }
    }
    if index + 1 < binding.patterns.count { try push(.otherPattern(binding, item, index: index + 1)) }
    let work = [JQMatch.Work.match(binding.patterns[index], item.value)]
    return try match(JQMatch(work: work, scope: scope, goal: .evaluate(binding.body, binding.item)), binding.frame)
  }

  private func match(_ matching: JQMatch, _ frame: JQFrame?) throws(JQFailure) -> State {
    var matching = matching
    while let work = matching.work.popLast() {
      switch work {
      case .match(.variable(let name), let value): matching.scope = try JQScope(.variable(name, value), matching.scope)
      case .match(.array(let elements), let value):
        switch value {
        case .null, .array: break
        default: throw .message("expected an array but got: \(value.described)")
        }
        for (index, element) in elements.enumerated().reversed() {
          matching.work.append(.match(element, try JQPaths.index(value, .int(Int64(index)))))
        }
      case .match(.object(let members), let value): matching.work.append(.members(members, 0, value))
      case .members(let members, let index, let value):
        guard index < members.count else { continue }
        if case .constant(let key) = members[index].key {
          matching.work.append(.members(members, index + 1, value))
          try bindMember(members[index], try JQPaths.index(value, key), &matching)
          continue
        }
        matching.waiting = (members, index, value)
        return .evaluate(members[index].key, matching.scope, JQItem(value), JQFrame(.match(matching), frame))
      }
    }
    switch matching.goal {
    case .evaluate(let body, let item): return .evaluate(body, matching.scope, item, frame)
    case .fold(let fold, let cell, let item):
      let action = fold.isReduce ? JQAction.foldReduced(cell) : .foldNext(fold, cell, matching.scope)
      return .evaluate(fold.update, matching.scope, item.with(cell.value), JQFrame(action, frame))
    }
  }

  private func bindMember(_ member: JQMemberPattern, _ value: JQValue, _ matching: inout JQMatch) throws(JQFailure) {
    if let name = member.variable { matching.scope = try JQScope(.variable(name, value), matching.scope) }
    if let pattern = member.pattern { matching.work.append(.match(pattern, value)) }
  }
}

extension JQItem {
  /// The value at another place.
  fileprivate func plainTracked(_ track: JQTrack?) -> JQItem { JQItem(value, track) }
}
