import NIOSSL
import Synchronization

/// The server's certificate with its chain, and its key, both in PEM.
package struct TLSIdentity: Sendable, Hashable {
  package var chain: [UInt8]
  package var key: [UInt8]
  package init(chain: [UInt8], key: [UInt8]) {
    self.chain = chain
    self.key = key
  }
}

extension TLSIdentity {
  /// What the TLS library takes. Throws when a text is no certificate or no key, or the two do not belong together.
  func sources() throws -> (chain: [NIOSSLCertificateSource], key: NIOSSLPrivateKeySource) {
    let chain = try NIOSSLCertificate.fromPEMBytes(chain).map { NIOSSLCertificateSource.certificate($0) }
    let key = NIOSSLPrivateKeySource.privateKey(try NIOSSLPrivateKey(bytes: key, format: .pem))
    // The library compares them only when it makes a context.
    _ = try NIOSSLContext(configuration: .makeServerConfiguration(certificateChain: chain, privateKey: key))
    return (chain, key)
  }
}

/// The certificate of a server that runs, once it was made anew.
final class RenewedIdentity: Sendable {
  private let held = Mutex(NIOSSLContextConfigurationOverride.noChanges)

  var current: NIOSSLContextConfigurationOverride { held.withLock { $0 } }

  func set(_ identity: TLSIdentity) throws {
    let (chain, key) = try identity.sources()
    var new = NIOSSLContextConfigurationOverride()
    new.certificateChain = chain
    new.privateKey = key
    let override = new
    held.withLock { $0 = override }
  }
}
