import Basics
import CommandLine
import Glibc
import JSONValue
import Synchronization

/// The socket in a state directory by which other `argosy` processes of the same user hand commands to the one that serves it: one line of
/// JSON asks, one answers.
enum ControlSocket {
  static let name = "argosy.sock"
  /// The longest request.
  fileprivate static let requestLimit = 1 << 20

  /// Asks the process that serves a directory. Nil when none does.
  static func ask(_ request: StateRequest, directory: String) throws -> [JSON]? {
    let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { throw FileError("socket", directory) }
    defer { close(descriptor) }
    let status = try withAddress(in: directory) { connect(descriptor, $0, $1) }
    if status != 0 {
      // Nobody listens: no socket, or one that a killed process left.
      if [ENOENT, ECONNREFUSED].contains(errno) { return nil }
      throw FileError("connect", directory + "/" + name)
    }
    guard send(request.json.text(.compact) + "\n", to: descriptor) else { throw FileError("write", directory + "/" + name) }
    guard let line = readLine(descriptor, limit: 1 << 30), let answer = try? JSON.parse(line) else {
      throw SubmitFailure("the process that serves \(directory) gave no answer: it is ending, try again")
    }
    if let problem = answer["error"]?.string { throw SubmitFailure(problem) }
    return answer["workflows"]?.array ?? []
  }

  /// Calls with the socket's address. The directory goes in by a descriptor, since an address has room for 107 bytes only.
  fileprivate static func withAddress<Result>(
    in directory: String, _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> Result
  ) throws -> Result {
    let place = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard place >= 0 else { throw FileError("open", directory) }
    defer { close(place) }
    var address = sockaddr_un()
    address.sun_family = sa_family_t(AF_UNIX)
    let path = Array("/proc/self/fd/\(place)/\(name)".utf8CString)
    withUnsafeMutableBytes(of: &address.sun_path) { room in
      for (index, byte) in path.prefix(room.count).enumerated() { room[index] = UInt8(bitPattern: byte) }
    }
    return try withUnsafePointer(to: &address) { pointer in
      try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { try body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
    }
  }

  fileprivate static func send(_ text: String, to descriptor: Int32) -> Bool {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return false }
      rest = rest.dropFirst(count)
    }
    return true
  }

  /// Bytes up to the first newline; nil when they do not come.
  fileprivate static func readLine(_ descriptor: Int32, limit: Int) -> [UInt8]? {
    var line: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 65_536)
    while line.count <= limit {
      let count = recv(descriptor, &chunk, chunk.count, 0)
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return nil }
      if let end = chunk[..<count].firstIndex(of: 0x0A) { return line + chunk[..<end] }
      line += chunk[..<count]
    }
    return nil
  }
}

/// The serving end of a ``ControlSocket``, on a thread of its own.
final class ControlServer: Sendable {
  private let descriptor: Int32
  private let path: String
  private let thread = Mutex<OSThread?>(nil)

  /// Begins to answer. To be made only by the process that holds the directory's database: whatever socket is there is stale. Nil, with
  /// a remark, when there can be none; all else goes on without it.
  init?(directory: String, answer: @escaping @Sendable (StateRequest, ControlPeer) throws -> [JSON]) {
    let listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    let path = directory + "/" + ControlSocket.name
    unlink(path)
    // The file gets the socket's mode.
    fchmod(listener, 0o600)
    let status = (try? ControlSocket.withAddress(in: directory) { bind(listener, $0, $1) }) ?? -1
    guard listener >= 0, status == 0, listen(listener, 16) == 0 else {
      if listener >= 0 { close(listener) }
      Diagnostics.report("no commands from other processes: \(path) cannot be made: \(String(cString: strerror(errno)))")
      return nil
    }
    descriptor = listener
    self.path = path
    let started = startThread(name: "control") {
      while true {
        let peer = accept(listener, nil, nil)
        if peer < 0 {
          if errno == EINTR || errno == ECONNABORTED { continue }
          if errno == EMFILE || errno == ENFILE {
            usleep(100_000)
            continue
          }
          return
        }
        Self.serve(peer, directory: directory, answer)
        close(peer)
      }
    }
    thread.withLock { $0 = started }
  }

  /// Ends after the request in hand, and removes the socket.
  func stop() {
    guard let running = thread.withLock({ $0.take() }) else { return }
    unlink(path)
    shutdown(descriptor, Int32(SHUT_RDWR))
    running.join()
    close(descriptor)
  }

  private static func serve(_ peer: Int32, directory: String, _ answer: (StateRequest, ControlPeer) throws -> [JSON]) {
    _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
    // A caller that says nothing, or does not listen, keeps nobody.
    var patience = timeval(tv_sec: 5, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(peer, SOL_SOCKET, option, &patience, socklen_t(MemoryLayout<timeval>.size))
    }
    guard let sender = ownPeer(peer), let line = ControlSocket.readLine(peer, limit: ControlSocket.requestLimit) else { return }
    var result: JSONObject = [:]
    if let json = try? JSON.parse(line), let request = StateRequest(json, directory: directory) {
      do { result["workflows"] = .array(try answer(request, sender)) } catch { result["error"] = .string("\(error)") }
    } else {
      result["error"] = "this process does not know the request: it is of another version"
    }
    _ = ControlSocket.send(JSON.object(result).text(.compact) + "\n", to: peer)
  }

  /// The other end, when it is this user's, or the superuser's.
  private static func ownPeer(_ peer: Int32) -> ControlPeer? {
    // `struct ucred`, which Swift does not see: process, user, group.
    var credentials: [UInt32] = [0, 0, 0]
    var size = socklen_t(MemoryLayout<UInt32>.size * credentials.count)
    guard getsockopt(peer, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0, size == 12 else { return nil }
    guard credentials[1] == geteuid() || credentials[1] == 0 else { return nil }
    return ControlPeer(process: Int32(truncatingIfNeeded: credentials[0]), user: credentials[1])
  }
}
