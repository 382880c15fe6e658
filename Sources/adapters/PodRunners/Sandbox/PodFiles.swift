import Basics
import CLinux
import Contracts
import Glibc
import JSONValue
import Processes

/// The files of a pod's directory, as the parent sees them.
enum PodFiles {
  static func read(_ path: String) -> [UInt8]? {
    let file = LocalFiles.open(path, O_RDONLY)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var result: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16 << 10)
    while true {
      let count = Glibc.read(file, &buffer, buffer.count)
      if count < 0, errno == EINTR { continue }
      if count < 0 { return nil }
      if count == 0 { return result }
      result += buffer[..<count]
    }
  }

  static func write(_ path: String, _ bytes: [UInt8]) -> Bool {
    let file = LocalFiles.open(path, O_WRONLY | O_CREAT | O_TRUNC, mode: 0o600)
    guard file >= 0 else { return false }
    defer { close(file) }
    var start = 0
    while start < bytes.count {
      let count = bytes.withUnsafeBytes { Glibc.write(file, $0.baseAddress.map { $0 + start }, $0.count - start) }
      if count < 0 {
        if errno == EINTR { continue }
        return false
      }
      start += count
    }
    return true
  }

  static func report(_ directory: String) -> PodReport? {
    guard let bytes = read(directory + "/status.json"), let json = try? JSON.parse(bytes) else { return nil }
    return try? PodReport(json: json)
  }

  /// The report of a pod whose supervisor has ended; one without a last word gets a failure.
  ///
  /// - Parameter isGivenUp: the supervisor has said so by its status; nobody sees that of one who was taken over.
  static func finalReport(_ directory: String, plan: PodPlan?, isGivenUp: Bool = false) -> PodReport {
    let last = report(directory)
    var report = last ?? PodReport(supervisor: 0, supervisorStart: 0, containers: [])
    if report.isFinished { return report }
    if last == nil, isGivenUp || (plan == nil && !hasBegun(directory)) { report.failure = PodReport.lackFailure }
    if report.containers.isEmpty {
      let plan = plan ?? read(directory + "/plan.json").flatMap { try? JSON.parse($0) }.flatMap { try? PodPlan(json: $0) }
      report.containers = plan?.containers.map { PodReport.Container(name: $0.name) } ?? []
    }
    report.isFinished = true
    if report.failure == nil { report.failure = PodReport.diedFailure }
    return report
  }

  /// Removes what a supervisor that died has left of the containers' file systems. Blocks.
  static func removeScratch(_ directory: String, _ containers: [String], elsewhere: String? = nil) {
    var paths = elsewhere.map { [$0] } ?? []
    for container in containers {
      for name in ["upper", "work", "tmp"] {
        let path = "\(directory)/containers/\(container)/\(name)"
        if access(path, F_OK) == 0 { paths.append(path) }
      }
    }
    guard !paths.isEmpty else { return }
    // An overlay's work directory has mode 0, which keeps all but root out.
    _ = try? Command.run(["chmod", "-R", "u+rwX"] + paths)
    _ = try? Command.run(["rm", "-rf"] + paths)
  }

  /// What a report said before the containers ended.
  static func asRunning(_ report: PodReport) -> PodReport {
    var report = report
    report.isFinished = false
    for index in report.containers.indices {
      report.containers[index].finishedAt = nil
      report.containers[index].exitCode = nil
      report.containers[index].signal = nil
      report.containers[index].message = nil
    }
    return report
  }

  /// Whether a supervisor lives: it holds the lock for its whole life.
  static func isLocked(_ directory: String) -> Bool {
    let file = LocalFiles.open(directory + "/lock", O_RDWR)
    guard file >= 0 else { return false }
    defer { close(file) }
    return clx_try_lock(file) == -EWOULDBLOCK
  }

  /// Whether a supervisor has begun: it writes into its lock before it starts anything.
  static func hasBegun(_ directory: String) -> Bool { read(directory + "/lock")?.isEmpty == false }

  /// Field 22 of `/proc/PID/stat`: when a process started, in clock ticks since boot; 0 when there is none.
  static func startTime(_ pid: pid_t) -> UInt64 {
    guard let bytes = read("/proc/\(pid)/stat"), let name = bytes.lastIndex(of: UInt8(ascii: ")")) else { return 0 }
    let fields = bytes[(name + 1)...].split(separator: 0x20)
    return fields.count > 19 ? UInt64(String(decoding: fields[19], as: UTF8.self)) ?? 0 : 0
  }
}
