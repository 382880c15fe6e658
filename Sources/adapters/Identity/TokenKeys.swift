import Basics
import Crypto
import JSONValue
import KubeModel
import SwiftASN1
import Synchronization

/// The keys that sign service account tokens (ES256) and know them again: the first signs, all verify, so that tokens outlive a change of the key.
package final class TokenKeys: Sendable {
  struct Key: Sendable {
    let privateKey: P256.Signing.PrivateKey
    let publicKey: P256.Signing.PublicKey
    /// URL-safe Base64 of the SHA-256 of the public key's DER form, as Kubernetes names its keys.
    let id: String

    init(_ key: P256.Signing.PrivateKey) {
      privateKey = key
      publicKey = key.publicKey
      id = Base64URL.encode(Array(SHA256.hash(data: Array(key.publicKey.derRepresentation))))
    }
  }

  /// What tokens name as their issuer unless the server is told another: as in a cluster whose API server is reached inside under this name.
  package static let defaultIssuer = "https://kubernetes.default.svc.cluster.local"
  /// More keys than these are not kept: their tokens have long expired.
  private static let keyLimit = 8

  /// What stands in `iss`, and the audience of this server.
  package let issuer: String
  private let directory: KeyDirectory
  private let keys: Mutex<[Key]>

  /// Reads the keys, or makes the first one. To be called with the directory's lock.
  init(in directory: KeyDirectory, issuer: String) throws(KubeStatus) {
    self.directory = directory
    self.issuer = issuer
    var found = try Self.read(directory)
    if found.isEmpty {
      found = [Key(P256.Signing.PrivateKey())]
      try Self.write(found, directory)
    }
    keys = Mutex(found)
  }

  /// Puts a new key before the others; tokens that they signed stay valid.
  package func rotate() throws(KubeStatus) {
    let new = Key(P256.Signing.PrivateKey())
    let all = try directory.locked { () throws(KubeStatus) -> [Key] in
      let all = Array(([new] + (try Self.read(directory))).prefix(Self.keyLimit))
      try Self.write(all, directory)
      return all
    }
    keys.withLock { $0 = all }
  }

  var signingKey: Key? { keys.withLock { $0.first } }

  /// The key of this id; nil when it is none of this server's.
  func key(_ id: String) -> Key? { keys.withLock { keys in keys.first { $0.id == id } } }

  /// The public keys as a JSON Web Key Set (RFC 7517), as `/openid/v1/jwks` tells them.
  package var keySet: JSON {
    let list = keys.withLock { $0 }.map { key -> JSON in
      // Behind the byte 0x04 the two coordinates, 32 bytes each (SEC 1, 2.3.3).
      let point = Array(key.publicKey.x963Representation)
      return [
        "use": "sig", "kty": "EC", "kid": .string(key.id), "crv": "P-256", "alg": "ES256", "x": .string(Base64URL.encode(point[1..<33])),
        "y": .string(Base64URL.encode(point[33...])),
      ]
    }
    return ["keys": .array(list)]
  }

  /// What `/.well-known/openid-configuration` tells, with the address at which the key set is found.
  package func openIDConfiguration(server: String) -> JSON {
    [
      "issuer": .string(issuer), "jwks_uri": .string("\(server)/openid/v1/jwks"), "response_types_supported": ["id_token"],
      "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": ["ES256"],
    ]
  }

  private static func read(_ directory: KeyDirectory) throws(KubeStatus) -> [Key] {
    guard let text = try directory.text(directory.tokenKeys) else { return [] }
    let found = (try? PEMDocument.parseMultiple(pemString: text)).map { documents in
      documents.compactMap { try? P256.Signing.PrivateKey(derRepresentation: $0.derBytes) }
    }
    guard let found, !found.isEmpty else {
      throw KubeStatus(
        .internalError,
        "\(directory.tokenKeys) is damaged: restore it from a backup, or remove it to make a new key, after which all tokens are void")
    }
    return found.map(Key.init)
  }

  private static func write(_ keys: [Key], _ directory: KeyDirectory) throws(KubeStatus) {
    let text = keys.map { $0.privateKey.pemRepresentation + "\n" }.joined()
    try PrivateFiles.write(Array(text.utf8), to: directory.tokenKeys)
  }
}

/// Base64 of RFC 4648 section 5 without padding, as JSON Web Tokens have it.
enum Base64URL {
  static func encode(_ bytes: some Collection<UInt8>) -> String {
    String(
      decoding: Base64.encode(bytes).utf8.compactMap { byte -> UInt8? in
        switch byte {
        case UInt8(ascii: "+"): UInt8(ascii: "-")
        case UInt8(ascii: "/"): UInt8(ascii: "_")
        case UInt8(ascii: "="): nil
        default: byte
        }
      }, as: UTF8.self)
  }

  /// The bytes; nil for every text but the one that ``encode(_:)`` makes of them: two texts of one token would be two tokens.
  static func decode(_ text: Substring) -> [UInt8]? {
    var standard: [UInt8] = []
    standard.reserveCapacity(text.utf8.count + 3)
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "-"): standard.append(UInt8(ascii: "+"))
      case UInt8(ascii: "_"): standard.append(UInt8(ascii: "/"))
      case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"):
        standard.append(byte)
      default: return nil
      }
    }
    while standard.count % 4 != 0 { standard.append(UInt8(ascii: "=")) }
    guard let bytes = Base64.decode(String(decoding: standard, as: UTF8.self)), encode(bytes) == text else { return nil }
    return bytes
  }
}
