import Basics
import Contracts
import Crypto
import Glibc
import KubeModel
import SwiftASN1
import Testing
import X509

@testable import Identity

@Suite("Certificates") struct CertificateTests {
  let directory: TemporaryDirectory
  let identity: ServerIdentity
  let now = SystemClock.now()

  init() throws {
    directory = try TemporaryDirectory()
    identity = try ServerIdentity(directory.keys)
  }

  private func der(_ pem: String) throws -> [UInt8] { try PEMDocument(pemString: pem).derBytes }

  @Test("the first start makes keys that only their owner can read, the next one finds them")
  func firstStart() throws {
    try identity.prepareServerCertificate(names: ["localhost"])
    _ = try identity.administratorKeyPair()
    #expect(directory.mode("keys") == 0o700)
    for name in LocalFiles.names(in: directory.keys.path) { #expect(directory.mode("keys/\(name)") == 0o600, "\(name)") }
    let again = try ServerIdentity(directory.keys)
    #expect(again.authorityPEM == identity.authorityPEM)
    #expect(try again.administratorKeyPair() == (try identity.administratorKeyPair()))
    #expect(try !again.prepareServerCertificate(names: ["localhost"]))
    let token = identity.tokens.token(
      .init(namespace: "n", serviceAccount: "s", serviceAccountUID: "u", expiresAt: now + TimeSpan(seconds: 60)))
    #expect(again.tokens.content(of: token, at: now) != nil)
  }

  @Test("starts at the same time agree on one authority")
  func concurrentStarts() async throws {
    let directory = try TemporaryDirectory()
    defer { withExtendedLifetime(directory) {} }
    let keys = directory.keys
    let found = try await withThrowingTaskGroup(of: String.self) { group in
      for _ in 0..<4 { group.addTask { try ServerIdentity(keys).authorityPEM } }
      var all: Set<String> = []
      for try await pem in group { all.insert(pem) }
      return all
    }
    #expect(found.count == 1)
  }

  @Test("openssl accepts the server's certificate for its names and no others", .enabled(if: hasOpenSSL, "openssl is not installed"))
  func serverCertificate() throws {
    try identity.prepareServerCertificate(names: ["localhost", "box.example", "127.0.0.1", "::1", "192.0.2.7"])
    let keys = directory.keys
    let verify = "openssl verify -x509_strict -purpose sslserver -CAfile \(keys.authorityCertificate)"
    for name in [
      "-verify_hostname localhost", "-verify_hostname box.example", "-verify_ip 127.0.0.1", "-verify_ip ::1", "-verify_ip 192.0.2.7",
    ] {
      let run = shell("\(verify) \(name) \(keys.serverCertificate)")
      #expect(run.code == 0, "\(name): \(run.output)")
    }
    #expect(shell("\(verify) -verify_hostname other.example \(keys.serverCertificate)").code != 0)
    #expect(shell("\(verify) -purpose sslclient \(keys.serverCertificate)").code != 0)
    let text = shell("openssl x509 -in \(keys.serverCertificate) -noout -text").output
    #expect(text.contains("TLS Web Server Authentication"))
    #expect(text.contains("ecdsa-with-SHA256"))
    let pair = shell(
      "openssl pkey -in \(keys.serverKey) -pubout | openssl sha256; openssl x509 -in \(keys.serverCertificate) -pubkey -noout | openssl sha256"
    ).output
    let digests = pair.split(separator: "\n")
    #expect(digests.count == 2 && digests[0] == digests[1])
  }

  @Test("the server's certificate is made anew when its names change or its time ends")
  func renewal() throws {
    #expect(try identity.prepareServerCertificate(names: ["a"]))
    #expect(try !identity.prepareServerCertificate(names: ["a"]))
    #expect(try identity.prepareServerCertificate(names: ["a", "b"]))
    #expect(try !identity.prepareServerCertificate(names: ["b", "a", "a"]))
    #expect(try !identity.prepareServerCertificate(names: ["a", "b"], now: now + TimeSpan(seconds: 200 * 86_400)))
    #expect(try identity.prepareServerCertificate(names: ["a", "b"], now: now + TimeSpan(seconds: 300 * 86_400)))
    // One of another authority does not serve.
    LocalFiles.removeTree(directory.path + "/keys/ca.key")
    let other = try ServerIdentity(directory.keys)
    #expect(other.authorityPEM != identity.authorityPEM)
    #expect(try other.prepareServerCertificate(names: ["a", "b"]))
  }

  @Test("a client certificate names its user and groups", .enabled(if: hasOpenSSL, "openssl is not installed"))
  func clients() throws {
    let pair = try identity.administratorKeyPair()
    #expect(identity.clients.owner(ofCertificate: try der(pair.certificate), at: now)?.user == ServerIdentity.administrator)
    let user = UserInfo(name: "ann", groups: ["team", "staff"])
    let own = try identity.clientKeyPair(for: user)
    #expect(identity.clients.owner(ofCertificate: try der(own.certificate), at: now)?.user == user)
    let keys = directory.keys
    let run = shell("openssl verify -x509_strict -purpose sslclient -CAfile \(keys.authorityCertificate) \(keys.administratorCertificate)")
    #expect(run.code == 0, "\(run.output)")
  }

  @Test("other certificates are refused: of another authority, of servers, the authority itself, too early, too late, no certificate")
  func refusals() throws {
    let pair = try identity.administratorKeyPair()
    let good = try der(pair.certificate)
    let clients = identity.clients
    #expect(clients.owner(ofCertificate: good, at: now + TimeSpan(seconds: 366 * 86_400)) == nil)
    #expect(clients.owner(ofCertificate: good, at: Instant(milliseconds: now.milliseconds - 3_600_000)) == nil)
    let place = try TemporaryDirectory()
    defer { withExtendedLifetime(place) {} }
    let other = try ServerIdentity(place.keys)
    #expect(clients.owner(ofCertificate: try der(try other.administratorKeyPair().certificate), at: now) == nil)
    try identity.prepareServerCertificate(names: ["localhost"])
    #expect(clients.owner(ofCertificate: try der(try directory.file("server.crt")), at: now) == nil)
    #expect(clients.owner(ofCertificate: try der(identity.authorityPEM), at: now) == nil)
    #expect(clients.owner(ofCertificate: [], at: now) == nil)
    #expect(clients.owner(ofCertificate: [UInt8](repeating: 0x30, count: 100_000), at: now) == nil)
    for position in stride(from: 0, to: good.count, by: 7) {
      var bad = good
      bad[position] ^= 0x01
      #expect(clients.owner(ofCertificate: bad, at: now) == nil, "byte \(position)")
    }
  }

  @Test("an authority that only has the same name signs nothing for this server")
  func forgedAuthority() throws {
    let real = try Certificate(pemEncoded: identity.authorityPEM)
    let forger = P256.Signing.PrivateKey()
    var draft = CertificateDraft(.client, commonName: "kubernetes-admin", at: now, days: 1)
    draft.organizations = [UserInfo.mastersGroup]
    let forged = try CertificateSigner(issuer: real.subject, key: forger).certificate(draft, for: forger.publicKey)
    #expect(identity.clients.owner(ofCertificate: try der(forged.serializeAsPEM().pemString), at: now) == nil)
  }

  @Test("keys that others could read are refused with the remedy, damaged ones too, and nothing is changed")
  func looseFiles() throws {
    chmod(directory.path + "/keys/ca.key", 0o644)
    #expect {
      _ = try ServerIdentity(directory.keys)
    } throws: { error in
      let text = "\(error)"
      return text.contains("ca.key has mode 644") && text.contains("chmod 600")
    }
    chmod(directory.path + "/keys/ca.key", 0o600)
    chmod(directory.path + "/keys", 0o755)
    #expect { _ = try ServerIdentity(directory.keys) } throws: { "\($0)".contains("chmod 700") }
    chmod(directory.path + "/keys", 0o700)
    let whole = try directory.file("ca.key")
    try LocalFiles.write(Array(whole.utf8.prefix(300)), to: directory.path + "/keys/ca.key", mode: 0o600)
    #expect { _ = try ServerIdentity(directory.keys) } throws: { "\($0)".contains("restore it from a backup") }
    try LocalFiles.write(Array(whole.utf8), to: directory.path + "/keys/ca.key", mode: 0o600)
    // The copy for clients is made again.
    unlink(directory.path + "/keys/ca.crt")
    #expect(try ServerIdentity(directory.keys).authorityPEM == identity.authorityPEM)
    #expect(try directory.file("ca.crt") == identity.authorityPEM)
    try LocalFiles.write(Array("junk".utf8), to: directory.path + "/keys/tokens.key", mode: 0o600)
    #expect { _ = try ServerIdentity(directory.keys) } throws: { "\($0)".contains("tokens.key is damaged") }
    #expect(try directory.file("tokens.key") == "junk")
    unlink(directory.path + "/keys/tokens.key")
    symlink("/etc/passwd", directory.path + "/keys/tokens.key")
    #expect { _ = try ServerIdentity(directory.keys) } throws: { "\($0)".contains("is no file") }
  }

  @Test("an authority whose time is over is refused, not used")
  func expiredAuthority() throws {
    #expect { _ = try ServerIdentity(directory.keys, now: now + TimeSpan(seconds: 3700 * 86_400)) } throws: {
      "\($0)".contains("is not valid now")
    }
  }
}
