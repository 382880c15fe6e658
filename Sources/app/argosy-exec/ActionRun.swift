import CLinux
import Contracts
import Glibc

/// The action of a probe or hook, carried out by a process of its own: the supervisor goes on meanwhile, and what takes too long is killed.
final class ActionRun {
  /// Readable when the process has ended.
  let descriptor: Int32
  /// Milliseconds since 1970.
  let startedAt: Int64
  let due: Int64
  private var isKilled = false

  /// - Parameters:
  ///   - process: a pidfd of the container's first process, whose namespaces a command joins; nil: there are none.
  ///   - timeout: milliseconds until the action has failed.
  init?(_ action: ContainerAction, of plan: PodPlan.Container, process: Int32?, isUserNamespace: Bool, timeout: Int64) {
    var pidfd: Int32 = -1
    let pid = clx_fork(0, &pidfd)
    if pid == 0 {
      _ = clx_set_death_signal(SIGKILL)
      _exit(Self.perform(action, plan, process, isUserNamespace) ? 0 : 1)
    }
    guard pid > 0 else { return nil }
    descriptor = pidfd
    startedAt = now()
    due = startedAt + timeout
  }

  /// Whether the action has succeeded; nil while it goes on. Not to be asked again after an answer.
  func outcome(_ time: Int64) -> Bool? {
    let status = clx_pidfd_reap(descriptor, 0)
    if status == -EAGAIN {
      if time >= due, !isKilled {
        isKilled = true
        _ = clx_pidfd_signal(descriptor, SIGKILL)
      }
      return nil
    }
    close(descriptor)
    return status == 0
  }

  /// Ends it without asking for the outcome.
  func abandon() {
    _ = clx_pidfd_signal(descriptor, SIGKILL)
    _ = clx_pidfd_reap(descriptor, 1)
    close(descriptor)
  }

  // MARK: In the process

  private static func perform(_ action: ContainerAction, _ plan: PodPlan.Container, _ process: Int32?, _ isUserNamespace: Bool) -> Bool {
    switch action {
    case .run(let command):
      if let process {
        let spaces = UInt64(CLX_NEWNS | CLX_NEWPID | CLX_NEWIPC) | (isUserNamespace ? UInt64(CLX_NEWUSER) : 0)
        guard clx_join_namespaces(process, spaces) == 0 else { return false }
      }
      guard let pid = try? Program.start(command, of: plan, output: -1, error: -1, deathSignal: SIGKILL, patience: 60_000) else {
        return false
      }
      var status: Int32 = 0
      while waitpid(pid, &status, 0) < 0 { if errno != EINTR { return false } }
      return status == 0
    case .get(let host, let port, let path, let headers, let isSecure):
      guard let connection = connected(host, port) else { return false }
      if isSecure { return true }
      let fields = headers.map { $0 + "\r\n" }.joined()
      let request = Array("GET \(path) HTTP/1.0\r\nHost: \(host)\r\nUser-Agent: kube-probe/argosy\r\n\(fields)\r\n".utf8)
      guard send(connection, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else { return false }
      var answer = [UInt8](repeating: 0, count: 256)
      let count = recv(connection, &answer, answer.count, 0)
      guard count > 0 else { return false }
      let words = String(decoding: answer[..<count], as: UTF8.self).split(separator: " ", maxSplits: 2)
      return words.count > 1 && (Int(words[1]).map { (200..<400).contains($0) } ?? false)
    case .connect(let host, let port): return connected(host, port) != nil
    case .sleep(let seconds):
      sleep(UInt32(clamping: seconds))
      return true
    }
  }

  /// A connection to an IPv4 address; every name is this machine, whose network all containers have.
  private static func connected(_ host: String, _ port: UInt16) -> Int32? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    if inet_pton(AF_INET, host, &address.sin_addr) != 1 { address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian }
    let result = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    return result == 0 ? descriptor : nil
  }
}
