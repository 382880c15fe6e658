/// What a frame does with the value that it waited for.
enum JQAction {
  /// Goes on with a node on the value.
  case then(JQNode, JQScope?)
  case iterate
  case indexKey(JQNode, JQScope?, JQItem)
  case index(key: JQValue)
  case sliceStart(JQNode, to: JQNode?, JQScope?, JQItem)
  case sliceEnd(JQNode, start: JQValue, JQScope?, JQItem)
  case slice(start: JQValue, end: JQValue)
  case sign(isNegative: Bool)
  case collect(JQCell)
  case memberKey(JQObjectBuild)
  case memberValue(JQObjectBuild, key: JQValue)
  case stringHole(JQStringBuild)
  case right(JQOperator, JQNode, JQScope?, JQItem)
  case left(JQOperator, JQValue, JQItem)
  /// `and`, `or`: on the left side's value.
  case logicLeft(isAnd: Bool, JQNode, JQScope?, JQItem)
  case truth(JQItem)
  case alternativeLeft(JQCell)
  case branch(JQNode, JQNode?, JQScope?, JQItem)
  case endAttempt
  case startFold(JQFold, JQItem)
  case foldItem(JQFold, JQCell)
  case foldReduced(JQCell)
  case foldNext(JQFold, JQCell, JQScope?)
  case bindSource(JQBinding)
  case match(JQMatch)
  case endPath(JQItem)
  case argument(JQCall)
  case parameter(JQParameters)
  case updateRight(JQOperator, JQNode, JQScope?, JQItem)
  case assignRight(JQNode, JQScope?, JQItem)
  case assignPath(JQCell, JQValue)
  case modifyPath(JQModification)
  case modified(JQModification, path: JQValue, choices: Int)
  case last(JQCell)
}

/// What could go on another way.
enum JQChoice {
  case evaluate(JQNode, JQScope?, JQItem, JQFrame?)
  case elements([JQValue], next: Int, JQTrack?, JQFrame?)
  case members(JQObject, next: Int, JQTrack?, JQFrame?)
  case range(value: JQValue, end: JQValue, step: JQValue, JQTrack?, JQFrame?)
  case attempt(JQNode?, JQScope?, JQItem, JQFrame?)
  case endedAttempt
  case label(Int)
  case otherPattern(JQBinding, JQItem, index: Int)
  case collected(JQCell, JQItem, JQFrame?)
  case alternativeRight(JQCell, JQNode, JQScope?, JQItem, JQFrame?)
  case reduced(JQCell, JQItem, JQFrame?)
  case assigned(JQCell, JQItem, JQFrame?)
  case modifiedAll(JQModification)
  /// The function of `|=` yielded nothing for this path.
  case unmodified(JQModification, path: JQValue)
  case last(JQCell, JQItem, JQFrame?)
}

/// An object that is being constructed.
struct JQObjectBuild {
  let members: [JQMemberNode]
  var index = 0
  var done: [JQObject.Member] = []
  let scope: JQScope?
  let item: JQItem
}

/// A string that is being put together, from its last hole to its first.
struct JQStringBuild {
  let format: String?
  let parts: [JQStringPart]
  /// The part that is being evaluated; everything behind it is in `tail`.
  var index: Int
  var tail: String
  let scope: JQScope?
  let item: JQItem
}

/// `reduce` or `foreach`.
final class JQFold {
  let source: JQNode
  let pattern: JQPattern
  let update: JQNode
  /// What `foreach` yields for each state; nil for the state itself.
  let extract: JQNode?
  let isReduce: Bool
  let scope: JQScope?

  init(source: JQNode, pattern: JQPattern, update: JQNode, extract: JQNode?, isReduce: Bool, scope: JQScope?) {
    self.source = source
    self.pattern = pattern
    self.update = update
    self.extract = extract
    self.isReduce = isReduce
    self.scope = scope
  }
}

/// `source as p ?// q | body`.
struct JQBinding {
  let patterns: [JQPattern]
  let body: JQNode
  let scope: JQScope?
  let item: JQItem
  let frame: JQFrame?
}

/// A pattern that is being taken apart.
struct JQMatch {
  enum Work {
    case match(JQPattern, JQValue)
    /// The members of an object pattern from an index on.
    case members([JQMemberPattern], Int, JQValue)
  }
  enum Goal {
    case evaluate(JQNode, JQItem)
    case fold(JQFold, JQCell, JQItem)
  }
  /// The last is next.
  var work: [Work]
  var scope: JQScope?
  let goal: Goal
  /// The member whose key is being evaluated.
  var waiting: (members: [JQMemberPattern], index: Int, value: JQValue)?
}

/// A function of this interpreter whose arguments are being evaluated, from the last to the first.
struct JQCall {
  let function: JQName
  let arguments: [JQNode]
  var values: [JQValue]
  let scope: JQScope?
  let item: JQItem
}

/// A defined function whose value parameters are being evaluated, from the first to the last.
struct JQParameters {
  let definition: JQDefinition
  let arguments: [JQNode]
  let callerScope: JQScope?
  var scope: JQScope?
  var index: Int
  let item: JQItem
}

/// `|=`: the value so far and the paths to delete.
final class JQModification {
  var value: JQValue
  var deleted: [JQValue] = []
  let function: JQNode
  let scope: JQScope?
  let item: JQItem
  let frame: JQFrame?

  init(value: JQValue, function: JQNode, scope: JQScope?, item: JQItem, frame: JQFrame?) {
    self.value = value
    self.function = function
    self.scope = scope
    self.item = item
    self.frame = frame
  }
}
