import Contracts
import JSONValue
import KubeModel
import Synchronization
import Testing

@testable import ArgoAPI

/// Lists that are written while their objects are read.
@Suite struct ObjectSeriesTests {
  private final class Sink: ReplySink {
    let bytes = Mutex<[UInt8]>([])
    let isFinished = Mutex(false)
    func push(_ bytes: [UInt8]) -> Bool {
      self.bytes.withLock { $0 += bytes }
      return true
    }
    func offer(_ bytes: [UInt8]) -> Bool { push(bytes) }
    func finish() { isFinished.withLock { $0 = true } }
  }

  private static let page: ResourcePage = {
    var page = ResourcePage(
      items: (0..<150).map { Resource(.workflow, json: ["metadata": ["name": .string("w\($0)"), "namespace": "n"]]) }, revision: 7)
    page.continueToken = "150"
    return page
  }()

  private static func whole(_ item: Resource) -> Resource {
    var item = item
    item.json["status"] = ["phase": "Failed", "nodes": [item.name: ["id": .string(item.name)]]]
    return item
  }

  @Test(
    "a long list is the one that a short one would be, whatever fields are wanted",
    arguments: [
      "", "items.metadata.name,items.status.nodes", "metadata,items.status", "-items.status.nodes", "-metadata", "-items", "items",
    ])
  func same(fields: String) throws {
    let reply = try ArgoReply.list(Self.page, of: .workflow, unfinished: 150) { Self.whole($0) }
    guard case .series(let series) = reply else {
      Issue.record("not written one by one")
      return
    }
    guard case .document(let document) = try ArgoReply.list(Self.page, of: .workflow, unfinished: 0, finish: { Self.whole($0) }) else {
      Issue.record("not written at once")
      return
    }
    let sink = Sink()
    series.write(to: sink, FieldFilter(fields))
    #expect(sink.isFinished.withLock { $0 })
    #expect(try JSON.parse(sink.bytes.withLock { $0 }) == FieldFilter(fields).applied(to: document))
  }

  @Test("what cannot be read ends the answer in the middle") func broken() throws {
    let sink = Sink()
    let series = ObjectSeries(head: ["items": []], items: Self.page.items) { item throws(KubeStatus) in
      if item.name == "w3" { throw KubeStatus(.internalError, "damaged") }
      return item
    }
    series.write(to: sink, FieldFilter(""))
    #expect(sink.isFinished.withLock { $0 })
    #expect((try? JSON.parse(sink.bytes.withLock { $0 })) == nil)
  }
}
