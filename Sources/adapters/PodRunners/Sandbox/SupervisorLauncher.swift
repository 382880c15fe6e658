import CLinux
import Contracts
import Glibc
import Processes
import Synchronization

/// The runner's side of `argosy-exec --launcher`: starts supervisors as copies of one process, which also keeps scratch space for them. It
/// is started when the first pods have shown that there are more. Whatever goes wrong with it, pods are started without it.
final class SupervisorLauncher: Sendable {
  /// A supervisor, and the scratch space that it was given.
  struct Started: Sendable {
    var pid: pid_t
    var pidfd: Int32
    var lease: ScratchLease?
  }

  /// How many pods are started as programs of their own first: a launcher costs as much as some of them.
  private static let firstPods = 2
  /// Room for the arguments that a supervisor shows.
  private static let padding = String(repeating: " ", count: 2048)

  /// One end of a connection to a launcher; whoever still uses it keeps its number from being given to another file.
  private final class Connection: Sendable {
    let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { Glibc.close(descriptor) }

    func send(_ request: LaunchRequest, _ descriptors: [Int32] = []) -> Bool {
      let bytes = request.bytes
      return clx_send_message(descriptor, bytes, bytes.count, descriptors, Int32(descriptors.count)) == Int64(bytes.count)
    }

    func receive() -> (LaunchReply, pidfd: Int32)? {
      var buffer = [UInt8](repeating: 0, count: LaunchRequest.longest)
      var descriptors: [Int32] = [-1, -1, -1, -1]
      var count: Int32 = 0
      let length = clx_receive_message(descriptor, &buffer, buffer.count, &descriptors, &count)
      guard length > 0, let reply = LaunchReply(buffer[..<Int(length)]) else { return nil }
      return (reply, count > 0 ? descriptors[0] : -1)
    }
  }

  private struct State {
    var pods = 0
    var connection: Connection?
    var process: Child?
    /// Tells the launchers that this runner has had apart.
    var generation = 0
    var isClosed = false
  }

  private let executable: String
  private let state = Mutex(State())
  /// Held from a request to its answer; `state` only for moments, so that nobody who gives scratch space back waits for a launch.
  private let exchange = Mutex(())

  init(executable: String) { self.executable = executable }

  deinit { close() }

  /// What is said when it is not known whether the launcher has started the pod: its lock tells, to those who adopt.
  static let lost = ProcessError("the launcher of supervisors has not answered", number: EAGAIN)

  /// Starts the supervisor of a pod; nil where it is to be started without a launcher. Throws ``lost`` as well.
  ///
  /// - Parameter scratch: whose scratch space it may have; nil: it makes its own.
  func launch(directory: String, scratch: ScratchGroup?, lock: Int32, notify: Int32) throws(ProcessError) -> Started? {
    let request = LaunchRequest.launch(directory: directory, scratch: scratch)
    let result = exchange.withLock { _ -> Result<Started?, ProcessError> in
      let current = state.withLock { state -> (connection: Connection, generation: Int)? in
        state.pods += 1
        guard state.pods > Self.firstPods, !state.isClosed, request.bytes.count <= LaunchRequest.longest else { return nil }
        guard let connection = state.connection ?? start(&state) else { return nil }
        return (connection, state.generation)
      }
      guard let (connection, generation) = current else { return .success(nil) }
      guard connection.send(request, [lock, notify]), let (reply, pidfd) = connection.receive() else {
        state.withLock { if $0.generation == generation { end(&$0) } }
        return .failure(Self.lost)
      }
      guard reply.process > 0 else { return .failure(ProcessError("cannot start a supervisor", number: -reply.process)) }
      // Its descriptor did not fit into this process's table: it runs, and is adopted.
      guard pidfd >= 0 else { return .failure(Self.lost) }
      let lease = reply.slot.map { ScratchLease(slot: $0, place: reply.place, generation: generation) }
      return .success(Started(pid: reply.process, pidfd: pidfd, lease: lease))
    }
    return try result.get()
  }

  /// Gives scratch space back; false when the launcher that it is from has ended, so that it is to be removed. Not reusable: something of the pod
  /// may still live.
  func release(_ lease: ScratchLease, isReusable: Bool) -> Bool {
    state.withLock { state in
      guard let connection = state.connection, state.generation == lease.generation else { return false }
      if connection.send(.release(slot: lease.slot, isReusable: isReusable)) { return true }
      end(&state)
      return false
    }
  }

  /// Ends the launcher and waits until it has removed the scratch space that nobody has. Supervisors go on.
  func close() {
    exchange.withLock { _ in
      state.withLock { state in
        state.isClosed = true
        end(&state)
      }
    }
  }

  private func start(_ state: inout State) -> Connection? {
    var ends: [Int32] = [-1, -1]
    guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else { return nil }
    let connection = Connection(ends[0])
    defer { Glibc.close(ends[1]) }
    guard
      let child = try? Child.spawn(
        [executable, "--launcher", Self.padding], env: SandboxRunner.environment, directory: "/", descriptors: (-1, -1, -1, ends[1]),
        standing: .ownSession)
    else { return nil }
    state.connection = connection
    state.process = child
    state.generation += 1
    return connection
  }

  private func end(_ state: inout State) {
    // Also for a launch that waits for its answer.
    if let connection = state.connection { shutdown(connection.descriptor, Int32(SHUT_RDWR)) }
    state.connection = nil
    if let process = state.process {
      _ = clx_pidfd_reap(process.pidfd, 1)
      Glibc.close(process.pidfd)
    }
    state.process = nil
  }
}

/// Scratch space that a pod has.
struct ScratchLease: Sendable, Hashable {
  var slot: Int
  var place: String
  var generation: Int
}
