import Basics
import Contracts
import Glibc
import KubeModel

/// All that a server knows itself by: its authority, its certificate, the keys of its tokens.
package struct ServerIdentity: Sendable {
  package let directory: KeyDirectory
  private let authority: CertificateAuthority
  /// The keys of service account tokens.
  package let tokens: TokenKeys

  /// The user and the group of the administrator's certificate.
  package static let administrator = UserInfo(name: "kubernetes-admin", groups: [UserInfo.mastersGroup])

  /// Reads the keys of a directory, and makes those that are missing. Throws `internalError`, with the remedy, when the directory or a
  /// file in it is open to others, damaged, or cannot be written.
  package init(_ directory: KeyDirectory, issuer: String = TokenKeys.defaultIssuer, now: Instant = SystemClock.now()) throws(KubeStatus) {
    self.directory = directory
    (authority, tokens) = try directory.locked { () throws(KubeStatus) -> (CertificateAuthority, TokenKeys) in
      (try CertificateAuthority(in: directory, at: now), try TokenKeys(in: directory, issuer: issuer))
    }
  }

  /// The authority's certificate in PEM: what clients are to trust.
  package var authorityPEM: String { authority.pem }
  /// Knows the certificates of this server's clients.
  package var clients: any CertificateChecking { ClientCertificates(authority) }

  /// Makes sure that ``KeyDirectory/serverCertificate`` and ``KeyDirectory/serverKey`` hold a certificate for exactly these names and
  /// addresses that is valid for a while. True when a new one was made: a server that runs asks once a day, and reads the files again.
  @discardableResult
  package func prepareServerCertificate(names: [String], now: Instant = SystemClock.now()) throws(KubeStatus) -> Bool {
    var draft = CertificateDraft(.server, commonName: "argosy", at: now, days: CertificateAuthority.leafDays)
    var seen: Set<String> = []
    draft.names = names.filter { !$0.isEmpty && seen.insert($0).inserted }
    return try directory.locked { () throws(KubeStatus) -> Bool in
      try renew(draft, certificate: directory.serverCertificate, key: directory.serverKey, now: now).isNew
    }
  }

  /// The names by which a server on this machine is called: `localhost`, the host's name, the loopback addresses, and the address that it
  /// listens on where it is one address (`0.0.0.0` and `::` are all of them).
  package static func names(listeningOn host: String) -> [String] {
    var buffer = [CChar](repeating: 0, count: 256)
    let length = gethostname(&buffer, buffer.count - 1) == 0 ? strnlen(buffer, buffer.count - 1) : 0
    let own = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    var names = ["localhost", own, "127.0.0.1", "::1"]
    if !["0.0.0.0", "::", "*", ""].contains(host) { names.append(host) }
    var seen: Set<String> = []
    return names.filter { !$0.isEmpty && seen.insert($0).inserted }
  }

  /// The administrator's certificate and key, made anew when its time comes to an end. The access rules do not bind its owner.
  package func administratorKeyPair(now: Instant = SystemClock.now()) throws(KubeStatus) -> KeyPair {
    let draft = clientDraft(Self.administrator, now: now)
    return try directory.locked { () throws(KubeStatus) -> KeyPair in
      try renew(draft, certificate: directory.administratorCertificate, key: directory.administratorKey, now: now).pair
    }
  }

  /// A new client certificate for a user and its groups; it is kept nowhere.
  package func clientKeyPair(for user: UserInfo, now: Instant = SystemClock.now()) throws(KubeStatus) -> KeyPair {
    try authority.issue(clientDraft(user, now: now))
  }

  private func clientDraft(_ user: UserInfo, now: Instant) -> CertificateDraft {
    var draft = CertificateDraft(.client, commonName: user.name, at: now, days: CertificateAuthority.leafDays)
    draft.organizations = user.groups
    return draft
  }

  private func renew(
    _ draft: CertificateDraft, certificate: String, key: String, now: Instant
  ) throws(KubeStatus) -> (pair: KeyPair, isNew: Bool) {
    if let certificateText = try directory.text(certificate), let keyText = try directory.text(key) {
      let pair = KeyPair(certificate: certificateText, key: keyText)
      if pair.serves(draft, of: authority, at: now) { return (pair, false) }
    }
    let pair = try authority.issue(draft)
    try PrivateFiles.write(Array(pair.key.utf8), to: key)
    try PrivateFiles.write(Array(pair.certificate.utf8), to: certificate)
    return (pair, true)
  }
}
