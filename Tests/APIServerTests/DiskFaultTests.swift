import FaultKit
import ServerKit
import Testing

@Suite("A server whose disk fails")
struct DiskFaultTests {
  /// SQLite's READONLY, FULL, IOERR_WRITE and IOERR_FSYNC.
  @Test(
    "writers get the cause in words, readers are served, and all goes on when the disk works again",
    arguments: [
      (.write, 8, 503, "writable"), (.write, 13, 503, "is full"), (.write, 778, 500, "check the disk"),
      (.sync, 1034, 500, "check the disk"),
    ]
      as [(FaultyDisk.Action, Int32, Int, String)])
  func faults(action: FaultyDisk.Action, code: Int32, status: Int, words: String) async throws {
    let disk = FaultyDisk()
    let server = try await TestServer(fileSystem: disk.name)
    let maps = "/api/v1/namespaces/n/configmaps"
    func create(_ name: String) async throws -> Reply {
      try await server.call(
        "POST", maps, headers: [("Content-Type", "application/json")], body: #"{"metadata": {"name": "\#(name)"}}"#)
    }
    #expect(try await create("before").status == 201)
    disk.fail(action, code)
    for _ in 0..<2 {
      let reply = try await create("late")
      #expect(reply.status == status && reply.text.contains(words), "\(reply)")
      #expect(try await server.call("GET", maps + "/before").status == 200)
      #expect(try await server.call("GET", maps + "/late").status == 404)
    }
    disk.fail(action, nil)
    #expect(try await create("late").status == 201)
    await server.stop()
    disk.remove()
  }
}
