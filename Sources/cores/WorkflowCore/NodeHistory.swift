import ArgoModel
import Basics
import JSONValue
import Templating

/// What happened to a node on its way and its final state does not tell: kept in its row, for `argosy explain`. A node that just runs has none.
struct NodeTransition: Sendable, Hashable {
  enum Kind: String, Sendable, Hashable {
    /// Its `when` with all tags replaced, which was true.
    case condition
    /// What it waits for: a lock, a place on the machine.
    case waits
    /// Locks that it got.
    case locked
    /// It had a place and began to run.
    case began
    /// An attempt failed, and how that was decided on.
    case attempt
    /// Who or what ended its suspension.
    case resumed
  }

  var at: Instant
  var kind: Kind
  var text: String

  /// `[milliseconds, kind, text]`
  var json: JSON { [.int(at.milliseconds), .string(kind.rawValue), .string(text)] }

  /// Appends ``json``.
  func write(to text: inout TextBuffer) {
    text.append(UInt8(ascii: "["))
    text.append(decimal: at.milliseconds)
    text.append(",\"" as StaticString)
    text.append(kind.rawValue)
    text.append("\"," as StaticString)
    if self.text.isEmpty { text.append("\"\"" as StaticString) } else { text.append(JSON.string(self.text).bytes()) }
    text.append(UInt8(ascii: "]"))
  }

  init(at: Instant, kind: Kind, text: String) {
    (self.at, self.kind, self.text) = (at, kind, text)
  }

  init?(json: JSON) {
    guard let milliseconds = json[0]?.int, let kind = json[1]?.string.flatMap(Kind.init(rawValue:)) else { return nil }
    self.init(at: Instant(milliseconds: milliseconds), kind: kind, text: json[2]?.string ?? "")
  }
}

extension RunState {
  /// Transitions of one node at most: the first ones, and of the others the last.
  static let historyLimit = (first: 8, all: 24)
  /// Bytes of one transition's text at most.
  static let historyTextLimit = 240

  /// Adds to a node's history. What was said last is not said again.
  mutating func note(_ node: Int, _ kind: NodeTransition.Kind, _ text: String) {
    var text = text
    if text.utf8.count > Self.historyTextLimit {
      text = String(decoding: Array(text.utf8.prefix(Self.historyTextLimit)), as: UTF8.self) + "…"
    }
    if let last = nodes[node].history.last, last.kind == kind, last.text == text { return }
    if nodes[node].history.count >= Self.historyLimit.all { nodes[node].history.remove(at: Self.historyLimit.first) }
    nodes[node].history.append(NodeTransition(at: now, kind: kind, text: text))
    changedNodes.insert(node)
  }

  /// Keeps what a step's condition was when it let the step begin.
  mutating func noteCondition(_ node: Int, _ resolved: ResolvedStep, _ step: CompiledStep) {
    if step.when?.template.hasTags == true { note(node, .condition, resolved.when) }
  }

  /// Keeps since when a pod runs that had to wait for its place.
  mutating func noteBegin(_ node: Int) {
    guard !nodes[node].history.isEmpty || now - nodes[node].startedAt >= TimeSpan(seconds: 1) else { return }
    note(node, .began, "")
  }

  /// An attempt as its history names it: `attempt 0 Failed (exit code 2)`.
  func attemptText(_ attempt: Int, number: Int) -> String {
    let code = nodes[attempt].outputs?["exitCode"]?.string.map { " (exit code \($0))" } ?? ""
    return "attempt \(number) \(nodes[attempt].phase.rawValue)\(code)"
  }

  /// The histories of all nodes that have one, by ID: lists of `[milliseconds, kind, text]`.
  package var history: JSON {
    var result = JSONObject()
    for node in nodes where !node.history.isEmpty { result[node.id] = .array(node.history.map(\.json)) }
    return .object(result)
  }
}
