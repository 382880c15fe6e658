import Basics
import JSONValue
import Synchronization

/// Draws the running workflows in place on a terminal, as `argo submit --watch` does, and writes logs and remarks above them.
///
/// It redraws after changes, at most ten times a second, and once a second for the durations; large workflows less often, so that drawing
/// takes a tenth of the time at most. Logs and remarks appear with the next picture, or at once when many wait. Nothing that was printed
/// before is touched.
package final class LiveTree: RunDisplay {
  /// Milliseconds between two redraws at least.
  private static let shortestPause: Int64 = 100

  /// Bytes of logs that wait for the next picture at most.
  private static let pendingLimit = 1 << 15

  private struct State {
    /// Logs and remarks not yet written.
    var pending = ""
    var region = LiveRegion()
    var hasChanged = true
    var isFinished = false
    var nextDraw: Int64 = 0
    var lastDraw: Int64 = .min
    /// Set once keys are read.
    var selection: LiveSelection?
    var mayDetach = false
  }

  /// What the drawing thread shares with the callers.
  private final class Canvas: Sendable {
    let view: any RunView
    let sink: any TextSink
    let size: @Sendable () -> TerminalSize
    let context: @Sendable () -> DisplayContext
    let state = Mutex(State())

    init(
      view: any RunView, sink: any TextSink, size: @escaping @Sendable () -> TerminalSize,
      context: @escaping @Sendable () -> DisplayContext
    ) {
      self.view = view
      self.sink = sink
      self.size = size
      self.context = context
    }

    /// Draws when there is something new or a second went by; returns the milliseconds to wait.
    func tick() -> CInt {
      let start = Terminal.monotonicMilliseconds()
      let isDue = state.withLock { state in
        if state.isFinished || start < state.nextDraw { return false }
        guard state.hasChanged || start - 1000 >= state.lastDraw else { return false }
        state.hasChanged = false
        state.lastDraw = start
        return true
      }
      flush()
      if isDue {
        draw()
        let end = Terminal.monotonicMilliseconds()
        state.withLock { $0.nextDraw = end + max(LiveTree.shortestPause, 9 * (end - start)) }
      }
      return CInt(LiveTree.shortestPause)
    }

    func draw() {
      let size = size()
      let (selection, mayDetach) = state.withLock { ($0.selection, $0.mayDetach) }
      let (lines, choices) = picture(selection, mayDetach: mayDetach, size: size, context: context())
      state.withLock { state in
        if state.isFinished { return }
        if let choices { state.selection?.choices = choices }
        let text = state.region.draw(lines, columns: size.columns)
        if !text.isEmpty { sink.write(text) }
      }
    }

    /// The lines to draw, and the nodes that can be chosen; nil where those are not drawn.
    private func picture(
      _ selection: LiveSelection?, mayDetach: Bool, size: TerminalSize, context: DisplayContext
    ) -> ([String], [String]?) {
      let workflows = view.snapshots()
      guard let selection else { return (LiveFrame.lines(workflows, size: size, context: context), nil) }
      var hints = selection.hints(mayDetach: mayDetach)
      if hints.count + 4 > size.rows { hints = [] }
      hints = hints.map { LiveFrame.fitted($0, size, context) }
      let room = TerminalSize(columns: size.columns, rows: size.rows - hints.count)
      if selection.showsLog, let id = selection.node, let log = log(id, workflows, size: room, context: context) {
        return (log + hints, nil)
      }
      let entries = LiveFrame.entries(workflows, size: room, context: context, selected: selection.node)
      return (entries.map(\.line) + hints, entries.compactMap(\.node))
    }

    private func log(_ id: String, _ workflows: [JSON], size: TerminalSize, context: DisplayContext) -> [String]? {
      for workflow in workflows {
        guard let node = workflow.at("status", "nodes")?[id] else { continue }
        let room = max(1, size.rows - 2)
        let lines = view.logLines(workflow: workflow, node: node, limit: room)
        let fields = NodeFields(json: node)
        let head = "log of \(Printable.line(fields.name)), \(fields.phase)\(lines.isEmpty ? ": nothing printed" : "")"
        return [LiveFrame.fitted(head, size, context)] + lines.suffix(room).map { LiveFrame.fitted(Printable.line($0), size, context) }
      }
      return nil
    }

    func insert(_ text: String) {
      let isMuch = state.withLock { state in
        if state.isFinished {
          sink.write(text)
          return false
        }
        state.pending += text
        return state.pending.utf8.count > LiveTree.pendingLimit
      }
      if isMuch { flush() }
    }

    /// Writes what waits above the region.
    func flush() {
      let columns = size().columns
      state.withLock { state in
        if state.pending.isEmpty { return }
        sink.write(state.region.insert(state.pending, columns: columns))
        state.pending = ""
      }
    }
  }

  private let canvas: Canvas
  private let style: DisplayStyle
  private let thread: DisplayThread

  /// Starts drawing. `size` and `context` are asked anew for each picture, so that a resized terminal is followed.
  package init(
    view: any RunView, sink: any TextSink, style: DisplayStyle,
    size: @escaping @Sendable () -> TerminalSize = { Terminal.size(1) },
    context: (@Sendable () -> DisplayContext)? = nil
  ) {
    let canvas = Canvas(view: view, sink: sink, size: size, context: context ?? { Terminal.context(style) })
    self.canvas = canvas
    self.style = style
    thread = DisplayThread { canvas.tick() }
  }

  /// Shows which keys there are; from now on a node can be chosen.
  package func showKeys(mayDetach: Bool) {
    canvas.state.withLock { state in
      state.selection = LiveSelection()
      state.mayDetach = mayDetach
      state.hasChanged = true
    }
  }

  /// Carries out a key that concerns the display alone; false for the others.
  package func press(_ key: LiveKey) -> Bool {
    canvas.state.withLock { state -> Bool in
      guard var selection = state.selection else { return false }
      switch key {
      case .up: _ = selection.move(-1)
      case .down: _ = selection.move(1)
      case .logs:
        if selection.node == nil { _ = selection.move(1) }
        selection.showsLog.toggle()
      case .back: selection.showsLog = false
      case .help: selection.showsHelp.toggle()
      case .stop, .terminate, .pause, .resume, .detach: return false
      }
      state.selection = selection
      state.hasChanged = true
      state.nextDraw = 0
      return true
    }
  }

  package func changed(_ changes: [RunChange]) { canvas.state.withLock { $0.hasChanged = true } }

  package func log(pod: String, line: String) {
    canvas.insert(LogLine.text(pod: pod, line: Printable.logLine(line), style: style))
  }

  package func note(_ text: String) { canvas.insert(Printable.block(text) + "\n") }

  package func finish() {
    thread.stop()
    canvas.flush()
    let columns = canvas.size().columns
    canvas.state.withLock { state in
      if state.isFinished { return }
      state.isFinished = true
      let text = state.region.clear(columns: columns) + state.pending
      if !text.isEmpty { canvas.sink.write(text) }
    }
  }
}
