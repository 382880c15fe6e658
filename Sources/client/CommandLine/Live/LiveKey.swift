/// What a key asks of the running display.
package enum LiveKey: Sendable, Hashable {
  case stop, terminate, pause, resume, detach
  case up, down, logs, back, help

  /// Reads keys as a terminal sends them: letters, arrows as `ESC [ A` or `ESC O A`, and Escape alone. What is no key of ours is left out.
  package static func read(_ bytes: [UInt8]) -> [LiveKey] {
    var keys: [LiveKey] = []
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      if byte == 0x1B {
        guard let next = rest.first, next == UInt8(ascii: "[") || next == UInt8(ascii: "O") else {
          keys.append(.back)
          continue
        }
        rest.removeFirst()
        // Parameters of longer sequences (`ESC [ 1 ; 5 A`) go before the letter that ends it.
        while let parameter = rest.first, (0x20...0x3F).contains(parameter) { rest.removeFirst() }
        switch rest.popFirst() {
        case UInt8(ascii: "A"): keys.append(.up)
        case UInt8(ascii: "B"): keys.append(.down)
        case UInt8(ascii: "C"): keys.append(.logs)
        case UInt8(ascii: "D"): keys.append(.back)
        default: break
        }
        continue
      }
      switch byte {
      case UInt8(ascii: "s"): keys.append(.stop)
      case UInt8(ascii: "t"): keys.append(.terminate)
      case UInt8(ascii: "p"): keys.append(.pause)
      case UInt8(ascii: "r"): keys.append(.resume)
      case UInt8(ascii: "q"): keys.append(.detach)
      case UInt8(ascii: "k"): keys.append(.up)
      case UInt8(ascii: "j"): keys.append(.down)
      case UInt8(ascii: "l"), 0x0A, 0x0D: keys.append(.logs)
      case UInt8(ascii: "?"), UInt8(ascii: "h"): keys.append(.help)
      default: break
      }
    }
    return keys
  }
}

/// Which node of the live tree is chosen, and whether its log is shown in place of the tree.
struct LiveSelection: Sendable, Hashable {
  /// The chosen node's ID; nil before the first choice.
  var node: String?
  var showsLog = false
  var showsHelp = false
  /// Nodes that can be chosen, in drawing order, as last drawn.
  var choices: [String] = []

  /// Moves the choice; true when the picture changes.
  mutating func move(_ step: Int) -> Bool {
    guard !choices.isEmpty else { return false }
    guard let node, let place = choices.firstIndex(of: node) else {
      self.node = step > 0 ? choices.first : choices.last
      return true
    }
    let next = min(max(0, place + step), choices.count - 1)
    self.node = choices[next]
    return next != place
  }

  /// The lines under the picture.
  func hints(mayDetach: Bool) -> [String] {
    let keys =
      showsLog ? "l/Esc back  j/k other node" : "s stop  t terminate  p pause  r resume  j/k select  l log\(mayDetach ? "  q detach" : "")"
    guard showsHelp else { return [keys + "  ? help"] }
    return [
      keys,
      "stop: nothing new but exit handlers · terminate: nothing more at all · pause: what runs ends, nothing new starts",
      "resume: go on, suspended steps too" + (mayDetach ? " · detach: leave it running, go on later with --resume" : ""),
    ]
  }
}
