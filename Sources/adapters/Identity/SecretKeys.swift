import Basics
import Contracts
import Crypto
import KubeModel
import Synchronization

/// The keys that stored Secrets are sealed with (AES-256-GCM, a random nonce for each text): the first seals, all open. One line of the
/// file for each: its id and the key in Base64.
package final class SecretKeys: Sealing {
  private struct Key: Sendable {
    let id: String
    let key: SymmetricKey
    let bytes: [UInt8]

    init(_ bytes: [UInt8]) {
      self.bytes = bytes
      key = SymmetricKey(data: bytes)
      let digest = SHA256.hash(data: Array("argosy secret key id\n".utf8) + bytes)
      id = digest.prefix(SealedText.keyLength / 2).map { byte in
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
      }.joined()
    }

    static func random() -> Key {
      Key((0..<32).map { _ in UInt8.random(in: .min ... .max) })
    }
  }

  private struct State: Sendable {
    /// The first seals. Keys that were dropped from the file stay until the process ends, for readers on their way.
    var keys: [Key]
    /// They are in the file.
    var isKept: Bool
  }

  private let directory: KeyDirectory
  private let state: Mutex<State>

  private init(_ directory: KeyDirectory, _ keys: [Key], isKept: Bool = true) {
    self.directory = directory
    state = Mutex(State(keys: keys, isKept: isKept))
  }

  /// The keys of a directory; nil when it has none.
  package static func existing(in directory: KeyDirectory) throws(KubeStatus) -> SecretKeys? {
    let keys = try read(directory)
    return keys.isEmpty ? nil : SecretKeys(directory, keys)
  }

  /// The keys of a directory; a new one where there is none, which ``keep()`` writes into the file.
  package static func prepared(in directory: KeyDirectory) throws(KubeStatus) -> SecretKeys {
    let keys = try read(directory)
    return keys.isEmpty ? SecretKeys(directory, [.random()], isKept: false) : SecretKeys(directory, keys)
  }

  package func keep() throws(KubeStatus) {
    let (keys, isKept) = state.withLock { ($0.keys, $0.isKept) }
    if isKept { return }
    try directory.locked { () throws(KubeStatus) in
      guard try Self.read(directory).isEmpty else {
        throw KubeStatus(.internalError, "\(directory.secretKeys) was made by somebody else at the same time: try again")
      }
      try Self.write(keys, directory)
    }
    state.withLock { $0.isKept = true }
  }

  package var currentKey: String { state.withLock { $0.keys.first?.id ?? "" } }
  package var keys: Set<String> { state.withLock { Set($0.keys.map(\.id)) } }

  /// Puts a new key before the others, in the file first. All that is sealed stays readable.
  package func addKey() throws(KubeStatus) {
    let new = Key.random()
    try directory.locked { () throws(KubeStatus) in try Self.write([new] + (try Self.read(directory)), directory) }
    state.withLock { $0.keys.insert(new, at: 0) }
  }

  /// Takes all keys but the first out of the file, once nothing is sealed with them any more.
  package func dropOldKeys() throws(KubeStatus) {
    let current = currentKey
    try directory.locked { () throws(KubeStatus) in
      let kept = try Self.read(directory).filter { $0.id == current }
      guard !kept.isEmpty else {
        throw KubeStatus(.internalError, "\(directory.secretKeys) was changed by somebody else: nothing was removed from it")
      }
      try Self.write(kept, directory)
    }
  }

  package func seal(_ plain: [UInt8], context: [UInt8]) -> [UInt8] {
    guard let key = state.withLock({ $0.keys.first }), let box = try? AES.GCM.seal(plain, using: key.key, authenticating: context),
      let combined = box.combined
    else {
      // Fails for texts beyond 64 GB only; to go on would store the text unsealed.
      preconditionFailure("a text of \(plain.count) bytes cannot be sealed")
    }
    return SealedText.prefix + Array(key.id.utf8) + [UInt8(ascii: ":")] + Array(Base64.encode(Array(combined)).utf8)
  }

  package func open(_ sealed: [UInt8], context: [UInt8]) throws(KubeStatus) -> [UInt8] {
    guard let id = SealedText.key(of: sealed) else { throw KubeStatus(.internalError, "a stored secret is not sealed as it should be") }
    guard let key = state.withLock({ state in state.keys.first { $0.id == id } }) else {
      throw KubeStatus(
        .internalError,
        "a stored secret is sealed with the key \(id), which \(directory.secretKeys) does not have: restore that file from a backup")
    }
    let text = String(decoding: sealed[SealedText.headLength...], as: UTF8.self)
    guard let combined = Base64.decode(text), let box = try? AES.GCM.SealedBox(combined: combined),
      let plain = try? AES.GCM.open(box, using: key.key, authenticating: context)
    else {
      throw KubeStatus(
        .internalError,
        "a stored secret was changed outside of this program, or belongs to another object: restore the database from a backup")
    }
    return Array(plain)
  }

  private static func read(_ directory: KeyDirectory) throws(KubeStatus) -> [Key] {
    guard let text = try directory.text(directory.secretKeys) else { return [] }
    return try keys(text, named: directory.secretKeys)
  }

  /// The ids of the keys in the content of such a file. Throws `internalError`, naming the file, when it is damaged.
  static func ids(inFile bytes: [UInt8], named file: String) throws(KubeStatus) -> Set<String> {
    Set(try keys(String(decoding: bytes, as: UTF8.self), named: file).map(\.id))
  }

  private static func keys(_ text: String, named file: String) throws(KubeStatus) -> [Key] {
    var keys: [Key] = []
    for line in text.split(separator: "\n") where !line.isEmpty {
      let parts = line.split(separator: " ").map(String.init)
      guard parts.count == 2, let bytes = Base64.decode(parts[1]), bytes.count == 32, Key(bytes).id == parts[0] else {
        throw KubeStatus(.internalError, "\(file) is damaged: restore it from a backup, without it the stored secrets cannot be read")
      }
      keys.append(Key(bytes))
    }
    guard !keys.isEmpty else {
      throw KubeStatus(.internalError, "\(file) is empty: restore it from a backup, without it the stored secrets cannot be read")
    }
    return keys
  }

  private static func write(_ keys: [Key], _ directory: KeyDirectory) throws(KubeStatus) {
    let text = keys.map { "\($0.id) \(Base64.encode($0.bytes))\n" }.joined()
    try PrivateFiles.write(Array(text.utf8), to: directory.secretKeys)
  }
}
