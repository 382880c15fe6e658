package import KubeModel

/// Encrypts what lies in the store, so that the file alone tells no secret. Encrypting is authenticated: a text that was changed, or that
/// belongs to another `context`, does not open.
package protocol Sealing: Sendable {
  /// The sealed form of a text, itself a text of ASCII letters that begins with ``SealedText/prefix`` and the key's id.
  func seal(_ plain: [UInt8], context: [UInt8]) -> [UInt8]
  /// The plain text. Throws `internalError` where the key is missing, or the text or its context is not what was sealed.
  func open(_ sealed: [UInt8], context: [UInt8]) throws(KubeStatus) -> [UInt8]
  /// Makes sure that the keys are not lost; called before anything is sealed with them, and only when they can open all that is sealed already.
  func keep() throws(KubeStatus)
  /// The id of the key that ``seal(_:context:)`` uses now.
  var currentKey: String { get }
  /// Ids of all keys that can open.
  var keys: Set<String> { get }
}

extension Sealing {
  package func keep() throws(KubeStatus) {}
}

/// The form of a sealed text: `sealed:v1:<key id, 16 hexadecimal digits>:<Base64>`. No JSON document begins so.
package enum SealedText {
  package static let prefix = Array("sealed:v1:".utf8)
  package static let keyLength = 16
  /// Prefix, key id and the colon behind it.
  package static let headLength = prefix.count + keyLength + 1

  package static func isSealed(_ text: some Collection<UInt8>) -> Bool { text.starts(with: prefix) }

  /// The id of the key that sealed a text; nil when it is not sealed.
  package static func key(of text: [UInt8]) -> String? {
    guard text.count >= headLength, isSealed(text), text[headLength - 1] == UInt8(ascii: ":") else { return nil }
    return String(decoding: text[prefix.count..<headLength - 1], as: UTF8.self)
  }
}
