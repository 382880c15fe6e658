import Basics
import Crypto
import KubeModel
import SwiftASN1
import X509

/// A certificate and its key in PEM.
package struct KeyPair: Sendable, Hashable {
  package var certificate: String
  package var key: String
}

/// The authority that a server makes for itself, and the certificates that it signs.
struct CertificateAuthority: Sendable {
  let certificate: Certificate
  let pem: String
  private let key: P256.Signing.PrivateKey

  static let commonName = "argosy-ca"
  static let days: Int64 = 3650
  /// Of the certificates of servers and clients.
  static let leafDays: Int64 = 365
  /// A certificate with less time left than this is made anew.
  static let renewal = TimeSpan(seconds: 90 * 86_400)

  /// Reads the authority of a directory, or makes it where there is none. Throws `internalError` when its file is damaged or its time is over.
  init(in directory: KeyDirectory, at now: Instant) throws(KubeStatus) {
    let file = directory.authorityKey
    guard let text = try directory.text(file) else {
      self = try Self.make(in: directory, at: now)
      return
    }
    let remedy =
      "restore it from a backup, or remove it to make a new authority, after which every kubeconfig has to be written again (`argosy kubeconfig`)"
    guard let documents = try? PEMDocument.parseMultiple(pemString: text), documents.count == 2,
      let key = try? P256.Signing.PrivateKey(derRepresentation: documents[0].derBytes),
      let certificate = try? Certificate(pemDocument: documents[1]), certificate.publicKey == Certificate.PublicKey(key.publicKey),
      let validity = certificate.validity
    else { throw KubeStatus(.internalError, "\(file) is damaged: \(remedy)") }
    guard validity.contains(now) else {
      let span = "it is valid from \(validity.lowerBound.rfc3339) to \(validity.upperBound.rfc3339)"
      throw KubeStatus(
        .internalError, "the certificate in \(file) is not valid now (\(span)): check this machine's clock, else \(remedy)")
    }
    self.certificate = certificate
    self.key = key
    pem = documents[1].pemString + "\n"
    // The file that clients read is a copy.
    if try directory.text(directory.authorityCertificate) != pem {
      try PrivateFiles.write(Array(pem.utf8), to: directory.authorityCertificate)
    }
  }

  private init(_ certificate: Certificate, pem: String, key: P256.Signing.PrivateKey) {
    self.certificate = certificate
    self.pem = pem
    self.key = key
  }

  private static func make(in directory: KeyDirectory, at now: Instant) throws(KubeStatus) -> CertificateAuthority {
    let key = P256.Signing.PrivateKey()
    // A name of its own, so that a client never takes an old authority for this one.
    let name = "\(commonName)@\(now.seconds)"
    let draft = CertificateDraft(.authority, commonName: name, at: now, days: days)
    let signer = CertificateSigner(issuer: draft.subject, key: key)
    let certificate = try Self.made { try signer.certificate(draft, for: key.publicKey) }
    let pem = try Self.made { try certificate.serializeAsPEM().pemString + "\n" }
    // Key and certificate in one file: there is never one without the other.
    try PrivateFiles.write(Array((key.pemRepresentation + "\n" + pem).utf8), to: directory.authorityKey)
    try PrivateFiles.write(Array(pem.utf8), to: directory.authorityCertificate)
    return CertificateAuthority(certificate, pem: pem, key: key)
  }

  /// A new certificate with a new key.
  func issue(_ draft: CertificateDraft) throws(KubeStatus) -> KeyPair {
    let leaf = P256.Signing.PrivateKey()
    var draft = draft
    // A certificate beyond its authority's time would never be valid there.
    if let end = certificate.validity?.upperBound, draft.notAfter > end { draft.notAfter = end }
    let signer = CertificateSigner(issuer: certificate.subject, key: key)
    let bounded = draft
    let pem = try Self.made { try signer.certificate(bounded, for: leaf.publicKey).serializeAsPEM().pemString + "\n" }
    return KeyPair(certificate: pem, key: leaf.pemRepresentation + "\n")
  }

  /// Whether this authority signed a certificate.
  func signed(_ other: Certificate) -> Bool {
    other.issuer == certificate.subject && certificate.publicKey.isValidSignature(other.signature, for: other)
  }

  private static func made<Value>(_ body: () throws -> Value) throws(KubeStatus) -> Value {
    do {
      return try body()
    } catch {
      throw KubeStatus(.internalError, "a certificate cannot be made: \(error)")
    }
  }
}

extension KeyPair {
  /// Whether the pair still serves: signed by this authority, for this draft's subject and names, its key with it, and time left.
  func serves(_ draft: CertificateDraft, of authority: CertificateAuthority, at now: Instant) -> Bool {
    guard let certificate = try? Certificate(pemEncoded: self.certificate),
      let key = try? P256.Signing.PrivateKey(pemRepresentation: self.key),
      certificate.publicKey == Certificate.PublicKey(key.publicKey), authority.signed(certificate), certificate.subject == draft.subject,
      let validity = certificate.validity, validity.lowerBound <= now, now + CertificateAuthority.renewal < validity.upperBound
    else { return false }
    let wanted = Set(draft.names.map { String(describing: CertificateDraft.alternative($0)) })
    let present = (try? certificate.extensions.subjectAlternativeNames).map { Set($0.map { String(describing: $0) }) } ?? []
    return wanted == present
  }
}
