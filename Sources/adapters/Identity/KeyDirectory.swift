import Basics
import Glibc
import KubeModel

/// Where a server keeps what makes it itself: the authority of its certificates, the keys of its tokens, the keys of stored secrets. Files
/// 0600, the directory 0700; what others could have read is refused.
package struct KeyDirectory: Sendable {
  package let path: String
  package init(_ path: String) { self.path = path }

  /// The name of the directory in a data directory.
  package static let name = "keys"

  /// The authority's certificate, which clients trust, in PEM.
  package var authorityCertificate: String { path + "/ca.crt" }
  /// The authority's key, and its certificate behind it.
  var authorityKey: String { path + "/ca.key" }
  /// The server's certificate in PEM, and its key.
  package var serverCertificate: String { path + "/server.crt" }
  package var serverKey: String { path + "/server.key" }
  var administratorCertificate: String { path + "/admin.crt" }
  var administratorKey: String { path + "/admin.key" }
  /// Keys of service account tokens in PEM: the first signs, all verify.
  var tokenKeys: String { path + "/tokens.key" }
  /// Keys of stored secrets: the first seals, all open.
  package var secretKeys: String { path + "/" + Self.secretKeysName }
  static let secretKeysName = "secrets.key"

  /// Makes the directory, or checks the one that is there, and runs `body` while no other process does so.
  func locked<Value>(_ body: () throws(KubeStatus) -> Value) throws(KubeStatus) -> Value {
    try PrivateFiles.makeDirectory(path)
    let lock = path + "/.lock"
    let descriptor = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
    guard descriptor >= 0 else { throw PrivateFiles.failure("cannot be opened", lock) }
    defer { close(descriptor) }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw PrivateFiles.failure("cannot be locked", lock) }
    }
    return try body()
  }

  /// A file of this directory as text; nil when it is not there.
  func text(_ file: String) throws(KubeStatus) -> String? {
    guard let bytes = try PrivateFiles.read(file) else { return nil }
    guard let text = String(validating: bytes, as: UTF8.self) else {
      throw KubeStatus(.internalError, "\(file) is damaged: restore it from a backup")
    }
    return text
  }
}
