import Crypto

/// Codes that prove that a message comes from who knows a key (RFC 2104).
package enum MessageAuthentication {
  /// HMAC with SHA-256: 32 bytes.
  package static func hmacSHA256(key: [UInt8], message: [UInt8]) -> [UInt8] {
    Array(HMAC<SHA256>.authenticationCode(for: message, using: SymmetricKey(data: key)))
  }
}
