import Basics
import Crypto
import Glibc
import KubeModel
import SwiftASN1
import X509

/// A certificate to be made.
struct CertificateDraft {
  enum Purpose: Sendable, Hashable { case authority, server, client }

  var purpose: Purpose
  var commonName: String
  /// Groups of a client.
  var organizations: [String] = []
  /// Names and addresses of a server.
  var names: [String] = []
  var notBefore: Instant
  var notAfter: Instant

  /// Before the clock of a client that is behind.
  static let leeway = TimeSpan(seconds: 300)

  init(_ purpose: Purpose, commonName: String, at now: Instant, days: Int64) {
    self.purpose = purpose
    self.commonName = commonName
    notBefore = Instant(milliseconds: now.milliseconds - Self.leeway.milliseconds)
    notAfter = now + TimeSpan(seconds: days * 86_400)
  }

  var subject: DistinguishedName {
    var parts: [RelativeDistinguishedName] = organizations.map { name in
      RelativeDistinguishedName(.init(type: .RDNAttributeType.organizationName, utf8String: name))
    }
    parts.append(RelativeDistinguishedName(.init(type: .RDNAttributeType.commonName, utf8String: commonName)))
    return DistinguishedName(parts)
  }

  /// Subject alternative names: addresses as such, all else as DNS names.
  static func alternative(_ name: String) -> GeneralName {
    if let address = IPAddress.bytes(name) { return .ipAddress(ASN1OctetString(contentBytes: address[...])) }
    return .dnsName(name)
  }
}

/// IP addresses in text form.
enum IPAddress {
  /// The 4 or 16 bytes of an address; nil for what is none.
  static func bytes(_ text: String) -> [UInt8]? {
    for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
      var bytes = [UInt8](repeating: 0, count: count)
      if inet_pton(family, text, &bytes) == 1 { return bytes }
    }
    return nil
  }
}

/// Signs certificates (RFC 5280, version 3, ECDSA with P-256 and SHA-256). The document is put together here, because the package's own way
/// takes times that only Foundation can make.
struct CertificateSigner {
  let issuer: DistinguishedName
  let key: P256.Signing.PrivateKey

  /// ecdsa-with-SHA256 (RFC 5758).
  private static let algorithm: ASN1ObjectIdentifier = [1, 2, 840, 10045, 4, 3, 2]

  func certificate(_ draft: CertificateDraft, for publicKey: P256.Signing.PublicKey) throws -> Certificate {
    var body = DER.Serializer()
    let extensions = try extensions(draft, publicKey)
    try body.appendConstructedNode(identifier: .sequence) { body in
      try body.serialize(explicitlyTaggedWithTagNumber: 0, tagClass: .contextSpecific) { try $0.serialize(2) }
      try body.serialize(serialNumber())
      try Self.algorithm(into: &body)
      try body.serialize(issuer)
      try body.appendConstructedNode(identifier: .sequence) { validity in
        try Self.time(draft.notBefore, into: &validity)
        try Self.time(draft.notAfter, into: &validity)
      }
      try body.serialize(draft.subject)
      try body.serialize(Certificate.PublicKey(publicKey))
      try body.serialize(explicitlyTaggedWithTagNumber: 3, tagClass: .contextSpecific) { try $0.serializeSequenceOf(extensions) }
    }
    let signature = try key.signature(for: body.serializedBytes).derRepresentation
    var whole = DER.Serializer()
    try whole.appendConstructedNode(identifier: .sequence) { whole in
      whole.serializeRawBytes(body.serializedBytes)
      try Self.algorithm(into: &whole)
      try whole.serialize(ASN1BitString(bytes: Array(signature)[...]))
    }
    return try Certificate(derEncoded: whole.serializedBytes)
  }

  private static func algorithm(into coder: inout DER.Serializer) throws {
    try coder.appendConstructedNode(identifier: .sequence) { try $0.serialize(algorithm) }
  }

  /// 159 random bits: positive, unique, and not to be foreseen.
  private func serialNumber() -> ArraySlice<UInt8> {
    var bytes = (0..<20).map { _ in UInt8.random(in: .min ... .max) }
    bytes[0] = bytes[0] & 0x3F | 0x40
    return bytes[...]
  }

