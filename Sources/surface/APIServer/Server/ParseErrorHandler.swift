internal import JSONValue
internal import KubeModel
import NIOCore
import NIOHTTP1

/// Answers what is no HTTP with 400 (or 431, when the header is too large) and closes the connection. Between the parser and the one who answers requests;
/// it goes when the connection changes to another protocol.
final class ParseErrorHandler: ChannelDuplexHandler, RemovableChannelHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias InboundOut = HTTPServerRequestPart
  typealias OutboundIn = HTTPServerResponsePart
  typealias OutboundOut = HTTPServerResponsePart

  private var isAnswering = false

  func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
    switch unwrapOutboundIn(data) {
    case .head(let head): isAnswering = head.status.code >= 200
    case .end: isAnswering = false
    case .body: break
    }
    context.write(data, promise: promise)
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let problem = error as? HTTPParserError else {
      // The connection is broken, or a handshake failed; whoever reads from it sees its end.
      return context.close(promise: nil)
    }
    guard !isAnswering else { return context.close(promise: nil) }
    let isTooLarge = problem == .headerOverflow
    let failure = KubeStatus(.badRequest, isTooLarge ? "the request's header is too large" : "the request is no HTTP/1.1")
    let answer = APIAnswer(failure, status: isTooLarge ? .requestHeaderFieldsTooLarge : .badRequest)
    var head = HTTPResponseHead(version: .http1_1, status: answer.status, headers: answer.headers)
    head.headers.add(name: "connection", value: "close")
    guard case .bytes(let body) = answer.body else { return }
    head.headers.add(name: "content-length", value: String(body.readableBytes))
    context.write(wrapOutboundOut(.head(head)), promise: nil)
    context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil)
    let channel = context.channel
    context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in channel.close(promise: nil) }
  }
}
