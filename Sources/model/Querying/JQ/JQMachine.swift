/// A value on its way through a filter; while a path is looked for, also where it was found.
struct JQItem {
  var value: JQValue
  /// The path so far and the value there; nil outside `path(…)`.
  var track: JQTrack?

  init(_ value: JQValue, _ track: JQTrack? = nil) {
    self.value = value
    self.track = track
  }

  /// Another value at the same place.
  func with(_ value: JQValue) -> JQItem { JQItem(value, track) }
  /// The value alone, for parts whose paths do not matter.
  var plain: JQItem { JQItem(value) }
}

/// A path with the value that was found there.
final class JQTrack {
  let step: JQValue?
  let before: JQTrack?
  let value: JQValue
  let length: Int

  init(start: JQValue) {
    step = nil
    before = nil
    value = start
    length = 0
  }

  /// The longest path.
  static let maximumLength = 4000

  init(_ before: JQTrack, step: JQValue, value: JQValue) throws(JQFailure) {
    guard before.length < Self.maximumLength else { throw .limit("a path is too long") }
    self.before = before
    self.step = step
    self.value = value
    length = before.length + 1
  }

  var path: [JQValue] {
    var result: [JQValue] = []
    var current: JQTrack? = self
    while let track = current, let step = track.step {
      result.append(step)
      current = track.before
    }
    return result.reversed()
  }

  /// Whether a value is still the one that was found, so that a path may go on from it.
  func isIntact(_ other: JQValue) -> Bool {
    switch (value, other) {
    case (.array(let a), .array(let b)): a === b
    case (.object(let a), .object(let b)): a === b
    case (.array, _), (_, .array), (.object, _), (_, .object): false
    default: value.typeName == other.typeName && (JQValue.compare(value, other) == 0 || value.double?.isNaN == true)
    }
  }
}

/// What names mean at a place of the filter; a list from the innermost name outwards.
final class JQScope {
  enum Meaning {
    case variable(String, JQValue)
    case function(JQDefinition)
    /// A parameter: what the caller passed, to be evaluated with the caller's names.
    case closure(String, JQNode, JQScope?)
    case label(String, Int)
  }

  static let maximumDepth = 4000
  let meaning: Meaning
  let outer: JQScope?
  let depth: Int

  init(_ meaning: Meaning, _ outer: JQScope?) throws(JQFailure) {
    self.meaning = meaning
    self.outer = outer
    var depth = outer?.depth ?? 0
    if case .closure(_, _, let scope?) = meaning { depth = max(depth, scope.depth) }
    guard depth < Self.maximumDepth else { throw .limit("it calls itself too deeply") }
    self.depth = depth + 1
  }
}

/// A mutable place that several steps of the machine share.
final class JQCell {
  var value: JQValue
  var list: [JQValue] = []
  var isSet = false
  init(_ value: JQValue = .null) { self.value = value }
}

/// What to do with a value when it is there; a list whose end is the result of the filter.
final class JQFrame {
  let action: JQAction
  private(set) var next: JQFrame?
  let depth: Int

  init(_ action: JQAction, _ next: JQFrame?) {
    self.action = action
    self.next = next
    depth = (next?.depth ?? 0) + 1
  }

  /// Takes long lists apart one by one: the run time would follow them with a recursion.
  deinit {
    var rest = next.take()
    while isKnownUniquelyReferenced(&rest) { rest = rest?.next.take() }
  }
}

/// Runs a filter with stacks of its own: no filter, however deep, can exhaust the thread's stack.
///
/// A value goes to the frame that waits for it. What could go on another way (the right side of a comma, the next element of an iteration)
/// is a choice; a filter that yields nothing takes the last choice, and so does the machine after each result. An error unwinds the
/// choices until one of them catches it.
struct JQMachine {
  enum State {
    case evaluate(JQNode, JQScope?, JQItem, JQFrame?)
    case give(JQItem, JQFrame?)
    case backtrack
    case raise(JQFailure)
  }

  static let maximumFrames = 100_000
  static let maximumChoices = 200_000
  var choices: [JQChoice] = []
  var labels = 0
  var stepsLeft: Int
  let clock: JQClock

  init(clock: JQClock, steps: Int) {
    self.clock = clock
    stepsLeft = steps
  }

  /// All results of a filter.
  mutating func run(_ node: JQNode, on input: JQValue) throws(JQFailure) -> [JQValue] {
    var results: [JQValue] = []
    var state = State.evaluate(node, nil, JQItem(input), nil)
    while true {
      stepsLeft -= 1
      guard stepsLeft > 0 else { throw .limit("it takes too many steps") }
      do throws(JQFailure) {
        switch state {
        case .evaluate(let node, let scope, let item, let frame):
          if let frame, frame.depth > Self.maximumFrames { throw .limit("it calls itself too deeply") }
          state = try evaluate(node, scope, item, frame)
        case .give(let item, let frame?): state = try continueWith(frame.action, item, frame.next)
        case .give(let item, nil):
          results.append(item.value)
          state = .backtrack
        case .backtrack:
          guard let choice = choices.popLast() else { return results }
          state = try take(choice)
        case .raise(let failure):
          guard let choice = choices.popLast() else { throw failure }
          state = try handle(failure, choice)
        }
      } catch {
        if case .limit = error { throw error }
        if case .raise = state, choices.isEmpty { throw error }
        state = .raise(error)
      }
    }
  }

  mutating func push(_ choice: JQChoice) throws(JQFailure) {
    guard choices.count < Self.maximumChoices else { throw .limit("it holds too many alternatives") }
    choices.append(choice)
  }

  /// Counts work that one step does in bulk.
  mutating func charge(_ work: Int) { stepsLeft -= work / 16 }
}