  /// UTCTime until 2049, GeneralizedTime after (RFC 5280, 4.1.2.5).
  private static func time(_ instant: Instant, into coder: inout DER.Serializer) throws {
    let time = CivilTime(instant)
    if (1950..<2050).contains(time.year) {
      try coder.serialize(
        UTCTime(year: Int(time.year), month: time.month, day: time.day, hours: time.hour, minutes: time.minute, seconds: time.second))
    } else {
      try coder.serialize(
        GeneralizedTime(
          year: Int(time.year), month: time.month, day: time.day, hours: time.hour, minutes: time.minute, seconds: time.second,
          fractionalSeconds: 0))
    }
  }

  private func extensions(_ draft: CertificateDraft, _ publicKey: P256.Signing.PublicKey) throws -> Certificate.Extensions {
    var list: [Certificate.Extension] = []
    switch draft.purpose {
    case .authority:
      list.append(try BasicConstraints.isCertificateAuthority(maxPathLength: 0).critical())
      list.append(try KeyUsage(digitalSignature: true, keyCertSign: true, cRLSign: true).critical())
    case .server:
      list.append(try BasicConstraints.notCertificateAuthority.critical())
      list.append(try KeyUsage(digitalSignature: true).critical())
      list.append(try ExtendedKeyUsage([.serverAuth]).makeCertificateExtension())
      list.append(try SubjectAlternativeNames(draft.names.map(CertificateDraft.alternative)).makeCertificateExtension())
    case .client:
      list.append(try BasicConstraints.notCertificateAuthority.critical())
      list.append(try KeyUsage(digitalSignature: true).critical())
      list.append(try ExtendedKeyUsage([.clientAuth]).makeCertificateExtension())
    }
    list.append(try SubjectKeyIdentifier(keyIdentifier: Self.identifier(publicKey)[...]).makeCertificateExtension())
    list.append(try AuthorityKeyIdentifier(keyIdentifier: Self.identifier(key.publicKey)[...]).makeCertificateExtension())
    return try Certificate.Extensions(list)
  }

  /// The first 20 bytes of the key's SHA-256 (RFC 7093).
  private static func identifier(_ key: P256.Signing.PublicKey) -> [UInt8] {
    Array(SHA256.hash(data: Array(key.x963Representation)).prefix(20))
  }
}

extension CertificateExtensionConvertible {
  /// The extension that a reader must understand or refuse the certificate.
  fileprivate func critical() throws -> Certificate.Extension {
    var made = try makeCertificateExtension()
    made.critical = true
    return made
  }
}

extension Certificate {
  /// When the certificate is valid; nil where the document is not as it has to be.
  var validity: ClosedRange<Instant>? {
    guard
      let times = try? DER.sequence(
        DER.parse(tbsCertificateBytes), identifier: .sequence,
        { nodes -> [Instant] in
          var found: [Instant] = []
          var index = 0
          while let node = nodes.next() {
            // version, serial number, algorithm, issuer, validity
            if index == 4 {
              found = try DER.sequence(node, identifier: .sequence) { times -> [Instant] in
                var list: [Instant] = []
                while let time = times.next() { list.append(try Self.instant(time)) }
                return list
              }
            }
            index += 1
          }
          return found
        }), times.count == 2, times[0] <= times[1]
    else { return nil }
    return times[0]...times[1]
  }

  private static func instant(_ node: ASN1Node) throws -> Instant {
    let (year, month, day, hour, minute, second): (Int, Int, Int, Int, Int, Int)
    if node.identifier == UTCTime.defaultIdentifier {
      let time = try UTCTime(derEncoded: node)
      (year, month, day, hour, minute, second) = (time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
    } else {
      let time = try GeneralizedTime(derEncoded: node)
      (year, month, day, hour, minute, second) = (time.year, time.month, time.day, time.hours, time.minutes, time.seconds)
    }
    let days = CivilTime.days(year: Int64(year), month: month, day: day)
    return Instant(seconds: days * 86_400 + Int64(hour * 3600 + minute * 60 + second))
  }
}
