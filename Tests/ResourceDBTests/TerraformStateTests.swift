import Basics
import Contracts
import JSONValue
import KubeModel
import Testing

@testable import ResourceDB

@Suite("Terraform's states in the database") struct TerraformStateTests {
  private let directory: TemporaryDirectory
  private static let first = "0000000000000001", second = "0000000000000002"
  private static let key = TerraformStateKey(namespace: "n", key: "app")

  init() throws { directory = try TemporaryDirectory() }

  private func open(_ sealing: (any Sealing)?) throws -> ResourceDatabase {
    try ResourceDatabase(file: directory.database, sealing: sealing)
  }

  private func put(_ text: String, _ store: ResourceDatabase, as key: TerraformStateKey = key) throws {
    let version = TerraformStateVersion(created: Instant(seconds: 1), user: "u", bytes: text.utf8.count)
    try store.changeTerraformState(key) { _ in .put(version, content: Array(text.utf8), keeping: TerraformRetention()) }
  }

  private func text(_ version: Int64, _ store: ResourceDatabase, of key: TerraformStateKey = key) throws -> String? {
    try store.terraformContent(of: key, version: version).map { String(decoding: $0, as: UTF8.self) }
  }

  private func isOnDisk(_ word: String) -> Bool {
    let folder = directory.path + "/data"
    return LocalFiles.names(in: folder).contains { name in
      readFile(folder + "/" + name).map { String(decoding: $0, as: UTF8.self).contains(word) } ?? false
    }
  }

  @Test("no word of a state is in the files, nor of an earlier version; without a key there is")
  func sealed() throws {
    let store = try open(TestSealing(Self.first))
    try put("topsecret-one", store)
    try put("topsecret-two", store)
    #expect(try text(1, store) == "topsecret-one" && text(2, store) == "topsecret-two")
    #expect(!isOnDisk("topsecret"))
    store.close()
    #expect(!isOnDisk("topsecret"))
    let other = try TemporaryDirectory()
    let plain = try ResourceDatabase(file: other.database)
    try put("topsecret-one", plain)
    plain.close()
    #expect(readFile(other.database).map { String(decoding: $0, as: UTF8.self).contains("topsecret") } == true)
  }

  @Test("states of before are sealed when there is a key, and sealed anew with a new one; then the old one is not needed")
  func newKeys() throws {
    let plain = try open(nil)
    try put("topsecret-one", plain)
    plain.close()
    let sealing = TestSealing(Self.first)
    let store = try open(sealing)
    #expect(!isOnDisk("topsecret"))
    #expect(try text(1, store) == "topsecret-one")
    sealing.rotate(to: Self.second)
    #expect(try store.reseal() == 1)
    sealing.dropOld()
    #expect(try text(1, store) == "topsecret-one")
    store.close()
    let again = try open(TestSealing(Self.second))
    #expect(try text(1, again) == "topsecret-one")
    again.close()
  }

  @Test("without the right key the database is refused")
  func wrongKey() throws {
    let store = try open(TestSealing(Self.first))
    try put("topsecret-one", store)
    store.close()
    #expect(throws: KubeStatus.self) { _ = try open(nil) }
    #expect(throws: KubeStatus.self) { _ = try open(TestSealing(Self.second)) }
  }

  @Test("a content that was put into another version's row, or another state's, is refused")
  func swappedRows() throws {
    let sealing = TestSealing(Self.first)
    let store = try open(sealing)
    // Long enough for the stand-in of encryption to notice the context.
    let one = String(repeating: "one ", count: 60)
    for text in [one, String(repeating: "two ", count: 60)] { try put(text, store) }
    try put(one, store, as: TerraformStateKey(namespace: "n", key: "other"))
    store.close()
    do {
      let connection = try Connection(file: directory.database, access: .readWrite, busyMilliseconds: 0)
      try connection.execute(
        "UPDATE terraform_versions SET content = (SELECT content FROM terraform_versions WHERE state = 1 AND version = 1)")
    }
    let again = try open(sealing)
    #expect(try text(1, again) == one)
    #expect(throws: KubeStatus.self) { try text(2, again) }
    #expect(throws: KubeStatus.self) { try text(1, again, of: TerraformStateKey(namespace: "n", key: "other")) }
    again.close()
  }

  @Test("what is refused inside of a change leaves everything as it is, and the next one works")
  func refusal() throws {
    let store = try open(nil)
    try put("one", store)
    let failure = #expect(throws: KubeStatus.self) {
      try store.changeTerraformState(Self.key) { (_) throws(KubeStatus) in throw KubeStatus(.conflict, "no") }
    }
    #expect(failure?.message == "no")
    try put("two", store)
    #expect(try store.terraformVersions(of: Self.key).map(\.number) == [2, 1])
    store.close()
    #expect(throws: KubeStatus.self) { try put("three", store) }
  }

  @Test("states go with their namespace, in the same transaction")
  func namespaceEnds() throws {
    let store = try open(nil)
    try put("one", store)
    try put("two", store, as: TerraformStateKey(namespace: "m", key: "app"))
    try store.create(Resource(.namespace, json: ["metadata": ["name": "n"]]))
    try store.commit([.delete(ResourceKey(.namespace, namespace: "", name: "n"))])
    #expect(try store.terraformStates(namespace: nil).map(\.key.namespace) == ["m"])
    #expect(try text(1, store) == nil)
    store.close()
  }
}
