import Basics
internal import Contracts
internal import KubeAPI
internal import KubeModel
import NIOCore
import NIOHTTP1
import NIOWebSocket
import Synchronization

extension ServerCore {
  /// What finds out whether a connection's first request becomes a command, and the protocols that it may turn the connection into then.
  func upgrades(
    _ connection: Connection
  ) -> (gate: UpgradeGate, upgraders: [any NIOTypedHTTPServerProtocolUpgrader<APIChannel.Negotiation>]) {
    let holder = UpgradeHolder()
    let gate = UpgradeGate { [self] head, channel in
      guard let name = head.wantedProtocol else { return channel.eventLoop.makeSucceededFuture(false) }
      channel.closeFuture.whenComplete { [self] _ in if holder.take() != nil { abandon() } }
      return channel.eventLoop.makeFutureWithTask { [self] in
        connection.expectNothing()
        if let subprotocol = name == "websocket" ? CommandProtocol.chosen(of: head) : SPDYUpgrade.subprotocol(of: head),
          let upgrade = await admitCommand(head, connection: connection, certificate: await APIChannel.certificate(of: channel))
        {
          holder.set(upgrade, subprotocol)
          return true
        }
        connection.expect(within: settings.bodySeconds)
        return false
      }
    }
    let webSocket = NIOTypedWebSocketServerUpgrader<APIChannel.Negotiation>(
      maxFrameSize: 1 << 20,
      shouldUpgrade: { channel, head in
        let subprotocol = head.headers.contains(name: "sec-websocket-protocol") ? CommandProtocol.chosen(of: head) : nil
        let headers = HTTPHeaders(subprotocol.map { [("sec-websocket-protocol", $0.rawValue)] } ?? [])
        return channel.eventLoop.makeSucceededFuture(holder.isEmpty ? nil : headers)
      },
      upgradePipelineHandler: { [self] channel, _ in
        switchProtocol(channel, holder) { [self] upgrade, subprotocol in
          WebSocketCommandHandler(subprotocol) { channel, outlet in
            CommandRun(core: self, wish: upgrade.wish, channel: channel, outlet: outlet, ticket: upgrade.ticket)
          }
        }
      })
    return (gate, [webSocket, SPDYUpgrade(core: self, connection: connection, holder: holder)])
  }

  /// Puts the handler of another protocol in the place of those of HTTP.
  fileprivate func switchProtocol(
    _ channel: any Channel, _ holder: UpgradeHolder, handler: @escaping @Sendable (Upgrade, CommandProtocol) -> any ChannelHandler
  ) -> EventLoopFuture<APIChannel.Negotiation> {
    channel.pipeline.context(handlerType: ParseErrorHandler.self).flatMap { channel.pipeline.syncOperations.removeHandler(context: $0) }
      .flatMapThrowing { [self] in
        guard let (upgrade, subprotocol) = holder.take() else { throw ChannelError.inappropriateOperationForState }
        let begun = SystemClock.monotonicNanoseconds()
        audit(upgrade.call, APIAnswer.switched)
        channel.closeFuture.whenComplete { [self] _ in
          end(upgrade.call, APIAnswer.switched, bytes: 0, nanoseconds: SystemClock.monotonicNanoseconds() - begun)
        }
        try channel.pipeline.syncOperations.addHandler(handler(upgrade, subprotocol))
        return .upgraded
      }
  }

  /// Lets a request for a command through the gate. Nil: it is none, or is refused.
  func admitCommand(_ head: HTTPRequestHead, connection: Connection, certificate: [UInt8]?) async -> Upgrade? {
    guard head.method == .GET || head.method == .POST else { return nil }
    var call = begin(head, connection: connection, certificate: certificate)
    do throws(KubeStatus) {
      try await admit(&call)
      guard let request = call.request, ["exec", "attach"].contains(request.info.subresource) else {
        throw KubeStatus(.badRequest, "the request is for no command")
      }
      let info = request.info
      guard let kind = parts.kinds.catalog.kind(group: info.group, version: info.version, plural: info.resource), kind.kind == .pod,
        !info.namespace.isEmpty, parts.pods != nil
      else { throw KubeStatus(.notFound, "the server could not find the requested resource") }
      let wish = try CommandWish(request, kind: kind.kind)
      let key = wish.key
      // What is not there is told as such, before the protocol changes.
      _ = try await pool.run { [self] () throws(KubeStatus) in try parts.resources.get(key) }
      return Upgrade(call: call, wish: wish, ticket: try streams.enter(request.user))
    } catch {
      abandon()
      return nil
    }
  }
}

/// A command that may begin.
struct Upgrade: Sendable {
  var call: APICall
  var wish: CommandWish
  var ticket: StreamTicket
}

/// Turns a connection to SPDY 3.1 for a command.
private final class SPDYUpgrade: NIOTypedHTTPServerProtocolUpgrader {
  typealias UpgradeResult = APIChannel.Negotiation
  let supportedProtocol = "SPDY/3.1"
  let requiredUpgradeHeaders: [String] = []
  private let core: ServerCore
  private let connection: Connection
  private let holder: UpgradeHolder

  init(core: ServerCore, connection: Connection, holder: UpgradeHolder) {
    self.core = core
    self.connection = connection
    self.holder = holder
  }

  /// nil: the client speaks no version that is spoken here.
  static func subprotocol(of head: HTTPRequestHead) -> CommandProtocol? {
    head.headers[canonicalForm: "x-stream-protocol-version"].contains { $0 == SPDYCommandHandler.version } ? .v4 : nil
  }

  func buildUpgradeResponse(
    channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
  ) -> EventLoopFuture<HTTPHeaders> {
    var headers = initialResponseHeaders
    headers.add(name: "x-stream-protocol-version", value: SPDYCommandHandler.version)
    return channel.eventLoop.makeSucceededFuture(headers)
  }

  func upgrade(channel: any Channel, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<APIChannel.Negotiation> {
    core.switchProtocol(channel, holder) { [core, connection] upgrade, _ in
      SPDYCommandHandler(connection) { channel, outlet in
        CommandRun(core: core, wish: upgrade.wish, channel: channel, outlet: outlet, ticket: upgrade.ticket)
      }
    }
  }
}

/// Carries what was let through to where the protocol changes.
final class UpgradeHolder: Sendable {
  private let held = Mutex<(Upgrade, CommandProtocol)?>(nil)
  func set(_ upgrade: Upgrade, _ subprotocol: CommandProtocol) { held.withLock { $0 = (upgrade, subprotocol) } }
  var isEmpty: Bool { held.withLock { $0 == nil } }
  func take() -> (Upgrade, CommandProtocol)? {
    held.withLock { held in
      defer { held = nil }
      return held
    }
  }
}

extension APIAnswer {
  /// For the log: the connection speaks another protocol now.
  static var switched: APIAnswer { APIAnswer(.switchingProtocols, body: .stream { _ in }) }
}
