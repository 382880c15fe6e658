import Basics
import Contracts
import Glibc
import KubeModel
import Testing

@testable import Identity

@Suite("Keys of stored secrets") struct SecretKeyTests {
  let directory: TemporaryDirectory
  let keys: SecretKeys

  init() throws {
    directory = try TemporaryDirectory()
    keys = try SecretKeys.prepared(in: directory.keys)
    #expect(try SecretKeys.existing(in: directory.keys) == nil)
    try keys.keep()
  }

  private let text = Array("a password, ä".utf8), context = Array("secrets/n/s/u".utf8)

  @Test("what is sealed opens again with its context, and never looks the same twice")
  func roundTrip() throws {
    let sealed = keys.seal(text, context: context)
    #expect(SealedText.isSealed(sealed))
    #expect(SealedText.key(of: sealed) == keys.currentKey)
    #expect(try keys.open(sealed, context: context) == text)
    #expect(keys.seal(text, context: context) != sealed)
    #expect(try keys.open(keys.seal([], context: []), context: []) == [])
    #expect(!String(decoding: sealed, as: UTF8.self).contains("password"))
  }

  @Test("a changed text, or another context, does not open")
  func tampering() {
    let sealed = keys.seal(text, context: context)
    #expect(throws: KubeStatus.self) { try keys.open(sealed, context: Array("secrets/n/other/u".utf8)) }
    for position in sealed.indices {
      var bad = sealed
      bad[position] ^= 0x02
      #expect(throws: KubeStatus.self, "byte \(position)") { try keys.open(bad, context: context) }
    }
    for count in [0, 1, SealedText.headLength, sealed.count - 4] {
      #expect(throws: KubeStatus.self) { try keys.open(Array(sealed.prefix(count)), context: context) }
    }
  }

  @Test("a new key seals, the old one opens until it is dropped")
  func rotation() throws {
    let old = keys.seal(text, context: context)
    let first = keys.currentKey
    try keys.addKey()
    #expect(keys.currentKey != first)
    #expect(keys.keys.count == 2)
    #expect(try keys.open(old, context: context) == text)
    let again = try #require(try SecretKeys.existing(in: directory.keys))
    #expect(again.currentKey == keys.currentKey)
    #expect(try again.open(old, context: context) == text)
    try keys.dropOldKeys()
    let last = try #require(try SecretKeys.existing(in: directory.keys))
    #expect(last.keys == [keys.currentKey])
    #expect { try last.open(old, context: context) } throws: { "\($0)".contains(first) }
    // Readers on their way still can.
    #expect(try keys.open(old, context: context) == text)
  }

  @Test("no file means no keys; a damaged one is refused and stays")
  func files() throws {
    let other = try TemporaryDirectory()
    #expect(try SecretKeys.existing(in: other.keys) == nil)
    #expect(!LocalFiles.exists(other.keys.path))
    #expect(directory.mode("keys/secrets.key") == 0o600)
    for text in ["", "junk\n", "0123456789abcdef \(Base64.encode([UInt8](repeating: 1, count: 32)))\n"] {
      try LocalFiles.write(Array(text.utf8), to: directory.keys.secretKeys, mode: 0o600)
      #expect { try SecretKeys.prepared(in: directory.keys) } throws: { "\($0)".contains("restore it from a backup") }
      #expect(try directory.file("secrets.key") == text)
    }
  }
}
