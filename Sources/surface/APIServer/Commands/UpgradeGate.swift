import NIOCore
import NIOHTTP1

/// Finds out whether the first request of a connection gets the other protocol that it asks for, before NIO's handler of upgrades sees it, which loses a
/// request that is refused. Such a one goes on without asking, and is answered as any other. It is the last of its connection: the parser has stopped.
final class UpgradeGate: ChannelDuplexHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private enum State {
    case first
    /// With what came of the request meanwhile.
    case deciding([HTTPServerRequestPart])
    case open
  }

  private let decide: (HTTPRequestHead, any Channel) -> EventLoopFuture<Bool>
  private var state = State.first
  /// More was to be read while it was being decided.
  private var isReadWanted = false

  /// - Parameter decide: whether a request gets its protocol.
  init(_ decide: @escaping (HTTPRequestHead, any Channel) -> EventLoopFuture<Bool>) { self.decide = decide }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    switch state {
    case .open: context.fireChannelRead(data)
    case .deciding(var held):
      held.append(unwrapInboundIn(data))
      state = .deciding(held)
    case .first:
      guard case .head(let head) = unwrapInboundIn(data), head.headers.contains(name: "upgrade") else {
        state = .open
        return context.fireChannelRead(data)
      }
      state = .deciding([])
      decide(head, context.channel).assumeIsolated().whenComplete { [self] result in
        if case .success(true) = result { goOn(context, head) } else { goOn(context, head.withoutUpgrade) }
      }
    }
  }

  private func goOn(_ context: ChannelHandlerContext, _ head: HTTPRequestHead) {
    guard case .deciding(let held) = state else { return }
    state = .open
    context.fireChannelRead(wrapInboundOut(.head(head)))
    for part in held { context.fireChannelRead(wrapInboundOut(part)) }
    context.fireChannelReadComplete()
    guard isReadWanted else { return }
    isReadWanted = false
    context.read()
  }

  func read(context: ChannelHandlerContext) {
    if case .deciding = state { isReadWanted = true } else { context.read() }
  }
}

extension HTTPRequestHead {
  /// The protocol that the request may become, in lower case; nil: it asks for none that is spoken here, or not in its form.
  var wantedProtocol: String? {
    guard headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "upgrade" }) else { return nil }
    return headers[canonicalForm: "upgrade"].lazy.map { $0.lowercased() }.first { name in
      switch name {
      case "spdy/3.1": true
      // RFC 6455, 4.2.1.
      case "websocket": headers["sec-websocket-key"].count == 1 && headers["sec-websocket-version"] == ["13"]
      default: false
      }
    }
  }

  fileprivate var withoutUpgrade: HTTPRequestHead {
    var head = self
    head.headers.remove(name: "upgrade")
    head.headers.replaceOrAdd(name: "connection", value: "close")
    return head
  }
}
