import Basics
import Glibc
import JSONValue
import Synchronization
import Testing

@testable import CommandLine

@Suite("The live display") struct LiveTests {
  private final class View: RunView {
    let workflows: Mutex<[JSON]>
    init(_ workflows: [JSON]) { self.workflows = Mutex(workflows) }
    func snapshots() -> [JSON] { workflows.withLock { $0 } }
  }

  private func running(_ name: String, pods: Int, phase: (Int) -> String = { _ in "Succeeded" }) -> JSON {
    var nodes = [node(name, "DAG", "Running", end: nil)]
    for index in 0..<pods {
      nodes.append(node("\(name)-\(index)", "Pod", phase(index), display: "p(\(index):x)", boundary: name))
    }
    return Fixture.workflow(name, phase: "Running", nodes: nodes)
  }

  @Test("A region is redrawn in place, erased, and leaves alone what stood before")
  func region() {
    var region = LiveRegion()
    #expect(region.clear(columns: 80) == "")
    #expect(region.draw(["a", "b"], columns: 80) == "a\u{1B}[K\nb\u{1B}[K\n\u{1B}[J")
    #expect(region.draw(["a", "b"], columns: 80) == "")
    #expect(region.draw(["c"], columns: 80) == "\r\u{1B}[2Ac\u{1B}[K\n\u{1B}[J")
    #expect(region.insert("log\n", columns: 80) == "\r\u{1B}[1A\u{1B}[Jlog\nc\u{1B}[K\n\u{1B}[J")
    #expect(region.clear(columns: 80) == "\r\u{1B}[1A\u{1B}[J")
  }

  @Test("After the terminal became narrower the wrapped lines count")
  func narrower() {
    var region = LiveRegion()
    _ = region.draw(["0123456789", "工作流程"], columns: 80)
    #expect(region.clear(columns: 4) == "\r\u{1B}[5A\u{1B}[J")
  }

  @Test("One workflow that fits is drawn as get prints it")
  func whole() {
    let lines = LiveFrame.lines([running("wf", pods: 2)], size: TerminalSize(columns: 100, rows: 24), context: Fixture.context())
    #expect(lines.first == "Name:                wf")
    #expect(lines.suffix(3).map { String($0.prefix(12)) } == [" ● wf       ", " ├─✔ p(0:x) ", " └─✔ p(1:x) "])
  }

  @Test("A tree that does not fit shows what runs and failed, and counts the rest", arguments: [5, 10, 24])
  func shortened(rows: Int) {
    let workflow = running("wf", pods: 1000) { $0 == 700 ? "Failed" : $0 == 900 ? "Running" : "Succeeded" }
    let lines = LiveFrame.lines([workflow], size: TerminalSize(columns: 60, rows: rows), context: Fixture.context())
    #expect(lines.count <= rows - 1)
    #expect(lines.first == "wf  Running  1/1  1 minute 9 seconds")
    if rows >= 10 {
      #expect(lines.contains { $0.contains("✖ p(700:x)") } && lines.contains { $0.contains("● p(900:x)") })
      #expect(lines.last == "… and \(1001 - (rows - 4)) more")
    }
  }

