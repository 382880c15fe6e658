import Basics
internal import JSONValue
import NIOCore

/// A command over SPDY 3.1, as kubectl before 1.31 speaks: the client opens a stream for each of error, stdin, stdout, stderr and resize.
final class SPDYCommandHandler: ChannelInboundHandler, CommandRun.Outlet {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// The subprotocol: the end is a `Status` document on the error stream.
  static let version = "v4.channel.k8s.io"

  private let connection: Connection
  private let begin: (any Channel, any CommandRun.Outlet) -> CommandRun
  private var run: CommandRun?
  private var context: ChannelHandlerContext?
  private var reader = SPDYFrameReader()
  private var writer = SPDYFrameWriter()
  private var streams: [UInt32: CommandChannel] = [:]
  private var hasBegun = false
  private var isOver = false
  /// What is not yet a whole size of the terminal.
  private var sizes: [UInt8] = []

  init(_ connection: Connection, begin: @escaping (any Channel, any CommandRun.Outlet) -> CommandRun) {
    self.connection = connection
    self.begin = begin
  }

  func handlerAdded(context: ChannelHandlerContext) {
    self.context = context
    run = begin(context.channel, self)
    // The streams must come soon.
    connection.expect(within: 30)
  }

  func handlerRemoved(context: ChannelHandlerContext) {
    self.context = nil
    run = nil
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    reader.append(unwrapInboundIn(data))
    do throws(SPDYError) {
      while let frame = try reader.next() { take(frame, context) }
    } catch {
      run?.cancel()
      context.close(promise: nil)
    }
  }

  private func take(_ frame: SPDYFrame, _ context: ChannelHandlerContext) {
    switch frame {
    case .open(let stream, let headers, _):
      let types: [String: CommandChannel] = ["error": .status, "stdin": .input, "stdout": .output, "stderr": .errors, "resize": .size]
      guard streams.count < types.count, let type = headers["streamtype"].flatMap({ types[$0] }) else { return context.close(promise: nil) }
      streams[stream] = type
      context.writeAndFlush(wrapOutboundOut(writer.reply(to: stream)), promise: nil)
      guard !hasBegun, let run, Set(run.allChannels).isSubset(of: streams.values) else { return }
      hasBegun = true
      connection.expectNothing()
      run.start()
    case .data(let stream, let bytes, let isLast):
      guard !isOver, let run else { return }
      switch streams[stream] {
      case .input:
        if !bytes.isEmpty, !run.input(bytes) { setReading(false) }
        if isLast { _ = run.input([]) }
      case .size: resize(bytes)
      default: break
      }
    case .ping(let id): context.writeAndFlush(wrapOutboundOut(SPDYFrameWriter.ping(id)), promise: nil)
    case .reset(let stream): if streams[stream] == .input { _ = run?.input([]) }
    case .goAway:
      run?.cancel()
      context.close(promise: nil)
    case .other: break
    }
  }

  /// Sizes come as documents one behind the other.
  private func resize(_ bytes: [UInt8]) {
    sizes += bytes
    while let end = sizes.firstIndex(of: UInt8(ascii: "}")) {
      if let size = CommandStatus.size(Array(sizes[...end])) { run?.resize(size) }
      sizes.removeSubrange(...end)
    }
    if sizes.count > 1024 { sizes = [] }
  }

  func send(_ channel: CommandChannel, _ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
    guard let context, !isOver, let stream = streams.first(where: { $0.value == channel })?.key else {
      promise?.fail(ChannelError.ioOnClosedChannel)
      return
    }
    context.writeAndFlush(wrapOutboundOut(SPDYFrameWriter.data(stream, bytes, isLast: false)), promise: promise)
  }

  func end(_ status: JSON) {
    guard !isOver, let context else { return }
    send(.status, ByteBuffer(bytes: status.bytes(.compact)), promise: nil)
    isOver = true
    for (stream, channel) in streams where channel != .input && channel != .size {
      context.write(wrapOutboundOut(SPDYFrameWriter.data(stream, ByteBuffer(), isLast: true)), promise: nil)
    }
    context.flush()
    // The client closes when it has read all that; what it still sends is of no interest.
    setReading(true)
    connection.expect(within: 10)
  }

  func setReading(_ isReading: Bool) {
    guard let context else { return }
    try? context.channel.syncOptions?.setOption(.autoRead, value: isReading)
    if isReading { context.read() }
  }
}
