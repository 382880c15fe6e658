import Basics
import ClusterService
import Contracts
import Glibc
import JSONValue
import KubeModel
import ResourceDB
import Synchronization
import Testing

@Suite struct EventTests {
  private let pod = Resource(
    .pod, json: ["metadata": ["name": "p", "namespace": "default", "uid": "u1", "resourceVersion": "7"]])

  private func wait(_ store: ResourceDatabase, until condition: ([Resource]) -> Bool) throws -> [Resource] {
    var events: [Resource] = []
    for _ in 0..<3000 {
      events = try store.list(.event, namespace: nil, labels: .everything)
      if condition(events) { break }
      usleep(10_000)
    }
    return events
  }

  @Test("an event says what happened to what, and equal ones are counted")
  func counting() throws {
    let store = try ResourceDatabase(file: ":memory:")
    let recorder = EventRecorder(store: store, host: "here")
    try recorder.start()
    defer { recorder.stop() }
    var event = ObjectEvent(.warning, reason: "BackOff", message: "again", about: pod, component: "kubelet")
    event.fieldPath = "spec.containers{main}"
    event.annotations = ["example.com/a": "b"]
    for _ in 0..<3 { recorder.record(event) }
    recorder.record(ObjectEvent(.normal, reason: "Started", message: "Started container main", about: pod, component: "kubelet"))
    let events = try wait(store) { events in events.count == 2 && events.contains { $0.json["count"]?.int == 3 } }
    let counted = try #require(events.first { $0.json["reason"]?.string == "BackOff" })
    #expect(events.count == 2 && counted.json["count"]?.int == 3)
    #expect(
      counted.json["involvedObject"] == [
        "kind": "Pod", "namespace": "default", "name": "p", "uid": "u1", "apiVersion": "v1", "resourceVersion": "7",
        "fieldPath": "spec.containers{main}",
      ])
    #expect(counted.json["type"]?.string == "Warning" && counted.json["message"]?.string == "again")
    #expect(counted.json["source"] == ["component": "kubelet", "host": "here"])
    #expect(counted.name.hasPrefix("p.") && counted.annotation("example.com/a") == "b")
  }

  @Test("one source cannot flood one object: after a burst of 25 nothing more is written, for others it is")
  func flood() throws {
    let store = try ResourceDatabase(file: ":memory:")
    let time = Instant(seconds: 1_000_000)
    let recorder = EventRecorder(store: store, clock: { time })
    try recorder.start()
    for number in 0..<60 {
      recorder.record(ObjectEvent(.normal, reason: "R\(number)", message: "m", about: pod, component: "c"))
    }
    var other = pod
    other.uid = "u2"
    recorder.record(ObjectEvent(.normal, reason: "Other", message: "m", about: other, component: "c"))
    recorder.stop()
    let reasons = try store.list(.event, namespace: nil, labels: .everything).compactMap { $0.json["reason"]?.string }
    #expect(reasons.count == 26 && reasons.contains("Other"))
  }

  @Test("many events that differ in their message only become one")
  func similar() throws {
    let store = try ResourceDatabase(file: ":memory:")
    let time = Instant(seconds: 1_000_000)
    let recorder = EventRecorder(store: store, clock: { time })
    try recorder.start()
    for number in 0..<20 { recorder.record(ObjectEvent(.normal, reason: "R", message: "m\(number)", about: pod, component: "c")) }
    recorder.stop()
    let events = try store.list(.event, namespace: nil, labels: .everything)
    let combined = events.filter { $0.json["message"]?.string?.hasPrefix("(combined from similar events): ") == true }
    #expect(combined.count == 1 && events.count == 11)
    #expect(combined.first?.json["count"]?.int == 10)
  }

  @Test("events that are old when the program starts are removed, others stay")
  func expiry() throws {
    let store = try ResourceDatabase(file: ":memory:")
    let now = Instant(seconds: 1_000_000)
    for (name, age) in [("old", Int64(3601)), ("young", 3500)] {
      try store.create(
        Resource(
          .event,
          json: [
            "metadata": ["name": .string(name), "namespace": "default"], "lastTimestamp": .string((now + TimeSpan(seconds: -age)).rfc3339),
          ]))
    }
    let recorder = EventRecorder(store: store, clock: { now })
    try recorder.start()
    let left = try wait(store) { $0.count == 1 }
    recorder.stop()
    #expect(left.map(\.name) == ["young"])
  }

  @Test("an event that was deleted meanwhile is made anew with its count")
  func remade() throws {
    let store = try ResourceDatabase(file: ":memory:")
    let recorder = EventRecorder(store: store)
    try recorder.start()
    defer { recorder.stop() }
    let event = ObjectEvent(.normal, reason: "R", message: "m", about: pod, component: "c")
    recorder.record(event)
    let first = try #require(try wait(store) { $0.count == 1 }.first)
    try store.commit([.delete(first.key)])
    recorder.record(event)
    let second = try wait(store) { $0.first.map { $0.name != first.name } ?? false }
    #expect(second.first?.json["count"]?.int == 2)
  }
}
