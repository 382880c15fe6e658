import Basics
import Contracts
import JSONValue
import KubeModel
import ResourceDB
import TerraformStateService
import Testing

@Suite("Versions of Terraform's states") struct HistoryTests {
  private static let path = "/tfstate/team/app"
  private static let versions = "/tfstate-versions/team/app"

  private func numbers(_ backend: Backend) -> [Int64] {
    backend.send("GET", Self.versions).json["versions"]?.array?.compactMap { $0["version"]?.int } ?? []
  }

  @Test("each write is a version, told with who, when and what; an earlier one can be read and made the current one again")
  func history() throws {
    let backend = try Backend()
    for serial in 1...3 {
      #expect(backend.send("POST", Self.path, Backend.state(serial)).status == 200)
      backend.clock.advance(seconds: 60)
    }
    let answer = backend.send("GET", Self.versions).json
    #expect(numbers(backend) == [3, 2, 1])
    let newest = answer["versions"]?.array?.first
    #expect(newest?["serial"]?.int == 3 && newest?["lineage"]?.string == "l" && newest?["terraformVersion"]?.string == "1.11.4")
    #expect(newest?["user"]?.string == "somebody" && newest?["bytes"]?.int == Int64(Backend.state(3).utf8.count))
    #expect(answer.at("current", "version")?.int == 3)
    #expect(backend.send("GET", Self.path + "?version=1").text == Backend.state(1))
    #expect(backend.send("POST", Self.versions + "?version=1").status == 200)
    #expect(backend.send("GET", Self.path).text == Backend.state(1))
    #expect(numbers(backend) == [4, 3, 2, 1])
    #expect(backend.send("GET", Self.versions).json.at("current", "restoredFrom")?.int == 1)
    #expect(backend.send("POST", Self.versions + "?version=9").status == 404)
    #expect(backend.send("POST", Self.versions + "?version=x").status == 400 && backend.send("POST", Self.versions).status == 400)
  }

  @Test("a locked state is restored by the holder of the lock only")
  func restoreLocked() throws {
    let backend = try Backend()
    for serial in 1...2 { _ = backend.send("POST", Self.path, Backend.state(serial)) }
    _ = backend.send("LOCK", Self.path, Backend.lock("one"))
    #expect(backend.send("POST", Self.versions + "?version=1").status == 423)
    #expect(backend.send("GET", Self.path).text == Backend.state(2))
    #expect(backend.send("POST", Self.versions + "?version=1&ID=one").status == 200)
  }

  @Test("a deleted state is not there, but its versions are, and bring it back; forgotten at once, nothing is left")
  func deletion() throws {
    let backend = try Backend()
    _ = backend.send("POST", Self.path, Backend.state(1))
    #expect(backend.send("DELETE", Self.path).status == 200)
    #expect(backend.send("GET", Self.path).status == 404)
    #expect(backend.send("GET", "/tfstate/team").json["items"]?.array?.isEmpty == true)
    #expect(numbers(backend) == [1])
    #expect(backend.send("POST", Self.versions + "?version=1").status == 200)
    #expect(backend.send("GET", Self.path).text == Backend.state(1))
    #expect(backend.send("DELETE", Self.path + "?versions=all").status == 200)
    #expect(backend.send("GET", Self.versions).status == 404)
  }

  @Test("so many earlier versions are kept, and so many bytes of them; the current one always")
  func bounds() throws {
    var retention = TerraformRetention()
    retention.versions = 3
    let backend = try Backend(retention: retention)
    for serial in 1...6 { _ = backend.send("POST", Self.path, Backend.state(serial)) }
    #expect(numbers(backend) == [6, 5, 4, 3])
    retention.bytes = Backend.state(1).utf8.count * 2
    let small = try Backend(retention: retention)
    for serial in 1...6 { _ = small.send("POST", Self.path, Backend.state(serial)) }
    #expect(numbers(small) == [6, 5, 4])
    retention.bytes = 0
    let none = try Backend(retention: retention)
    for serial in 1...2 { _ = none.send("POST", Self.path, Backend.state(serial)) }
    #expect(numbers(none) == [2])
  }

  @Test("a version goes when it was replaced or deleted long ago, whichever state it is of")
  func age() throws {
    var retention = TerraformRetention()
    retention.age = TimeSpan(seconds: 100)
    let backend = try Backend(retention: retention)
    _ = backend.send("POST", Self.path, Backend.state(1))
    _ = backend.send("POST", "/tfstate/team/gone", Backend.state(1))
    backend.clock.advance(seconds: 1000)
    _ = backend.send("POST", Self.path, Backend.state(2))
    _ = backend.send("DELETE", "/tfstate/team/gone")
    #expect(numbers(backend) == [2, 1], "replaced just now, however old it is")
    backend.clock.advance(seconds: 101)
    try backend.service.start()
    #expect(numbers(backend) == [2])
    #expect(backend.send("GET", "/tfstate-versions/team/gone").status == 404)
  }

  @Test("the list tells states and locks of one namespace, or of all")
  func list() throws {
    let backend = try Backend()
    _ = backend.send("POST", "/tfstate/team/b/c", Backend.state(7))
    _ = backend.send("LOCK", "/tfstate/team/a", Backend.lock("one"))
    _ = backend.send("POST", "/tfstate/other/a", Backend.state(1))
    let team = backend.send("GET", "/tfstate/team").json["items"]?.array ?? []
    #expect(team.compactMap { $0["key"]?.string } == ["a", "b/c"])
    #expect(team[0]["current"] == .null && team[0].at("lock", "id")?.string == "one" && team[0].at("lock", "user")?.string == "somebody")
    #expect(team[1].at("current", "serial")?.int == 7 && team[1]["lock"] == .null)
    #expect(backend.send("GET", "/tfstate").json["items"]?.array?.count == 3)
    _ = backend.send("UNLOCK", "/tfstate/team/a", Backend.lock("one"))
    #expect(backend.send("GET", "/tfstate/team").json["items"]?.array?.count == 1, "a lock without a state leaves nothing")
  }

  @Test("keys with segments that are no names are refused", arguments: ["", "a//b", "a/./b", "..", "/a", "a/", "a\u{1}"])
  func keys(key: String) {
    #expect(throws: KubeStatus.self) { try TerraformStateService.check(key) }
  }

  @Test("two clients that want the lock at once: one has it")
  func race() async throws {
    let backend = try Backend()
    let statuses = await withTaskGroup(of: Int.self) { group in
      for number in 0..<8 { group.addTask { backend.send("LOCK", Self.path, Backend.lock("\(number)")).status } }
      var statuses: [Int] = []
      for await status in group { statuses.append(status) }
      return statuses
    }
    #expect(statuses.filter { $0 == 200 }.count == 1 && statuses.filter { $0 == 423 }.count == 7, "\(statuses)")
  }
}
