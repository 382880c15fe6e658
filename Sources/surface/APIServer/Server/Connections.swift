import Basics
import CLinux
import NIOCore
import Synchronization

/// One connection: until when it may go on as it is.
final class Connection: Sendable {
  let channel: any Channel
  /// The address of the other end, without its port.
  let peer: String
  /// Nanoseconds of the monotonic clock; `.max`: no end.
  private let deadline: Atomic<UInt64>
  private let isIdling = Atomic<Bool>(true)

  init(channel: any Channel, seconds: Int64) {
    self.channel = channel
    peer = channel.remoteAddress?.ipAddress ?? "unix"
    deadline = Atomic(Self.time(in: seconds))
  }

  private static func time(in seconds: Int64) -> UInt64 { SystemClock.monotonicNanoseconds() + UInt64(max(0, seconds)) * 1_000_000_000 }

  /// The connection is closed when it does not get on within so many seconds. `isIdle`: no request is in hand.
  func expect(within seconds: Int64, isIdle: Bool = false) {
    isIdling.store(isIdle, ordering: .relaxed)
    deadline.store(Self.time(in: seconds), ordering: .relaxed)
  }

  /// Something takes as long as it takes.
  func expectNothing() {
    isIdling.store(false, ordering: .relaxed)
    deadline.store(.max, ordering: .relaxed)
  }

  fileprivate func isOverdue(at time: UInt64) -> Bool { deadline.load(ordering: .relaxed) <= time }
  fileprivate var isIdle: Bool { isIdling.load(ordering: .relaxed) }
}

/// All connections. A timer closes those that are overdue: slow clients, half-open ones, idle ones.
final class Connections: Sendable {
  private let open = Mutex<[ObjectIdentifier: Connection]>([:])

  var count: Int { open.withLock { $0.count } }

  func add(_ channel: any Channel, seconds: Int64) -> Connection {
    let connection = Connection(channel: channel, seconds: seconds)
    open.withLock { $0[ObjectIdentifier(connection)] = connection }
    channel.closeFuture.whenComplete { [self] _ in
      _ = open.withLock { $0.removeValue(forKey: ObjectIdentifier(connection)) }
    }
    return connection
  }

  /// Closes what is overdue, and gives back the memory of many connections that are gone.
  func sweep() {
    let time = SystemClock.monotonicNanoseconds()
    close { $0.isOverdue(at: time) }
    let isTrimDue = tide.withLock { $0.isTrimDue(count) }
    // What they took lies between what others hold: glibc keeps it otherwise, and takes more for the next ones.
    if isTrimDue { clx_trim_memory() }
  }

  private let tide = Mutex(ConnectionTide())

  func closeIdle() { close(\.isIdle) }
  func closeAll() { close { _ in true } }

  private func close(_ isChosen: (Connection) -> Bool) {
    let chosen = open.withLock { $0.values.filter(isChosen) }
    for connection in chosen { connection.channel.close(promise: nil) }
  }
}

/// Says, by the number of connections once a second, when it is worth while to give memory back: each time that half of many are gone, and once more
/// when no more go, since the last of them would never be half of many.
struct ConnectionTide {
  /// Fewer at once are not many.
  private static let many = 1000
  /// The most that were there since memory was given back.
  private var most = 0
  private var previous = 0
  /// Many have gone, and more may.
  private var isFalling = false

  mutating func isTrimDue(_ count: Int) -> Bool {
    defer { previous = count }
    most = max(most, count)
    if most >= Self.many, count < most / 2 {
      most = count
      isFalling = true
      return true
    }
    guard isFalling, count >= previous else { return false }
    isFalling = false
    return true
  }
}
