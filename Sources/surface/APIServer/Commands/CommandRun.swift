import Basics
internal import Contracts
internal import JSONValue
internal import KubeModel
import NIOCore
import Synchronization

/// One command in a container and the connection of the client that sees it. The connection's handler gives it input and is given output; both ends may
/// be slower than the other.
final class CommandRun: Sendable {
  /// What the connection has to send. Called on its event loop.
  protocol Outlet: AnyObject {
    /// Sends bytes on a channel; the promise says when they have left.
    func send(_ channel: CommandChannel, _ bytes: ByteBuffer, promise: EventLoopPromise<Void>?)
    /// Tells the end and closes the connection.
    func end(_ status: JSON)
    /// Takes input from the client again, or no more for now.
    func setReading(_ isReading: Bool)
  }

  private struct State: Sendable {
    var session: (any ExecSession)?
    /// Input that came before the command had begun.
    var early: [[UInt8]] = []
    var earlySize: (columns: UInt16, rows: UInt16)?
    var isGone = false
    var unsent = 0
  }

  private let core: ServerCore
  private let wish: CommandWish
  private let channel: any Channel
  private let outlet: NIOLoopBound<any Outlet>
  private let state = Mutex(State())
  private let room = Mailbox<Void>()
  private let ticket: StreamTicket
  /// Output that may wait for the client.
  private static let limit = 1 << 20

  /// To be called on the channel's event loop.
  init(core: ServerCore, wish: CommandWish, channel: any Channel, outlet: any Outlet, ticket: StreamTicket) {
    self.core = core
    self.wish = wish
    self.channel = channel
    self.outlet = NIOLoopBound(outlet, eventLoop: channel.eventLoop)
    self.ticket = ticket
  }

  /// The channels that the client reads.
  var readableChannels: [CommandChannel] { (wish.hasOutput ? [.output] : []) + (wish.hasErrors ? [.errors] : []) + [.status] }

  /// All channels that the client has to open, where it opens them itself.
  var allChannels: [CommandChannel] {
    readableChannels + (wish.request.hasInput ? [.input] : []) + (wish.request.hasTerminal ? [.size] : [])
  }

  /// Starts the command. Its end, and why it could not start, is told to the outlet.
  func start() {
    let number = core.stop.observe { [self] in
      cancel()
      finish(CommandStatus.document(KubeStatus(.serviceUnavailable, "the server is stopping")))
    }
    channel.closeFuture.whenComplete { [self] _ in
      core.stop.forget(number)
      cancel()
    }
    Task {
      do throws(KubeStatus) {
        let session = try await core.pool.run { [self] () throws(KubeStatus) -> any ExecSession in try begin() }
        let (isGone, early, size) = state.withLock { state in
          state.session = session
          defer { state.early = [] }
          return (state.isGone, state.early, state.earlySize)
        }
        if let size { session.resize(columns: size.columns, rows: size.rows) }
        var wantsMore = true
        for bytes in early { wantsMore = session.send(bytes) }
        if isGone { session.cancel() }
        // Input was not read meanwhile.
        if wantsMore { onLoop { $0.setReading(true) } }
      } catch {
        finish(CommandStatus.document(error))
      }
    }
  }

  /// Blocks.
  private func begin() throws(KubeStatus) -> any ExecSession {
    guard let pods = core.parts.pods else { throw KubeStatus(.badRequest, "this server has no pods") }
    let pod = try core.parts.resources.get(wish.key)
    let sink: @Sendable (ExecOutput) -> Void = { [self] output in took(output) }
    return wish.command == nil
      ? try pods.attach(to: pod, wish.request, output: sink) : try pods.exec(in: pod, wish.request, output: sink)
  }

  /// On the runner's thread, which waits here while the client is slow.
  private func took(_ output: ExecOutput) {
    switch output {
    case .standardOutput(let bytes): if wish.hasOutput { send(.output, bytes) }
    case .standardError(let bytes): if wish.hasErrors { send(.errors, bytes) }
    case .wantsInput: onLoop { $0.setReading(true) }
    case .ended(let outcome): finish(CommandStatus.document(outcome))
    }
  }

  private func send(_ target: CommandChannel, _ bytes: [UInt8]) {
    guard !bytes.isEmpty else { return }
    while true {
      let (isGone, isFull) = state.withLock { state in
        let isFull = state.unsent > Self.limit
        if !isFull { state.unsent += bytes.count }
        return (state.isGone, isFull)
      }
      if isGone { return }
      if !isFull { break }
      _ = room.takeAll()
    }
    let promise = channel.eventLoop.makePromise(of: Void.self)
    promise.futureResult.whenComplete { [self] _ in
      state.withLock { $0.unsent -= bytes.count }
      room.post(())
    }
    onLoop { $0.send(target, ByteBuffer(bytes: bytes), promise: promise) }
  }

  private func finish(_ status: JSON) { onLoop { $0.end(status) } }

  private func onLoop(_ body: @escaping @Sendable (any Outlet) -> Void) {
    let outlet = outlet
    channel.eventLoop.execute { body(outlet.value) }
  }

  /// Input of the client; none closes the command's input. On the event loop. False: take no more for now.
  func input(_ bytes: [UInt8]) -> Bool {
    let session: (any ExecSession)? = state.withLock { state in
      if state.session == nil { state.early.append(bytes) }
      return state.session
    }
    return session?.send(bytes) ?? false
  }

  func resize(_ size: (columns: UInt16, rows: UInt16)) {
    let session: (any ExecSession)? = state.withLock { state in
      state.earlySize = size
      return state.session
    }
    session?.resize(columns: size.columns, rows: size.rows)
  }

  /// The client is gone.
  func cancel() {
    let session: (any ExecSession)? = state.withLock { state in
      state.isGone = true
      return state.session
    }
    room.close()
    session?.cancel()
  }
}
