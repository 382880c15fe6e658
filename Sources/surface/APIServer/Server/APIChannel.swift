import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1
import NIOSSL

/// A connection from its acceptance to its end: HTTP/1.1 with keep-alive, where the first request may turn it into a stream of another protocol.
struct APIChannel: ServerChildChannel {
  typealias HTTP = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

  enum Negotiation: Sendable {
    case http(HTTP)
    /// The handlers of another protocol have the connection now.
    case upgraded
  }

  struct Value: ServerChildChannelValue {
    let channel: any Channel
    let connection: Connection
    let negotiation: EventLoopFuture<Negotiation>
  }

  let core: ServerCore

  func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
    channel.eventLoop.makeCompletedFuture {
      // Who closes his sending half is gone, as for Go's servers; so the end of a client is seen while it waits for a stream.
      try channel.syncOptions?.setOption(.allowRemoteHalfClosure, value: false)
      let connection = core.connections.add(channel, seconds: core.settings.headSeconds)
      let (gate, upgraders) = core.upgrades(connection)
      let upgrade = NIOTypedHTTPServerUpgradeConfiguration<Negotiation>(
        upgraders: upgraders,
        notUpgradingCompletionHandler: { channel in
          channel.eventLoop.makeCompletedFuture { .http(try HTTP(wrappingChannelSynchronously: channel)) }
        })
      var configuration = NIOUpgradableHTTPServerPipelineConfiguration(upgradeConfiguration: upgrade)
      configuration.enablePipelining = false
      configuration.enableErrorHandling = false
      configuration.decoderConfiguration.maxHeaderFieldSize = core.settings.maximumHeaders
      configuration.decoderConfiguration.maxHeaderListSize = core.settings.maximumHeaders
      configuration.decoderConfiguration.maxHeaderFieldCount = core.settings.maximumHeaderCount
      let negotiation = try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(configuration: configuration)
      let upgrading = try channel.pipeline.syncOperations.handler(type: NIOTypedHTTPServerUpgradeHandler<Negotiation>.self)
      try channel.pipeline.syncOperations.addHandler(gate, position: .before(upgrading))
      try channel.pipeline.syncOperations.addHandler(ParseErrorHandler())
      return Value(channel: channel, connection: connection, negotiation: negotiation)
    }
  }

  func handle(value: Value, logger: Logger) async {
    do {
      switch try await value.negotiation.get() {
      case .http(let channel):
        try await HTTPExchangeLoop(core: core, connection: value.connection, certificate: await Self.certificate(of: value.channel)).run(
          channel)
      case .upgraded: try await value.channel.closeFuture.get()
      }
    } catch {
      // The connection is gone: there is nobody to tell.
      value.channel.close(promise: nil)
    }
  }

  /// The client certificate in DER; nil without TLS, or without one.
  static func certificate(of channel: any Channel) async -> [UInt8]? {
    guard let certificate = try? await channel.nioSSL_peerCertificate().get() else { return nil }
    return try? certificate.toDERBytes()
  }
}
