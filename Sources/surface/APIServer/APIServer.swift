import Basics
import HummingbirdCore
import HummingbirdTLS
internal import KubeModel
import Logging
import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

/// The HTTP server of the Kubernetes API.
package final class APIServer: Sendable {
  private let core: ServerCore
  private let identity: TLSIdentity?
  private let runner = Mutex<Runner?>(nil)
  /// The certificate for new connections, when it is another than at the start.
  private let renewed = RenewedIdentity()

  private struct Runner: Sendable {
    var task: Task<Void, any Error>
    var shutdown: @Sendable () async -> Void
  }

  /// - Parameter identity: nil for HTTP without TLS, for the loopback only.
  package init(parts: APIParts, settings: APISettings, identity: TLSIdentity?, log: AccessLog) {
    core = ServerCore(parts: parts, settings: settings, log: log)
    self.identity = identity
  }

  /// Begins to serve. Gives the port. Throws when the port cannot be had or the certificate cannot be read.
  package func start() async throws -> Int {
    var logger = Logger(label: "argosy.http")
    logger.logLevel = .critical
    let settings = core.settings
    let configuration = ServerConfiguration(
      address: .hostname(settings.host, port: settings.port), backlog: 1024,
      availableConnectionsDelegate: MaximumAvailableConnections(settings.maximumConnections))
    let group = MultiThreadedEventLoopGroup.singleton
    let channel = APIChannel(core: core)
    if let identity {
      return try await run(
        Server(
          childChannelSetup: try TLSChannel(channel, configuration: try tls(identity)), configuration: configuration,
          onServerRunning: { [self] in started($0) }, eventLoopGroup: group, logger: logger))
    }
    return try await run(
      Server(
        childChannelSetup: channel, configuration: configuration, onServerRunning: { [self] in started($0) }, eventLoopGroup: group,
        logger: logger))
  }

  private let port = Mutex<(port: Int?, waiter: CheckedContinuation<Int, any Error>?)>((nil, nil))

  private func started(_ channel: any Channel) {
    let number = channel.localAddress?.port ?? 0
    let waiter = port.withLock { state in
      state.port = number
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume(returning: number)
  }

  private func run<Child: ServerChildChannel>(_ server: Server<Child>) async throws -> Int {
    let port = try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Int, any Error>) in
      self.port.withLock { $0.waiter = continuation }
      let task = Task { [self] in
        do {
          try await server.run()
        } catch {
          let waiter = self.port.withLock { state in
            defer { state.waiter = nil }
            return state.waiter
          }
          waiter?.resume(throwing: error)
          throw error
        }
      }
      runner.withLock { $0 = Runner(task: task) { try? await server.shutdownGracefully() } }
    }
    let core = core
    MultiThreadedEventLoopGroup.singleton.any().scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { task in
      if core.isStopping { task.cancel() }
      core.connections.sweep()
    }
    return port
  }

  /// Shows another certificate to those who connect from now on. Throws when it cannot be read; then all stays as it is.
  package func replaceIdentity(_ identity: TLSIdentity) throws { try renewed.set(identity) }

  /// Takes no more connections and requests, ends all streams, and waits (at most so many seconds) for the requests in hand.
  package func stop(seconds: Int = 10) async {
    core.stop.set()
    let running = runner.withLock { held in
      defer { held = nil }
      return held
    }
    core.connections.closeIdle()
    let connections = core.connections
    let timer = Task {
      // Connections whose last answer went out meanwhile.
      for _ in 0..<max(1, seconds * 10) {
        try await Task.sleep(for: .milliseconds(100))
        connections.closeIdle()
      }
      connections.closeAll()
    }
    await running?.shutdown()
    timer.cancel()
    _ = await running?.task.result
    // Waits for threads, which no thread of the cooperative pool may do.
    let core = core
    await withCheckedContinuation { continuation in
      startThread(name: "api stop") {
        core.pool.stop()
        core.log.stop()
        continuation.resume()
      }
    }
  }

  /// Whatever certificate a client shows is taken over: the gate asks whose it is. That the client has its key is shown by the handshake.
  private func tls(_ identity: TLSIdentity) throws -> TLSChannelConfiguration {
    let (chain, key) = try identity.sources()
    var configuration = TLSConfiguration.makeServerConfiguration(certificateChain: chain, privateKey: key)
    let renewed = renewed
    configuration.sslContextCallback = { _, promise in promise.succeed(renewed.current) }
    configuration.certificateVerification = .optionalVerification
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = ["http/1.1"]
    return TLSChannelConfiguration(tlsConfiguration: configuration) { _, promise in promise.succeed(.certificateVerified) }
  }
}
