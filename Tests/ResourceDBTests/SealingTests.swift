import Basics
import Contracts
import Glibc
import JSONValue
import KubeModel
import Synchronization
import Testing

@testable import ResourceDB

/// Seals by a keystream of its own making: no encryption, but nothing of the text can be seen, and the context and each change are noticed.
final class TestSealing: Sealing {
  private let names: Mutex<[String]>
  init(_ names: String...) { self.names = Mutex(names) }

  var currentKey: String { names.withLock { $0[0] } }
  var keys: Set<String> { names.withLock { Set($0) } }
  func rotate(to name: String) { names.withLock { $0.insert(name, at: 0) } }
  func dropOld() { names.withLock { $0 = [$0[0]] } }

  private func stream(_ key: String, _ context: [UInt8], _ index: Int) -> UInt8 {
    let seed = Array(key.utf8) + context
    return seed[index % seed.count] &* 31 &+ UInt8(truncatingIfNeeded: index &* 7) | 0x80
  }

  func seal(_ plain: [UInt8], context: [UInt8]) -> [UInt8] {
    let key = currentKey
    let checked = [UInt8(truncatingIfNeeded: plain.reduce(0) { $0 &+ Int($1) })] + plain
    let hidden = checked.enumerated().map { $1 ^ stream(key, context, $0) }
    return SealedText.prefix + Array(key.utf8) + [UInt8(ascii: ":")] + Array(Base64.encode(hidden).utf8)
  }

  func open(_ sealed: [UInt8], context: [UInt8]) throws(KubeStatus) -> [UInt8] {
    guard let key = SealedText.key(of: sealed), keys.contains(key) else { throw KubeStatus(.internalError, "no key") }
    let hidden = Base64.decode(String(decoding: sealed[SealedText.headLength...], as: UTF8.self)) ?? []
    let checked = hidden.enumerated().map { $1 ^ stream(key, context, $0) }
    let plain = Array(checked.dropFirst())
    guard checked.first == UInt8(truncatingIfNeeded: plain.reduce(0) { $0 &+ Int($1) }) else { throw KubeStatus(.internalError, "changed") }
    return plain
  }
}

@Suite("Secrets in the database") struct SealingTests {
  private let directory: TemporaryDirectory
  private var file: String { directory.database }
  private static let first = "0000000000000001", second = "0000000000000002"

  init() throws { directory = try TemporaryDirectory() }

  private func open(_ sealing: (any Sealing)?) throws -> ResourceDatabase {
    var settings = ResourceDatabaseSettings()
    settings.cacheBytes = 0
    settings.history = HistoryLimits()
    return try ResourceDatabase(file: file, settings: settings, sealing: sealing)
  }

  private func secret(_ name: String, _ word: String, owner: String? = nil) -> Resource {
    var secret = Resource(
      .secret,
      json: [
        "metadata": [
          "name": .string(name), "namespace": "n", "labels": ["app": "x"],
          "annotations": ["kubectl.kubernetes.io/last-applied-configuration": .string("{\"stringData\":{\"a\":\"\(word)\"}}")],
        ], "data": ["a": .string(Base64.encode(word.utf8))],
      ])
    if let owner {
      secret.json["metadata"]?["ownerReferences"] = [
        ["uid": .string(owner), "name": "o", "kind": "O", "apiVersion": "v1", "controller": true]
      ]
    }
    return secret
  }

  private func word(_ secret: Resource?) -> String {
    secret?.json.at("data", "a")?.string.flatMap(Base64.decode).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }

  /// Whether a word is in any file of the database, also in Base64.
  private func isOnDisk(_ word: String) -> Bool {
    let folder = directory.path + "/data"
    for name in LocalFiles.names(in: folder) {
      guard let bytes = readFile(folder + "/" + name) else { continue }
      for needle in [Array(word.utf8), Array(Base64.encode(word.utf8).utf8.dropLast(4))] {
        if Self.contains(bytes, needle) { return true }
      }
    }
    return false
  }

  private static func contains(_ bytes: [UInt8], _ needle: [UInt8]) -> Bool {
    bytes.withUnsafeBufferPointer { bytes in
      guard bytes.count >= needle.count, let first = needle.first else { return false }
      for start in 0...(bytes.count - needle.count) where bytes[start] == first {
        if needle.indices.allSatisfy({ bytes[start + $0] == needle[$0] }) { return true }
      }
      return false
    }
  }

  private static let key = ResourceKey(.secret, namespace: "n", name: "s")