  @Test("Several workflows share the screen; no line is wider than it", arguments: [(30, 2), (30, 12), (20, 40)])
  func several(columns: Int, count: Int) {
    let workflows = (0..<count).map { running("工作流程-\($0)", pods: 30) }
    let size = TerminalSize(columns: columns, rows: 24)
    let lines = LiveFrame.lines(workflows, size: size, context: Fixture.context())
    #expect(lines.count <= 23)
    #expect(lines.allSatisfy { DisplayWidth.of($0) <= columns })
    if count == 40 { #expect(lines.last?.contains("more wo") == true) }
  }

  @Test("The tree is drawn, logs go above it, and at the end it is gone")
  func tree() async throws {
    let sink = MemorySink()
    let view = View([running("wf", pods: 1)])
    let tree = LiveTree(
      view: view, sink: sink, style: DisplayStyle(), size: { TerminalSize(columns: 80, rows: 24) }, context: { Fixture.context() })
    for _ in 0..<200 where !sink.text.contains("p(0:x)") { try await Task.sleep(for: .milliseconds(20)) }
    #expect(sink.text.contains(" └─✔ p(0:x)"))
    tree.log(pod: "wf-t-1", line: "hello\u{1B}[2J")
    for _ in 0..<200 where !sink.text.contains("hello") { try await Task.sleep(for: .milliseconds(20)) }
    #expect(sink.text.contains("\u{1B}[Jwf-t-1: hello?[2J\nName:"))
    tree.note("stopping")
    tree.finish()
    tree.finish()
    #expect(sink.text.contains("\u{1B}[Jstopping\nName:"))
    #expect(sink.text.hasSuffix("A\u{1B}[J"))
    let length = sink.text.utf8.count
    tree.changed([])
    tree.note("done")
    #expect(sink.text.utf8.count == length + 5)
  }

  @Test("A tree that is finished at once leaves nothing behind", arguments: 0..<20)
  func finishedAtOnce(_: Int) {
    let sink = MemorySink()
    let tree = LiveTree(view: View([]), sink: sink, style: DisplayStyle(), size: { .usual }, context: { Fixture.context() })
    tree.finish()
    #expect(sink.text == "" || sink.text.hasSuffix("\u{1B}[J"))
  }

  @Test("The terminal is asked for its size; what is no terminal has the usual one")
  func size() throws {
    let terminal = open("/dev/ptmx", O_RDWR | O_NOCTTY)
    defer { close(terminal) }
    try #require(terminal >= 0)
    var size = winsize(ws_row: 33, ws_col: 111, ws_xpixel: 0, ws_ypixel: 0)
    try #require(ioctl(terminal, UInt(TIOCSWINSZ), &size) == 0)
    #expect(Terminal.size(terminal) == TerminalSize(columns: 111, rows: 33))
    #expect(Terminal.isTerminal(terminal))
    #expect(Terminal.size(-1) == .usual && !Terminal.isTerminal(-1))
  }

  @Test("Many log lines are written before the tree is drawn anew, in order")
  func manyLogs() {
    let sink = MemorySink()
    let tree = LiveTree(view: View([]), sink: sink, style: DisplayStyle(), size: { .usual }, context: { Fixture.context() })
    for index in 0..<10_000 { tree.log(pod: "p", line: "\(index)") }
    tree.finish()
    let lines = Printable.block(sink.text).split(separator: "\n").compactMap { line in
      line.split(separator: " ").last.flatMap { Int($0) }
    }
    #expect(lines == Array(0..<10_000))
  }

  @Test("Without a terminal each change is one line, and is said once")
  func lines() {
    let sink = MemorySink()
    let progress = LineProgress(sink: sink, style: DisplayStyle(), now: { Fixture.origin })
    let pod = node("wf-1", "Pod", "Succeeded", name: "wf[0].a", template: "a", boundary: "wf", end: 2).1
    var failed = Fixture.workflow("wf", phase: "Failed", nodes: [])
    failed["status"]?["message"] = "child failed\nbadly"
    progress.changed([.workflow(Fixture.workflow("wf", phase: "Running", nodes: [])), .node(workflow: "wf", pod)])
    progress.changed([
      .node(workflow: "wf", pod), .node(workflow: "wf", node("g", "StepGroup", name: "wf[0]").1),
      .node(workflow: "wf", node("wf", "Steps").1), .node(workflow: "wf", node("p", "Pod", "Pending", end: nil).1),
      .node(workflow: "wf", node("q", "Pod", "Pending", name: "wf.q", template: "t", end: nil, message: "Waiting for lock").1),
      .node(workflow: "wf", node("s", "Suspend", "Running", name: "wf.s", template: nil, end: nil).1), .workflow(failed),
    ])
    progress.log(pod: "wf-a-1", line: "hello\r")
    progress.finish()
    progress.note("late")
    #expect(
      sink.text == """
        2026-11-21T02:44:13Z wf Running
        2026-11-21T02:44:13Z wf[0].a (a) Succeeded in 2s
        2026-11-21T02:44:13Z wf.q (t) Pending: Waiting for lock
        2026-11-21T02:44:13Z wf.s Suspended
        2026-11-21T02:44:13Z wf Failed in 9s: child failed badly
        wf-a-1: hello

        """)
  }

  @Test("A pod's lines always have the same colour")
  func logColors() {
    let style = DisplayStyle(hasColor: true)
    #expect(LogLine.text(pod: "a", line: "x", style: style) == "\u{1B}[33ma: x\u{1B}[0m\n")
    #expect(LogLine.text(pod: "b", line: "x", style: style) == "\u{1B}[34mb: x\u{1B}[0m\n")
  }
}
