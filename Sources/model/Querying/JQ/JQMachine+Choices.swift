extension JQMachine {
  /// Goes on another way because the last one yields nothing more.
  mutating func take(_ choice: JQChoice) throws(JQFailure) -> State {
    switch choice {
    case .evaluate(let node, let scope, let item, let frame): return .evaluate(node, scope, item, frame)
    case .elements(let elements, let next, let track, let frame):
      guard next < elements.count else { return .backtrack }
      if next + 1 < elements.count { try push(.elements(elements, next: next + 1, track, frame)) }
      return .give(try element(elements[next], .int(Int64(next)), track), frame)
    case .members(let object, let next, let track, let frame):
      guard next < object.members.count else { return .backtrack }
      if next + 1 < object.members.count { try push(.members(object, next: next + 1, track, frame)) }
      return .give(try element(object.members[next].value, .string(object.members[next].key), track), frame)
    case .range(let value, let end, let step, let track, let frame):
      guard JQValue.compare(step, .int(0)) * JQValue.compare(value, end) < 0 else { return .backtrack }
      try push(.range(value: try JQArithmetic.add(value, step), end: end, step: step, track, frame))
      return .give(JQItem(value, track), frame)
    case .attempt, .endedAttempt, .label, .otherPattern: return .backtrack
    case .collected(let cell, let item, let frame): return .give(item.with(try .makeArray(cell.list)), frame)
    case .alternativeRight(let cell, let right, let scope, let item, let frame):
      return cell.isSet ? .backtrack : .evaluate(right, scope, item, frame)
    case .reduced(let cell, let item, let frame), .assigned(let cell, let item, let frame):
      return .give(item.with(cell.value), frame)
    case .modifiedAll(let modification):
      let result = try JQPaths.delete(modification.value, try .makeArray(modification.deleted))
      return .give(modification.item.with(result), modification.frame)
    case .unmodified(let modification, let path):
      modification.deleted.append(path)
      return .backtrack
    case .last(let cell, let item, let frame): return cell.isSet ? .give(item.with(cell.value), frame) : .backtrack
    }
  }

  private func element(_ value: JQValue, _ step: JQValue, _ track: JQTrack?) throws(JQFailure) -> JQItem {
    guard let track else { return JQItem(value) }
    return JQItem(value, try JQTrack(track, step: step, value: value))
  }

  /// Lets an error pass a choice, or catches it there.
  mutating func handle(_ failure: JQFailure, _ choice: JQChoice) throws(JQFailure) -> State {
    switch choice {
    case .endedAttempt: return .raise(.passing(failure))
    case .attempt(let handler, let scope, let item, let frame):
      switch failure {
      case .passing(let inner): return .raise(inner)
      case .stop, .halt, .limit: return .raise(failure)
      case .value(let value): return handler.map { .evaluate($0, scope, item.with(value), frame) } ?? .backtrack
      case .message(let text): return handler.map { .evaluate($0, scope, item.with(.string(text)), frame) } ?? .backtrack
      }
    case .label(let number):
      if case .stop(number) = failure { return .backtrack }
      return .raise(failure)
    case .otherPattern(let binding, let item, let index):
      if case .halt = failure { return .raise(failure) }
      return try bind(binding, item, index)
    default: return .raise(failure)
    }
  }
}