  @Test("no word of a Secret is in the files: when it is made, changed, patched, deleted, listed from the history")
  func nothingOnDisk() throws {
    let sealing = TestSealing(Self.first)
    let store = try open(sealing)
    let start = store.revision
    let made = try store.create(secret("s", "topsecret-one", owner: "o-1"))
    var changed = made
    changed.json["data"] = ["a": .string(Base64.encode("topsecret-two".utf8))]
    try store.update(changed)
    try store.commit([.patch(Self.key, ["data": ["a": .string(Base64.encode("topsecret-three".utf8))]])])
    #expect(word(try store.get(Self.key)) == "topsecret-three")
    #expect(try store.list(.secret, namespace: "n", labels: .everything).map(word) == ["topsecret-three"])
    #expect(try store.owned(by: "o-1").map(word) == ["topsecret-three"])
    #expect(try store.dependents(of: "o-1").map(word) == ["topsecret-three"])
    try store.create(secret("gone", "topsecret-four"))
    try store.commit([.delete(ResourceKey(.secret, namespace: "n", name: "gone"))])
    let changes = try store.changes(of: .secret, after: start, limit: 100).changes
    #expect(
      changes.map { word($0.event.resource) } == ["topsecret-one", "topsecret-two", "topsecret-three", "topsecret-four", "topsecret-four"])
    #expect(changes.map { word($0.previous) } == ["", "topsecret-one", "topsecret-two", "", "topsecret-four"])
    var request = PageRequest(.secret, namespace: nil)
    request.revision = made.resourceVersion
    #expect(try store.page(request).items.map(word) == ["topsecret-one"])
    #expect(!isOnDisk("topsecret"))
    store.close()
    #expect(!isOnDisk("topsecret"))
    let again = try open(sealing)
    #expect(word(try again.get(Self.key)) == "topsecret-three")
    again.close()
  }

  @Test("the test sees a word that is there: without a key, Secrets are plain")
  func plainWithoutKey() throws {
    let store = try open(nil)
    try store.create(secret("s", "topsecret-one"))
    #expect(isOnDisk("topsecret"))
    store.close()
  }

  @Test("Secrets of before are sealed when the database is opened with a key, and wiped from the file and its log")
  func existingSecrets() throws {
    let plain = try open(nil)
    try plain.create(secret("s", "topsecret-one"))
    try plain.update(secret("s", "topsecret-two"))
    for number in 0..<20 { try plain.create(secret("x\(number)", "topsecret-\(number)-" + String(repeating: "y", count: 5000))) }
    for number in 0..<10 { try plain.commit([.delete(ResourceKey(.secret, namespace: "n", name: "x\(number)"))]) }
    let before = try plain.list(.secret, namespace: nil, labels: .everything)
    let revision = plain.revision
    plain.close()
    #expect(isOnDisk("topsecret"))
    let store = try open(TestSealing(Self.first))
    #expect(!isOnDisk("topsecret"))
    #expect(store.revision == revision)
    #expect(try store.list(.secret, namespace: nil, labels: .everything) == before)
    #expect(try store.changes(of: .secret, after: store.oldestRevision, limit: 100).changes.count == 32)
    store.close()
    #expect(!isOnDisk("topsecret"))
  }

  @Test("without the right key the database is refused and stays as it is")
  func wrongKeys() throws {
    let store = try open(TestSealing(Self.first))
    try store.create(secret("s", "topsecret-one"))
    store.close()
    let before = try #require(readFile(file))
    #expect { _ = try open(nil) } throws: { "\($0)".contains("holds encrypted Secrets") && "\($0)".contains("secrets.key") }
    #expect { _ = try open(TestSealing(Self.second)) } throws: { "\($0)".contains("encrypted with the key \(Self.first)") }
    #expect(readFile(file) == before)
    let again = try open(TestSealing(Self.second, Self.first))
    #expect(word(try again.get(Self.key)) == "topsecret-one")
    again.close()
  }

  @Test("a text that was put into another Secret's row is refused")
  func swappedRows() throws {
    let sealing = TestSealing(Self.first)
    let store = try open(sealing)
    try store.create(secret("s", "topsecret-one"))
    try store.create(secret("t", "topsecret-two"))
    store.close()
    do {
      let connection = try Connection(file: file, access: .readWrite, busyMilliseconds: 0)
      try connection.execute("UPDATE objects SET json = (SELECT json FROM objects WHERE name = 't') WHERE name = 's'")
    }
    let again = try open(sealing)
    let failure = #expect(throws: KubeStatus.self) { try again.get(Self.key) }
    #expect(failure?.message.contains("secrets \"n/s\"") == true)
    #expect(word(try again.get(ResourceKey(.secret, namespace: "n", name: "t"))) == "topsecret-two")
    again.close()
  }

  @Test("a new key seals all, present and past, while others read and write; then the old one is not needed")
  func rotation() throws {
    let sealing = TestSealing(Self.first)
    let store = try open(sealing)
    for number in 0..<30 { try store.create(secret("x\(number)", "topsecret-\(number)")) }
    try store.update(secret("x0", "topsecret-new"))
    let stop = Flag(), failure = FailureBox()
    let busy = secret("x1", "topsecret-busy")
    let thread = startThread(name: "busy") {
      do {
        while !stop.isSet {
          for number in 0..<30 { _ = try store.get(ResourceKey(.secret, namespace: "n", name: "x\(number)")) }
          try store.update(busy)
        }
      } catch {
        failure.set("\(error)")
      }
    }
    sealing.rotate(to: Self.second)
    #expect(try store.reseal() >= 30)
    stop.set()
    thread.join()
    #expect(failure.text == "")
    #expect(try store.reseal() == 0)
    store.close()
    sealing.dropOld()
    let again = try open(sealing)
    #expect(try again.list(.secret, namespace: nil, labels: .everything).count == 30)
    #expect(word(try again.get(ResourceKey(.secret, namespace: "n", name: "x0"))) == "topsecret-new")
    #expect(try again.changes(of: .secret, after: again.oldestRevision, limit: 1000).changes.count >= 31)
    again.close()
  }

  @Test("an interrupted change of the key is finished by the next one")
  func interruptedRotation() throws {
    let store = try open(TestSealing(Self.first))
    try store.create(secret("s", "topsecret-one"))
    store.close()
    // The new key is in the file, but nothing was sealed with it before the end.
    let again = try open(TestSealing(Self.second, Self.first))
    again.close()
    // Opening has done the rest.
    let last = try open(TestSealing(Self.second))
    #expect(word(try last.get(Self.key)) == "topsecret-one")
    last.close()
  }
}

private final class FailureBox: Sendable {
  private let value = Mutex("")
  func set(_ text: String) { value.withLock { $0 = text } }
  var text: String { value.withLock { $0 } }
}

private final class Flag: Sendable {
  private let value = Atomic(false)
  var isSet: Bool { value.load(ordering: .acquiring) }
  func set() { value.store(true, ordering: .releasing) }
}
