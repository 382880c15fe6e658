import APIServer
import Basics
import CommandLine
import Identity
import Synchronization

/// The certificate that a server shows: its own, made anew in time, or that of files, read again when they have changed.
final class CertificateKeeper: Sendable {
  /// How often it is looked after; own certificates are made anew months before their end.
  private static let pause = TimeSpan(seconds: 3600)

  private let options: ServerOptions
  private let identity: ServerIdentity
  private let shown = Mutex<TLSIdentity?>(nil)
  private let stopping = Mailbox<Void>()
  private let thread = Mutex<OSThread?>(nil)

  init(_ options: ServerOptions, _ identity: ServerIdentity) {
    self.options = options
    self.identity = identity
  }

  /// The certificate and key to begin with; nil: HTTP without TLS.
  func load() throws -> TLSIdentity? {
    let found = try current()
    shown.withLock { $0 = found }
    return found
  }

  private func current() throws -> TLSIdentity? {
    if options.isInsecure { return nil }
    if let certificate = options.certificate, let key = options.key {
      return TLSIdentity(chain: try LocalFiles.read(certificate, limit: 1 << 20), key: try LocalFiles.read(key, limit: 1 << 20))
    }
    try identity.prepareServerCertificate(names: ServerIdentity.names(listeningOn: options.host) + options.names)
    return TLSIdentity(
      chain: try LocalFiles.read(identity.directory.serverCertificate, limit: 1 << 20),
      key: try LocalFiles.read(identity.directory.serverKey, limit: 1 << 20))
  }

  /// Begins to look after the certificate of a server that runs.
  func start(_ api: APIServer) {
    if options.isInsecure { return }
    let started = startThread(name: "certificate") { [self] in
      while stopping.takeAll(deadline: SystemClock.steady() + Self.pause) != nil {
        do {
          try renew(api)
        } catch {
          Diagnostics.report("the certificate stays as it is: \(error)")
        }
      }
    }
    thread.withLock { $0 = started }
  }

  private func renew(_ api: APIServer) throws {
    guard let found = try current(), found != shown.withLock({ $0 }) else { return }
    try api.replaceIdentity(found)
    shown.withLock { $0 = found }
  }

  func stop() {
    stopping.close()
    thread.withLock { $0.take() }?.join()
  }
}
