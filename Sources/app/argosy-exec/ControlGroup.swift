import Contracts
import Glibc

/// Memory and CPU limits of one container by control groups of version 1 or 2; silently nothing where they are not writable.
struct ControlGroup {
  /// Directories of this container; none without limits.
  private(set) var directories: [String] = []
  private var memoryDirectory: String?
  /// The limits that cannot be enforced: `memory`, `cpu`.
  private(set) var ignored: [String] = []

  init(_ plan: PodPlan.Container, name: String) {
    guard plan.memoryLimit != nil || plan.cpuLimit != nil else { return }
    var hasProcessors = false
    defer {
      if plan.memoryLimit != nil, memoryDirectory == nil { ignored.append("memory") }
      if plan.cpuLimit != nil, !hasProcessors { ignored.append("cpu") }
    }
    guard let bytes = Files.read("/proc/self/cgroup") else { return }
    for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let controllers = fields[1].split(separator: ",")
      let own = String(fields[2])
      if controllers.isEmpty {
        limitUnified(plan, own: own, name: name)
        if !directories.isEmpty { hasProcessors = true }
      } else if controllers.contains("memory"), let limit = plan.memoryLimit {
        if let directory = Self.make(under: "/sys/fs/cgroup/memory", own: own, name: name, "memory.limit_in_bytes", "\(limit)") {
          directories.append(directory)
          memoryDirectory = directory
        }
      } else if controllers.contains("cpu"), let limit = plan.cpuLimit {
        let base = fields[1].contains(",") && access("/sys/fs/cgroup/cpu", F_OK) != 0 ? "/sys/fs/cgroup/\(fields[1])" : "/sys/fs/cgroup/cpu"
        if let directory = Self.make(under: base, own: own, name: name, "cpu.cfs_quota_us", "\(max(1000, limit * 100))") {
          directories.append(directory)
          hasProcessors = true
        }
      }
    }
  }

  private mutating func limitUnified(_ plan: PodPlan.Container, own: String, name: String) {
    guard access("/sys/fs/cgroup/cgroup.controllers", F_OK) == 0 else { return }
    // Controllers are only available below a group without processes of its own: this one, the one above or the top.
    let above = own.split(separator: "/").dropLast().joined(separator: "/")
    for candidate in [own, "/" + above, "/"] {
      let parent = "/sys/fs/cgroup" + (candidate == "/" ? "" : candidate)
      Files.write(parent + "/cgroup.subtree_control", Array("+memory +cpu".utf8), flags: O_WRONLY)
      let directory = parent + "/" + name
      guard mkdir(directory, 0o755) == 0 else { continue }
      var isLimited = true
      if let limit = plan.memoryLimit { isLimited = Files.write(directory + "/memory.max", Array("\(limit)".utf8), flags: O_WRONLY) }
      if let limit = plan.cpuLimit {
        isLimited = Files.write(directory + "/cpu.max", Array("\(max(1000, limit * 100)) 100000".utf8), flags: O_WRONLY) && isLimited
      }
      if isLimited {
        directories = [directory]
        memoryDirectory = directory
        return
      }
      rmdir(directory)
    }
  }

  private static func make(under base: String, own: String, name: String, _ file: String, _ value: String) -> String? {
    let paths = own == "/" ? [base] : [base + own, base]
    for parent in paths {
      let directory = parent + "/" + name
      guard mkdir(directory, 0o755) == 0 else { continue }
      if Files.write(directory + "/" + file, Array(value.utf8), flags: O_WRONLY) { return directory }
      rmdir(directory)
    }
    return nil
  }

  /// Puts the calling process into the group.
  func join() {
    for directory in directories { Files.write(directory + "/cgroup.procs", [UInt8(ascii: "0")], flags: O_WRONLY) }
  }

  /// Whether the kernel killed a process of the group for its memory.
  var wasOutOfMemory: Bool {
    guard let memoryDirectory else { return false }
    for file in ["memory.events", "memory.oom_control"] {
      guard let bytes = Files.read(memoryDirectory + "/" + file) else { continue }
      for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") where line.hasPrefix("oom_kill ") {
        return !line.hasSuffix(" 0")
      }
    }
    return false
  }

  func remove() {
    for directory in directories { rmdir(directory) }
  }
}
