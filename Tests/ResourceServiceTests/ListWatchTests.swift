import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import ResourceService
import Testing

@Suite("lists and watches")
struct ListWatchTests {
  @Test("pages show one moment; when that is too old, a token leads on without it")
  func pages() throws {
    var limits = HistoryLimits()
    limits.bytes = 0
    let bench = try Bench(history: limits)
    for name in ["a", "b", "c", "d", "e"] { try bench.create(.configMap, ["metadata": ["name": .string(name)], "data": ["v": "1"]]) }
    var options = ListOptions()
    options.limit = 2
    let first = try bench.service.list(.configMap, namespace: "n", options)
    #expect(first.items.map(\.name) == ["a", "b"])
    #expect(first.remaining == 3)
    try bench.patch(.configMap, "d", ["data": ["v": "2"]])
    try bench.create(.configMap, ["metadata": ["name": "bb"]])
    options.continueToken = first.continueToken
    let second = try bench.service.list(.configMap, namespace: "n", options)
    #expect(second.items.map(\.name) == ["c", "d"])
    #expect(second.items.map { $0.json.at("data", "v") } == ["1", "1"])
    #expect(second.revision == first.revision)
    #expect(second.remaining == 1)
    options.continueToken = second.continueToken
    let third = try bench.service.list(.configMap, namespace: "n", options)
    #expect(third.items.map(\.name) == ["e"])
    #expect(third.continueToken.isEmpty && third.remaining == nil)
    options.continueToken = "nonsense"
    let bad = options
    #expect(throws: KubeStatus.self) { try bench.service.list(.configMap, namespace: "n", bad) }
  }

  @Test("selectors narrow lists; unknown fields are refused")
  func selectors() throws {
    let bench = try Bench()
    try bench.create(.pod, pod("a", labels: ["app": "x"]))
    try bench.create(.pod, pod("b", labels: ["app": "y"]))
    try bench.patch(.pod, "b", ["status": ["phase": "Running"]], subresource: "status")
    func names(labels: String = "", fields: String = "") throws -> [String] {
      var options = ListOptions()
      options.labels = try LabelSelector.parse(labels)
      options.fields = try FieldSelector.parse(fields)
      return try bench.service.list(.pod, namespace: nil, options).items.map(\.name)
    }
    #expect(try names(labels: "app in (x,z)") == ["a"])
    #expect(try names(fields: "status.phase=Running") == ["b"])
    #expect(try names(fields: "metadata.name!=b,metadata.namespace=n") == ["a"])
    #expect(throws: KubeStatus(.badRequest, "field label not supported: spec.nope")) { try names(fields: "spec.nope=1") }
  }

  @Test("a watch begins with what is there, or after a revision, or is expired")
  func beginnings() throws {
    let bench = try Bench()
    defer { bench.service.stop() }
    let a = try bench.create(.pod, pod("a"))
    try bench.create(.pod, pod("b"))
    var options = WatchOptions()
    let fresh = SignalRecorder()
    let one = try bench.service.watch(.pod, namespace: nil, options, sink: fresh.sink)
    options.resourceVersion = String(a.resourceVersion ?? 0)
    let later = SignalRecorder()
    let two = try bench.service.watch(.pod, namespace: "n", options, sink: later.sink)
    options.resourceVersion = ""
    options.sendsInitialEvents = true
    options.allowsBookmarks = true
    let marked = SignalRecorder()
    let three = try bench.service.watch(.pod, namespace: nil, options, sink: marked.sink)
    try bench.create(.pod, pod("c"))
    #expect(SignalRecorder.lines(fresh.wait(count: 3)) == ["ADDED a", "ADDED b", "ADDED c"])
    #expect(SignalRecorder.lines(later.wait(count: 2)) == ["ADDED b", "ADDED c"])
    #expect(SignalRecorder.lines(marked.wait(count: 4)) == ["ADDED a", "ADDED b", "BOOKMARK END", "ADDED c"])
    for handle in [one, two, three] { handle.cancel() }
    options.resourceVersion = "999"
    let future = SignalRecorder()
    _ = try bench.service.watch(.pod, namespace: nil, options, sink: future.sink)
    #expect(SignalRecorder.lines(future.signals) == ["FAILED Expired"])
  }

  @Test("an object that comes into a selection is added, one that leaves it is deleted as it was")
  func transitions() throws {
    let bench = try Bench()
    defer { bench.service.stop() }
    var options = WatchOptions()
    options.labels = LabelSelector([.equals("app", "x")])
    options.resourceVersion = String(bench.store.revision)
    let seen = SignalRecorder()
    let watch = try bench.service.watch(.pod, namespace: "n", options, sink: seen.sink)
    try bench.create(.pod, pod("a", labels: ["app": "y"]))
    try bench.patch(.pod, "a", ["metadata": ["labels": ["app": "x"]]])
    try bench.patch(.pod, "a", ["metadata": ["annotations": ["k": "v"]]])
    let last = try bench.patch(.pod, "a", ["metadata": ["labels": ["app": "z"]]])
    try bench.patch(.pod, "a", ["metadata": ["annotations": ["k": "w"]]])
    try bench.create(.pod, pod("b", labels: ["app": "x"]))
    let signals = seen.wait(count: 4)
    watch.cancel()
    #expect(SignalRecorder.lines(signals) == ["ADDED a", "MODIFIED a", "DELETED a", "ADDED b"])
    guard case .event(let leaving) = signals[2] else { return }
    #expect(leaving.resource.label("app") == "x")
    #expect(leaving.resource.resourceVersion == last.resourceVersion)
  }

  @Test("many watchers of one view share the event and its text")
  func sharing() throws {
    let bench = try Bench()
    defer { bench.service.stop() }
    let recorders = (0..<50).map { _ in SignalRecorder() }
    var options = WatchOptions()
    options.resourceVersion = String(bench.store.revision)
    let handles = try recorders.map { try bench.service.watch(.pod, namespace: nil, options, sink: $0.sink) }
    try bench.create(.pod, pod("a"))
    let texts = recorders.compactMap { recorder -> SharedTexts? in
      guard case .event(let event) = recorder.wait(count: 1).first else { return nil }
      return event.texts
    }
    #expect(texts.count == 50)
    #expect(texts.allSatisfy { $0 === texts[0] })
    for handle in handles { handle.cancel() }
  }

  @Test("bookmarks tell how far a quiet watch is")
  func bookmarks() throws {
    var settings = ResourceServiceSettings()
    settings.bookmarkInterval = TimeSpan(milliseconds: 20)
    let bench = try Bench(settings: settings)
    defer { bench.service.stop() }
    var options = WatchOptions()
    options.resourceVersion = String(bench.store.revision)
    options.allowsBookmarks = true
    let seen = SignalRecorder()
    let watch = try bench.service.watch(.pod, namespace: nil, options, sink: seen.sink)
    try bench.create(.configMap, ["metadata": ["name": "c"]])
    let revision = bench.store.revision
    var count = 1
    // The first may be of before the change.
    while !seen.wait(count: count).contains(where: { if case .bookmark(revision, false) = $0 { true } else { false } }), count < 1000 {
      count += 1
    }
    #expect(count < 1000)
    watch.cancel()
  }
}
