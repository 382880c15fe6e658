import Basics
import Contracts
import SwiftASN1
import X509

/// Knows the client certificates of one authority.
package struct ClientCertificates: CertificateChecking {
  private let authority: CertificateAuthority
  init(_ authority: CertificateAuthority) { self.authority = authority }

  /// Larger ones are not looked at.
  private static let sizeLimit = 16_384
  /// What may be critical, because it is looked at here or says nothing that matters here.
  private static let known: Set<ASN1ObjectIdentifier> = [
    .X509ExtensionID.basicConstraints, .X509ExtensionID.keyUsage, .X509ExtensionID.extendedKeyUsage,
    .X509ExtensionID.subjectAlternativeName,
  ]

  package func owner(ofCertificate der: [UInt8], at now: Instant) -> CertificateOwner? {
    guard der.count <= Self.sizeLimit, let certificate = try? Certificate(derEncoded: der), authority.signed(certificate),
      let validity = certificate.validity, validity.contains(now), let authorityValidity = authority.certificate.validity,
      authorityValidity.contains(now), Self.isForClients(certificate)
    else { return nil }
    var name = ""
    var groups: [String] = []
    for part in certificate.subject {
      for attribute in part {
        guard let text = String(attribute.value), !text.isEmpty else { continue }
        if attribute.type == .RDNAttributeType.commonName { name = text }
        if attribute.type == .RDNAttributeType.organizationName { groups.append(text) }
      }
    }
    guard !name.isEmpty else { return nil }
    let end = min(validity.upperBound, authorityValidity.upperBound)
    return CertificateOwner(user: UserInfo(name: name, groups: groups), validUntil: end)
  }

  private static func isForClients(_ certificate: Certificate) -> Bool {
    let extensions = certificate.extensions
    guard extensions.allSatisfy({ !$0.critical || known.contains($0.oid) }),
      let usage = try? extensions.extendedKeyUsage, usage.contains(.clientAuth) || usage.contains(.any)
    else { return false }
    if let constraints = try? extensions.basicConstraints, case .isCertificateAuthority = constraints { return false }
    return true
  }
}
