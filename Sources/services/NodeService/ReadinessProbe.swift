import Basics
import Glibc
import JSONValue

/// A container's readiness probe (`httpGet`, `tcpSocket`) against this machine's loopback address, with Kubernetes' defaults.
struct ReadinessProbe {
  private let json: JSON

  init(_ json: JSON) { self.json = json }

  /// Polls until the probe has passed `successThreshold` times in a row (true) or the pod is over (false). Blocks.
  func wait(isOver: () -> Bool) -> Bool {
    let period = UInt32(clamping: max(1, json["periodSeconds"]?.int ?? 10))
    let threshold = max(1, json["successThreshold"]?.int ?? 1)
    if !pause(seconds: UInt32(clamping: json["initialDelaySeconds"]?.int ?? 0), isOver: isOver) { return false }
    var passed: Int64 = 0
    while !isOver() {
      passed = check() ? passed + 1 : 0
      if passed >= threshold { return true }
      if !pause(seconds: period, isOver: isOver) { return false }
    }
    return false
  }

  private func pause(seconds: UInt32, isOver: () -> Bool) -> Bool {
    for _ in 0..<(seconds &* 10) {
      if isOver() { return false }
      usleep(100_000)
    }
    return true
  }

  private func check() -> Bool {
    let timeout = max(1, json["timeoutSeconds"]?.int ?? 1)
    if let get = json["httpGet"], let port = port(get["port"]) {
      let host = get["host"]?.string ?? "127.0.0.1"
      let path = get["path"]?.string ?? "/"
      let request = "GET \(path) HTTP/1.0\r\nHost: \(host)\r\nUser-Agent: kube-probe/argosy\r\n\r\n"
      guard let answer = exchange(port: port, timeout: timeout, request: request) else { return false }
      let status = answer.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) } ?? 0
      return (200..<400).contains(status)
    }
    if let socket = json["tcpSocket"], let port = port(socket["port"]) {
      return exchange(port: port, timeout: timeout, request: nil) != nil
    }
    // exec and grpc probes need a process inside the container; without one the container counts as ready when it runs.
    return true
  }

  private func port(_ value: JSON?) -> UInt16? {
    switch value {
    case .int(let number)?: UInt16(exactly: number)
    case .string(let text)?: UInt16(text)
    default: nil
    }
  }

  /// Connects to the loopback address; sends the request, if any, and returns the first bytes of the answer. Nil when refused or late.
  private func exchange(port: UInt16, timeout: Int64, request: String?) -> String? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var limit = timeval(tv_sec: Int(timeout), tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard connected == 0 else { return nil }
    guard let request else { return "" }
    let bytes = Array(request.utf8)
    guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return nil }
    var answer = [UInt8](repeating: 0, count: 256)
    let count = recv(descriptor, &answer, answer.count, 0)
    return count > 0 ? String(decoding: answer[..<count], as: UTF8.self) : nil
  }
}
