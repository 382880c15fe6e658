import Basics
import Glibc
import JSONValue

/// A container's readiness probe (`httpGet`, `tcpSocket`) against this machine's loopback address, with Kubernetes' defaults. With `scheme:
/// HTTPS` a port that accepts counts. `exec` probes are the supervisor's, which is near the container; one with a `grpc` probe counts as ready
/// when it runs.
struct ReadinessProbe: Sendable {
  private let json: JSON
  private let ports: [JSON]

  /// - Parameter ports: the container's, which a probe may name.
  init(_ json: JSON, ports: [JSON] = []) {
    self.json = json
    self.ports = ports
  }

  /// Polls until the probe has passed `successThreshold` times in a row (true) or the pod is over (false). Blocks.
  func wait(isOver: () -> Bool) -> Bool {
    let period = max(1, json["periodSeconds"]?.int ?? 10)
    let threshold = max(1, json["successThreshold"]?.int ?? 1)
    if !pause(seconds: json["initialDelaySeconds"]?.int ?? 0, isOver: isOver) { return false }
    var passed: Int64 = 0
    while !isOver() {
      passed = check(isOver: isOver) ? passed + 1 : 0
      if passed >= threshold { return true }
      if !pause(seconds: period, isOver: isOver) { return false }
    }
    return false
  }

  private func pause(seconds: Int64, isOver: () -> Bool) -> Bool {
    let end = SystemClock.steady() + TimeSpan(seconds: seconds)
    while SystemClock.steady() < end {
      if isOver() { return false }
      usleep(20_000)
    }
    return true
  }

  private func check(isOver: () -> Bool) -> Bool {
    let timeout = TimeSpan(seconds: max(1, json["timeoutSeconds"]?.int ?? 1))
    if let get = json["httpGet"] {
      guard let port = port(get["port"]) else { return false }
      let host = get["host"]?.string ?? "127.0.0.1"
      let path = get["path"]?.string ?? "/"
      let headers = (get["httpHeaders"]?.array ?? []).map { "\($0["name"]?.string ?? ""): \($0["value"]?.string ?? "")\r\n" }.joined()
      let request = "GET \(path) HTTP/1.0\r\nHost: \(host)\r\nUser-Agent: kube-probe/argosy\r\n\(headers)\r\n"
      let isPlain = get["scheme"]?.string != "HTTPS"
      guard let answer = exchange(port: port, timeout: timeout, request: isPlain ? request : nil, isOver: isOver) else { return false }
      if !isPlain { return true }
      let status = answer.split(separator: " ", maxSplits: 2).dropFirst().first.flatMap { Int($0) } ?? 0
      return (200..<400).contains(status)
    }
    if let socket = json["tcpSocket"] {
      guard let port = port(socket["port"]) else { return false }
      return exchange(port: port, timeout: timeout, request: nil, isOver: isOver) != nil
    }
    return true
  }

  private func port(_ value: JSON?) -> UInt16? {
    switch value {
    case .int(let number)?: UInt16(exactly: number)
    case .string(let text)?:
      UInt16(text) ?? ports.first { $0["name"]?.string == text }?["containerPort"]?.int.flatMap { UInt16(exactly: $0) }
    default: nil
    }
  }

  /// Connects to the loopback address; sends the request, if any, and returns the first bytes of the answer. Nil when refused or late.
  private func exchange(port: UInt16, timeout: TimeSpan, request: String?, isOver: () -> Bool) -> String? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    // Over loopback a listener's queue answers at once; a full one is waited for this long at most.
    var limit = timeval(tv_sec: 1, tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    let connected = withUnsafePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
    }
    guard connected == 0 else { return nil }
    guard let request else { return "" }
    let bytes = Array(request.utf8)
    guard send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL)) == bytes.count else { return nil }
    let end = SystemClock.steady() + timeout
    var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    while poll(&entry, 1, 50) <= 0 {
      if isOver() || SystemClock.steady() >= end { return nil }
    }
    var answer = [UInt8](repeating: 0, count: 256)
    let count = recv(descriptor, &answer, answer.count, 0)
    return count > 0 ? String(decoding: answer[..<count], as: UTF8.self) : nil
  }
}
