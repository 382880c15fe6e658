import Basics
internal import JSONValue
import NIOCore
import NIOWebSocket

/// A command over a WebSocket.
final class WebSocketCommandHandler: ChannelInboundHandler, CommandRun.Outlet {
  typealias InboundIn = WebSocketFrame
  typealias OutboundOut = WebSocketFrame

  private let subprotocol: CommandProtocol
  private let begin: (any Channel, any CommandRun.Outlet) -> CommandRun
  private var run: CommandRun?
  private var context: ChannelHandlerContext?
  /// The channel of the message whose rest is to come in further frames.
  private var current: UInt8?
  private var isOver = false

  init(_ subprotocol: CommandProtocol, begin: @escaping (any Channel, any CommandRun.Outlet) -> CommandRun) {
    self.subprotocol = subprotocol
    self.begin = begin
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    // Input is read when there is a command to take it.
    setReading(false)
    let run = begin(context.channel, self)
    self.run = run
    // Some clients wait for a first message on each channel that they may read.
    for channel in run.readableChannels { send(channel, ByteBuffer(), promise: nil) }
    run.start()
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    run = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let frame = unwrapInboundIn(data)
    switch frame.opcode {
    case .binary, .text:
      var bytes = [UInt8](buffer: frame.unmaskedData)
      guard !bytes.isEmpty else { return }
      var channel = bytes.removeFirst()
      if subprotocol.isBase64 {
        // The channel is a digit, the rest Base64; such messages come whole.
        guard (0x30...0x39).contains(channel), let decoded = Base64.decode(String(decoding: bytes, as: UTF8.self)) else {
          return close(.unacceptableData)
        }
        channel -= 0x30
        bytes = decoded
      }
      current = frame.fin ? nil : channel
      take(bytes, on: channel)
    case .continuation:
      guard let channel = current else { return close(.protocolError) }
      if frame.fin { current = nil }
      take([UInt8](buffer: frame.unmaskedData), on: channel)
    case .ping:
      let pong = WebSocketFrame(fin: true, opcode: .pong, data: frame.unmaskedData)
      context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
    case .connectionClose:
      run?.cancel()
      close(.normalClosure)
    default: break
    }
  }

  private func take(_ bytes: [UInt8], on channel: UInt8) {
    guard !isOver, let run else { return }
    switch CommandChannel(rawValue: channel) {
    case .input:
      // An empty message is no end: that is told by version 5's signal, or by the connection's end.
      if !bytes.isEmpty, !run.input(bytes) { setReading(false) }
    case .size: if let size = CommandStatus.size(bytes) { run.resize(size) }
    case .output, .errors, .status: break
    case nil:
      if channel == CommandChannel.closing, subprotocol.canCloseChannels, bytes == [CommandChannel.input.rawValue] { _ = run.input([]) }
    }
  }

  func send(_ channel: CommandChannel, _ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
    guard let context, !isOver else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    var data = ByteBuffer()
    if subprotocol.isBase64 {
      data.writeInteger(channel.rawValue + 0x30)
      data.writeString(Base64.encode([UInt8](buffer: bytes)))
    } else {
      data.writeInteger(channel.rawValue)
      data.writeImmutableBuffer(bytes)
    }
    let frame = WebSocketFrame(fin: true, opcode: subprotocol.isBase64 ? .text : .binary, data: data)
    context.writeAndFlush(wrapOutboundOut(frame), promise: promise)
  }

  func end(_ status: JSON) {
    guard !isOver else { return }
    if subprotocol.hasStatus {
      send(.status, ByteBuffer(bytes: status.bytes(.compact)), promise: nil)
    } else if let text = CommandStatus.text(status) {
      send(.status, ByteBuffer(string: text), promise: nil)
    }
    close(.normalClosure)
  }

  func setReading(_ isReading: Bool) {
    guard let context else { return }
    try? context.channel.syncOptions?.setOption(.autoRead, value: isReading)
    if isReading { context.read() }
  }

  private func close(_ code: WebSocketErrorCode) {
    guard !isOver, let context else { return }
    isOver = true
    var data = ByteBuffer()
    data.write(webSocketErrorCode: code)
    let channel = context.channel
    // Its answer, if there is one, is of no interest; reading goes on so that the end of the connection is seen.
    setReading(true)
    context.writeAndFlush(wrapOutboundOut(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))).whenComplete { _ in
      channel.close(mode: .all, promise: nil)
    }
  }
}
